from typing import Annotated

from fastapi import Depends

from shared.auth import Principal, Role, allow

CommendationsRead = Annotated[
    Principal,
    Depends(allow(Role.RESIDENT, Role.GRID_WORKER, Role.RESPONDER, Role.STAFF, Role.HEAD, Role.SUPERVISOR)),
]

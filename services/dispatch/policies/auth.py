from typing import Annotated

from fastapi import Depends

from shared.auth import Principal, Role, allow

PoliciesRead = Annotated[
    Principal, Depends(allow(Role.STAFF, Role.HEAD, Role.SUPERVISOR, Role.GRID_WORKER, Role.RESPONDER))
]
PoliciesPublish = Annotated[Principal, Depends(allow(Role.HEAD))]

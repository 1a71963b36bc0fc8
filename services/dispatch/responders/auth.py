from typing import Annotated

from fastapi import Depends

from shared.auth import Principal, Role, allow

RespondersRead = Annotated[
    Principal, Depends(allow(Role.STAFF, Role.HEAD, Role.SUPERVISOR, Role.GRID_WORKER, Role.RESPONDER))
]
RespondersWrite = Annotated[Principal, Depends(allow(Role.STAFF, Role.HEAD))]

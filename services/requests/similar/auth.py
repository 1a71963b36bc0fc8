from typing import Annotated

from fastapi import Depends

from shared.auth import Principal, Role, allow

SimilarRead = Annotated[Principal, Depends(allow(Role.RESIDENT, Role.GRID_WORKER, Role.STAFF, Role.HEAD))]
Support = Annotated[Principal, Depends(allow(Role.RESIDENT))]

from typing import Annotated

from fastapi import Depends

from shared.auth import Principal, Role, allow

PeopleSearch = Annotated[Principal, Depends(allow(Role.GRID_WORKER, Role.STAFF, Role.HEAD))]

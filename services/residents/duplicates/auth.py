from typing import Annotated

from fastapi import Depends

from shared.auth import Principal, Role, allow

DuplicatesDecide = Annotated[Principal, Depends(allow(Role.GRID_WORKER, Role.STAFF, Role.HEAD))]
"""Whoever may correct both records may decide what they are; a grid worker those of their own grids."""

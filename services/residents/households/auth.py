from typing import Annotated

from fastapi import Depends

from shared.auth import Principal, Role, allow

HouseholdsRead = Annotated[
    Principal,
    Depends(allow(Role.RESIDENT, Role.GRID_WORKER, Role.STAFF, Role.HEAD, Role.SUPERVISOR, Role.GATEWAY)),
]
HouseholdsWrite = Annotated[Principal, Depends(allow(Role.GRID_WORKER, Role.STAFF, Role.HEAD))]
"""A grid worker registers and corrects households of their own grids."""

SEE_THE_DOOR = frozenset({Role.RESIDENT, Role.GRID_WORKER, Role.STAFF, Role.HEAD, Role.GATEWAY})
"""Roles that are shown the room; a supervisor sees which building, not behind which door."""

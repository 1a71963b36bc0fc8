from typing import Annotated

from fastapi import Depends

from shared.auth import Principal, Role, allow

HouseholdsRead = Annotated[
    Principal,
    Depends(
        allow(
            Role.RESIDENT,
            Role.GRID_WORKER,
            Role.STAFF,
            Role.HEAD,
            Role.SUPERVISOR,
            Role.GATEWAY,
            Role.PARTNER,
            grants={"households:read"},
        )
    ),
]
HouseholdsWrite = Annotated[Principal, Depends(allow(Role.GRID_WORKER, Role.STAFF, Role.HEAD))]
"""A grid worker registers and corrects households of their own grids."""

OwnersRead = Annotated[Principal, Depends(allow(Role.RESIDENT, Role.GRID_WORKER, Role.STAFF, Role.HEAD))]
"""Who owns a rented home, masked: those who live in it, and those who look after it."""

SEE_THE_DOOR = frozenset({Role.RESIDENT, Role.GRID_WORKER, Role.STAFF, Role.HEAD, Role.GATEWAY})
"""Roles that are shown the room; a supervisor or a partner sees which building, not behind which door."""
SEE_THE_COLOUR = SEE_THE_DOOR | {Role.SUPERVISOR}
"""A colour follows from illness and hardship, which are no partner's business."""

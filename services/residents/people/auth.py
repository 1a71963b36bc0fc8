from typing import Annotated

from fastapi import Depends

from shared.auth import Principal, Role, allow

PeopleRead = Annotated[
    Principal,
    Depends(
        allow(
            Role.RESIDENT,
            Role.GRID_WORKER,
            Role.STAFF,
            Role.HEAD,
            Role.SUPERVISOR,
            Role.PARTNER,
            grants={"people:read"},
        )
    ),
]
"""Masked; a resident sees their household, a grid worker the people of their grids, a partner what it was granted."""
PeopleWrite = Annotated[Principal, Depends(allow(Role.GRID_WORKER, Role.STAFF, Role.HEAD))]
PeopleReveal = Annotated[Principal, Depends(allow(Role.RESIDENT, Role.GRID_WORKER, Role.STAFF, Role.HEAD))]
"""A resident reads themself only; everybody else names a purpose."""
PeopleErase = Annotated[Principal, Depends(allow(Role.STAFF, Role.HEAD))]
ContactsWrite = Annotated[Principal, Depends(allow(Role.RESIDENT, Role.GRID_WORKER, Role.STAFF, Role.HEAD))]
"""Residents keep their own list of whom to call."""
GatewayOnly = Annotated[Principal, Depends(allow(Role.GATEWAY))]

SEE_TAGS = frozenset({Role.GRID_WORKER, Role.STAFF, Role.HEAD})
"""Roles that are told to which groups others belong; everybody is told their own."""

from typing import Annotated

from fastapi import Depends

from shared.auth import Principal, Role, allow

SchemesRead = Annotated[
    Principal,
    Depends(allow(Role.RESIDENT, Role.GRID_WORKER, Role.STAFF, Role.HEAD, Role.SUPERVISOR, Role.GATEWAY)),
]
"""What colours mean is no secret."""
SchemesWrite = Annotated[Principal, Depends(allow(Role.STAFF, Role.HEAD))]

CardsRead = SchemesRead
CardHistoryRead = Annotated[Principal, Depends(allow(Role.GRID_WORKER, Role.STAFF, Role.HEAD))]
CardsWrite = Annotated[Principal, Depends(allow(Role.STAFF, Role.HEAD))]

SEE_FACTS = frozenset({Role.GRID_WORKER, Role.STAFF, Role.HEAD})
"""Roles that are told which conditions decided; members of a household need not know each other's."""

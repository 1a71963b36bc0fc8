from typing import Annotated

from fastapi import Depends

from shared.auth import Principal, Role, allow

_EVERYONE_SIGNED_IN = (
    Role.RESIDENT,
    Role.GRID_WORKER,
    Role.RESPONDER,
    Role.STAFF,
    Role.HEAD,
    Role.SUPERVISOR,
    Role.MERCHANT,
    Role.GATEWAY,
    Role.PARTNER,
)

MerchantsRead = Annotated[Principal, Depends(allow(*_EVERYONE_SIGNED_IN, grants={"merchants:read"}))]
"""The catalogue; `repository.readable` says which shops."""
MerchantsApply = Annotated[Principal, Depends(allow(Role.STAFF, Role.HEAD, Role.MERCHANT))]
MerchantsEdit = MerchantsApply
"""A merchant their own shop only."""
MerchantsDecide = Annotated[Principal, Depends(allow(Role.STAFF, Role.HEAD))]

STAFF = frozenset({Role.STAFF, Role.HEAD})
SEES_ALL_STATES = STAFF | {Role.SUPERVISOR}

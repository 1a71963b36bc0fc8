from typing import Annotated

from fastapi import Depends

from shared.auth import Principal, Role, allow

OffersRead = Annotated[
    Principal,
    Depends(
        allow(
            Role.RESIDENT,
            Role.GRID_WORKER,
            Role.RESPONDER,
            Role.STAFF,
            Role.HEAD,
            Role.SUPERVISOR,
            Role.MERCHANT,
            Role.GATEWAY,
            Role.PARTNER,
            grants={"offers:read"},
        )
    ),
]
OffersWrite = Annotated[Principal, Depends(allow(Role.STAFF, Role.HEAD, Role.MERCHANT))]
"""A merchant those of their own shop only."""

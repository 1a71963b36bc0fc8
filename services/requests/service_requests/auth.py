from typing import Annotated

from fastapi import Depends

from shared.auth import Principal, Role, allow

OFFICE = frozenset({Role.STAFF, Role.HEAD})
WORKERS = frozenset({Role.GRID_WORKER, Role.RESPONDER})

RequestsRead = Annotated[
    Principal,
    Depends(
        allow(
            Role.RESIDENT,
            *WORKERS,
            *OFFICE,
            Role.SUPERVISOR,
            Role.PARTNER,
            grants={"requests:read", "requests:write"},
        )
    ),
]
RequestsSubmit = Annotated[
    Principal, Depends(allow(Role.RESIDENT, Role.GRID_WORKER, *OFFICE, Role.PARTNER, grants={"requests:write"}))
]
RequestsUpdate = Annotated[
    Principal, Depends(allow(Role.RESIDENT, *WORKERS, *OFFICE, Role.PARTNER, grants={"requests:write"}))
]
RequestsDecide = Annotated[Principal, Depends(allow(*OFFICE))]
RequestsWork = Annotated[Principal, Depends(allow(*OFFICE, *WORKERS))]
RequestsWithdraw = Annotated[Principal, Depends(allow(Role.RESIDENT, *OFFICE, Role.PARTNER, grants={"requests:write"}))]
RequestsReveal = Annotated[Principal, Depends(allow(*OFFICE, *WORKERS))]

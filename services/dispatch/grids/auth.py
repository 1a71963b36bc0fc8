from typing import Annotated

from fastapi import Depends

from shared.auth import Principal, Role, allow

GridsRead = Annotated[
    Principal,
    Depends(
        allow(
            Role.STAFF,
            Role.HEAD,
            Role.GRID_WORKER,
            Role.RESPONDER,
            Role.SUPERVISOR,
            Role.GATEWAY,
            Role.PARTNER,
            grants={"grids:read"},
        )
    ),
]
GridsWrite = Annotated[Principal, Depends(allow(Role.STAFF, Role.HEAD))]

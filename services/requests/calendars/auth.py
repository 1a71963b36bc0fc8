from typing import Annotated

from fastapi import Depends

from shared.auth import Principal, Role, allow

CalendarRead = Annotated[
    Principal,
    Depends(
        allow(
            Role.RESIDENT,
            Role.GRID_WORKER,
            Role.RESPONDER,
            Role.STAFF,
            Role.HEAD,
            Role.SUPERVISOR,
            Role.GATEWAY,
            Role.PARTNER,
            grants={"requests:read", "requests:write"},
        )
    ),
]
CalendarWrite = Annotated[Principal, Depends(allow(Role.STAFF, Role.HEAD))]

from typing import Annotated

from fastapi import Depends

from services.requests.service_requests.auth import OFFICE, WORKERS
from shared.auth import Principal, Role, allow

AttachmentsRead = Annotated[
    Principal,
    Depends(allow(Role.RESIDENT, *WORKERS, *OFFICE, Role.PARTNER, grants={"requests:read", "requests:write"})),
]
AttachmentsWrite = Annotated[
    Principal, Depends(allow(Role.RESIDENT, *WORKERS, *OFFICE, Role.PARTNER, grants={"requests:write"}))
]

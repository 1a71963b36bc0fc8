from typing import Annotated

from fastapi import Depends

from services.requests.service_requests.auth import OFFICE
from shared.auth import Principal, Role, allow

Redact = Annotated[Principal, Depends(allow(Role.RESIDENT, *OFFICE, Role.PARTNER, grants={"requests:write"}))]
Moderate = Annotated[Principal, Depends(allow(*OFFICE))]
ReadOriginals = Annotated[Principal, Depends(allow(Role.HEAD))]

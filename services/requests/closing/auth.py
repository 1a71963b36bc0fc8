from typing import Annotated

from fastapi import Depends

from services.requests.service_requests.auth import OFFICE
from shared.auth import Principal, Role, allow

RequestsClose = Annotated[Principal, Depends(allow(Role.RESIDENT, *OFFICE))]

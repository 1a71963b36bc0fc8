from typing import Annotated

from fastapi import Depends

from services.requests.service_requests.auth import OFFICE, WORKERS
from shared.auth import Principal, Role, allow

Follows = Annotated[Principal, Depends(allow(Role.RESIDENT, *WORKERS, *OFFICE))]

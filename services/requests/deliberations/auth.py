from typing import Annotated

from fastapi import Depends

from services.requests.service_requests.auth import OFFICE, WORKERS
from shared.auth import Principal, Role, allow

DeliberationsRead = Annotated[Principal, Depends(allow(Role.RESIDENT, *WORKERS, *OFFICE, Role.SUPERVISOR))]
DeliberationsManage = Annotated[Principal, Depends(allow(*OFFICE))]
DeliberationsTakePart = Annotated[Principal, Depends(allow(Role.RESIDENT, *WORKERS, *OFFICE))]
"""Whether they have a seat, and which, the use case asks."""

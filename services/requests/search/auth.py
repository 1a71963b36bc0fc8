from typing import Annotated

from fastapi import Depends

from services.requests.service_requests.auth import OFFICE, WORKERS
from shared.auth import Principal, allow

RequestsSearch = Annotated[Principal, Depends(allow(*OFFICE, *WORKERS))]
"""Who reads texts finds by them; supervisors read none. By phone: the office only."""

from typing import Annotated

from fastapi import Depends

from services.requests.service_requests.auth import OFFICE, WORKERS
from shared.auth import Principal, Role, allow

ViewsUse = Annotated[Principal, Depends(allow(*OFFICE, *WORKERS))]
"""Views belong to a community; who stands above one has none."""
RequestsCount = Annotated[Principal, Depends(allow(*OFFICE, *WORKERS, Role.SUPERVISOR))]

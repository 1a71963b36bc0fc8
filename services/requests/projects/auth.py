from typing import Annotated

from fastapi import Depends

from services.requests.service_requests.auth import OFFICE, WORKERS
from shared.auth import Principal, Role, allow

ProjectsRead = Annotated[Principal, Depends(allow(Role.RESIDENT, *WORKERS, *OFFICE, Role.SUPERVISOR))]
ProjectsManage = Annotated[Principal, Depends(allow(*OFFICE))]
ProjectsWork = Annotated[Principal, Depends(allow(*OFFICE, *WORKERS))]
"""The office, and the unit that builds it; the use case asks which."""
ProjectsInspect = Annotated[Principal, Depends(allow(Role.RESIDENT, *WORKERS, *OFFICE))]
"""Whether they were named as an inspector, the use case asks."""

from typing import Annotated

from fastapi import Depends

from services.requests.service_requests.auth import OFFICE, WORKERS
from shared.auth import Principal, allow

TemplatesRead = Annotated[Principal, Depends(allow(*OFFICE, *WORKERS))]
TemplatesWrite = Annotated[Principal, Depends(allow(*OFFICE))]

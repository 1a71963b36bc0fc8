from typing import Annotated

from fastapi import Depends

from shared.auth import Principal, Role, allow

StatisticsRead = Annotated[Principal, Depends(allow(Role.STAFF, Role.HEAD, Role.SUPERVISOR))]
Excludes = Annotated[Principal, Depends(allow(Role.HEAD))]

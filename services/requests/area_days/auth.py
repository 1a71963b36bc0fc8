from typing import Annotated

from fastapi import Depends

from shared.auth import Principal, Role, allow

AreaDaysManage = Annotated[Principal, Depends(allow(Role.SUPERVISOR))]

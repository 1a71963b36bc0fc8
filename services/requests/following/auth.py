from typing import Annotated

from fastapi import Depends

from shared.auth import Principal, Role, allow

Follows = Annotated[Principal, Depends(allow(Role.RESIDENT))]

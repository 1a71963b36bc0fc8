from typing import Annotated

from fastapi import Depends

from shared.auth import Principal, Role, allow

RetentionRead = Annotated[Principal, Depends(allow(Role.STAFF, Role.HEAD))]
RetentionWrite = Annotated[Principal, Depends(allow(Role.HEAD))]

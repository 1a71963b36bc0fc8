from typing import Annotated

from fastapi import Depends

from shared.auth import Principal, Role, allow

AbuseJudge = Annotated[Principal, Depends(allow(Role.STAFF, Role.HEAD))]

from typing import Annotated

from fastapi import Depends

from shared.auth import Principal, Role, allow

CommunitiesRead = Annotated[Principal, Depends(allow(*Role, grants={"communities:read"}))]
"""A community's name and hotline are public; a partner's client still needs its grant."""

CommunitiesWrite = Annotated[Principal, Depends(allow(Role.STAFF, Role.HEAD))]

from typing import Annotated

from fastapi import Depends

from shared.auth import Principal, Role, allow

Open311Read = Annotated[
    Principal, Depends(allow(Role.GATEWAY, Role.PARTNER, grants={"requests:read", "requests:write"}))
]
"""The gateway for whoever has no key, and in a client's name for its own requests."""
Open311Write = Annotated[Principal, Depends(allow(Role.PARTNER, grants={"requests:write"}))]

from typing import Annotated

from fastapi import Depends

from shared.auth import Principal, Role, allow

_STAFF = (Role.STAFF, Role.HEAD)

ArticlesRead = Annotated[
    Principal,
    Depends(
        allow(
            Role.RESIDENT,
            Role.GRID_WORKER,
            Role.RESPONDER,
            *_STAFF,
            Role.MERCHANT,
            Role.PARTNER,
            grants={"requests:read", "requests:write"},
        )
    ),
]
"""Everybody of the community."""
ArticlesWrite = Annotated[Principal, Depends(allow(*_STAFF))]
ArticlesVote = Annotated[Principal, Depends(allow(Role.RESIDENT))]

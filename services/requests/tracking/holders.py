from dataclasses import dataclass
from uuid import UUID

from shared.auth import Principal


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkHolder(Principal):
    """Whoever opened the one-time link of a request: as its requester, of this one request."""

    request_id: UUID

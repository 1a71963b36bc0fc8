from uuid import UUID

from services.requests.service_requests.schemas import Schema
from shared.identity import FreeText


class Merge(Schema):
    into: UUID
    """The open request that asks the same."""
    text: FreeText | None = None
    """What the requester reads."""

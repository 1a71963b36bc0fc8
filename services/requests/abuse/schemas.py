from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from services.requests.abuse.models import AbuseReason


class FlagCreate(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: AbuseReason


class FlagRead(BaseModel):
    id: UUID
    community_code: str
    request_id: UUID
    reason: AbuseReason
    flagged_by: str
    created_at: datetime
    counts_until: datetime
    """Three that count at once stop further requests until the oldest of them counts no more."""
    lifted_at: datetime | None
    lifted_by: str | None

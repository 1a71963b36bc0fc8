from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class MergeRead(BaseModel):
    """Two records that became one."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    kept_id: UUID
    merged_id: UUID
    taken: list[str]
    """Fields that the kept record took over."""
    merged_at: datetime
    merged_by: str
    undone_at: datetime | None
    undone_by: str | None

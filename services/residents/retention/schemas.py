from typing import Annotated, Literal

from pydantic import BaseModel, Field

from services.residents.people.schemas import Schema
from services.residents.retention.kinds import RetentionKind
from services.residents.retention.timed import TimedKind
from services.residents.sections import Words


class RetentionRead(BaseModel):
    """How long data of one kind is kept, and what will fall due: nothing is deleted by looking."""

    kind: RetentionKind | TimedKind
    name: Words
    ends: Words
    """What happens when the time is over."""
    keep_days: int
    """A part of a day counts as one."""
    least_days: int
    set_by: Literal["community", "installation"]
    is_settable: bool
    """Whether a community may set its own; otherwise the installation's settings hold for all."""
    due_now: int
    due_in_30_days: int
    """Including what is due now."""
    version: int
    """0 while the community has no rule of its own."""


class RetentionUpdate(Schema):
    keep_days: Annotated[int | None, Field(ge=1, le=36_500)]
    """Null: the installation's rule again."""

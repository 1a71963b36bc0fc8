from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from services.requests.views.filters import RequestFilter, Sort

ViewName = Annotated[
    str, StringConstraints(min_length=1, max_length=40, strip_whitespace=True, pattern=r"^[^\x00-\x1f]+$")
]


class Facet(StrEnum):
    """What requests are counted by."""

    STATE = "state"
    CLASS = "class"
    CATEGORY = "category"
    GRID = "grid"
    RESPONDER = "responder"
    URGENCY = "urgency"
    CHANNEL = "channel"
    DEADLINE = "deadline"
    """`overdue`, `today`, `this_week`, `later`, `waiting` (the clock stands) or `none` (no answer is owed)."""


class Counts(BaseModel):
    total: int
    is_capped: bool
    """There are more; the numbers are those of as many as were counted, so each is at least what it says."""
    by: dict[Facet, dict[str, int]]
    """Values without a request are left out; `none` stands for no grid, no responder."""


class ColumnName(StrEnum):
    """What a table of requests can show."""

    STATE = "state"
    CATEGORY = "category"
    TITLE = "title"
    URGENCY = "urgency"
    CHANNEL = "channel"
    GRID_CODE = "grid_code"
    RESPONDER_ID = "responder_id"
    ACCEPT_BY = "accept_by"
    RESPOND_BY = "respond_by"
    RESOLVE_BY = "resolve_by"
    BREACHED = "breached"
    WAITING_SINCE = "waiting_since"
    CREATED_AT = "created_at"
    UPDATED_AT = "updated_at"


Columns = Annotated[list[ColumnName], Field(max_length=len(ColumnName))]


class SavedFilter(RequestFilter):
    """The same conditions as of the list; what is unknown is refused, for it would be forgotten."""

    model_config = ConfigDict(extra="forbid")


class ViewCreate(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: ViewName
    filters: SavedFilter = SavedFilter()
    sort: Sort = Sort.NEWEST
    columns: Columns = []
    is_default: bool = False
    is_pinned: bool = False
    shows_count: bool = False
    is_shared: bool = False
    """For everybody who handles requests in the community; staff and heads only."""


class ViewUpdate(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: ViewName | None = None
    filters: SavedFilter | None = None
    sort: Sort | None = None
    columns: Columns | None = None
    is_default: bool | None = None
    is_pinned: bool | None = None
    shows_count: bool | None = None


class ViewCount(BaseModel):
    number: int
    is_capped: bool


class ViewRead(ViewCreate):
    model_config = ConfigDict(extra="ignore")

    id: UUID
    is_own: bool
    count: ViewCount | None
    """Of views that show one, in their list."""
    version: int
    created_at: datetime
    updated_at: datetime

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel


class By(StrEnum):
    """What makes requests of one category belong together."""

    PLACE = "place"
    """They lie close together; of categories of public space only, whose positions are no secret."""
    BUILDING = "building"
    """They name the same building; which one is not said, only that it is the same."""


class Centre(BaseModel):
    """The middle of the requests' positions, WGS 84."""

    longitude: float
    latitude: float


class ClusterRead(BaseModel):
    """A repeat-request cluster (重复诉求): the same is asked again and again in one place."""

    category: str
    count: int
    open_count: int
    requester_count: int
    """How many different people asked; somebody who called twice from one phone counts once."""
    supporter_count: int
    """How many supported one of these requests instead of repeating it."""
    first_at: datetime
    last_at: datetime
    centre: Centre | None
    """None for a building."""
    grid_codes: list[str]
    request_ids: list[UUID]
    """Newest first."""
    deliberation_ids: list[UUID]
    """Where some of them have been taken up already."""


class ClustersRead(BaseModel):
    items: list[ClusterRead]
    """The largest first."""
    since: datetime
    is_truncated: bool
    """More requests than are looked at together: choose a category or a later `since`."""

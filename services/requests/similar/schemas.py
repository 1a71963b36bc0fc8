from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.requests.categories.schemas import CategoryCode
from services.requests.service_requests.models import Step
from services.requests.service_requests.schemas import PlaceCreate
from services.requests.service_requests.states import State


class SimilarQuery(BaseModel):
    """A request that is about to be submitted."""

    model_config = ConfigDict(extra="forbid")

    category: CategoryCode
    place: PlaceCreate


class Similar(BaseModel):
    """An open request that may be about the same thing."""

    id: UUID
    reference: str
    category: str
    state: State
    title: str | None
    """Residents read what the office has released; the office reads what was written."""
    distance_m: int | None
    """Null: it is in the same building, and says no more of where."""
    same_building: bool
    supporters: Annotated[int, Field(ge=0)]
    """Who supported it, or asked the same and was merged into it."""
    supported: bool
    """By the caller."""
    mine: bool
    """The caller asked it: a comment says more than a second request."""
    created_at: datetime


class SimilarFound(BaseModel):
    items: list[Similar]
    """The nearest ten, nearest first; what is in the same building and says no more, last."""


class SharedUpdate(BaseModel):
    step: Step
    state: State
    at: datetime
    text: str | None
    """What the office has released."""


class Shared(BaseModel):
    """A matter of public space as everybody in the community may see it."""

    id: UUID
    reference: str
    category: str
    state: State
    title: str | None
    description: str | None
    """Null until the office has released it."""
    longitude: float | None
    latitude: float | None
    supporters: int
    supported: bool
    resolve_by: datetime
    resolved_at: datetime | None
    created_at: datetime
    updates: list[SharedUpdate]
    """The first 200 steps, oldest first."""

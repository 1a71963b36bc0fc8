from datetime import date, datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from services.requests.attachments.schemas import AttachmentRead
from services.requests.contributions.service import MOST
from services.requests.deliberations.schemas import Account
from services.requests.projects.models import FundingSource, InspectorCapacity, PhotoStage
from services.requests.projects.states import ProjectState
from services.requests.service_requests.schemas import Schema
from shared.codes import GridCode
from shared.dates import Day
from shared.errors import both
from shared.geo import Position
from shared.identity import FreeText, PersonName
from shared.themes import Theme

MAX_FEN = 10**12
"""Ten billion yuan: more than any project of a community costs."""
Fen = Annotated[int, Field(gt=0, le=MAX_FEN)]
"""Money in fen (分), 1/100 yuan."""
Percent = Annotated[int, Field(ge=0, le=100)]


class FundingCreate(Schema):
    source: FundingSource
    amount_fen: Fen
    responder_id: UUID | None = None
    """The unit that gives it."""


class MilestoneCreate(Schema):
    title: PersonName
    planned_on: Day


class ProjectCreate(Schema):
    title: PersonName
    description: FreeText
    """What will be built. Everybody will read it: name nobody."""
    theme: Theme
    sponsor_responder_id: UUID | None = None
    """The unit that builds it; none: the community itself."""
    grid_code: GridCode | None = None
    place: PersonName | None = None
    position: Position | None = None
    start_on: Day
    end_on: Day
    funding: Annotated[list[FundingCreate], Field(max_length=20)] = Field(default_factory=list)
    milestones: Annotated[list[MilestoneCreate], Field(max_length=50)] = Field(default_factory=list)
    request_ids: Annotated[list[UUID], Field(max_length=MOST)] | None = None
    """The requests it answers. Default: those of the deliberation that opens it."""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.end_on < self.start_on:
            raise ValueError(both("竣工日期不能早于开工日期", "It cannot end before it starts"))
        return self


class ProjectChange(Schema):
    """What is left out stays; `null` takes away what may be absent."""

    title: PersonName | None = None
    description: FreeText | None = None
    theme: Theme | None = None
    sponsor_responder_id: UUID | None = None
    grid_code: GridCode | None = None
    place: PersonName | None = None
    position: Position | None = None
    start_on: Day | None = None
    end_on: Day | None = None

    @model_validator(mode="after")
    def _not_emptied(self) -> Self:
        for name in ("title", "description", "theme", "start_on", "end_on"):
            if name in self.model_fields_set and getattr(self, name) is None:
                raise ValueError(both("此项不能清空", "This cannot be emptied"))
        return self


class Contributing(Schema):
    request_ids: Annotated[list[UUID], Field(min_length=1, max_length=MOST)]


class SpendingCreate(Schema):
    amount_fen: Annotated[int, Field(ge=-MAX_FEN, le=MAX_FEN)]
    """Negative: takes back an earlier line."""
    spent_on: Day
    words: PersonName
    """What for; everybody reads it."""

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.amount_fen == 0:
            raise ValueError(both("金额不能为零", "The amount cannot be zero"))
        return self


class MilestoneChange(Schema):
    title: PersonName | None = None
    planned_on: Day | None = None

    @model_validator(mode="after")
    def _not_emptied(self) -> Self:
        if any(getattr(self, name) is None for name in self.model_fields_set):
            raise ValueError(both("此项不能清空", "This cannot be emptied"))
        return self


class Reached(Schema):
    reached_on: Day


class UpdateCreate(Schema):
    words: FreeText
    """How it goes, for everybody to read: name nobody."""
    progress: Percent


class Words(Schema):
    text: FreeText
    """For everybody to read."""


class Inspector(Schema):
    """Exactly one of `person_id`, `responder_id` and `account`."""

    person_id: UUID | None = None
    responder_id: UUID | None = None
    account: Account | None = None
    capacity: InspectorCapacity

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if sum(each is not None for each in (self.person_id, self.responder_id, self.account)) != 1:
            raise ValueError(both("居民、办理人、账号三者填一", "Exactly one of person_id, responder_id and account"))
        return self


class Inspectors(Schema):
    inspectors: Annotated[list[Inspector], Field(min_length=1, max_length=30)]


class Signature(Schema):
    passed: bool
    note: FreeText | None = None
    """What was found; read by the office, the builder and the inspectors."""


class FundingRead(BaseModel):
    id: UUID
    source: FundingSource
    responder_id: UUID | None
    amount_fen: int


class SpendingRead(BaseModel):
    id: UUID
    amount_fen: int
    spent_on: date
    words: str
    created_at: datetime


class MilestoneRead(BaseModel):
    id: UUID
    title: str
    planned_on: date
    reached_on: date | None
    is_late: bool
    """Not reached, and planned for a day that has passed; or reached after it."""
    version: int


class ProjectUpdateRead(BaseModel):
    id: UUID
    state: ProjectState
    progress: int
    words: str
    created_at: datetime


class InspectionRead(BaseModel):
    id: UUID
    round: int
    person_id: UUID | None
    responder_id: UUID | None
    account: str | None
    capacity: InspectorCapacity
    passed: bool | None
    signed_at: datetime | None
    note: str | None


class Inspections(BaseModel):
    items: list[InspectionRead]


class InspectionCount(BaseModel):
    """Of the present round."""

    named: int
    passed: int
    failed: int


class RatingSummary(BaseModel):
    """What the requesters think of the result."""

    count: int
    average: float | None
    solved: int
    satisfied: int
    pennants: int


class PhotoRead(AttachmentRead):
    stage: PhotoStage


class Photos(BaseModel):
    items: list[PhotoRead]


class ProjectSummary(BaseModel):
    id: UUID
    community_code: str
    state: ProjectState
    title: str
    theme: Theme
    sponsor_responder_id: UUID | None
    deliberation_id: UUID | None
    grid_code: str | None
    place: str | None
    longitude: float | None
    latitude: float | None
    budget_fen: int
    spent_fen: int
    start_on: date
    end_on: date
    progress: int
    started_at: datetime | None
    completed_at: datetime | None
    accepted_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int


class ProjectRead(ProjectSummary):
    description: str
    result: str | None
    round: int
    funding: list[FundingRead]
    milestones: list[MilestoneRead]
    inspections: InspectionCount
    request_count: int
    request_ids: list[UUID] | None
    """The office's."""
    rating: RatingSummary


class Point(BaseModel):
    type: Literal["Point"] = "Point"
    coordinates: tuple[float, float]
    """Longitude, latitude; WGS 84 (RFC 7946)."""


class Feature(BaseModel):
    type: Literal["Feature"] = "Feature"
    id: UUID
    geometry: Point
    properties: dict[str, Any]


class FeatureCollection(BaseModel):
    """GeoJSON (RFC 7946)."""

    type: Literal["FeatureCollection"] = "FeatureCollection"
    features: list[Feature]

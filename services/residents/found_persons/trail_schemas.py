from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, model_validator

from services.residents.found_persons.models import Source
from services.residents.found_persons.schemas import PlaceText, Schema
from services.residents.search.schemas import FoundPersonRow
from shared.clock import utc_now
from shared.errors import both
from shared.geo import LonLat, Position
from shared.identity import FreeText, PersonName, Sex

LONGEST_AGO = timedelta(days=1)
CLOCKS_DIFFER = timedelta(minutes=5)


def _recent(at: datetime) -> datetime:
    now = utc_now()
    if not now - LONGEST_AGO <= at <= now + CLOCKS_DIFFER:
        raise ValueError(both("时间应在过去一天之内", "The time must lie within the last day"))
    return at


Recent = Annotated[AwareDatetime, AfterValidator(_recent)]
Age = Annotated[int, Field(ge=0, le=130)]
Words = Annotated[FreeText, Field(max_length=500)]


class Build(StrEnum):
    SLIM = "slim"
    MEDIUM = "medium"
    HEAVY = "heavy"


class Description(Schema):
    """What the person can say, and what they look like. All of it may be missing."""

    name: PersonName | None = None
    """What they call themself, or a part of it; characters or pinyin."""
    relative_name: PersonName | None = None
    """Somebody of their family whom they speak of."""
    place_words: Words | None = None
    """Where they say they live or come from."""
    other_words: Words | None = None
    sex: Sex | None = None
    age_from: Age | None = None
    """The age that they seem to have, from and to."""
    age_to: Age | None = None
    height_cm: Annotated[int, Field(ge=30, le=250)] | None = None
    build: Build | None = None
    clothes: Words | None = None
    features: Words | None = None
    """Hair, glasses, a stick, a scar, a wristband."""

    @model_validator(mode="after")
    def _ages_in_order(self) -> "Description":
        if self.age_from is not None and self.age_to is not None and self.age_from > self.age_to:
            raise ValueError(both("年龄范围颠倒。", "The ages are in the wrong order."))
        return self


class SightingCreate(Schema):
    """Where the person is, or was seen."""

    place_text: PlaceText | None = None
    position: Position | None = None
    seen_at: Recent | None = None
    """Default: now."""

    @model_validator(mode="after")
    def _somewhere(self) -> "SightingCreate":
        if self.place_text is None and self.position is None:
            raise ValueError(both("请填写地点或位置", "A place or a position is needed"))
        return self


class SightingRead(BaseModel):
    """A sighting without its place, which is read back through the trail."""

    id: UUID
    source: Source
    seen_at: datetime


class TrailPoint(BaseModel):
    """RFC 7946, WGS 84."""

    type: Literal["Point"] = "Point"
    coordinates: LonLat


class Seen(BaseModel):
    seen_at: datetime
    source: Source
    place_text: str | None


class TrailFeature(BaseModel):
    type: Literal["Feature"] = "Feature"
    id: UUID
    geometry: TrailPoint | None
    """Null where only words were given."""
    properties: Seen


class Trail(BaseModel):
    """A GeoJSON FeatureCollection: one point after another in time."""

    type: Literal["FeatureCollection"] = "FeatureCollection"
    features: list[TrailFeature]


class SuggestCandidates(Schema):
    """Nothing need be given: what the case's description says is searched by."""

    limit: Annotated[int, Field(ge=1, le=20)] = 10


class Fits(StrEnum):
    """What speaks for a candidate, or against."""

    NAME = "name"
    WHOLE_NAME = "whole_name"
    RELATIVE = "relative"
    """Somebody of the household is called as the relative they speak of."""
    PLACE = "place"
    GRID = "grid"
    AGE = "age"
    SEX = "sex"
    DEMENTIA = "dementia"
    CARE = "care"
    OTHER_AGE = "other_age"
    OTHER_SEX = "other_sex"


class Candidate(FoundPersonRow):
    score: int
    fits: list[Fits]


class Candidates(BaseModel):
    items: list[Candidate]
    """The likeliest first, masked."""


class ArrangeMeeting(Schema):
    place_text: PlaceText
    """The family reads it on their page."""
    at: AwareDatetime | None = None

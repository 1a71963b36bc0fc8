from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.errors import both
from shared.identity import FreeText


class By(StrEnum):
    TOTAL = "total"
    COMMUNITY = "community"
    SUBDISTRICT = "subdistrict"
    GRID = "grid"
    RESPONDER = "responder"
    """A worker or unit; an empty key is the office itself."""
    CATEGORY = "category"
    CLASS = "class"
    DAY = "day"
    WEEK = "week"
    """Named by its Monday."""
    MONTH = "month"
    """Named by its first day."""


class Grain(StrEnum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


class Format(StrEnum):
    JSON = "json"
    CSV = "csv"
    XLSX = "xlsx"


@dataclass(slots=True)
class Rate:
    """A share. What a county's report has tens of thousands of are dataclasses: making a model of each takes longer
    than adding up the numbers."""

    of: int
    """The denominator."""
    good: int
    percent: float | None
    """To one place; null where there is nothing to divide by."""

    @classmethod
    def share(cls, good: int, of: int) -> Self:
        return cls(of, good, round(100 * good / of, 1) if of else None)


@dataclass(slots=True)
class Rates:
    """The three rates (三率)."""

    responded_in_time: Rate
    """响应率: first responses in time, of those given or due."""
    solved: Rate
    """解决率: judged solved, of those judged."""
    satisfied: Rate
    """满意率: satisfied, of the judgements that say."""


@dataclass(slots=True)
class RatesRow:
    """The rates of one community, grid, category, day…"""

    key: str
    name: str | None
    """The category's, in Chinese."""
    counted: Rates
    """Without what a head left out (剔除后)."""
    everything: Rates
    """With it (剔除前)."""


class RatesReport(BaseModel):
    scope: str
    by: By
    first: date = Field(serialization_alias="from")
    last: date = Field(serialization_alias="to")
    as_of: datetime | None
    """Null: as it is now."""
    items: list[RatesRow]
    total: RatesRow
    uncounted: int
    """Requests whose history has grown and is still to be counted, as far as 10,000: a handful for a few seconds, and
    after an upgrade that counts everything anew more. None (0) where the history itself is asked."""


class ExclusionReason(StrEnum):
    UNREACHABLE = "unreachable"
    """The requester could not be reached."""
    UNREASONABLE = "unreasonable"
    """What was asked is unlawful, or cannot reasonably be done."""
    OTHER_LEVEL = "other_level"
    """It is for another level of government to do."""
    FORCE_MAJEURE = "force_majeure"
    DUPLICATE = "duplicate"
    MALICIOUS = "malicious"


REASONS = {
    ExclusionReason.UNREACHABLE: both("联系不上诉求人", "requester out of reach"),
    ExclusionReason.UNREASONABLE: both("不合理诉求", "unreasonable demand"),
    ExclusionReason.OTHER_LEVEL: both("非本级职责", "for another level"),
    ExclusionReason.FORCE_MAJEURE: both("不可抗力", "force majeure"),
    ExclusionReason.DUPLICATE: both("重复诉求", "repeated request"),
    ExclusionReason.MALICIOUS: both("恶意诉求", "malicious request"),
}


class Exclude(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reason: ExclusionReason
    text: FreeText
    """Why, for whoever checks it later. Sealed."""


class Include(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: FreeText


class ExclusionRead(BaseModel):
    request_id: UUID
    community_code: str
    excluded: bool
    reason: str | None
    by: str
    """The account that decided."""
    at: datetime

"""Types that several modules' schemas share."""

import re
from datetime import date, datetime, time
from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
)

from shared.errors import both

MAX_FEN = 10_000_000
"""¥100,000: the dearest single thing a neighbourhood shop sells, and the largest amount an offer may name."""

Fen = Annotated[int, Field(ge=0, le=MAX_FEN)]
"""Money in fen (分), 1/100 yuan."""
Category = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,39}$")]
"""A trade or a kind of goods or service: fruit, haircut, meat_slicing."""

FIRST_YEAR, LAST_YEAR = 2000, 2100


_Dated = TypeVar("_Dated", date, datetime)


def _of_our_time(value: _Dated) -> _Dated:
    if not FIRST_YEAR <= value.year < LAST_YEAR:
        raise ValueError(both("年份须在 2000 至 2099 之间", "The year must lie between 2000 and 2099"))
    return value


Day = Annotated[date, AfterValidator(_of_our_time), Field(json_schema_extra={"pattern": "^20[0-9]{2}-"})]
"""A calendar date in Asia/Shanghai."""
Instant = Annotated[AwareDatetime, AfterValidator(_of_our_time), Field(json_schema_extra={"pattern": "^20[0-9]{2}-"})]


_CLOCK = r"([01]\d|2[0-3]):[0-5]\d(:00)?"


def _clock_time(value: object) -> time:
    if isinstance(value, time) and value.tzinfo is None:
        return value
    if isinstance(value, str) and re.fullmatch(_CLOCK, value):
        return time.fromisoformat(value)
    raise ValueError(both("写到分钟, 不带时区, 如 09:30", "Write minutes without an offset, e.g. 09:30"))


ClockTime = Annotated[
    time,
    BeforeValidator(_clock_time),
    WithJsonSchema({"type": "string", "pattern": f"^{_CLOCK}$", "examples": ["09:30"]}),
]
"""Local time in Asia/Shanghai; 00:00 as an end is the midnight that closes the day."""


class Schema(BaseModel):
    """What a caller sends: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


PatchField: Any = Field(default=None)
"""A field of a merge patch that may be left out but not be null: without a default it would be required."""

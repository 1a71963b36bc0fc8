"""Dates and times that callers send: of our time, so that no sum and no conversion of them leaves the calendar."""

from datetime import date, datetime
from typing import Annotated, TypeVar

from pydantic import AfterValidator, AwareDatetime, Field

from shared.errors import both

FIRST_YEAR, LAST_YEAR = 2000, 2100

_Dated = TypeVar("_Dated", date, datetime)


def _of_our_time(value: _Dated) -> _Dated:
    if not FIRST_YEAR <= value.year < LAST_YEAR:
        raise ValueError(both("年份须在 2000 至 2099 之间", "The year must lie between 2000 and 2099"))
    return value


Day = Annotated[date, AfterValidator(_of_our_time), Field(json_schema_extra={"pattern": "^20[0-9]{2}-"})]
"""A calendar date in Asia/Shanghai."""
Instant = Annotated[AwareDatetime, AfterValidator(_of_our_time), Field(json_schema_extra={"pattern": "^20[0-9]{2}-"})]
"""A time with its offset."""

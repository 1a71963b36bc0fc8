from datetime import date, datetime, time
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, StringConstraints, model_validator

from shared import dates
from shared.errors import both
from shared.identity import PersonName
from shared.worktime import Hours, WorkingCalendar


class Schema(BaseModel):
    model_config = ConfigDict(extra="forbid")


Clock = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
"""`09:00`; as an end, `00:00` is the midnight that closes the day."""
Spell = Annotated[list[Clock], Field(min_length=2, max_length=2)]
Spells = Annotated[list[Spell], Field(max_length=6)]
Weekday = Annotated[str, StringConstraints(pattern=r"^[1-7]$")]
"""Monday is 1."""
_USUALLY_WORKED = {str(day): day <= 5 for day in range(1, 8)}
IsoDate = Annotated[date, PlainSerializer(date.isoformat)]


def hours_of(spells: list[list[str]]) -> Hours:
    return tuple((time.fromisoformat(opens), time.fromisoformat(closes)) for opens, closes in spells)


def checked(spells: list[list[str]]) -> list[list[str]]:
    """Spells that follow each other, each ending after it starts."""
    try:
        if spells:
            WorkingCalendar(hours_of(spells))
    except ValueError as error:
        raise ValueError(
            both("时段须先后相接、互不重叠。", "Spells must follow each other, each ending after it starts.")
        ) from error
    return spells


class Day(Schema):
    """One date that differs from the announcement and the usual week."""

    worked: bool
    hours: Spells | None = None
    """Only for a day that is worked; null: the usual hours."""
    note: PersonName | None = None
    """Why, for everybody to read."""

    @model_validator(mode="after")
    def _hours_are_of_worked_days(self) -> Self:
        if self.hours is not None:
            if not self.worked or not self.hours:
                raise ValueError(
                    both("休息日不填时段, 工作日至少一段。", "A day off has no hours, a worked one has some.")
                )
            checked(self.hours)
        return self


class DayCreate(Day):
    on: dates.Day


class CalendarUpdate(Schema):
    hours: Annotated[Spells, Field(min_length=1)] = []
    weekdays: dict[Weekday, Spells] = {}
    """Replaces all that the calendar said of days of the week."""

    @model_validator(mode="after")
    def _spells_follow_each_other(self) -> Self:
        for spells in (self.hours, *self.weekdays.values()):
            checked(spells)
        return self

    @model_validator(mode="after")
    def _some_day_is_worked(self) -> Self:
        """An office that never opens could promise nothing: no working time would ever pass."""
        if not any(self.weekdays.get(day, usually) for day, usually in _USUALLY_WORKED.items()):
            raise ValueError(
                both(
                    "每周至少有一天办公。要临时停办, 请逐日填写休息日。",
                    "Some day of the week must have hours. To close for a while, enter each day off.",
                )
            )
        return self


class DayRead(Day):
    on: IsoDate


class AreaDayOf(DayRead):
    area: str
    """Whose announcement it is."""


class CalendarRead(BaseModel):
    community_code: str
    version: int
    """0: the standard calendar."""
    hours: list[list[str]]
    weekdays: dict[str, list[list[str]]]
    days: list[DayRead]
    """The community's own."""
    area_days: list[AreaDayOf]
    """Those that its district or city has announced; its own go before them."""
    created_at: datetime | None


class Kind(StrEnum):
    """Why a day is worked or not."""

    WORKDAY = "workday"
    WEEKEND = "weekend"
    HOLIDAY = "holiday"
    """A public holiday or a day off that was announced with it."""
    MAKE_UP = "make_up"
    """A weekend that is worked in exchange (调休)."""
    AREA = "area"
    """Announced by the district or city."""
    OWN = "own"
    """The community's own decision."""


class EffectiveDay(BaseModel):
    on: IsoDate
    kind: Kind
    hours: list[list[str]]
    note: str | None


class EffectiveDays(BaseModel):
    items: list[EffectiveDay]
    announced: bool
    """Whether the official holiday arrangement of every year asked for is known here."""


def definition_of(day: Day) -> dict[str, Any]:
    return day.model_dump(include={"worked", "hours", "note"})

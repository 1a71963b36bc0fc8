from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.merchants.offers.schedule import Hours, OnHolidays, Schedule, normalise_recurrence
from shared.clock import CHINA

FROM = date(2026, 1, 1)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("freq=weekly;byday=sa", "FREQ=WEEKLY;BYDAY=SA"),
        ("BYDAY=MO,FR;INTERVAL=2;FREQ=WEEKLY", "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR"),
        ("FREQ=DAILY;INTERVAL=1", "FREQ=DAILY"),
        ("FREQ=MONTHLY;BYMONTHDAY=1,-1", "FREQ=MONTHLY;BYMONTHDAY=1,-1"),
        ("FREQ=MONTHLY;BYDAY=-1SU", "FREQ=MONTHLY;BYDAY=-1SU"),
    ],
)
def test_rules_that_are_taken(written: str, kept: str) -> None:
    assert normalise_recurrence(written) == kept


@pytest.mark.parametrize(
    "written",
    [
        "",
        "FREQ=WEEKLY",
        "FREQ=YEARLY;BYMONTHDAY=1",
        "FREQ=SECONDLY",
        "FREQ=WEEKLY;BYDAY=SA;COUNT=3",
        "FREQ=WEEKLY;BYDAY=SA;UNTIL=20270101",
        "FREQ=WEEKLY;BYDAY=1SA",
        "FREQ=WEEKLY;BYDAY=XX",
        "FREQ=WEEKLY;BYDAY=SA;BYDAY=SU",
        "FREQ=MONTHLY",
        "FREQ=MONTHLY;BYDAY=SA;BYMONTHDAY=1",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=WEEKLY;BYDAY=SA;BYHOUR=9",
        "FREQ=WEEKLY;BYDAY=SA\nEXDATE:20260101",
    ],
)
def test_rules_that_are_refused(written: str) -> None:
    with pytest.raises(ValueError, match="RFC 5545"):
        normalise_recurrence(written)


@given(st.dates(date(2026, 1, 1), date(2029, 12, 31)))
def test_every_saturday_and_no_other_day(day: date) -> None:
    assert Schedule(FROM, recurrence="FREQ=WEEKLY;BYDAY=SA").occurs_on(day) == (day.weekday() == 5)


@given(st.dates(date(2026, 1, 3), date(2029, 12, 31)))
def test_every_second_saturday_counts_from_the_first_day(day: date) -> None:
    schedule = Schedule(date(2026, 1, 3), recurrence="FREQ=WEEKLY;INTERVAL=2;BYDAY=SA")
    assert schedule.occurs_on(day) == ((day - date(2026, 1, 3)).days % 14 == 0)


def test_holidays() -> None:
    national_day, saturday = date(2026, 10, 1), date(2026, 11, 21)
    only, never = Schedule(FROM, on_holidays=OnHolidays.ONLY), Schedule(FROM, on_holidays=OnHolidays.EXCLUDE)
    assert only.occurs_on(national_day)
    assert not only.occurs_on(saturday)
    assert not never.occurs_on(national_day)
    assert never.occurs_on(saturday)


@given(
    st.datetimes(datetime.fromisoformat("2026-01-01"), datetime.fromisoformat("2027-06-01")),
    st.sampled_from([None, "FREQ=WEEKLY;BYDAY=MO", "FREQ=MONTHLY;BYMONTHDAY=31", "FREQ=MONTHLY;BYDAY=-1SU"]),
    st.sampled_from([(), (Hours(time(9), time(11)), Hours(time(20), time(0)))]),
    st.sampled_from(list(OnHolidays)),
)
def test_next_valid_is_the_first_moment_that_is_open(
    naive: datetime, recurrence: str | None, hours: tuple[Hours, ...], on_holidays: OnHolidays
) -> None:
    when = naive.replace(tzinfo=CHINA)
    schedule = Schedule(FROM, None, recurrence, hours, on_holidays)
    found = schedule.next_valid_at(when)
    if schedule.is_open_at(when):
        assert found == when
    elif found is not None:
        assert found > when
        assert schedule.is_open_at(found)
        assert not schedule.is_open_at(found - timedelta(microseconds=1))
        step = when
        while step < found:
            assert not schedule.is_open_at(step)
            step += timedelta(hours=1)


def test_never_again() -> None:
    assert Schedule(FROM, date(2026, 1, 31)).next_valid_at(datetime(2026, 2, 1, tzinfo=CHINA)) is None

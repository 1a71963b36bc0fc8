from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.clock import CHINA
from shared.worktime import WorkingCalendar, is_announced

HOUR = timedelta(hours=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CHINA)


office = WorkingCalendar()
# A desk with an evening shift over midnight's edge, a closure and an extra Sunday, in a zone that changes its clocks.
odd_desk = WorkingCalendar(
    ((time(8, 15), time(11)), (time(19), time(0))),
    timezone=ZoneInfo("Europe/Berlin"),
    overrides={date(2026, 3, 29): True, date(2026, 3, 30): False},
)
calendars = st.sampled_from([office, odd_desk, WorkingCalendar.around_the_clock()])
instants = st.integers(0, 364 * 86_400_000).map(lambda ms: at("2025-12-01") + timedelta(milliseconds=ms))
spans = st.timedeltas(timedelta(0), timedelta(hours=120))


def test_2026_follows_the_announcement_of_the_state_council() -> None:
    # 国办发明电〔2025〕7号, 4 November 2025
    off = [("2026-01-01", 3), ("2026-02-15", 9), ("2026-04-04", 3), ("2026-05-01", 5), ("2026-06-19", 3)]
    off += [("2026-09-25", 3), ("2026-10-01", 7)]
    closed = {date.fromisoformat(first) + timedelta(days=n) for first, days in off for n in range(days)}
    make_up = {date.fromisoformat(f"2026-{day}") for day in ("01-04", "02-14", "02-28", "05-09", "09-20", "10-10")}
    for n in range(365):
        day = date(2026, 1, 1) + timedelta(days=n)
        expected = day in make_up or (day.weekday() < 5 and day not in closed)
        assert office.is_workday(day) is expected, day


def test_new_year_exchange_days_of_the_next_year_count_in_december() -> None:
    assert office.is_workday(date(2006, 12, 30))
    assert office.is_workday(date(2011, 12, 31))


def test_a_year_not_yet_announced_has_its_statutory_days_only() -> None:
    assert is_announced(2026)
    assert not is_announced(2099)
    assert not office.is_workday(date(2099, 10, 1))
    assert not any(office.is_workday(date(2099, 1, 3) + timedelta(weeks=n)) for n in range(52))  # Saturdays


def test_overrides_win_over_everything() -> None:
    calendar = WorkingCalendar(
        overrides={date(2026, 10, 1): True, date(2026, 10, 10): False, date(2026, 10, 12): False}
    )
    assert calendar.is_workday(date(2026, 10, 1))
    assert not calendar.is_workday(date(2026, 10, 10))
    assert not calendar.is_workday(date(2026, 10, 12))
    always = WorkingCalendar(((time(0), time(0)),), every_day=True, overrides={date(2026, 10, 12): False})
    assert always.between(at("2026-10-11"), at("2026-10-14")) == 48 * HOUR


@pytest.mark.parametrize(
    ("start", "hours", "due"),
    [
        ("2026-03-02 09:00", 2, "2026-03-02 11:00"),
        ("2026-03-02 11:30", 1, "2026-03-02 14:00"),  # over lunch
        ("2026-03-02 09:00", 3, "2026-03-02 12:00"),  # ends with the spell, not after lunch
        ("2026-03-02 09:00", 7, "2026-03-02 17:30"),
        ("2026-03-02 20:00", 1, "2026-03-03 10:00"),  # received at night
        ("2026-03-06 17:00", 1, "2026-03-09 09:30"),  # over a weekend
        ("2026-02-13 17:00", 2, "2026-02-14 10:30"),  # a Saturday that is worked
        ("2026-02-14 17:00", 2, "2026-02-24 10:30"),  # over the Spring Festival
        ("2026-03-02 03:00", 0, "2026-03-02 03:00"),
    ],
)
def test_deadlines(start: str, hours: float, due: str) -> None:
    assert office.add(at(start), hours * HOUR) == at(due)


def test_around_the_clock_is_plain_time() -> None:
    calendar = WorkingCalendar.around_the_clock()
    start = at("2026-02-15 23:59")
    assert calendar.add(start, 100 * HOUR) == start + 100 * HOUR
    assert calendar.between(start, start + 100 * HOUR) == 100 * HOUR


@given(calendars, instants, spans, spans)
def test_adding_twice_is_adding_once(cal: WorkingCalendar, start: datetime, a: timedelta, b: timedelta) -> None:
    assert cal.add(cal.add(start, a), b) == cal.add(start, a + b)


@given(calendars, instants, spans)
def test_between_undoes_add(calendar: WorkingCalendar, start: datetime, span: timedelta) -> None:
    due = calendar.add(start, span)
    assert calendar.between(start, due) == span
    assert calendar.between(due, start) == -span


@given(calendars, instants, instants, spans, spans)
def test_later_or_longer_is_never_due_earlier(
    calendar: WorkingCalendar, one: datetime, other: datetime, a: timedelta, b: timedelta
) -> None:
    assert calendar.add(min(one, other), min(a, b)) <= calendar.add(max(one, other), max(a, b))


@given(calendars, st.lists(instants, min_size=3, max_size=3))
def test_spans_add_up(calendar: WorkingCalendar, moments: list[datetime]) -> None:
    first, second, third = sorted(moments)
    assert calendar.between(first, second) + calendar.between(second, third) == calendar.between(first, third)


@given(instants, instants)
def test_the_office_agrees_with_counting_minutes(one: datetime, other: datetime) -> None:
    first = min(one, other).replace(second=0, microsecond=0)
    last = min(max(one, other).replace(second=0, microsecond=0), first + timedelta(days=4))
    minutes, moment = 0, first
    while moment < last:
        clock = moment.time()
        open_ = time(9) <= clock < time(12) or time(13, 30) <= clock < time(17, 30)
        minutes += open_ and office.is_workday(moment.date())
        moment += timedelta(minutes=1)
    assert office.between(first, last) == timedelta(minutes=minutes)


def test_nonsense_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        office.add(datetime(2026, 3, 2, 9), HOUR)  # noqa: DTZ001
    with pytest.raises(ValueError, match="negative"):
        office.add(at("2026-03-02"), -HOUR)
    for hours in [(), ((time(12), time(9)),), ((time(9), time(12)), (time(11), time(13))), ((time(9), time(9)),)]:
        with pytest.raises(ValueError, match="spell"):
            WorkingCalendar(hours)


@given(calendars, instants, spans, st.timedeltas(timedelta(microseconds=1), timedelta(hours=120)))
def test_subtract_leads_back_to_where_the_time_was_left(
    calendar: WorkingCalendar, start: datetime, a: timedelta, b: timedelta
) -> None:
    assert calendar.subtract(calendar.add(start, a + b), a) == calendar.add(start, b)
    due = calendar.add(start, b)
    assert calendar.subtract(due, timedelta(0)) == due


def test_days_of_the_week_may_have_hours_of_their_own() -> None:
    morning = ((time(9), time(12)),)
    calendar = WorkingCalendar(
        weekdays={3: (), 6: morning}, overrides={date(2026, 3, 5): morning, date(2026, 3, 11): True}
    )
    hours = {day: calendar.between(at(f"2026-03-{day:02}"), at(f"2026-03-{day + 1:02}")) / HOUR for day in range(4, 13)}
    assert hours == {4: 0, 5: 3, 6: 7, 7: 3, 8: 0, 9: 7, 10: 7, 11: 7, 12: 7}
    assert not any(calendar.is_workday(date(2026, 6, day)) for day in (19, 20, 21)), "a weekend within a holiday"
    assert calendar.hours_of(date(2026, 2, 28)) == WorkingCalendar().hours_of(date(2026, 2, 27)), "a make-up workday"

"""The three rates of a scope and period, and their course over time."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from services.requests.statistics import repository
from services.requests.statistics.facts import COUNTERS, MEASURES
from services.requests.statistics.repository import Question
from services.requests.statistics.schemas import By, Rate, Rates, RatesReport, RatesRow
from shared.db import AsyncSession

_NONE = dict.fromkeys(COUNTERS, 0)


async def report_rates(session: AsyncSession, question: Question, as_of: datetime | None) -> RatesReport:
    """One row for each key that anything is to be told of, and their total."""
    rows = await repository.add_up(session, question, as_of)
    names: dict[str, str] = {}
    if question.by in (By.CATEGORY, By.CLASS) and rows:
        names = await repository.names_of_categories(session, question.scope)
    items = [_row(row.key, row, names.get(row.key)) for row in rows]
    return _report(question, as_of, items, rows, await _uncounted(session, question, as_of))


async def report_series(session: AsyncSession, question: Question, as_of: datetime | None) -> RatesReport:
    """One row for every day, week or month of the period, also where nothing happened: charts have no gaps."""
    rows = await repository.add_up(session, question, as_of)
    known = {row.key: row for row in rows}
    nothing = SimpleNamespace(**_NONE)
    items = [_row(key, known.get(key, nothing)) for key in _periods(question)]
    return _report(question, as_of, items, rows, await _uncounted(session, question, as_of))


async def _uncounted(session: AsyncSession, question: Question, as_of: datetime | None) -> int:
    return 0 if as_of else await repository.count_pending(session, question.scope)


def _report(
    question: Question, as_of: datetime | None, items: list[RatesRow], rows: Sequence[Any], uncounted: int
) -> RatesReport:
    total = SimpleNamespace(**{name: sum(getattr(row, name) for row in rows) for name in COUNTERS})
    return RatesReport(
        scope=question.scope,
        by=question.by,
        first=question.first,
        last=question.last,
        as_of=as_of,
        items=items,
        total=_row("", total),
        uncounted=uncounted,
    )


def _row(key: str, counters: Any, name: str | None = None) -> RatesRow:
    everything = {each: getattr(counters, each) for each in MEASURES}
    counted = {each: number - getattr(counters, f"excluded_{each}") for each, number in everything.items()}
    return RatesRow(key=key, name=name, counted=_rates(**counted), everything=_rates(**everything))


def _rates(*, due: int, in_time: int, judged: int, solved: int, said: int, satisfied: int) -> Rates:
    return Rates(
        responded_in_time=Rate.share(in_time, due),
        solved=Rate.share(solved, judged),
        satisfied=Rate.share(satisfied, said),
    )


def _periods(question: Question) -> Iterator[str]:
    day = question.first
    if question.by is By.WEEK:
        day -= timedelta(days=day.weekday())
    elif question.by is By.MONTH:
        day = day.replace(day=1)
    while day <= question.last:
        yield day.isoformat()
        day = _after(day, question.by)


def _after(day: date, by: By) -> date:
    if by is By.MONTH:
        return (day + timedelta(days=31)).replace(day=1)
    return day + timedelta(days=7 if by is By.WEEK else 1)

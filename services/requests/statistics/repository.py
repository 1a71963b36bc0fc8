"""Every select of statistics. Sums are read from the totals; what was true at an earlier moment, from the history."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, select, text
from sqlmodel import col

from services.requests.categories.models import Category
from services.requests.service_requests.models import ServiceRequest, Step, TimelineEntry
from services.requests.statistics.facts import COUNTERS, SUMS, facts_where
from services.requests.statistics.models import Dimension, Grain, RatePending
from services.requests.statistics.schemas import By
from shared.conditions import in_area
from shared.db import AsyncSession

_DAY = timedelta(days=1)
PENDING_AT_MOST = 10_000
_GROUPS: dict[By, tuple[Dimension, str]] = {
    By.TOTAL: (Dimension.ALL, "''"),
    By.COMMUNITY: (Dimension.ALL, "community_code"),
    By.SUBDISTRICT: (Dimension.ALL, "left(community_code, 9)"),
    By.GRID: (Dimension.GRID, "key"),
    By.RESPONDER: (Dimension.RESPONDER, "key"),
    By.CATEGORY: (Dimension.CATEGORY, "key"),
    By.CLASS: (Dimension.CATEGORY, "split_part(key, '.', 1)"),
    By.DAY: (Dimension.ALL, "starts_on::text"),
    By.WEEK: (Dimension.ALL, "date_trunc('week', starts_on)::date::text"),
    By.MONTH: (Dimension.ALL, "date_trunc('month', starts_on)::date::text"),
}
_KEY_OF_FACT = {
    Dimension.ALL: "''",
    Dimension.GRID: "grid_code",
    Dimension.RESPONDER: "responder_id",
    Dimension.CATEGORY: "category_code",
}

_NOT_NOTHING = "HAVING sum(due) + sum(judged) > 0"
"""What counted once and was moved elsewhere leaves zeros behind."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: which communities, which days, by what, and of which one grid, responder or category if any."""

    scope: str
    first: date
    last: date
    by: By
    only: tuple[Dimension, str] | None = None

    @property
    def dimension(self) -> Dimension:
        return self.only[0] if self.only else _GROUPS[self.by][0]

    @property
    def values(self) -> dict[str, Any]:
        """Bound to every query. Codes of communities within a prefix lie between its least and its greatest."""
        area = {"low": self.scope.ljust(12, "0"), "high": self.scope.ljust(12, "9")}
        return area | {"first": self.first, "last": self.last, "only": self.only[1] if self.only else None}


async def add_up(session: AsyncSession, question: Question, as_of: datetime | None) -> Sequence[Any]:
    """Rows of `key` and the counters, by key; as they are, or as they were at `as_of`."""
    if as_of is None:
        statement, values = _live(question)
        return (await session.execute(text(statement), question.values | values)).all()
    return (await session.execute(_from_history(question), question.values | {"as_of": as_of})).all()


async def count_pending(session: AsyncSession, scope: str) -> int:
    """How many requests wait to be counted, as far as `PENDING_AT_MOST`."""
    waiting = select(col(RatePending.request_id)).where(in_area(col(RatePending.community_code), scope))
    statement = select(func.count()).select_from(waiting.limit(PENDING_AT_MOST).subquery())
    return (await session.execute(statement)).scalar_one()


def _live(question: Question) -> tuple[str, dict[str, Any]]:
    """Whole months from the months' totals, what is left of the period from the days'."""
    spans = list(_spans(question))
    values = {
        f"{name}{number}": span[index] for number, span in enumerate(spans) for index, name in ((1, "a"), (2, "b"))
    }
    parts = " UNION ALL ".join(
        f"""
        SELECT community_code, starts_on, key, {", ".join(COUNTERS)} FROM rate_total
        WHERE community_code BETWEEN :low AND :high AND dimension = '{question.dimension}' AND grain = '{grain}'
          AND starts_on BETWEEN :a{number} AND :b{number} AND (CAST(:only AS text) IS NULL OR key = :only)
        """  # noqa: S608
        for number, (grain, _first, _last) in enumerate(spans)
    )
    key, sums = _GROUPS[question.by][1], ", ".join(f"sum({name})::bigint AS {name}" for name in COUNTERS)
    whole = f"SELECT {key} AS key, {sums} FROM ({parts}) AS total GROUP BY 1 {_NOT_NOTHING} ORDER BY 1"  # noqa: S608
    return whole, values


def _from_history(question: Question) -> Any:
    key = _KEY_OF_FACT[question.dimension]
    return facts_where(
        "community_code BETWEEN :low AND :high AND created_at <= :as_of",
        f"""
        SELECT {_GROUPS[question.by][1]} AS key, {SUMS}
        FROM (
            SELECT community_code, day AS starts_on, {key} AS key, kind, good, satisfied, excluded FROM fact
            WHERE day BETWEEN :first AND :last AND (CAST(:only AS text) IS NULL OR {key} = :only)
        ) AS counted
        GROUP BY 1 ORDER BY 1
        """,  # noqa: S608
    )


def _spans(question: Question) -> Iterator[tuple[Grain, date, date]]:
    first, last = question.first, question.last
    months_from = first if first.day == 1 else _next_month(first)
    months_to = (last + _DAY).replace(day=1)
    if question.by in (By.DAY, By.WEEK) or months_from >= months_to:
        yield Grain.DAY, first, last
        return
    yield Grain.MONTH, months_from, months_to - _DAY
    if first < months_from:
        yield Grain.DAY, first, months_from - _DAY
    if months_to <= last:
        yield Grain.DAY, months_to, last


def _next_month(day: date) -> date:
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1)


async def names_of_categories(session: AsyncSession, scope: str) -> dict[str, str]:
    """Chinese names by code; where communities differ, one of them."""
    statement = (
        select(col(Category.code), func.min(col(Category.name_zh)).label("name_zh"))
        .where(in_area(col(Category.community_code), scope))
        .group_by(col(Category.code))
    )
    return {row.code: row.name_zh for row in await session.execute(statement)}


def exclusions(scope: str) -> Select[TimelineEntry]:
    """Every decision to leave a request out or to take it in again."""
    return select(TimelineEntry).where(
        in_area(col(TimelineEntry.community_code), scope), col(TimelineEntry.step) == Step.EXCLUDED
    )


async def last_exclusion(session: AsyncSession, request: ServiceRequest) -> TimelineEntry | None:
    statement = (
        exclusions(request.community_code)
        .where(col(TimelineEntry.request_id) == request.id)
        .order_by(col(TimelineEntry.id).desc())
        .limit(1)
    )
    return (await session.execute(statement)).scalar_one_or_none()

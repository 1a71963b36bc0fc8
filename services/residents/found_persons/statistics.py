"""How cases went, counted from their rows: by grid or by month, of no person."""

from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any

from pydantic import BaseModel
from sqlalchemy import ColumnElement, and_, case, func, select
from sqlmodel import col

from services.residents.found_persons.models import FoundPerson, Outcome, UnfoundedReason
from services.residents.found_persons.states import CaseState
from shared.auth import Principal
from shared.clock import CHINA
from shared.conditions import in_area
from shared.db import AsyncSession


class By(StrEnum):
    GRID = "grid"
    MONTH = "month"
    """Of the report, in Chinese time."""


class Minutes(BaseModel):
    """From the report, over the cases that came so far. Null: none did."""

    median: float | None
    p90: float | None


class CaseStatistics(BaseModel):
    group: str | None
    """A grid code (null: in no grid) or a month (`2026-11`); of the total null."""
    cases: int
    with_card: int
    without_card: int
    states: dict[CaseState, int]
    outcomes: dict[Outcome, int]
    unfounded_reasons: dict[UnfoundedReason, int]
    minutes_to_identified: Minutes
    minutes_to_handed_over: Minutes
    escalated: int
    overdue_share: float | None
    """Of the cases that were not unfounded, how many ran out of time (0 to 1). Null: there were none."""


class Statistics(BaseModel):
    total: CaseStatistics
    groups: list[CaseStatistics]


async def count_cases(
    session: AsyncSession, principal: Principal, first: date | None, last: date | None, by: By
) -> Statistics:
    """Cases reported from `first` to `last`, both days included, in the caller's area."""
    reported = and_(in_area(col(FoundPerson.community_code), principal.area), *_between(first, last))
    total = (await session.execute(_select(None, reported))).mappings().one()
    rows = (await session.execute(_select(_groups()[by], reported))).mappings()
    return Statistics(total=_statistics(total), groups=[_statistics(row) for row in rows])


def _groups() -> dict[By, Any]:
    month = func.to_char(func.timezone("Asia/Shanghai", col(FoundPerson.created_at)), "YYYY-MM")
    return {By.GRID: col(FoundPerson.grid_code), By.MONTH: month}


def _between(first: date | None, last: date | None) -> list[ColumnElement[bool]]:
    bounds = []
    if first is not None:
        bounds.append(col(FoundPerson.created_at) >= datetime.combine(first, time(), CHINA))
    if last is not None:
        bounds.append(col(FoundPerson.created_at) < datetime.combine(last + timedelta(days=1), time(), CHINA))
    return bounds


def _select(group: Any, where: ColumnElement[bool]) -> Any:
    counted = [
        func.count().label("cases"),
        _count(col(FoundPerson.card_id).is_not(None)).label("with_card"),
        _count(col(FoundPerson.escalated_at).is_not(None)).label("escalated"),
        *(_count(col(FoundPerson.state) == state).label(f"state_{state}") for state in CaseState),
        *(_count(col(FoundPerson.outcome) == outcome).label(f"outcome_{outcome}") for outcome in Outcome),
        *(_count(col(FoundPerson.unfounded_reason) == why).label(f"reason_{why}") for why in UnfoundedReason),
        _count(_WAS_FOUNDED & col(FoundPerson.escalated_at).is_not(None)).label("overdue"),
        *_minutes("identified", col(FoundPerson.identified_at)),
        *_minutes("handed_over", col(FoundPerson.handed_over_at)),
    ]
    if group is None:
        return select(*counted).where(where)
    label = group.label("group")
    return select(label, *counted).where(where).group_by(label).order_by(label.asc().nulls_last())


_WAS_FOUNDED = col(FoundPerson.state) != CaseState.UNFOUNDED


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count(case((condition, 1)))


def _minutes(name: str, moment: Any) -> list[ColumnElement[Any]]:
    taken = func.extract("epoch", moment - col(FoundPerson.created_at)) / 60
    return [
        func.percentile_cont(share).within_group(taken).label(f"{name}_{label}")
        for label, share in (("median", 0.5), ("p90", 0.9))
    ]


def _statistics(row: Any) -> CaseStatistics:
    founded = row["cases"] - row["state_unfounded"]
    return CaseStatistics(
        group=row.get("group"),
        cases=row["cases"],
        with_card=row["with_card"],
        without_card=row["cases"] - row["with_card"],
        states={state: row[f"state_{state}"] for state in CaseState},
        outcomes={outcome: row[f"outcome_{outcome}"] for outcome in Outcome},
        unfounded_reasons={why: row[f"reason_{why}"] for why in UnfoundedReason},
        minutes_to_identified=_share(row, "identified"),
        minutes_to_handed_over=_share(row, "handed_over"),
        escalated=row["escalated"],
        overdue_share=round(row["overdue"] / founded, 4) if founded else None,
    )


def _share(row: Any, name: str) -> Minutes:
    def minutes(label: str) -> float | None:
        value = row[f"{name}_{label}"]
        return None if value is None else round(value, 1)

    return Minutes(median=minutes("median"), p90=minutes("p90"))

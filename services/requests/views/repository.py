from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, case, func, literal, or_, select, tuple_, update
from sqlmodel import col

from services.requests.service_requests.deadlines import Deadline
from services.requests.service_requests.models import ServiceRequest
from services.requests.views.filters import IS_OPEN, Due, coming
from services.requests.views.models import RequestView
from services.requests.views.schemas import Facet
from shared.auth import Principal
from shared.db import AsyncSession
from shared.errors import NotFound

NONE = "none"


def visible(principal: Principal) -> Select[RequestView]:
    """The caller's own views and those of their community."""
    return select(RequestView).where(
        col(RequestView.community_code) == principal.community_code,
        or_(col(RequestView.owner) == principal.subject, col(RequestView.is_shared)),
    )


async def get_view(session: AsyncSession, principal: Principal, view_id: UUID, *, lock: bool = False) -> RequestView:
    statement = visible(principal).where(col(RequestView.id) == view_id)
    found = (await session.execute(statement.with_for_update() if lock else statement)).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found


async def list_views(session: AsyncSession, principal: Principal) -> Sequence[RequestView]:
    """Pinned ones first, then one's own, then by name."""
    order = (
        col(RequestView.is_pinned).desc(),
        (col(RequestView.owner) == principal.subject).desc(),
        col(RequestView.name),
        col(RequestView.id),
    )
    return (await session.execute(visible(principal).order_by(*order))).scalars().all()


async def count_views(session: AsyncSession, principal: Principal) -> int:
    statement = select(func.count()).select_from(RequestView)
    return (
        await session.execute(
            statement.where(
                col(RequestView.community_code) == principal.community_code,
                col(RequestView.owner) == principal.subject,
            )
        )
    ).scalar_one()


async def drop_default(session: AsyncSession, view: RequestView) -> None:
    """No other view of the same people is their default any more."""
    statement = update(RequestView).where(
        col(RequestView.community_code) == view.community_code,
        col(RequestView.is_shared) == view.is_shared,
        col(RequestView.is_default),
        col(RequestView.id) != view.id,
    )
    if not view.is_shared:
        statement = statement.where(col(RequestView.owner) == view.owner)
    await session.execute(statement.values(is_default=False, version=col(RequestView.version) + 1))


async def sizes(session: AsyncSession, statements: Sequence[Select[Any]], most: int) -> list[int]:
    """How many rows each has, counted as far as `most`; all in one round trip."""
    if not statements:
        return []
    counted = [
        select(func.count())
        .select_from(each.with_only_columns(col(ServiceRequest.id)).limit(most).subquery())
        .scalar_subquery()
        .label(f"size_{number}")
        for number, each in enumerate(statements)
    ]
    return list((await session.execute(select(*counted))).one())


async def tally(
    session: AsyncSession, statement: Select[Any], facets: Sequence[Facet], now: datetime, most: int
) -> tuple[int, dict[Facet, dict[str, int]]]:
    """The rows of `statement`, counted as far as `most`, in all and by each facet; each row is read once."""
    columns = [_FACETS[facet](now).label(facet.value) for facet in facets]
    chosen = statement.with_only_columns(col(ServiceRequest.id), *columns).limit(most).cte("chosen")
    by = [chosen.c[facet.value] for facet in facets]
    which = func.grouping(*by) if by else literal(0)
    counted = select(which.label("which"), func.count().label("number"), *by).select_from(chosen)
    if by:
        counted = counted.group_by(func.grouping_sets(*(tuple_(each) for each in by), tuple_()))
    found: dict[Facet, dict[str, int]] = {facet: {} for facet in facets}
    total, everything = 0, (1 << len(facets)) - 1
    for row in (await session.execute(counted)).all():
        if row.which == everything:
            total = row.number
            continue
        facet = next(each for n, each in enumerate(reversed(facets)) if not row.which >> n & 1)
        value = getattr(row, facet.value)
        found[facet][NONE if value is None else str(value)] = row.number
    return total, found


def _deadline(now: datetime) -> ColumnElement[str]:
    return case(
        (~IS_OPEN, NONE),
        (col(ServiceRequest.paused_at).is_not(None), "waiting"),
        *((coming(Deadline.RESOLUTION, due, now), due.value) for due in Due),
        else_="later",
    )


_FACETS: dict[Facet, Any] = {
    Facet.STATE: lambda _: col(ServiceRequest.state),
    Facet.CLASS: lambda _: col(ServiceRequest.category_class),
    Facet.CATEGORY: lambda _: col(ServiceRequest.category_code),
    Facet.GRID: lambda _: col(ServiceRequest.grid_code),
    Facet.RESPONDER: lambda _: col(ServiceRequest.responder_id),
    Facet.URGENCY: lambda _: col(ServiceRequest.urgency),
    Facet.CHANNEL: lambda _: col(ServiceRequest.channel),
    Facet.DEADLINE: _deadline,
}

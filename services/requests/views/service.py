"""Saved views and what is counted of requests. They flush and never commit: the edge does."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from services.requests.service_requests.auth import OFFICE
from services.requests.views import repository
from services.requests.views.errors import TooManyViews
from services.requests.views.filters import RequestFilter, Sort
from services.requests.views.models import RequestView
from services.requests.views.schemas import Counts, Facet, SavedFilter, ViewCount, ViewCreate, ViewUpdate
from shared.auth import Principal, Role
from shared.clock import utc_now
from shared.concurrency import check_version
from shared.db import AsyncSession
from shared.errors import Forbidden

COUNTED_AT_MOST = 10_000
COUNTED_OF_A_VIEW = 1_000
VIEWS_EACH = 50


async def resolved(
    session: AsyncSession, principal: Principal, view_id: UUID | None, given: RequestFilter, sort: Sort | None
) -> tuple[RequestFilter, Sort]:
    """The conditions and order of a view, where the caller has not given others."""
    if view_id is None:
        return given, sort or Sort.NEWEST
    view = await repository.get_view(session, principal, view_id)
    named = given.model_dump(include=given.model_fields_set)
    return _filter_of(view).model_copy(update=named), sort or view.sort


async def count_requests(
    session: AsyncSession, principal: Principal, wanted: RequestFilter, facets: Sequence[Facet]
) -> Counts:
    """How many there are, in all and by each facet, as far as `COUNTED_AT_MOST`."""
    statement = wanted.statement(principal)
    chosen = list(dict.fromkeys(facets))
    total, by = await repository.tally(session, statement, chosen, utc_now(), COUNTED_AT_MOST + 1)
    return Counts(total=min(total, COUNTED_AT_MOST), is_capped=total > COUNTED_AT_MOST, by=by)


async def list_views(session: AsyncSession, principal: Principal) -> list[dict[str, Any]]:
    """The caller's views, with the numbers of those that show one."""
    views = await repository.list_views(session, principal)
    counted = [view for view in views if view.shows_count]
    statements = [_filter_of(view).statement(principal) for view in counted]
    numbers = await repository.sizes(session, statements, COUNTED_OF_A_VIEW + 1)
    sizes = dict(zip((view.id for view in counted), numbers, strict=True))
    return [shown(principal, view, sizes.get(view.id)) for view in views]


async def save_view(session: AsyncSession, principal: Principal, data: ViewCreate) -> RequestView:
    if data.is_shared and principal.role not in OFFICE:
        raise Forbidden
    if await repository.count_views(session, principal) >= VIEWS_EACH:
        raise TooManyViews
    view = RequestView(
        community_code=principal.community_code,
        owner=principal.subject,
        filters=_stored(data.filters),
        **data.model_dump(exclude={"filters"}),
    )
    if view.is_default:
        await repository.drop_default(session, view)
    session.add(view)
    await session.flush()
    return view


async def change_view(
    session: AsyncSession, principal: Principal, view_id: UUID, data: ViewUpdate, expected: int
) -> RequestView:
    view = await _lock_own(session, principal, view_id)
    check_version(view.version, expected)
    if data.is_default:
        await repository.drop_default(session, view)
    for name, value in data.model_dump(exclude={"filters"}, exclude_none=True).items():
        setattr(view, name, value)
    if data.filters is not None:
        view.filters = _stored(data.filters)
    view.version += 1
    view.updated_at = utc_now()
    await session.flush()
    return view


async def delete_view(session: AsyncSession, principal: Principal, view_id: UUID, expected: int) -> None:
    view = await _lock_own(session, principal, view_id)
    check_version(view.version, expected)
    await session.delete(view)
    await session.flush()


def shown(principal: Principal, view: RequestView, size: int | None = None) -> dict[str, Any]:
    count = None
    if size is not None:
        count = ViewCount(number=min(size, COUNTED_OF_A_VIEW), is_capped=size > COUNTED_OF_A_VIEW)
    columns = view.model_dump(exclude={"community_code", "owner"})
    return columns | {"is_own": view.owner == principal.subject, "count": count}


async def _lock_own(session: AsyncSession, principal: Principal, view_id: UUID) -> RequestView:
    """A view that the caller may change: their own, or as the head any that is shared."""
    view = await repository.get_view(session, principal, view_id, lock=True)
    if view.owner != principal.subject and principal.role is not Role.HEAD:
        raise Forbidden
    return view


def _filter_of(view: RequestView) -> RequestFilter:
    return RequestFilter.model_validate(view.filters)


def _stored(filters: SavedFilter) -> dict[str, Any]:
    return filters.model_dump(mode="json", exclude_unset=True)

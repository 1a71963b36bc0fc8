from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, exists, func, literal, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased
from sqlmodel import col

from services.requests.categories.models import Category, Privacy
from services.requests.open311.errors import ServiceUnknown
from services.requests.open311.models import ClientUpdate
from services.requests.open311.schemas import RequestQuery, UpdateQuery
from services.requests.open311.statuses import SAID, SAID_BY_REQUESTER, states_of
from services.requests.service_requests.models import Channel, ServiceRequest, TimelineEntry, Visibility
from services.requests.service_requests.repository import not_confidential
from services.requests.service_requests.texts import Address
from shared.auth import Principal
from shared.conditions import among, in_area
from shared.db import AsyncSession, count_changed
from shared.grid_directory import grid_address

SECOND = timedelta(seconds=1)

_SHOWN = [
    ServiceRequest.__table__.c[name]
    for name in (
        "community_code",
        "id",
        "category_code",
        "state",
        "client_id",
        "resolve_by",
        "longitude",
        "latitude",
        "key_subject_id",
        "content_sealed",
        "privacy",
        "confidential",
        "released_sealed",
        "created_at",
        "updated_at",
    )
]


async def known_jurisdictions(session: AsyncSession, area: str) -> set[str]:
    """The first and the last community with categories within an area: one if there is only one."""
    of_area = in_area(col(Category.community_code), area)
    ends = select(func.min(col(Category.community_code)), func.max(col(Category.community_code))).where(of_area)
    return {code for code in (await session.execute(ends)).one() if code is not None}


async def is_jurisdiction(session: AsyncSession, community_code: str) -> bool:
    statement = select(exists().where(col(Category.community_code) == community_code))
    return bool((await session.execute(statement)).scalar())


def _offered(community_code: str) -> Select[Any, Any, Any]:
    """Categories that take requests from outside: open ones that are not divided further, nor confidential."""
    parent = aliased(Category)
    of_class = and_(
        col(parent.community_code) == col(Category.community_code), col(parent.code) == col(Category.parent_code)
    )
    return (
        select(Category, col(parent.name_zh).label("group_zh"), col(parent.name_en).label("group_en"))
        .join(parent, of_class)
        .where(
            col(Category.community_code) == community_code,
            col(Category.active),
            col(parent.active),
            col(Category.privacy) != Privacy.CONFIDENTIAL,
        )
    )


async def list_services(session: AsyncSession, community_code: str) -> Sequence[Any]:
    """(Category, group_zh, group_en), ordered by code."""
    return (await session.execute(_offered(community_code).order_by(col(Category.code)))).all()


async def get_service(session: AsyncSession, community_code: str, code: str) -> Category:
    found = (await session.execute(_offered(community_code).where(col(Category.code) == code))).first()
    if found is None:
        raise ServiceUnknown
    return found[0]


async def names_of(session: AsyncSession, community_code: str) -> dict[str, Any]:
    """The names of every category by its code; requests outlive what is offered."""
    statement = select(col(Category.code), col(Category.name_zh), col(Category.name_en))
    rows = await session.execute(statement.where(col(Category.community_code) == community_code))
    return {row.code: row for row in rows}


def _visible(principal: Principal, community_code: str) -> ColumnElement[bool]:
    """Matters of public space; and to a client what came from it."""
    shown = col(ServiceRequest.privacy) == Privacy.PUBLIC
    if principal.client_id is not None:
        shown = or_(shown, col(ServiceRequest.client_id) == principal.client_id)
    return and_(col(ServiceRequest.community_code) == community_code, not_confidential(), shown)


async def list_by_id(
    session: AsyncSession, principal: Principal, community_code: str, ids: Iterable[UUID]
) -> Sequence[Row[Any]]:
    statement = select(*_SHOWN).where(_visible(principal, community_code), among(col(ServiceRequest.id), ids))
    return (await session.execute(statement.order_by(col(ServiceRequest.id).desc()))).all()


async def list_requests(
    session: AsyncSession,
    principal: Principal,
    community_code: str,
    query: RequestQuery,
    window: tuple[datetime, datetime] | None,
) -> Sequence[Row[Any]]:
    """Newest first: by submission, or by change where the caller asks for changes."""
    conditions = [_visible(principal, community_code)]
    order = col(ServiceRequest.created_at)
    if query.updated_after or query.updated_before:
        order = col(ServiceRequest.updated_at)
        conditions += _within(order, query.updated_after, query.updated_before)
    if window:
        conditions += _within(col(ServiceRequest.created_at), *window)
    if query.service_code:
        conditions.append(col(ServiceRequest.category_code).in_(query.service_code))
    if query.status:
        conditions.append(col(ServiceRequest.state).in_(set().union(*map(states_of, query.status))))
    if query.corners:
        west, south, east, north = query.corners
        conditions.append(col(ServiceRequest.longitude).between(west, east))
        conditions.append(col(ServiceRequest.latitude).between(south, north))
    statement = select(*_SHOWN).where(*conditions).order_by(order.desc(), col(ServiceRequest.id).desc())
    return (await session.execute(_page(statement, query))).all()


async def list_updates(
    session: AsyncSession,
    principal: Principal,
    community_code: str,
    query: UpdateQuery,
    window: tuple[datetime, datetime],
    *,
    oldest_first: bool,
) -> Sequence[Row[Any]]:
    """(TimelineEntry, client_id of its request) of the public steps that were written down within a window."""
    told = col(TimelineEntry.step).in_(list(SAID))
    if principal.client_id is not None:
        own = col(ServiceRequest.client_id) == principal.client_id
        told = or_(told, and_(own, col(TimelineEntry.step).in_(list(SAID_BY_REQUESTER))))
    statement = (
        select(TimelineEntry, col(ServiceRequest.client_id))
        .join(
            ServiceRequest,
            and_(
                col(ServiceRequest.community_code) == col(TimelineEntry.community_code),
                col(ServiceRequest.id) == col(TimelineEntry.request_id),
            ),
        )
        .where(
            col(TimelineEntry.community_code) == community_code,
            col(TimelineEntry.visibility) == Visibility.PUBLIC,
            col(TimelineEntry.id) >= first_id(window[0]),
            col(TimelineEntry.id) < first_id(window[1] + SECOND),
            _visible(principal, community_code),
            told,
        )
    )
    if query.service_request_id:
        statement = statement.where(among(col(TimelineEntry.request_id), ids_of(query.service_request_id)))
    order = col(TimelineEntry.id)
    return (await session.execute(_page(statement.order_by(order if oldest_first else order.desc()), query))).all()


async def is_known(session: AsyncSession, principal: Principal, community_code: str, request_id: UUID) -> bool:
    """Whether a request came in through Open311, or may be seen here."""
    statement = select(col(ServiceRequest.id)).where(
        col(ServiceRequest.community_code) == community_code,
        col(ServiceRequest.id) == request_id,
        or_(col(ServiceRequest.channel) == Channel.OPEN311, _visible(principal, community_code)),
    )
    return (await session.execute(statement)).first() is not None


async def is_known_update(session: AsyncSession, principal: Principal, community_code: str, entry_id: UUID) -> bool:
    """Whether a line of the timeline is public, and its request known here."""
    statement = select(col(TimelineEntry.request_id)).where(
        col(TimelineEntry.community_code) == community_code,
        col(TimelineEntry.id) == entry_id,
        col(TimelineEntry.visibility) == Visibility.PUBLIC,
    )
    request_id = (await session.execute(statement)).scalar_one_or_none()
    return request_id is not None and await is_known(session, principal, community_code, request_id)


async def find_client_update(
    session: AsyncSession, community_code: str, client_id: str, update_id: str
) -> ClientUpdate | None:
    return await session.get(ClientUpdate, (community_code, client_id, update_id))


async def keep_client_update(session: AsyncSession, row: ClientUpdate) -> bool:
    """Remember what an update became; False if its number was used meanwhile."""
    statement = insert(ClientUpdate).values(**row.model_dump())
    return await count_changed(session, statement.on_conflict_do_nothing()) > 0


async def last_entry(session: AsyncSession, request: ServiceRequest) -> UUID:
    """The line of the timeline that was written last."""
    statement = select(col(TimelineEntry.id)).where(
        col(TimelineEntry.community_code) == request.community_code, col(TimelineEntry.request_id) == request.id
    )
    return (await session.execute(statement.order_by(col(TimelineEntry.id).desc()).limit(1))).scalar_one()


async def find_address(session: AsyncSession, community_code: str, said: str) -> Address | None:
    """The most precise line of the address table that a written address contains, spaces aside."""
    line = func.replace(func.concat(grid_address.c.compound, grid_address.c.building, grid_address.c.unit), " ", "")
    statement = (
        select(grid_address.c.compound, grid_address.c.building, grid_address.c.unit)
        .where(grid_address.c.community_code == community_code, func.strpos(literal("".join(said.split())), line) > 0)
        .order_by(func.length(line).desc())
        .limit(1)
    )
    found = (await session.execute(statement)).first()
    return Address(**found._mapping) if found else None


def ids_of(said: Iterable[str]) -> list[UUID]:
    """The ids among what was said; what is none, nothing has."""
    found: list[UUID] = []
    for each in said:
        try:
            found.append(UUID(each))
        except ValueError:
            continue
    return found


def first_id(at: datetime) -> UUID:
    """The least identifier (UUID version 7) that could be made in the second of `at`."""
    return UUID(int=(int(at.timestamp()) * 1000) << 80)


def written_at(identifier: UUID) -> datetime:
    """When a row with this identifier was written, to the millisecond."""
    return datetime.fromtimestamp((identifier.int >> 80) / 1000, UTC)


def _within(column: Any, start: datetime | None, end: datetime | None) -> list[ColumnElement[bool]]:
    """Whole seconds, both included: times are told to the second."""
    conditions: list[ColumnElement[bool]] = []
    if start is not None:
        conditions.append(column >= start.replace(microsecond=0))
    if end is not None:
        conditions.append(column < end.replace(microsecond=0) + SECOND)
    return conditions


def _page(statement: Any, query: RequestQuery | UpdateQuery) -> Any:
    return statement.limit(query.page_size).offset((query.page - 1) * query.page_size)

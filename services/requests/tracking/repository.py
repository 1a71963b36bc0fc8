from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Row, delete, func, or_, select, update
from sqlmodel import col

from services.requests.categories.models import Category
from services.requests.service_requests.models import ServiceRequest
from services.requests.tracking.models import RequestLookup, TrackingLink
from shared.db import AsyncSession, count_changed


async def find_lookup(session: AsyncSession, reference: str) -> RequestLookup | None:
    return await session.get(RequestLookup, reference)


async def get_request(session: AsyncSession, lookup: RequestLookup) -> ServiceRequest:
    return await session.get_one(ServiceRequest, (lookup.community_code, lookup.request_id))


async def category_names(session: AsyncSession, request: ServiceRequest) -> Row[str, str]:
    statement = select(col(Category.name_zh), col(Category.name_en)).where(
        col(Category.community_code) == request.community_code, col(Category.code) == request.category_code
    )
    return (await session.execute(statement)).one()


async def open_link(
    session: AsyncSession, lookup: RequestLookup, token: bytes, browser: bytes, now: datetime, until: datetime
) -> bool:
    """Bind a link to the browser that opens it; False if it was opened before, has expired or is none. Once."""
    statement = (
        update(TrackingLink)
        .where(
            col(TrackingLink.community_code) == lookup.community_code,
            col(TrackingLink.request_id) == lookup.request_id,
            col(TrackingLink.token_digest) == token,
            col(TrackingLink.opened_at).is_(None),
            col(TrackingLink.expires_at) > now,
        )
        .values(opened_at=now, session_digest=browser, session_until=until)
        .execution_options(synchronize_session=False)
    )
    return await count_changed(session, statement) == 1


async def find_session(
    session: AsyncSession, lookup: RequestLookup, browser: bytes, now: datetime
) -> TrackingLink | None:
    """The link that this browser opened, while it may come back."""
    statement = select(TrackingLink).where(
        col(TrackingLink.community_code) == lookup.community_code,
        col(TrackingLink.request_id) == lookup.request_id,
        col(TrackingLink.session_digest) == browser,
        col(TrackingLink.session_until) > now,
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def count_since(session: AsyncSession, request: ServiceRequest, created_by: str, since: datetime) -> int:
    statement = select(func.count()).where(
        col(TrackingLink.community_code) == request.community_code,
        col(TrackingLink.request_id) == request.id,
        col(TrackingLink.created_by) == created_by,
        col(TrackingLink.created_at) > since,
    )
    return (await session.execute(statement)).scalar_one()


async def lock_due(session: AsyncSession, now: datetime, limit: int) -> Sequence[TrackingLink]:
    statement = (
        select(TrackingLink)
        .where(col(TrackingLink.next_try_at) <= now)
        .order_by(col(TrackingLink.next_try_at))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return (await session.execute(statement)).scalars().all()


async def drop_links(session: AsyncSession, request: ServiceRequest) -> None:
    """Whoever held a link of the request sees no more of it than everybody."""
    await session.execute(
        delete(TrackingLink).where(
            col(TrackingLink.community_code) == request.community_code, col(TrackingLink.request_id) == request.id
        )
    )


async def forget_old(session: AsyncSession, now: datetime, created_before: datetime, limit: int) -> int:
    """Delete links that nobody can use any more; returns how many."""
    spent = (
        select(col(TrackingLink.community_code), col(TrackingLink.id))
        .where(
            col(TrackingLink.created_at) < created_before,
            col(TrackingLink.expires_at) <= now,
            or_(col(TrackingLink.session_until).is_(None), col(TrackingLink.session_until) <= now),
        )
        .order_by(col(TrackingLink.created_at))
        .limit(limit)
        .subquery()
    )
    statement = delete(TrackingLink).where(
        col(TrackingLink.community_code) == spent.c.community_code, col(TrackingLink.id) == spent.c.id
    )
    return await count_changed(session, statement.execution_options(synchronize_session=False))

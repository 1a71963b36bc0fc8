from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import defer
from sqlmodel import col

from services.requests.service_requests.models import ServiceRequest
from shared.db import AsyncSession

SWEPT_AT_ONCE = 250
_SEALED: tuple[Any, ...] = (ServiceRequest.content_sealed, ServiceRequest.requester_sealed)


async def lock_due(session: AsyncSession, now: datetime) -> Sequence[ServiceRequest]:
    """Requests of which something has come due, earliest first; those that somebody is changing just now come later.

    They are held until the transaction ends but are not the session's: `write_marks` stores what changes of them.
    """
    statement = (
        select(ServiceRequest)
        .where(col(ServiceRequest.next_due_at) <= now)
        .order_by(col(ServiceRequest.next_due_at))
        .limit(SWEPT_AT_ONCE)
        .options(*(defer(each) for each in _SEALED))
        .with_for_update(skip_locked=True)
    )
    due = (await session.execute(statement)).scalars().all()
    session.expunge_all()
    return due


_MARKS = text(
    """
    UPDATE service_request AS request
    SET accept_warned = given.accept_warned, respond_warned = given.respond_warned,
        resolve_warned = given.resolve_warned, accept_breached_at = given.accept_breached_at,
        respond_breached_at = given.respond_breached_at, resolve_breached_at = given.resolve_breached_at,
        next_due_at = given.next_due_at, version = given.version
    FROM unnest(
        CAST(:community_code AS text[]), CAST(:id AS uuid[]), CAST(:accept_warned AS int[]),
        CAST(:respond_warned AS int[]), CAST(:resolve_warned AS int[]), CAST(:accept_breached_at AS timestamptz[]),
        CAST(:respond_breached_at AS timestamptz[]), CAST(:resolve_breached_at AS timestamptz[]),
        CAST(:next_due_at AS timestamptz[]), CAST(:version AS int[])
    ) AS given (community_code, id, accept_warned, respond_warned, resolve_warned, accept_breached_at,
                respond_breached_at, resolve_breached_at, next_due_at, version)
    WHERE request.community_code = given.community_code AND request.id = given.id
    """
)
_MARKED = (
    "community_code",
    "id",
    "accept_warned",
    "respond_warned",
    "resolve_warned",
    "accept_breached_at",
    "respond_breached_at",
    "resolve_breached_at",
    "next_due_at",
    "version",
)


async def write_marks(session: AsyncSession, requests: Sequence[ServiceRequest]) -> None:
    """Store what of locked requests' deadlines was told, all in one statement. `requests` are not the session's."""
    connection = await session.connection()
    await connection.execute(_MARKS, {name: [getattr(each, name) for each in requests] for name in _MARKED})

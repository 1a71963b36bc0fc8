"""Each consumer handles an event once, and keeps what it could not handle until a person has looked at it."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import Column, DateTime, Index, Integer, String, Table, Text, delete, func, select, text, tuple_
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.dialects.postgresql import UUID as PgUuid

from shared.clock import utc_now
from shared.db import KIT_METADATA, AsyncSession

RETENTION = timedelta(days=35)
"""Longer than the outbox keeps what can be replayed, so that a replay never handles an event twice."""

NOWHERE = "000000000000"
"""Stands for the community of a message that does not say; no division has this code."""

PURGE_BATCH = 5_000

inbox = Table(
    "inbox",
    KIT_METADATA,
    Column("community_code", String(12), primary_key=True),
    Column("consumer", Text, primary_key=True),
    Column("event_id", PgUuid(as_uuid=True), primary_key=True),
    Column("handled_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Index("ix_inbox_handled_at", "handled_at"),
)

dead_letter = Table(
    "dead_letter",
    KIT_METADATA,
    Column("community_code", String(12), primary_key=True),
    Column("id", PgUuid(as_uuid=True), primary_key=True),
    Column("consumer", Text, nullable=False),
    Column("event_id", PgUuid(as_uuid=True)),
    Column("type", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("envelope", JSONB, nullable=False),
    Column("error", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("failed_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("replayed_at", DateTime(timezone=True)),
    Index("ix_dead_letter_open", "failed_at", postgresql_where=text("replayed_at IS NULL")),
)


async def claim(session: AsyncSession, *, community_code: str, consumer: str, event_id: UUID) -> bool:
    """Whether this transaction is the first to handle the event; waits for another that is handling it just now."""
    statement = insert(inbox).values(community_code=community_code, consumer=consumer, event_id=event_id)
    result = await session.execute(statement.on_conflict_do_nothing().returning(inbox.c.event_id))
    return result.scalar_one_or_none() is not None


async def bury(
    session: AsyncSession,
    *,
    community_code: str,
    consumer: str,
    event_id: UUID | None,
    type: str,
    subject: str,
    envelope: dict[str, Any],
    error: str,
    attempts: int,
    message: str = "",
) -> UUID:
    """Keep what could not be handled. The same failure twice is one dead letter: its id follows from the event's.

    `message` names a message that has no readable event id, e.g. `REQUESTS/17`.
    """
    letter_id = uuid5(event_id, consumer) if event_id else uuid5(UUID(int=0), f"{consumer}/{message}")
    changing = {"error": error, "attempts": attempts, "failed_at": utc_now(), "replayed_at": None}
    statement = insert(dead_letter).values(
        community_code=community_code,
        id=letter_id,
        consumer=consumer,
        event_id=event_id,
        type=type,
        subject=subject,
        envelope=envelope,
        **changing,
    )
    await session.execute(statement.on_conflict_do_update(index_elements=["community_code", "id"], set_=changing))
    return letter_id


async def forget_handled(session: AsyncSession) -> int:
    """Forget, a batch at a time, events that were handled longer ago than any replay reaches."""
    key = tuple_(inbox.c.community_code, inbox.c.consumer, inbox.c.event_id)
    old = (
        select(inbox.c.community_code, inbox.c.consumer, inbox.c.event_id)
        .where(inbox.c.handled_at < utc_now() - RETENTION)
        .order_by(inbox.c.handled_at)
        .limit(PURGE_BATCH)
    )
    return len((await session.execute(delete(inbox).where(key.in_(old)).returning(inbox.c.event_id))).all())

"""Events become true with the transaction that adds them, and leave only after it has committed."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, DateTime, Identity, Index, Integer, String, Table, Text, func, insert, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import UUID as PgUuid

from shared.clock import utc_now
from shared.db import KIT_METADATA, AsyncSession
from shared.envelope import Envelope, Event
from shared.ids import new_id
from shared.telemetry import current_traceparent

RETENTION = timedelta(days=30)
"""Published rows stay this long, so that consumers can be rebuilt from them."""

CHANNEL = "outbox"
"""NOTIFY channel; a statement trigger sends one constant notification per transaction."""

outbox = Table(
    "outbox",
    KIT_METADATA,
    Column("community_code", String(12), primary_key=True),
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("event_id", PgUuid(as_uuid=True), nullable=False),
    Column("type", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("data", JSONB, nullable=False),
    Column("traceparent", Text),
    Column("occurred_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("published_at", DateTime(timezone=True)),
    Index("ix_outbox_unpublished", "id", postgresql_where=text("published_at IS NULL")),
    Index("ix_outbox_published_at", "published_at", postgresql_where=text("published_at IS NOT NULL")),
)


def row(event: Event, *, community_code: str, subject: str, version: int) -> dict[str, Any]:
    """The outbox row of one event, for writing many in one statement."""
    return {
        "community_code": community_code,
        "event_id": new_id(),
        "type": event.type,
        "subject": subject,
        "version": version,
        "data": event.model_dump(mode="json"),
        "traceparent": current_traceparent(),
        "occurred_at": utc_now(),
    }


async def add(session: AsyncSession, event: Event, *, community_code: str, subject: str, version: int = 1) -> UUID:
    """Publish `event` if and when this transaction commits.

    `subject` is `<plural>/<id>` of what changed and `version` its row version after the change.
    """
    values = row(event, community_code=community_code, subject=subject, version=version)
    await session.execute(insert(outbox).values(values))
    return values["event_id"]


async def add_many(session: AsyncSession, rows: Iterable[dict[str, Any]]) -> None:
    """Add the rows that `row` made, in one round trip."""
    batch = list(rows)
    if batch:
        await session.execute(insert(outbox), batch)


def envelope_of(source: str, stored: dict[str, object]) -> Envelope:
    """The CloudEvent of a stored row."""
    return Envelope.model_validate(
        {
            "id": stored["event_id"],
            "source": f"/{source}",
            "type": stored["type"],
            "subject": stored["subject"],
            "time": stored["occurred_at"],
            "community": stored["community_code"],
            "traceparent": stored["traceparent"],
            "aggregateversion": stored["version"],
            "data": stored["data"],
        }
    )

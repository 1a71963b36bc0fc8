"""What an operator does to events: send published ones again, look at dead letters, handle them once more.

Rebuilding a projection from nothing: stop the consumer, empty its tables, `forget` what it has handled, start it, and
`republish` the sources. If JetStream itself was wiped, `republish` declares the stream anew and consumers find it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, RowMapping, delete, select, update
from sqlalchemy.sql import Select

from shared import inbox
from shared.bus import Bus, Outgoing
from shared.clock import utc_now
from shared.codes import EVERYWHERE
from shared.consumer import Handlers, handle_once
from shared.db import Database, count_changed
from shared.envelope import Envelope
from shared.failures import describe
from shared.ids import new_id
from shared.inbox import dead_letter
from shared.outbox import envelope_of, outbox
from shared.relay import waves

BATCH = 200
ATTEMPTS = 5


class NotAcknowledged(Exception):
    """JetStream did not take a part of the replay. Replaying again is harmless."""


class NoSuchDeadLetter(LookupError):
    """没有这封死信 · There is no dead letter with this id."""


class NotReplayable(Exception):
    """此死信无法重放 · The dead letter cannot be handled: it is no event, or nothing here handles its type any more."""


@dataclass(frozen=True)
class DeadLetter:
    """An event that a consumer gave up, and why (classes, places and codes only: never a value)."""

    community_code: str
    id: UUID
    consumer: str
    event_id: UUID | None
    type: str
    subject: str
    envelope: dict[str, Any]
    error: str
    attempts: int
    failed_at: datetime
    replayed_at: datetime | None


async def republish(
    database: Database,
    bus: Bus,
    service: str,
    *,
    since: datetime,
    until: datetime,
    types: Sequence[str] = (),
    community_code: str | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> int:
    """Send again, in their order, what `service` published of what happened in [since, until); how many events.

    Message ids are new, so that JetStream stores them again; event ids are not, so that a consumer that has handled
    an event passes it over. `progress` hears the running total. Raises NotAcknowledged.
    """
    await bus.declare_stream(service)
    run, total = new_id(), 0
    statement = _published(since, until, types, community_code)
    async with database.transaction(EVERYWHERE) as session:
        stream = await session.stream(statement, execution_options={"yield_per": BATCH})
        async for rows in stream.partitions():
            for wave in waves([row._mapping for row in rows]):
                await _send(bus, service, [_outgoing(service, row, run) for row in wave])
            total += len(rows)
            progress(total)
    return total


async def forget(database: Database, consumer: str, *, community_code: str | None = None) -> int:
    """Let `consumer` handle again all events that it has handled, once its projections are empty; how many."""
    async with database.transaction(community_code or EVERYWHERE) as session:
        statement = delete(inbox.inbox).where(inbox.inbox.c.consumer == consumer)
        if community_code is not None:
            statement = statement.where(inbox.inbox.c.community_code == community_code)
        return await count_changed(session, statement)


async def list_dead_letters(
    database: Database, *, consumer: str | None = None, include_replayed: bool = False, limit: int = 100
) -> list[DeadLetter]:
    """The latest dead letters, newest first."""
    statement = select(dead_letter).order_by(dead_letter.c.failed_at.desc(), dead_letter.c.id).limit(limit)
    if consumer is not None:
        statement = statement.where(dead_letter.c.consumer == consumer)
    if not include_replayed:
        statement = statement.where(dead_letter.c.replayed_at.is_(None))
    async with database.transaction(EVERYWHERE) as session:
        return [_letter(row) for row in await session.execute(statement)]


async def get_dead_letter(database: Database, letter_id: UUID) -> DeadLetter:
    """Raises NoSuchDeadLetter."""
    async with database.transaction(EVERYWHERE) as session:
        row = (await session.execute(select(dead_letter).where(dead_letter.c.id == letter_id))).one_or_none()
    if row is None:
        raise NoSuchDeadLetter
    return _letter(row)


async def replay_dead_letter(database: Database, letter_id: UUID, handlers: Mapping[str, Handlers]) -> bool:
    """Handle a dead letter here and now; `handlers` by consumer, e.g. `{"dispatch__requests": {...}}`.

    It is handled locally and not sent through the stream, where every other consumer would have to pass it over.
    Returns False when the event has been handled in the meantime, e.g. by a replay of the stream. When the handler
    fails again its error is raised, and the dead letter stays open with that error.
    """
    letter = await get_dead_letter(database, letter_id)
    handler = handlers.get(letter.consumer, {}).get(letter.type)
    if letter.event_id is None or handler is None:
        raise NotReplayable
    try:
        first = await handle_once(database, letter.consumer, handler, Envelope.model_validate(letter.envelope))
    except Exception as error:
        failed = {"error": describe(error), "attempts": dead_letter.c.attempts + 1, "failed_at": utc_now()}
        await _change(database, letter, failed)
        raise
    await _change(database, letter, {"replayed_at": utc_now()})
    return first


async def _change(database: Database, letter: DeadLetter, values: dict[str, Any]) -> None:
    async with database.transaction(letter.community_code) as session:
        key = (dead_letter.c.community_code == letter.community_code) & (dead_letter.c.id == letter.id)
        await session.execute(update(dead_letter).where(key).values(values))


def _published(since: datetime, until: datetime, types: Sequence[str], community_code: str | None) -> Select[Any]:
    statement = (
        select(outbox)
        .where(outbox.c.published_at.is_not(None), outbox.c.occurred_at >= since, outbox.c.occurred_at < until)
        .order_by(outbox.c.id)
    )
    if types:
        statement = statement.where(outbox.c.type.in_(types))
    if community_code is not None:
        statement = statement.where(outbox.c.community_code == community_code)
    return statement


def _outgoing(service: str, row: RowMapping, run: UUID) -> Outgoing:
    envelope = envelope_of(service, dict(row))
    payload = envelope.model_dump_json(exclude_none=True).encode()
    return Outgoing(envelope.wire_subject, payload, f"{envelope.id}/{run}")


async def _send(bus: Bus, service: str, messages: Sequence[Outgoing]) -> None:
    for _ in range(ATTEMPTS):
        await bus.jetstream()
        outcomes = await bus.publish(service, messages)
        messages = [message for message, outcome in zip(messages, outcomes, strict=True) if outcome is not None]
        if not messages:
            return
    raise NotAcknowledged(f"{len(messages)} events")


def _letter(row: Row[Any]) -> DeadLetter:
    return DeadLetter(**row._mapping)

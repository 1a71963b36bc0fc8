"""Who was sent to a found person may open the case: from the assignment until it is handed back or another accepts."""

from typing import Literal
from uuid import UUID

from services.residents.found_persons import repository
from services.residents.found_persons.models import EntryKind, FoundPerson, FoundPersonEntry, FoundPersonResponder
from shared.clock import utc_now
from shared.consumer import Handlers
from shared.db import AsyncSession
from shared.envelope import Envelope, Payload

_ACTOR = "dispatch"


class Origin(Payload):
    type: str
    id: UUID


class WorkOrderAssigned(Payload):
    work_order_id: UUID
    responder_id: UUID
    tier: str = ""
    origin: Origin | None = None


class WorkOrderMoved(Payload):
    work_order_id: UUID
    responder_id: UUID


class UnknownCase(Exception):
    """A work order names a case that is not here. Tried again, and kept as a dead letter if it never appears."""


async def let_in_responder(session: AsyncSession, envelope: Envelope) -> None:
    """`dispatch.work_order_assigned.v1`"""
    order = WorkOrderAssigned.model_validate(envelope.data)
    if order.origin is None or order.origin.type != "found_person":
        return
    case = await repository.lock_by_id(session, envelope.community, order.origin.id)
    if case is None:
        raise UnknownCase
    row = FoundPersonResponder(
        community_code=case.community_code,
        found_person_id=case.id,
        responder_id=order.responder_id,
        work_order_id=order.work_order_id,
        order_version=envelope.aggregateversion,
    )
    if await repository.assign(session, case.community_code, row):
        await _note(session, case, EntryKind.ASSIGNED, order.responder_id, tier=order.tier)


async def let_in_whoever_accepted(session: AsyncSession, envelope: Envelope) -> None:
    """`dispatch.work_order_acknowledged.v1`, `…_started.v1`: the first asked stay in until one of them has accepted."""
    order = WorkOrderMoved.model_validate(envelope.data)
    sent = await repository.lock_sent(session, envelope.community, order.work_order_id)
    accepting = next((row for row in sent if row.responder_id == order.responder_id), None)
    if accepting is None or accepting.accepted_at is not None or accepting.order_version > envelope.aggregateversion:
        return
    for row in sent:
        row.is_active = row is accepting
        row.order_version = envelope.aggregateversion
    accepting.accepted_at = utc_now()
    await _note_by_id(session, accepting, EntryKind.ACCEPTED)


async def shut_out_who_handed_back(session: AsyncSession, envelope: Envelope) -> None:
    """`dispatch.work_order_handed_back.v1`"""
    order = WorkOrderMoved.model_validate(envelope.data)
    for row in await repository.lock_sent(session, envelope.community, order.work_order_id):
        if row.responder_id == order.responder_id and row.order_version <= envelope.aggregateversion:
            row.is_active, row.accepted_at, row.order_version = False, None, envelope.aggregateversion
            await _note_by_id(session, row, EntryKind.HANDED_BACK)


async def _note_by_id(
    session: AsyncSession, row: FoundPersonResponder, kind: Literal[EntryKind.ACCEPTED, EntryKind.HANDED_BACK]
) -> None:
    case = await repository.lock_by_id(session, row.community_code, row.found_person_id)
    assert case is not None
    await _note(session, case, kind, row.responder_id)


async def _note(
    session: AsyncSession, case: FoundPerson, kind: EntryKind, responder_id: UUID, *, tier: str = ""
) -> None:
    detail = {"responder_id": str(responder_id)} | ({"tier": tier} if tier else {})
    session.add(
        FoundPersonEntry(
            community_code=case.community_code, found_person_id=case.id, kind=kind, actor=_ACTOR, detail=detail
        )
    )
    repository.touch(case)
    await session.flush()


WORK_ORDER_HANDLERS: Handlers = {
    "dispatch.work_order_assigned.v1": let_in_responder,
    "dispatch.work_order_acknowledged.v1": let_in_whoever_accepted,
    "dispatch.work_order_started.v1": let_in_whoever_accepted,
    "dispatch.work_order_handed_back.v1": shut_out_who_handed_back,
}

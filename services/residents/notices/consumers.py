"""Progress and result always come back to whoever asked."""

from uuid import UUID

from services.residents.notices import repository, service
from services.residents.notices.models import NoticeKind
from shared.consumer import Handler, Handlers
from shared.db import AsyncSession
from shared.envelope import Envelope, Payload


class RequestChanged(Payload):
    """What the events of a service request have in common, as far as a notice needs it."""

    request_id: UUID
    state: str
    category: str
    requester_person_id: UUID | None = None
    household_id: UUID | None = None


def _tell(kind: NoticeKind) -> Handler:
    async def tell_requester(session: AsyncSession, envelope: Envelope) -> None:
        """The requester; where nobody asked for themself (a found person), the household that it concerns."""
        change = RequestChanged.model_validate(envelope.data)
        if change.requester_person_id is not None:
            readers = [change.requester_person_id]
        elif change.household_id is not None:
            readers = await repository.members(session, envelope.community, change.household_id)
        else:
            readers = []
        parameters = {"request_id": str(change.request_id), "category": change.category, "state": change.state}
        for person_id in readers:
            await service.notify_person(session, envelope.community, person_id, kind, parameters)

    return tell_requester


REQUEST_HANDLERS: Handlers = {
    f"requests.{kind.value}.v1": _tell(kind)
    for kind in (
        NoticeKind.REQUEST_ACCEPTED,
        NoticeKind.REQUEST_PROGRESSED,
        NoticeKind.REQUEST_RESOLVED,
        NoticeKind.REQUEST_CONFIRMED,
        NoticeKind.REQUEST_REOPENED,
    )
}


class WorkOrderReminded(Payload):
    request_id: UUID
    category: str
    deadline: str
    percent: int
    responder_ids: list[UUID]
    to_duty_desk: bool


async def remind_of_deadline(session: AsyncSession, envelope: Envelope) -> None:
    """Whoever holds the work hears that its time runs out, or has; the duty desk as well where dispatch says so."""
    reminded = WorkOrderReminded.model_validate(envelope.data)
    kind = NoticeKind.REQUEST_DUE_SOON if reminded.percent < 100 else NoticeKind.REQUEST_OVERDUE
    parameters = {
        "request_id": str(reminded.request_id),
        "category": reminded.category,
        "deadline": reminded.deadline,
    }
    readers: list[UUID | None] = [*reminded.responder_ids, *([None] if reminded.to_duty_desk else [])]
    for responder_id in readers:
        await service.notify_desk(session, envelope.community, kind, parameters, responder_id=responder_id)


REMINDER_HANDLERS: Handlers = {"dispatch.work_order_reminded.v1": remind_of_deadline}

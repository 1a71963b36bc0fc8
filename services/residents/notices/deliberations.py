"""Who is invited hears of the meeting, who is asked to inspect hears of it, and the duty desk of what is late."""

from datetime import date, datetime
from uuid import UUID

from services.residents.notices import service
from services.residents.notices.models import NoticeKind
from shared.consumer import Handler, Handlers
from shared.db import AsyncSession
from shared.envelope import Envelope, Payload


class MeetingChanged(Payload):
    deliberation_id: UUID
    begins_at: datetime
    person_ids: list[UUID]
    responder_ids: list[UUID]


class DeliberationOverdue(Payload):
    deliberation_id: UUID
    carry_out_by: date


class InspectionAsked(Payload):
    project_id: UUID
    person_ids: list[UUID]
    responder_ids: list[UUID]


class ProjectDelayed(Payload):
    project_id: UUID
    milestone_id: UUID
    planned_on: date
    sponsor_responder_id: UUID | None = None


def _tell_invited(kind: NoticeKind) -> Handler:
    async def tell_invited(session: AsyncSession, envelope: Envelope) -> None:
        meeting = MeetingChanged.model_validate(envelope.data)
        parameters = {"deliberation_id": str(meeting.deliberation_id), "begins_at": meeting.begins_at.isoformat()}
        await _tell(session, envelope.community, kind, parameters, meeting.person_ids, meeting.responder_ids)

    return tell_invited


async def tell_inspectors(session: AsyncSession, envelope: Envelope) -> None:
    asked = InspectionAsked.model_validate(envelope.data)
    parameters = {"project_id": str(asked.project_id)}
    kind = NoticeKind.PROJECT_INSPECTION
    await _tell(session, envelope.community, kind, parameters, asked.person_ids, asked.responder_ids)


async def tell_desk_of_term(session: AsyncSession, envelope: Envelope) -> None:
    overdue = DeliberationOverdue.model_validate(envelope.data)
    parameters = {"deliberation_id": str(overdue.deliberation_id), "due_on": overdue.carry_out_by.isoformat()}
    await service.notify_desk(session, envelope.community, NoticeKind.DELIBERATION_OVERDUE, parameters)


async def tell_of_delay(session: AsyncSession, envelope: Envelope) -> None:
    """The duty desk, and the unit that builds it."""
    delay = ProjectDelayed.model_validate(envelope.data)
    parameters = {
        "project_id": str(delay.project_id),
        "milestone_id": str(delay.milestone_id),
        "due_on": delay.planned_on.isoformat(),
    }
    for reader in dict.fromkeys((None, delay.sponsor_responder_id)):
        await service.notify_desk(
            session, envelope.community, NoticeKind.PROJECT_DELAYED, parameters, responder_id=reader
        )


async def _tell(
    session: AsyncSession,
    community_code: str,
    kind: NoticeKind,
    parameters: dict[str, str],
    person_ids: list[UUID],
    responder_ids: list[UUID],
) -> None:
    for person_id in person_ids:
        await service.notify_person(session, community_code, person_id, kind, parameters)
    for responder_id in responder_ids:
        await service.notify_desk(session, community_code, kind, parameters, responder_id=responder_id)


DELIBERATION_HANDLERS: Handlers = {
    "requests.deliberation_scheduled.v1": _tell_invited(NoticeKind.DELIBERATION_INVITED),
    "requests.deliberation_reminded.v1": _tell_invited(NoticeKind.DELIBERATION_REMINDED),
    "requests.deliberation_cancelled.v1": _tell_invited(NoticeKind.DELIBERATION_CANCELLED),
    "requests.deliberation_overdue.v1": tell_desk_of_term,
    "requests.project_inspection_asked.v1": tell_inspectors,
    "requests.project_delayed.v1": tell_of_delay,
}

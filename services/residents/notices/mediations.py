"""Parties and mediators hear of every step of their mediation; nobody else does, not even the duty desk."""

from uuid import UUID

from services.residents.notices import service
from services.residents.notices.models import NoticeKind
from shared.consumer import Handler, Handlers
from shared.db import AsyncSession
from shared.envelope import Envelope, Payload


class MediationChanged(Payload):
    mediation_id: UUID
    step: str
    party_person_ids: list[UUID]
    mediator_responder_ids: list[UUID]


def _tell(kind: NoticeKind) -> Handler:
    async def tell_those_in_it(session: AsyncSession, envelope: Envelope) -> None:
        change = MediationChanged.model_validate(envelope.data)
        parameters = {"mediation_id": str(change.mediation_id), "step": change.step}
        for person_id in change.party_person_ids:
            await service.notify_person(session, envelope.community, person_id, kind, parameters)
        for responder_id in change.mediator_responder_ids:
            await service.notify_desk(session, envelope.community, kind, parameters, responder_id=responder_id)

    return tell_those_in_it


MEDIATION_HANDLERS: Handlers = {
    "requests.mediation_opened.v1": _tell(NoticeKind.MEDIATION_OPENED),
    "requests.mediation_progressed.v1": _tell(NoticeKind.MEDIATION_NEWS),
    "requests.mediation_agreed.v1": _tell(NoticeKind.MEDIATION_AGREED),
    "requests.mediation_ended.v1": _tell(NoticeKind.MEDIATION_ENDED),
}

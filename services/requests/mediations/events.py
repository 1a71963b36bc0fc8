"""What requests publishes of mediations: to whom it matters, never what it is about."""

from typing import ClassVar
from uuid import UUID

from shared.envelope import Event


class MediationChanged(Event):
    """Base of what parties and mediators are told. Nobody else may be."""

    mediation_id: UUID
    state: str
    step: str
    """What happened: `mediations.models.Step`, or of a reminder its `ReminderKind`."""
    party_person_ids: list[UUID]
    mediator_responder_ids: list[UUID]


class MediationOpened(MediationChanged):
    type: ClassVar[str] = "requests.mediation_opened.v1"


class MediationProgressed(MediationChanged):
    """Any step that has no event of its own, and every reminder."""

    type: ClassVar[str] = "requests.mediation_progressed.v1"


class MediationAgreed(MediationChanged):
    type: ClassVar[str] = "requests.mediation_agreed.v1"


class MediationEnded(MediationChanged):
    """Closed, failed or withdrawn."""

    type: ClassVar[str] = "requests.mediation_ended.v1"

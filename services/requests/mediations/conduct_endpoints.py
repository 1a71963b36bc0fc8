from uuid import UUID

from fastapi import status

from services.requests.mediations import agreements, sessions
from services.requests.mediations.auth import MediationsConduct, MediationsTakePart
from services.requests.mediations.models import Mediation
from services.requests.mediations.schemas import (
    AgreementCreate,
    Answer,
    ConfirmationApply,
    ConfirmationDecide,
    FollowUpCreate,
    MediationSummary,
    SessionCreate,
    SessionHold,
    SessionReceipt,
    TermSettle,
)
from shared.routing import Router
from shared.sessions import Session, VaultDep

router = Router(prefix="/v1/mediations/{mediation_id}", tags=["mediations"])


@router.post("/sessions", response_model=SessionReceipt, status_code=status.HTTP_201_CREATED)
async def schedule_session(
    principal: MediationsConduct, session: Session, vault: VaultDep, mediation_id: UUID, data: SessionCreate
) -> object:
    """Invite the parties to a meeting."""
    return await sessions.schedule_session(session, vault, principal, mediation_id, data)


@router.post("/sessions/{session_id}/hold", response_model=MediationSummary)
async def hold_session(
    *,
    principal: MediationsConduct,
    session: Session,
    vault: VaultDep,
    mediation_id: UUID,
    session_id: UUID,
    data: SessionHold,
) -> Mediation:
    """Write down who came and what was said."""
    return await sessions.hold_session(session, vault, principal, mediation_id, session_id, data)


@router.post("/sessions/{session_id}/cancel", response_model=MediationSummary)
async def cancel_session(
    principal: MediationsConduct, session: Session, mediation_id: UUID, session_id: UUID
) -> Mediation:
    """Call a meeting off."""
    return await sessions.cancel_session(session, principal, mediation_id, session_id)


@router.post("/agreement", response_model=MediationSummary)
async def propose_agreement(
    principal: MediationsConduct, session: Session, vault: VaultDep, mediation_id: UUID, data: AgreementCreate
) -> Mediation:
    """Lay the text of an agreement before the parties."""
    return await agreements.propose_agreement(session, vault, principal, mediation_id, data)


@router.post("/parties/{party_id}/confirm-agreement", response_model=MediationSummary)
async def confirm_agreement(
    *,
    principal: MediationsTakePart,
    session: Session,
    vault: VaultDep,
    mediation_id: UUID,
    party_id: UUID,
    data: Answer,
) -> Mediation:
    """A party confirms the text that lies before them; the last one makes it binding."""
    return await agreements.confirm_agreement(session, vault, principal, mediation_id, party_id, data)


@router.post("/terms/{term_id}/settle", response_model=MediationSummary)
async def settle_term(
    principal: MediationsConduct, session: Session, mediation_id: UUID, term_id: UUID, data: TermSettle
) -> Mediation:
    """A term was kept, or was broken."""
    return await agreements.settle_term(session, principal, mediation_id, term_id, data)


@router.post("/apply-for-confirmation", response_model=MediationSummary)
async def apply_for_confirmation(
    principal: MediationsConduct, session: Session, mediation_id: UUID, data: ConfirmationApply
) -> Mediation:
    """The parties have asked the court to confirm the agreement."""
    return await agreements.apply_for_confirmation(session, principal, mediation_id, data.on)


@router.post("/decide-confirmation", response_model=MediationSummary)
async def decide_confirmation(
    principal: MediationsConduct, session: Session, mediation_id: UUID, data: ConfirmationDecide
) -> Mediation:
    """What the court said."""
    return await agreements.decide_confirmation(session, principal, mediation_id, confirmed=data.confirmed, on=data.on)


@router.post("/follow-up", response_model=MediationSummary)
async def follow_up(
    principal: MediationsConduct, session: Session, vault: VaultDep, mediation_id: UUID, data: FollowUpCreate
) -> Mediation:
    """The visit after a while: whether it holds."""
    return await agreements.follow_up(session, vault, principal, mediation_id, data)

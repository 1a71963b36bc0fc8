"""Meetings of parties and mediators (调解会)."""

from datetime import timedelta
from uuid import UUID

from services.requests.mediations import repository
from services.requests.mediations.case import Case, conducted, record
from services.requests.mediations.errors import NoMediator, SessionOver
from services.requests.mediations.limits import remind
from services.requests.mediations.models import Mediation, MediationSession, ReminderKind, SessionState, Step
from services.requests.mediations.schemas import SessionCreate, SessionHold
from services.requests.mediations.sealing import seal
from services.requests.mediations.states import Action, after
from services.requests.service_requests.timeline import Actor
from shared.auth import Principal
from shared.clock import china_today, utc_now
from shared.db import AsyncSession
from shared.errors import invalid
from shared.vault import Vault

_A_DAY_BEFORE = timedelta(days=1)


async def schedule_session(
    session: AsyncSession, vault: Vault, principal: Principal, mediation_id: UUID, data: SessionCreate
) -> MediationSession:
    """Invite the parties; they are reminded the day before."""
    case = await conducted(session, principal, mediation_id, Action.SCHEDULE)
    mediation, now = case.mediation, utc_now()
    if not case.acting:
        raise NoMediator
    if data.starts_at <= now:
        raise invalid("/starts_at", "past", "须为将来的时间", "Must be in the future")
    if mediation.limit_on is not None and china_today(data.starts_at) > mediation.limit_on:
        raise invalid("/starts_at", "limit", "已超过调解期限, 请先延期", "After the last day; extend it first")
    meeting = MediationSession(
        community_code=mediation.community_code, mediation_id=mediation.id, starts_at=data.starts_at
    )
    await seal(vault, mediation, meeting, place=data.place)
    session.add(meeting)
    if data.starts_at - _A_DAY_BEFORE > now:
        session.add(remind(mediation, ReminderKind.SESSION_NEAR, data.starts_at - _A_DAY_BEFORE, meeting.id))
    await record(session, case, Step.SESSION_SCHEDULED, Actor.of(principal), session_id=meeting.id)
    return meeting


async def cancel_session(
    session: AsyncSession, principal: Principal, mediation_id: UUID, session_id: UUID
) -> Mediation:
    case = await conducted(session, principal, mediation_id, Action.SCHEDULE)
    meeting = await _scheduled(session, case, session_id)
    meeting.state = SessionState.CANCELLED
    await record(session, case, Step.SESSION_CANCELLED, Actor.of(principal), session_id=meeting.id)
    return case.mediation


async def hold_session(
    session: AsyncSession,
    vault: Vault,
    principal: Principal,
    mediation_id: UUID,
    session_id: UUID,
    data: SessionHold,
) -> Mediation:
    """Write down who came and what was said (调解笔录)."""
    case = await conducted(session, principal, mediation_id, Action.HOLD)
    meeting = await _scheduled(session, case, session_id)
    if not set(data.party_ids) <= {party.id for party in case.parties}:
        raise invalid("/party_ids", "unknown", "含有非当事人", "Names somebody who is no party")
    if not set(data.responder_ids) <= {mediator.responder_id for mediator in case.acting}:
        raise invalid("/responder_ids", "unknown", "含有非本案调解员", "Names somebody who does not mediate here")
    case.mediation.state = after(case.mediation.state, Action.HOLD)
    meeting.state, meeting.held_at = SessionState.HELD, utc_now()
    meeting.party_ids, meeting.responder_ids = sorted(set(data.party_ids)), sorted(set(data.responder_ids))
    await seal(vault, case.mediation, meeting, minutes=data.minutes)
    await record(session, case, Step.SESSION_HELD, Actor.of(principal), session_id=meeting.id)
    return case.mediation


async def _scheduled(session: AsyncSession, case: Case, session_id: UUID) -> MediationSession:
    """The meeting, which is then over: nobody is reminded of it any more."""
    meeting = await repository.get_session(session, case.mediation, session_id)
    if meeting.state is not SessionState.SCHEDULED:
        raise SessionOver
    await repository.remove_reminders(session, case.mediation, ReminderKind.SESSION_NEAR, about_id=meeting.id)
    return meeting

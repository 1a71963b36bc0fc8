"""How long a mediation may take, and what has to be said when."""

from datetime import date, datetime, timedelta
from uuid import UUID

from services.requests.mediations import repository
from services.requests.mediations.case import assent, conducted, get_case, record
from services.requests.mediations.days import end_of, morning_of
from services.requests.mediations.errors import LimitNotLater, NothingProposed, Outdated
from services.requests.mediations.models import How, Matter, Mediation, MediationReminder, ReminderKind, Step
from services.requests.mediations.requests import replace_promise
from services.requests.mediations.schemas import Answer
from services.requests.mediations.states import Action, after
from services.requests.service_requests.timeline import Actor
from shared.auth import Principal
from shared.db import AsyncSession
from shared.vault import Vault

LONGEST_EXTENSION = timedelta(days=366)
_NEAR = timedelta(days=7)
_CONSENTS = frozenset({How.IN_PERSON, How.PHONE, How.SIGNED})


def remind(mediation: Mediation, kind: ReminderKind, at: datetime, about_id: UUID | None = None) -> MediationReminder:
    return MediationReminder(
        community_code=mediation.community_code, mediation_id=mediation.id, kind=kind, about_id=about_id, due_at=at
    )


async def set_limit(session: AsyncSession, mediation: Mediation, limit_on: date) -> None:
    """The last day, with the reminders that belong to it."""
    mediation.limit_on = limit_on
    await repository.remove_reminders(session, mediation, ReminderKind.LIMIT_NEAR, ReminderKind.LIMIT_REACHED)
    session.add(remind(mediation, ReminderKind.LIMIT_NEAR, morning_of(limit_on - _NEAR)))
    session.add(remind(mediation, ReminderKind.LIMIT_REACHED, end_of(limit_on)))


async def propose_extension(session: AsyncSession, principal: Principal, mediation_id: UUID, until: date) -> Mediation:
    """Ask the parties for more time. A new proposal replaces the one before. Raises LimitNotLater."""
    case = await conducted(session, principal, mediation_id, Action.EXTEND)
    mediation = case.mediation
    if mediation.limit_on is None or not mediation.limit_on < until <= mediation.limit_on + LONGEST_EXTENSION:
        raise LimitNotLater
    mediation.proposed_limit_on = until
    mediation.proposal_count += 1
    number = mediation.proposal_count
    await record(session, case, Step.EXTENSION_PROPOSED, Actor.of(principal), until=until, number=number)
    return mediation


async def consent_to_extension(
    session: AsyncSession, vault: Vault, principal: Principal, mediation_id: UUID, party_id: UUID, answer: Answer
) -> Mediation:
    """One party's yes; with the last one the limit moves. Raises NothingProposed, Outdated."""
    case = await get_case(session, principal, mediation_id)
    party, how = case.speaker(principal, party_id, answer.how, by_hand=_CONSENTS)
    mediation, actor = case.mediation, Actor.of(principal)
    after(mediation.state, Action.EXTEND)
    if mediation.proposed_limit_on is None:
        raise NothingProposed
    if answer.number != mediation.proposal_count:
        raise Outdated
    complete = await assent(session, case, principal, party, how, Matter.EXTEND, answer.number)
    await record(session, case, Step.EXTENSION_CONSENTED, actor, party_id=party.id, how=how, number=answer.number)
    if complete:
        await set_limit(session, mediation, mediation.proposed_limit_on)
        mediation.proposed_limit_on = None
        mediation.extension_count += 1
        await record(session, case, Step.EXTENDED, actor, until=mediation.limit_on)
        await replace_promise(session, vault, case)
    return mediation

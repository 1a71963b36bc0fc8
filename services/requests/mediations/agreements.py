"""The agreement (调解协议) and what becomes of it: terms, the court's confirmation, the follow-up visit."""

from datetime import date, timedelta
from uuid import UUID

from services.requests.mediations import repository
from services.requests.mediations.case import assent, conducted, get_case, record
from services.requests.mediations.days import end_of, morning_of
from services.requests.mediations.errors import NotApplied, NothingProposed, Outdated, TermSettled, TooLateToConfirm
from services.requests.mediations.limits import remind
from services.requests.mediations.models import (
    Confirmation,
    Failure,
    Form,
    How,
    Matter,
    Mediation,
    MediationTerm,
    ReminderKind,
    Step,
    TermState,
)
from services.requests.mediations.requests import answer_agreed
from services.requests.mediations.schemas import AgreementCreate, Answer, FollowUpCreate, TermSettle
from services.requests.mediations.sealing import seal
from services.requests.mediations.service import end, end_failed
from services.requests.mediations.states import Action, after
from services.requests.service_requests.timeline import Actor
from shared.auth import Principal
from shared.clock import china_today, utc_now
from shared.db import AsyncSession
from shared.errors import invalid
from shared.vault import Vault

FOLLOW_UP_AFTER = timedelta(days=15)
CONFIRM_WITHIN = timedelta(days=30)
_BY_HAND = {Form.WRITTEN: frozenset({How.SIGNED}), Form.ORAL: frozenset({How.IN_PERSON})}
_A_DAY = timedelta(days=1)


async def propose_agreement(
    session: AsyncSession, vault: Vault, principal: Principal, mediation_id: UUID, data: AgreementCreate
) -> Mediation:
    """Lay a text before the parties. What they had said of an earlier text is void."""
    case = await conducted(session, principal, mediation_id, Action.PROPOSE)
    mediation = case.mediation
    last_on = max(term.due_on for term in data.terms)
    follow_up_on = data.follow_up_on or last_on + FOLLOW_UP_AFTER
    if min(term.due_on for term in data.terms) < china_today():
        raise invalid("/terms", "past", "履行日期不能早于今天", "A term cannot be due before today")
    if follow_up_on < last_on:
        raise invalid("/follow_up_on", "early", "回访不能早于最后履行日", "Not before the last term is due")
    mediation.agreement_form, mediation.follow_up_on = data.form, follow_up_on
    mediation.agreement_count += 1
    await seal(vault, mediation, mediation, agreement=data.text)
    await repository.remove_terms(session, mediation)
    for given in data.terms:
        party = case.party(given.party_id)
        term = MediationTerm(
            community_code=mediation.community_code,
            mediation_id=mediation.id,
            party_id=party.id,
            due_on=given.due_on,
        )
        await seal(vault, mediation, term, text=given.text)
        session.add(term)
    await record(session, case, Step.AGREEMENT_PROPOSED, Actor.of(principal), number=mediation.agreement_count)
    return mediation


async def confirm_agreement(
    session: AsyncSession, vault: Vault, principal: Principal, mediation_id: UUID, party_id: UUID, answer: Answer
) -> Mediation:
    """One party's yes to this text, by themself or by their signature; with the last one it binds all of them."""
    case = await get_case(session, principal, mediation_id)
    mediation, actor = case.mediation, Actor.of(principal)
    by_hand = _BY_HAND[mediation.agreement_form or Form.WRITTEN]
    party, how = case.speaker(principal, party_id, answer.how, by_hand=by_hand)
    state = after(mediation.state, Action.AGREE)
    if mediation.agreement_count == 0:
        raise NothingProposed
    if answer.number != mediation.agreement_count:
        raise Outdated
    complete = await assent(session, case, principal, party, how, Matter.AGREEMENT, answer.number)
    await record(session, case, Step.AGREEMENT_CONFIRMED, actor, party_id=party.id, how=how, number=answer.number)
    if complete:
        mediation.state, mediation.agreed_at = state, utc_now()
        mediation.confirm_until_on = china_today() + CONFIRM_WITHIN
        mediation.proposed_limit_on = None
        await _remind_of_terms(session, mediation)
        await record(session, case, Step.AGREED, actor, number=answer.number)
        await answer_agreed(session, vault, case)
    return mediation


async def _remind_of_terms(session: AsyncSession, mediation: Mediation) -> None:
    """From here on the terms' days count, and the month no longer does."""
    await repository.remove_reminders(session, mediation)
    for term in await repository.terms_of(session, mediation):
        session.add(remind(mediation, ReminderKind.TERM_NEAR, morning_of(term.due_on - _A_DAY), term.id))
        session.add(remind(mediation, ReminderKind.TERM_OVERDUE, end_of(term.due_on), term.id))
    if mediation.follow_up_on is not None:
        session.add(remind(mediation, ReminderKind.FOLLOW_UP_DUE, morning_of(mediation.follow_up_on)))


async def settle_term(
    session: AsyncSession, principal: Principal, mediation_id: UUID, term_id: UUID, data: TermSettle
) -> Mediation:
    """Write down that a term was kept or broken, and when. What was broken may be kept later; kept is kept."""
    case = await conducted(session, principal, mediation_id, Action.SETTLE)
    mediation = case.mediation
    term = await repository.get_term(session, mediation, term_id)
    if term.state is TermState.KEPT:
        raise TermSettled
    _check_between(mediation, data.on)
    term.state, term.settled_on = TermState.KEPT if data.kept else TermState.BROKEN, data.on
    about = (ReminderKind.TERM_NEAR, ReminderKind.TERM_OVERDUE)
    await repository.remove_reminders(session, mediation, *about, about_id=term.id)
    actor = Actor.of(principal)
    await record(session, case, Step.TERM_SETTLED, actor, term_id=term.id, state=term.state, on=data.on)
    if not await repository.has_unkept_terms(session, mediation):
        mediation.state = after(mediation.state, Action.FULFIL)
        mediation.fulfilled_at = utc_now()
        await record(session, case, Step.FULFILLED, actor)
    return mediation


async def apply_for_confirmation(
    session: AsyncSession, principal: Principal, mediation_id: UUID, on: date
) -> Mediation:
    """The parties have asked the people's court together to confirm the agreement (司法确认)."""
    case = await conducted(session, principal, mediation_id, Action.APPLY)
    mediation = case.mediation
    if mediation.confirmation is not None:
        raise NotApplied
    _check_between(mediation, on)
    if mediation.confirm_until_on is not None and on > mediation.confirm_until_on:
        raise TooLateToConfirm
    mediation.confirmation, mediation.confirmation_on = Confirmation.APPLIED, on
    await record(session, case, Step.CONFIRMATION_APPLIED, Actor.of(principal), on=on)
    return mediation


async def decide_confirmation(
    session: AsyncSession, principal: Principal, mediation_id: UUID, *, confirmed: bool, on: date
) -> Mediation:
    """What the court said."""
    case = await conducted(session, principal, mediation_id, Action.APPLY)
    mediation = case.mediation
    if mediation.confirmation is not Confirmation.APPLIED:
        raise NotApplied
    _check_between(mediation, on)
    mediation.confirmation = Confirmation.CONFIRMED if confirmed else Confirmation.REFUSED
    mediation.confirmation_on = on
    await record(
        session, case, Step.CONFIRMATION_DECIDED, Actor.of(principal), on=on, confirmation=mediation.confirmation
    )
    return mediation


async def follow_up(
    session: AsyncSession, vault: Vault, principal: Principal, mediation_id: UUID, data: FollowUpCreate
) -> Mediation:
    """The visit after a while (回访): it holds, and the mediation is closed; or it does not, and it has failed."""
    action = Action.FOLLOW_UP if data.holds else Action.RELAPSE
    case = await conducted(session, principal, mediation_id, action)
    mediation, actor = case.mediation, Actor.of(principal)
    mediation.followed_up_at = utc_now()
    await seal(vault, mediation, mediation, closing_note=data.note)
    if not data.holds:
        return await end_failed(session, vault, case, Failure.BROKEN, actor, by=action)
    await end(session, case, after(mediation.state, action), Step.CLOSED, actor)
    await answer_agreed(session, vault, case)
    return mediation


def _check_between(mediation: Mediation, on: date) -> None:
    """Nothing becomes of an agreement before it was made, or in the future."""
    if mediation.agreed_at is None or not china_today(mediation.agreed_at) <= on <= china_today():
        raise invalid("/on", "range", "应在协议达成之日与今天之间", "Between the day of the agreement and today")

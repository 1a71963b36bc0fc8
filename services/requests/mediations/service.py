"""Use cases of a mediation's beginning and end: opening, consent, mediators, failure, withdrawal.

They flush and never commit: the edge does.
"""

from typing import Any
from uuid import UUID

from services.requests.mediations import repository
from services.requests.mediations.case import Case, assent, conducted, get_case, record
from services.requests.mediations.days import month_after
from services.requests.mediations.errors import ConflictOfInterest, MediatorLeft, PartyErased
from services.requests.mediations.limits import set_limit
from services.requests.mediations.models import (
    Ending,
    Failure,
    How,
    Matter,
    Mediation,
    MediationMediator,
    MediationParty,
    Step,
)
from services.requests.mediations.requests import answer_ended, replace_promise, take_into_mediation, tell_taken_up
from services.requests.mediations.schemas import (
    Consent,
    Fail,
    MediationCreate,
    MediatorCreate,
    MediatorRefuse,
    PartyCreate,
    Withdraw,
)
from services.requests.mediations.sealing import Contact, seal, seal_contact
from services.requests.mediations.states import Action, State, after
from services.requests.service_requests.timeline import Actor
from shared.auth import Principal
from shared.clock import china_today, utc_now
from shared.db import AsyncSession
from shared.errors import invalid
from shared.ids import new_id
from shared.vault import Erased, Vault

BY_HAND = frozenset({How.IN_PERSON, How.PHONE, How.SIGNED})
_OWN_REASONS = frozenset({Ending.CONFLICT_OF_INTEREST, Ending.UNAVAILABLE})


async def open_mediation(session: AsyncSession, vault: Vault, principal: Principal, data: MediationCreate) -> Mediation:
    """Ask the parties of a dispute whether they want to be mediated; a request behind it is closed to others."""
    data.check()
    mediation_id, community_code = new_id(), principal.community_code
    if data.request_id is not None:
        await take_into_mediation(session, principal, data.request_id, mediation_id)
    mediation = Mediation(
        community_code=community_code,
        id=mediation_id,
        key_subject_id=mediation_id,
        request_id=data.request_id,
        kind=data.kind,
        opened_by=principal.subject,
    )
    parties = [_party(mediation, party) for party in data.parties]
    try:
        await vault.create_many(community_code, [mediation.key_subject_id, *(each.key_subject_id for each in parties)])
    except Erased as error:
        raise PartyErased from error
    await seal(vault, mediation, mediation, matter=data.matter)
    for row, given in zip(parties, data.parties, strict=True):
        await seal_contact(vault, row, Contact(name=given.name, phone=given.phone))
    mediators = [_mediator(mediation, each) for each in data.mediators]
    session.add(mediation)
    await session.flush()
    session.add_all([*parties, *mediators])
    case = Case(mediation, parties, mediators)
    await record(session, case, Step.OPENED, Actor.of(principal), kind=data.kind)
    await tell_taken_up(session, vault, case)
    return mediation


def _party(mediation: Mediation, given: PartyCreate) -> MediationParty:
    party_id = new_id()
    return MediationParty(
        community_code=mediation.community_code,
        id=party_id,
        mediation_id=mediation.id,
        side=given.side,
        person_id=given.person_id,
        key_subject_id=given.person_id or party_id,
    )


def _mediator(mediation: Mediation, given: MediatorCreate) -> MediationMediator:
    return MediationMediator(
        community_code=mediation.community_code,
        mediation_id=mediation.id,
        responder_id=given.responder_id,
        role=given.role,
    )


async def consent(
    session: AsyncSession, vault: Vault, principal: Principal, mediation_id: UUID, party_id: UUID, said: Consent
) -> Mediation:
    """One party wants to be mediated, or does not, which ends it. With the last consent the month begins."""
    case = await get_case(session, principal, mediation_id)
    party, how = case.speaker(principal, party_id, said.how, by_hand=BY_HAND)
    mediation, actor = case.mediation, Actor.of(principal)
    after(mediation.state, Action.CONSENT)
    if not said.willing:
        return await end_failed(session, vault, case, Failure.NOT_WILLING, actor)
    complete = await assent(session, case, principal, party, how, Matter.MEDIATE)
    await record(session, case, Step.CONSENTED, actor, party_id=party.id, how=how)
    if complete:
        mediation.state = after(mediation.state, Action.ACCEPT)
        mediation.accepted_at = utc_now()
        await set_limit(session, mediation, month_after(china_today()))
        await record(session, case, Step.ACCEPTED, actor, limit_on=mediation.limit_on)
        await replace_promise(session, vault, case)
    return mediation


# Mediators


async def name_mediator(
    session: AsyncSession, principal: Principal, mediation_id: UUID, data: MediatorCreate
) -> Mediation:
    """Ask one more responder to mediate. Who has left is not asked again."""
    case = await conducted(session, principal, mediation_id, Action.STAFF)
    known = next((each for each in case.mediators if each.responder_id == data.responder_id), None)
    if known is not None:
        if known.ended_at is not None:
            raise MediatorLeft
        return case.mediation
    mediator = _mediator(case.mediation, data)
    session.add(mediator)
    case = Case(case.mediation, case.parties, [*case.mediators, mediator])
    await record(session, case, Step.MEDIATOR_NAMED, Actor.of(principal), responder_id=data.responder_id)
    return case.mediation


async def accept_to_mediate(
    session: AsyncSession, principal: Principal, mediation_id: UUID, *, no_conflict_of_interest: bool
) -> Mediation:
    """Take it on, and declare that one has nothing to gain from it."""
    case = await get_case(session, principal, mediation_id)
    after(case.mediation.state, Action.STAFF)
    mediator = case.mediator(principal.responder_id)
    if case.is_party(principal.person_id):
        raise ConflictOfInterest
    if not no_conflict_of_interest:
        raise invalid(
            "/no_conflict_of_interest",
            "required",
            "有利害关系的请以 conflict_of_interest 辞任",
            "With an interest of your own, decline with conflict_of_interest",
        )
    if mediator.accepted_at is None:
        mediator.accepted_at = utc_now()
        await record(session, case, Step.MEDIATOR_ACCEPTED, Actor.of(principal), responder_id=mediator.responder_id)
    return case.mediation


async def decline_to_mediate(
    session: AsyncSession, principal: Principal, mediation_id: UUID, reason: Ending
) -> Mediation:
    """Stand back. From then on they read nothing of it."""
    if reason not in _OWN_REASONS:
        names = ", ".join(sorted(_OWN_REASONS))
        raise invalid("/reason", "enum", f"应为: {names}", f"One of: {names}")
    case = await get_case(session, principal, mediation_id)
    return await _let_go(session, case, case.mediator(principal.responder_id), reason, principal)


async def refuse_mediator(
    session: AsyncSession, principal: Principal, mediation_id: UUID, responder_id: UUID, data: MediatorRefuse
) -> Mediation:
    """A party does not want to be mediated by this one, and need not say why."""
    case = await get_case(session, principal, mediation_id)
    case.speaker(principal, data.party_id, data.how, by_hand=BY_HAND)
    return await _let_go(session, case, case.mediator(responder_id), Ending.REFUSED_BY_PARTY, principal)


async def relieve_mediator(
    session: AsyncSession, principal: Principal, mediation_id: UUID, responder_id: UUID
) -> Mediation:
    """The head puts somebody else in their place."""
    case = await get_case(session, principal, mediation_id)
    return await _let_go(session, case, case.mediator(responder_id), Ending.RELIEVED, principal)


async def _let_go(
    session: AsyncSession, case: Case, mediator: MediationMediator, ending: Ending, principal: Principal
) -> Mediation:
    after(case.mediation.state, Action.STAFF)
    mediator.ended_at, mediator.ending = utc_now(), ending
    left = mediator.responder_id
    await record(session, case, Step.MEDIATOR_LEFT, Actor.of(principal), responder_id=left, ending=ending)
    return case.mediation


# Ends


async def fail(session: AsyncSession, vault: Vault, principal: Principal, mediation_id: UUID, data: Fail) -> Mediation:
    """The mediators see no agreement, or the one that was made is not kept."""
    case = await conducted(session, principal, mediation_id, Action.FAIL)
    fitting = Failure.BROKEN if case.mediation.state is State.AGREED else Failure.NO_AGREEMENT
    if data.reason is not fitting:
        raise invalid("/reason", "enum", f"此时应为 {fitting.value}", f"In this state: {fitting.value}")
    await seal(vault, case.mediation, case.mediation, closing_note=data.note)
    return await end_failed(session, vault, case, data.reason, Actor.of(principal))


async def end_failed(
    session: AsyncSession,
    vault: Vault,
    case: Case,
    failure: Failure,
    actor: Actor,
    *,
    by: Action = Action.FAIL,
) -> Mediation:
    case.mediation.failure = failure
    await end(session, case, after(case.mediation.state, by), Step.FAILED, actor)
    await answer_ended(session, vault, case)
    return case.mediation


async def withdraw(
    session: AsyncSession, vault: Vault, principal: Principal, mediation_id: UUID, data: Withdraw
) -> Mediation:
    """A party leaves, at any time until there is an agreement (People's Mediation Law, art. 23)."""
    case = await get_case(session, principal, mediation_id)
    party, how = case.speaker(principal, data.party_id, data.how, by_hand=BY_HAND)
    state = after(case.mediation.state, Action.WITHDRAW)
    await end(session, case, state, Step.WITHDRAWN, Actor.of(principal), party_id=party.id, how=how)
    await answer_ended(session, vault, case, withdrawn=True)
    return case.mediation


async def end(session: AsyncSession, case: Case, state: State, step: Step, actor: Actor, **detail: Any) -> None:
    case.mediation.state = state
    case.mediation.ended_at = utc_now()
    await repository.remove_reminders(session, case.mediation)
    await record(session, case, step, actor, failure=case.mediation.failure, **detail)

"""What a mediation does to the request behind it: closes it to others, answers it when there is an agreement."""

from uuid import UUID

from services.requests.events import RequestMadeConfidential
from services.requests.mediations import repository
from services.requests.mediations.case import Case
from services.requests.mediations.days import end_of
from services.requests.mediations.errors import RequestClosed, UnderMediation
from services.requests.service_requests import deadlines
from services.requests.service_requests import repository as request_repository
from services.requests.service_requests.models import ServiceRequest, TimelineEntry, Visibility
from services.requests.service_requests.models import Step as RequestStep
from services.requests.service_requests.states import OPEN, Action, State, after, is_possible
from services.requests.service_requests.texts import ENTRY
from services.requests.service_requests.timeline import Actor, entry_of, outbox_row, record
from shared import outbox
from shared.auth import Principal
from shared.clock import utc_now
from shared.db import AsyncSession
from shared.vault import Erased, Vault

_MEDIATION = Actor.service("mediations")
_AGREED = "双方已达成调解协议。/ The parties have come to an agreement in mediation."
_DONE = "您反映的事项已处理完毕。/ What you reported has been dealt with."
_FAILED = (
    "调解未能达成或维持协议。您可以依法通过仲裁、行政、司法等途径维护权利; 社区将继续跟进。/ "
    "Mediation has ended without an agreement that holds. Arbitration, the authorities and the courts are open to "
    "you; the community goes on with your request."
)
"""Of a failed mediation the parties have to be told these ways (People's Mediation Law, art. 26)."""
_TAKEN_UP = (
    "社区已请调解员介入, 并征求各方是否愿意调解; 请查看邀请并答复。/ The community has named mediators and asks "
    "everybody concerned whether they want a mediation. Open the invitation and answer."
)
_TAKEN_UP_OTHERS = "您反映的事项已由专人负责处理。/ Somebody has taken up what you reported."
_TERM = "各方同意调解, 调解期限至 {day}, 由此代替原办理期限。/ Everybody wants the mediation. It may last until {day}."
_TERM_OTHERS = "您反映的事项需要更多时间, 办理期限至 {day}。/ What you reported takes longer, until {day}."
_GOES_ON = "您反映的事项继续办理。/ The community goes on with your request."
_WITHDRAWN = (
    "调解已由当事人撤回, 社区将继续跟进。/ A party has left the mediation; the community goes on with your request."
)


async def take_into_mediation(
    session: AsyncSession, principal: Principal, request_id: UUID, mediation_id: UUID
) -> ServiceRequest:
    """Close an open request to everybody but its requester, the mediators and the head; it is accepted thereby.

    Raises RequestClosed, UnderMediation.
    """
    request = await request_repository.lock_request(session, principal, request_id)
    if request.state not in OPEN:
        raise RequestClosed
    if await repository.is_live(session, request.community_code, request.id):
        raise UnderMediation
    policy = await request_repository.get_policy(session, request)
    deadlines.start_clock(request, deadlines.Terms.of(policy), utc_now())
    request.confidential = True
    request.longitude = request.latitude = None
    if request.state is State.SUBMITTED:
        request.state = after(request.state, Action.ACCEPT)
        request.accepted_at = utc_now()
        await record(session, request, entry_of(request, RequestStep.ACCEPTED, Actor.of(principal)))
    detail = {"type": "mediation", "id": str(mediation_id)}
    linked = entry_of(request, RequestStep.LINKED, Actor.of(principal), visibility=Visibility.INTERNAL, detail=detail)
    await record(session, request, linked)
    await outbox.add_many(session, [outbox_row(request, RequestMadeConfidential(request_id=request.id))])
    return request


async def tell_taken_up(session: AsyncSession, vault: Vault, case: Case) -> None:
    """Mediators were named and the parties asked: that is the first response."""
    request = await _request_of(session, case)
    if request is None:
        return
    request.responded_at = request.responded_at or utc_now()
    words = _TAKEN_UP if case.is_party(request.requester_person_id) else _TAKEN_UP_OTHERS
    await _say(session, vault, request, RequestStep.PROGRESS, words)


async def replace_promise(session: AsyncSession, vault: Vault, case: Case) -> None:
    """The term that every party has agreed to stands in place of what the requester was promised, who is told so."""
    request = await _request_of(session, case)
    day = case.mediation.limit_on
    if request is None or day is None or request.state not in OPEN:
        return
    if not deadlines.set_term(request, end_of(day), utc_now()):
        return
    words = _TERM if case.is_party(request.requester_person_id) else _TERM_OTHERS
    await _say(session, vault, request, RequestStep.PROGRESS, words.format(day=day))


async def answer_agreed(session: AsyncSession, vault: Vault, case: Case) -> None:
    """There is an agreement: the request is resolved, and its requester says whether that solves it."""
    request = await _request_of(session, case)
    if request is None:
        return
    now = utc_now()
    if not is_possible(request.state, Action.RESOLVE):
        deadlines.end_term(request, now)
        return
    request.state = after(request.state, Action.RESOLVE)
    deadlines.resume(request, now)
    request.promise_left = None
    request.resolved_at = now
    request.responded_at = request.responded_at or now
    words = _AGREED if case.is_party(request.requester_person_id) else _DONE
    await _say(session, vault, request, RequestStep.RESOLVED, words)


async def answer_ended(session: AsyncSession, vault: Vault, case: Case, *, withdrawn: bool = False) -> None:
    """There is none: a requester who is a party hears what they can do. The request goes on, under its own clock."""
    request = await _request_of(session, case)
    if request is None:
        return
    is_later = deadlines.end_term(request, utc_now())
    is_party = case.is_party(request.requester_person_id)
    if request.state not in OPEN or not (is_party or is_later):
        return
    words = _GOES_ON if not is_party else _WITHDRAWN if withdrawn else _FAILED
    await _say(session, vault, request, RequestStep.PROGRESS, words)


async def _request_of(session: AsyncSession, case: Case) -> ServiceRequest | None:
    if case.mediation.request_id is None:
        return None
    return await request_repository.find_by_id(session, case.mediation.community_code, case.mediation.request_id)


async def _say(session: AsyncSession, vault: Vault, request: ServiceRequest, step: RequestStep, words: str) -> None:
    entry = entry_of(request, step, _MEDIATION)
    await _seal(vault, request, entry, words)
    await record(session, request, entry)


async def _seal(vault: Vault, request: ServiceRequest, entry: TimelineEntry, words: str) -> None:
    """Under the request's key, whoever's step it follows from. Of an erased requester nothing is written."""
    try:
        key = await vault.key_for(request.community_code, request.key_subject_id)
    except Erased:
        return
    entry.key_subject_id = request.key_subject_id
    entry.text_sealed = key.seal(words, table=ENTRY, column="text", row_id=entry.id)

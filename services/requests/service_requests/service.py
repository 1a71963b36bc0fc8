"""Use cases of requests under way: what the office, the responders and the requester do until it is resolved.

They flush and never commit: the edge does.
"""

from typing import Any
from uuid import UUID

from services.requests.merges.release import release_all
from services.requests.service_requests import deadlines, repository
from services.requests.service_requests.auth import OFFICE, WORKERS
from services.requests.service_requests.errors import AlreadyWaiting, NotWaiting
from services.requests.service_requests.models import Channel, ServiceRequest, Step, Visibility
from services.requests.service_requests.refusals import REFUSALS
from services.requests.service_requests.schemas import Rejection, TextOnly, UpdateCreate, UpdateKind
from services.requests.service_requests.states import OPEN, Action, after
from services.requests.service_requests.texts import Contact, contact_of, index_phone, keys_of, seal_text
from services.requests.service_requests.timeline import Actor, entry_of, record
from services.requests.tracking.holders import LinkHolder
from shared import audit
from shared.audit import Purpose
from shared.auth import Principal, Role
from shared.clock import utc_now
from shared.crypto import Signer
from shared.db import AsyncSession
from shared.errors import Forbidden, invalid
from shared.vault import Vault

_KIND_STEPS = {
    UpdateKind.PROGRESS: Step.PROGRESS,
    UpdateKind.NOTE: Step.NOTE,
    UpdateKind.COMMENT: Step.COMMENT,
    UpdateKind.ANSWER: Step.ANSWERED,
}
_OF_REQUESTER = frozenset({UpdateKind.COMMENT, UpdateKind.ANSWER})


async def accept(session: AsyncSession, vault: Vault, principal: Principal, request_id: UUID) -> ServiceRequest:
    """Take responsibility for the request (受理)."""
    request = await repository.lock_request(session, principal, request_id)
    request.state = after(request.state, Action.ACCEPT)
    request.accepted_at = utc_now()
    return await step(session, vault, principal, request, Step.ACCEPTED)


async def reject(
    session: AsyncSession, vault: Vault, principal: Principal, request_id: UUID, data: Rejection
) -> ServiceRequest:
    """Decline a request that is not the community's to solve; the requester reads why, and where to turn."""
    request = await repository.lock_request(session, principal, request_id)
    request.state = after(request.state, Action.REJECT)
    request.responded_at = request.responded_at or utc_now()
    deadlines.resume(request, utc_now())
    remedies = data.remedies or REFUSALS[data.reason].remedies
    text = "\n".join(filter(None, (data.text, data.remedy_text)))
    detail = {
        "reason": data.reason.value,
        "remedies": [remedy.value for remedy in remedies],
        "template": data.template,
    }
    return await step(session, vault, principal, request, Step.REJECTED, text=text, detail=detail)


async def resolve(
    session: AsyncSession, vault: Vault, principal: Principal, request_id: UUID, data: TextOnly
) -> ServiceRequest:
    """Answer the requester with the result (答复). Workers only what they were asked to do."""
    request = await repository.lock_request(session, principal, request_id)
    if principal.role not in OFFICE and not await repository.is_asked(session, principal, request):
        raise Forbidden
    request.state = after(request.state, Action.RESOLVE)
    now = utc_now()
    deadlines.resume(request, now)
    request.resolved_at = now
    request.responded_at = request.responded_at or now
    return await step(
        session, vault, principal, request, Step.RESOLVED, text=data.text, detail={"template": data.template}
    )


async def wait_for_requester(
    session: AsyncSession, vault: Vault, principal: Principal, request_id: UUID, data: TextOnly
) -> ServiceRequest:
    """Ask the requester something and stop the clock until they answer."""
    request = await repository.lock_request(session, principal, request_id)
    after(request.state, Action.WAIT)
    if request.paused_at is not None:
        raise AlreadyWaiting
    now = utc_now()
    deadlines.pause(request, now)
    request.responded_at = request.responded_at or now
    return await step(
        session, vault, principal, request, Step.WAITING, text=data.text, detail={"template": data.template}
    )


async def withdraw(
    session: AsyncSession, vault: Vault, principal: Principal, request_id: UUID, reason: str | None
) -> ServiceRequest:
    """Take back one's own request. The office may do so for who called or came in."""
    request = await repository.lock_request(session, principal, request_id)
    if not _speaks_as_requester(principal, request):
        raise Forbidden
    request.state = after(request.state, Action.WITHDRAW)
    deadlines.resume(request, utc_now())
    await step(session, vault, principal, request, Step.WITHDRAWN, text=reason)
    await release_all(session, request, Actor.of(principal))
    return request


async def add_update(
    session: AsyncSession, vault: Vault, principal: Principal, request_id: UUID, data: UpdateCreate
) -> ServiceRequest:
    """Write an update: progress or a note of the office, a comment or an answer of the requester."""
    request = await repository.lock_request(session, principal, request_id)
    visibility = _check_kind(principal, request, data)
    now = utc_now()
    if data.kind is UpdateKind.ANSWER:
        if request.paused_at is None:
            raise NotWaiting
        deadlines.resume(request, now)
    if data.kind is UpdateKind.PROGRESS and visibility is Visibility.PUBLIC and request.state in OPEN:
        request.responded_at = request.responded_at or now
    kind = _KIND_STEPS[data.kind]
    detail = {"template": data.template} if principal.role in OFFICE | WORKERS else None
    return await step(session, vault, principal, request, kind, text=data.text, visibility=visibility, detail=detail)


async def reveal_requester(
    session: AsyncSession, vault: Vault, signer: Signer, principal: Principal, request_id: UUID, *, purpose: Purpose
) -> Contact:
    """Name and phone of who called or came in, unmasked, for a purpose that is put on record."""
    request = await repository.get_request(session, principal, request_id)
    contact = contact_of(request, await keys_of(vault, [request])) or Contact()
    await audit.record(
        session,
        signer,
        principal,
        community_code=request.community_code,
        action="service_requests.reveal",
        purpose=purpose,
        subject_type="service_request",
        subject_id=request.id,
        fields=[name for name, value in contact if value],
    )
    return contact


async def find_by_phone(
    session: AsyncSession, vault: Vault, signer: Signer, principal: Principal, phone: str, *, purpose: Purpose
) -> list[ServiceRequest]:
    """The latest requests of a caller who rings again; the search is put on record for each of them."""
    community_code = principal.community_code
    found = list(await repository.find_by_phone(session, community_code, index_phone(vault.keyring, phone), limit=20))
    await audit.record_many(
        session,
        signer,
        principal,
        community_code=community_code,
        action="service_requests.search_by_phone",
        purpose=purpose,
        subject_type="service_request",
        subject_ids=[request.id for request in found],
        fields=["phone"],
    )
    return found


async def step(
    session: AsyncSession,
    vault: Vault,
    principal: Principal,
    request: ServiceRequest,
    kind: Step,
    *,
    text: str | None = None,
    visibility: Visibility = Visibility.PUBLIC,
    detail: dict[str, Any] | None = None,
) -> ServiceRequest:
    """Write down what an account did."""
    entry = entry_of(
        request,
        kind,
        Actor.of(principal),
        visibility=visibility,
        responder_id=principal.responder_id,
        detail=detail,
    )
    await seal_text(vault, principal, request, entry, text)
    await record(session, request, entry)
    return request


def _check_kind(principal: Principal, request: ServiceRequest, data: UpdateCreate) -> Visibility:
    """Who may write what: the office its progress and notes, the requester's side comments and answers."""
    if principal.role in (Role.RESIDENT, Role.PARTNER):
        if data.kind not in _OF_REQUESTER or data.visibility is not Visibility.PUBLIC:
            raise invalid("/kind", "reserved", "请用 comment 或 answer, 且公开", "Use comment or answer, and public")
        return Visibility.PUBLIC
    if data.kind in _OF_REQUESTER and request.requester_person_id is not None:
        raise invalid("/kind", "reserved", "请由诉求人本人回复", "The requester says this themselves")
    return Visibility.INTERNAL if data.kind is UpdateKind.NOTE else data.visibility


def _speaks_as_requester(principal: Principal, request: ServiceRequest) -> bool:
    """Whether this principal is the requester, or writes down what a requester without account said."""
    if isinstance(principal, LinkHolder):
        return True
    if principal.role is Role.RESIDENT:
        return request.requester_person_id is not None and request.requester_person_id == principal.person_id
    if principal.role is Role.PARTNER:
        return True
    return request.channel in (Channel.PHONE, Channel.VISIT)

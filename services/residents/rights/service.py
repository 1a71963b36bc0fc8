"""Use cases of requests about one's own data (PIPL, art. 46, 47 and 50). They flush and never commit: the edge does."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from services.residents.notices import service as notices
from services.residents.notices.models import NoticeKind
from services.residents.people import service as people
from services.residents.people.models import Person
from services.residents.people.repository import get_person
from services.residents.people.schemas import PersonUpdate
from services.residents.rights import repository
from services.residents.rights.errors import RequestPending
from services.residents.rights.models import MadeBy, Refusal, RightsRequest
from services.residents.rights.reach import By, current_guardianships, get_subject
from services.residents.rights.schemas import (
    CorrectionCreate,
    ErasureCreate,
    RequestAccept,
    RequestDecline,
    RightsRequestRevealed,
)
from services.residents.rights.states import RequestKind, RequestState, Verb, after
from shared import audit
from shared.audit import Purpose
from shared.auth import Principal
from shared.clock import utc_now
from shared.crypto import DataKey, Signer
from shared.db import AsyncSession
from shared.errors import NotFound
from shared.vault import Vault

DECIDE_WITHIN = timedelta(days=15)
"""Well within the 30 days of GB/T 35273-2020, 8.7."""
REFLECTION = timedelta(days=7)
"""Between the approval of an erasure and the erasure, which nobody can undo."""
_PURPOSES = {RequestKind.CORRECTION: Purpose.CORRECTION, RequestKind.ERASURE: Purpose.ERASURE}


async def ask_correction(
    session: AsyncSession, vault: Vault, principal: Principal, person_id: UUID, data: CorrectionCreate
) -> RightsRequest:
    """Ask that what is kept about a person be corrected; staff check and decide."""
    changes = data.changes.model_dump(mode="json", exclude_unset=True)
    content = {"changes": changes, "reason": data.reason}
    return await _ask(session, vault, principal, person_id, RequestKind.CORRECTION, sorted(changes), content)


async def ask_erasure(
    session: AsyncSession, vault: Vault, principal: Principal, person_id: UUID, data: ErasureCreate
) -> RightsRequest:
    """Ask that everything kept about a person be erased."""
    content = {"changes": None, "reason": data.reason}
    return await _ask(session, vault, principal, person_id, RequestKind.ERASURE, [], content)


async def accept_request(
    session: AsyncSession, vault: Vault, signer: Signer, principal: Principal, request_id: UUID, data: RequestAccept
) -> RightsRequest:
    """Make the correction now, by the same rules as any correction; or let the erasure be made after reflection."""
    request = await repository.get_request(session, principal, request_id, lock=True)
    is_correction = request.kind is RequestKind.CORRECTION
    state = after(request.state, Verb.ACCEPT if is_correction else Verb.APPROVE)
    person, _ = await get_person(session, principal, request.person_id, lock=True)
    key = await vault.key_for(person.community_code, person.id)
    if is_correction:
        update = PersonUpdate.model_validate(_content(key, request)["changes"])
        await people.correct_person(session, vault, principal, person.id, update, person.version)
        await _write_down(session, signer, principal, request, "people.correct")
    else:
        request.effective_at = utc_now() + REFLECTION
    await _decide(session, vault, principal, request, person, state, data.note)
    return request


async def decline_request(
    session: AsyncSession, vault: Vault, principal: Principal, request_id: UUID, data: RequestDecline
) -> RightsRequest:
    """Refuse, with a reason that the person can contest (PIPL, art. 50)."""
    request = await repository.get_request(session, principal, request_id, lock=True)
    state = after(request.state, Verb.DECLINE)
    person, _ = await get_person(session, principal, request.person_id)
    await _decide(session, vault, principal, request, person, state, data.note, data.refusal)
    return request


async def withdraw_request(
    session: AsyncSession, vault: Vault, principal: Principal, request_id: UUID
) -> RightsRequest:
    """Take a request back; an approved erasure too, for as long as it has not been made."""
    request = await repository.get_request(session, principal, request_id, lock=True)
    await get_subject(session, vault, principal, request.person_id)
    end_request(request, after(request.state, Verb.WITHDRAW))
    await session.flush()
    return request


async def reveal_request(
    session: AsyncSession, vault: Vault, signer: Signer, principal: Principal, request_id: UUID
) -> RightsRequestRevealed:
    """What was asked and answered, in the clear; written down where others than the asker read it."""
    request = await repository.get_request(session, principal, request_id)
    subject = await get_subject(session, vault, principal, request.person_id)
    if subject.by is By.COMMUNITY:
        await _write_down(session, signer, principal, request, "rights_requests.reveal")
    key = await vault.find_key(request.community_code, request.person_id)
    if key is None:
        raise NotFound
    return read_request(key, request)


def read_request(key: DataKey, request: RightsRequest) -> RightsRequestRevealed:
    """What it says, for a caller who has checked the right to read it."""
    note = request.note and key.open(request.note, table="rights_request", column="note", row_id=request.id)
    return RightsRequestRevealed(**_content(key, request), note=note or None)


def end_request(request: RightsRequest, state: RequestState) -> None:
    request.state = state
    request.ended_at = request.updated_at = utc_now()
    request.version += 1


async def _ask(
    session: AsyncSession,
    vault: Vault,
    principal: Principal,
    person_id: UUID,
    kind: RequestKind,
    fields: list[str],
    content: dict[str, Any],
) -> RightsRequest:
    subject = await get_subject(session, vault, principal, person_id, lock=True)
    person = subject.person
    request = RightsRequest(
        community_code=person.community_code,
        person_id=person.id,
        kind=kind,
        made_by=MadeBy(subject.by),
        requested_by=principal.subject,
        fields=fields,
        due_at=utc_now() + DECIDE_WITHIN,
    )
    key = await vault.key_for(person.community_code, person.id)
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    request.content = key.seal(text, table="rights_request", column="content", row_id=request.id)
    session.add(request)
    try:
        await session.flush()
    except IntegrityError as error:
        if "uq_rights_request_pending" in str(error.orig):
            raise RequestPending from error
        raise
    parameters = {"rights_request_id": str(request.id), "right": kind.value}
    await notices.notify_desk(session, person.community_code, NoticeKind.RIGHTS_REQUEST_RECEIVED, parameters)
    return request


async def _decide(
    session: AsyncSession,
    vault: Vault,
    principal: Principal,
    request: RightsRequest,
    person: Person,
    state: RequestState,
    note: str | None,
    refusal: Refusal | None = None,
) -> None:
    key = await vault.key_for(request.community_code, request.person_id)
    request.refusal = refusal
    if note is not None:
        request.note = key.seal(note, table="rights_request", column="note", row_id=request.id)
    request.decided_at, request.decided_by = utc_now(), principal.subject
    if state is RequestState.APPROVED:
        request.state = state
        request.updated_at = utc_now()
        request.version += 1
    else:
        end_request(request, state)
    await session.flush()
    parameters = {"rights_request_id": str(request.id), "right": request.kind.value, "decision": state.value}
    for recipient in await _askers(session, vault, request, person):
        await notices.notify_person(
            session, request.community_code, recipient, NoticeKind.RIGHTS_REQUEST_DECIDED, parameters
        )


async def _askers(session: AsyncSession, vault: Vault, request: RightsRequest, person: Person) -> list[UUID]:
    """Who is told: the person, or the guardians who stand for them now."""
    if request.made_by is MadeBy.SELF:
        return [person.id]
    held = await current_guardianships(session, vault, person)
    return [each.guardian_id for each in held if each.guardian_id is not None]


def _content(key: DataKey, request: RightsRequest) -> dict[str, Any]:
    if request.content is None:
        return {"changes": None, "reason": None}
    return json.loads(key.open(request.content, table="rights_request", column="content", row_id=request.id))


async def _write_down(
    session: AsyncSession, signer: Signer, principal: Principal, request: RightsRequest, action: str
) -> None:
    await audit.record(
        session,
        signer,
        principal,
        community_code=request.community_code,
        action=action,
        purpose=_PURPOSES[request.kind],
        subject_type="person",
        subject_id=request.person_id,
        fields=request.fields,
        detail={"rights_request": str(request.id)},
    )

"""Use cases of moderation: take something out of sight, read its original, let everybody read, take that back."""

from uuid import UUID

from services.requests.attachments import repository as photos
from services.requests.attachments import service as attachments
from services.requests.moderation import public_texts, repository
from services.requests.moderation.errors import CategoryNotPublic, NothingToRedact, OriginalMissing
from services.requests.moderation.models import Redaction, Target
from services.requests.moderation.public_texts import PublicText
from services.requests.moderation.schemas import RedactionCreate, Release
from services.requests.ratings.models import Rating
from services.requests.service_requests import repository as requests
from services.requests.service_requests.auth import OFFICE
from services.requests.service_requests.models import ServiceRequest, Step, TimelineEntry, Visibility
from services.requests.service_requests.service import step
from services.requests.service_requests.texts import (
    content_of,
    key_for_writing,
    keys_of,
    rewrite_text,
    seal,
    text_of,
)
from shared import audit
from shared.audit import Purpose
from shared.auth import Principal, Role
from shared.clock import utc_now
from shared.crypto import Signer
from shared.db import AsyncSession
from shared.errors import Forbidden, NotFound, invalid
from shared.files import FileStore
from shared.photo_files import PhotoSize
from shared.vault import Vault

_WRITTEN: dict[Target, type[TimelineEntry] | type[Rating]] = {Target.UPDATE: TimelineEntry, Target.RATING: Rating}


async def redact(
    session: AsyncSession, vault: Vault, principal: Principal, request_id: UUID, data: RedactionCreate
) -> ServiceRequest:
    """Replace what is shown and keep the original sealed: a requester their own words, the office anybody's.

    What had been released of the request is not public any more: it is released anew, as it then stands.
    """
    request = await requests.lock_request(session, principal, request_id)
    redaction = Redaction(
        community_code=request.community_code,
        request_id=request.id,
        target=data.target,
        target_id=data.target_id,
        reason=data.reason,
        key_subject_id=request.key_subject_id,
        redacted_by=principal.subject,
        redacted_by_role=principal.role.value,
    )
    if data.target is Target.ATTACHMENT:
        visibility = await _hide_photo(session, principal, request, redaction)
    elif kind := _WRITTEN.get(data.target):
        visibility = await _replace_written(session, vault, principal, request, redaction, kind, data.text)
    else:
        visibility = await _replace_words(vault, principal, request, redaction, data.text)
    session.add(redaction)
    public_texts.take_back(request)
    await photos.take_photos_back(session, request.community_code, request.id)
    detail = {
        "target": data.target.value,
        "target_id": str(data.target_id) if data.target_id else None,
        "reason": data.reason.value,
    }
    return await step(session, vault, principal, request, Step.REDACTED, visibility=visibility, detail=detail)


async def reveal_original(
    session: AsyncSession,
    vault: Vault,
    signer: Signer,
    principal: Principal,
    request_id: UUID,
    redaction_id: UUID,
    purpose: Purpose,
) -> str:
    """The text as it was before this redaction; on record."""
    request = await requests.get_request(session, principal, request_id)
    redaction = await repository.get_redaction(session, request, redaction_id)
    key = await vault.find_key(redaction.community_code, redaction.key_subject_id)
    if key is None or redaction.original_sealed is None:
        raise OriginalMissing
    await _note(session, signer, principal, redaction, purpose)
    return key.open(redaction.original_sealed, table="redaction", column="original", row_id=redaction.id)


async def reveal_picture(
    session: AsyncSession,
    vault: Vault,
    signer: Signer,
    files: FileStore,
    principal: Principal,
    request_id: UUID,
    redaction_id: UUID,
    purpose: Purpose,
) -> bytes:
    """The photo that this redaction hides; on record."""
    request = await requests.get_request(session, principal, request_id)
    redaction = await repository.get_redaction(session, request, redaction_id)
    if redaction.target is not Target.ATTACHMENT or redaction.target_id is None:
        raise NotFound
    owner = attachments.Owner.of(request)
    attachment = await attachments.get_attachment(session, owner, redaction.target_id, internal=True)
    await _note(session, signer, principal, redaction, purpose)
    return await attachments.open_picture(vault, files, attachment, PhotoSize.FULL)


async def release_text(
    session: AsyncSession, vault: Vault, signer: Signer, principal: Principal, request_id: UUID, data: Release
) -> tuple[ServiceRequest, PublicText]:
    """Let everybody read what a request is about, in the requester's words as they stand or in the office's."""
    request = await requests.lock_request(session, principal, request_id)
    if not public_texts.is_public(request):
        raise CategoryNotPublic
    content = content_of(request, await keys_of(vault, [request]))
    given = data.model_dump(include=data.model_fields_set & {"title", "description"})
    words = PublicText(**({"title": content.title, "description": content.description} | given))
    key = await key_for_writing(vault, request.community_code, request.key_subject_id)
    public_texts.release(request, key, words)
    wanted = set(data.update_ids)
    if wanted and await repository.release_updates(session, request, list(wanted), utc_now()) < len(wanted):
        raise invalid(
            "/update_ids", "unknown", "只能公开工作人员写的公开进展", "Only public lines that the office wrote"
        )
    await _release_photos(session, request, list(set(data.attachment_ids)))
    await _note_release(session, vault, signer, principal, request, "service_requests.release_text")
    return request, words


async def _release_photos(session: AsyncSession, request: ServiceRequest, ids: list[UUID]) -> None:
    """Raises Invalid for what is no public photo of the request."""
    if not ids:
        return
    released = await photos.release_photos(session, request.community_code, request.id, ids, utc_now())
    if released < len(ids):
        raise invalid("/attachment_ids", "unknown", "只能公开本诉求的公开照片", "Only public photos of this request")


async def take_text_back(
    session: AsyncSession, vault: Vault, signer: Signer, principal: Principal, request_id: UUID
) -> ServiceRequest:
    """Nothing that anybody wrote about the request is public any more."""
    request = await requests.lock_request(session, principal, request_id)
    taken = await repository.take_updates_back(session, request)
    taken += await photos.take_photos_back(session, request.community_code, request.id)
    if public_texts.take_back(request) or taken:
        await _note_release(session, vault, signer, principal, request, "service_requests.take_text_back")
    return request


async def _replace_words(
    vault: Vault, principal: Principal, request: ServiceRequest, redaction: Redaction, text: str | None
) -> Visibility:
    """Title or description of the request itself."""
    if not _is_theirs(principal, request):
        raise Forbidden
    content = content_of(request, await keys_of(vault, [request]))
    original = content.title if redaction.target is Target.TITLE else content.description
    if original is None:
        raise NothingToRedact
    key = await key_for_writing(vault, request.community_code, request.key_subject_id)
    redaction.original_sealed = key.seal(original, table="redaction", column="original", row_id=redaction.id)
    shown = content.model_copy(update={redaction.target.value: text})
    request.content_sealed = None if shown.is_empty else seal(key, shown, request.id)
    return Visibility.PUBLIC


async def _replace_written(
    session: AsyncSession,
    vault: Vault,
    principal: Principal,
    request: ServiceRequest,
    redaction: Redaction,
    kind: type[TimelineEntry] | type[Rating],
    text: str | None,
) -> Visibility:
    """The text of an update or a rating: by whoever wrote it, or by the office."""
    assert redaction.target_id is not None
    row = await repository.get_written(session, kind, request, redaction.target_id)
    visibility = row.visibility if isinstance(row, TimelineEntry) else Visibility.PUBLIC
    if principal.role not in OFFICE and visibility is Visibility.INTERNAL:
        raise NotFound
    writer = row.actor == principal.subject if isinstance(row, TimelineEntry) else row.person_id == principal.person_id
    if principal.role not in OFFICE and not writer:
        raise Forbidden
    original = text_of(row, await keys_of(vault, [row]))
    if original is None or row.key_subject_id is None:
        raise NothingToRedact
    redaction.key_subject_id = row.key_subject_id
    key = await key_for_writing(vault, request.community_code, row.key_subject_id)
    redaction.original_sealed = key.seal(original, table="redaction", column="original", row_id=redaction.id)
    rewrite_text(key, row, text)
    if isinstance(row, TimelineEntry):
        row.released_at = None
    return visibility


async def _hide_photo(
    session: AsyncSession, principal: Principal, request: ServiceRequest, redaction: Redaction
) -> Visibility:
    assert redaction.target_id is not None
    is_office = principal.role in OFFICE
    owner = attachments.Owner.of(request)
    photo = await attachments.get_attachment(session, owner, redaction.target_id, internal=is_office)
    if not is_office and photo.created_by != principal.subject:
        raise Forbidden
    if photo.redacted_at is not None:
        raise NothingToRedact
    photo.redacted_at = utc_now()
    redaction.key_subject_id = photo.key_subject_id
    return photo.visibility


def _is_theirs(principal: Principal, request: ServiceRequest) -> bool:
    """Whether the words are the caller's own, or the caller looks after everybody's."""
    if principal.role is Role.RESIDENT:
        return principal.person_id is not None and request.requester_person_id == principal.person_id
    return True


async def _note(
    session: AsyncSession, signer: Signer, principal: Principal, redaction: Redaction, purpose: Purpose
) -> None:
    await audit.record(
        session,
        signer,
        principal,
        community_code=redaction.community_code,
        action="service_requests.reveal_original",
        purpose=purpose,
        subject_type="service_request",
        subject_id=redaction.request_id,
        fields=[redaction.target.value],
    )


async def _note_release(
    session: AsyncSession, vault: Vault, signer: Signer, principal: Principal, request: ServiceRequest, action: str
) -> None:
    """On record, and a line for the office."""
    await audit.record(
        session,
        signer,
        principal,
        community_code=request.community_code,
        action=action,
        purpose=Purpose.SERVICE_DELIVERY,
        subject_type="service_request",
        subject_id=request.id,
    )
    detail = {"released": request.released_at is not None}
    await step(session, vault, principal, request, Step.NOTE, visibility=Visibility.INTERNAL, detail=detail)

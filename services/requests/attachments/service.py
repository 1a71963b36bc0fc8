"""Use cases of attached photos. The files are written before their row commits; what no row names is swept away.

Whoever keeps photos of something else than a request names an `Owner`, and does its own checks and bookkeeping.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self
from uuid import UUID

from services.requests.attachments import repository
from services.requests.attachments.errors import AttachmentMissing, TooManyAttachments
from services.requests.attachments.models import Attachment, SubjectType
from services.requests.service_requests import repository as requests
from services.requests.service_requests.auth import OFFICE, WORKERS
from services.requests.service_requests.models import ServiceRequest, Step, Visibility
from services.requests.service_requests.service import step
from services.requests.service_requests.texts import key_for_writing
from shared.auth import Principal, Role
from shared.clock import utc_now
from shared.db import AsyncSession
from shared.errors import Forbidden, invalid
from shared.files import FileMissing, FileStore
from shared.photo_files import PhotoFolder, PhotoSize
from shared.photos import CleanPhoto, clean_photo
from shared.vault import Vault

FILES = PhotoFolder("attachments", table="attachment")
MOST = 20
"""Of one request, project, deliberation or mediation, whoever sent them."""


@dataclass(frozen=True, slots=True)
class Owner:
    """What photos are attached to, and whose key seals those that no resident sent."""

    community_code: str
    type: SubjectType
    id: UUID
    key_subject_id: UUID

    @classmethod
    def of(cls, request: ServiceRequest) -> Self:
        return cls(request.community_code, SubjectType.REQUEST, request.id, request.key_subject_id)


async def attach_photo(
    session: AsyncSession,
    vault: Vault,
    files: FileStore,
    principal: Principal,
    request_id: UUID,
    picture: CleanPhoto,
    visibility: Visibility,
) -> Attachment:
    """Add a photo to a request that the caller may see. What is internal, only the office and its workers can add."""
    if visibility is Visibility.INTERNAL and principal.role not in OFFICE | WORKERS:
        raise invalid("/visibility", "reserved", "您的身份只能公开上传", "Your role can only attach in public")
    request = await requests.lock_request(session, principal, request_id)
    attachment = await keep_picture(session, vault, files, principal, Owner.of(request), picture, visibility=visibility)
    detail = {"attachment_id": str(attachment.id)}
    await step(session, vault, principal, request, Step.ATTACHED, visibility=visibility, detail=detail)
    return attachment


async def keep_photo(
    session: AsyncSession,
    vault: Vault,
    files: FileStore,
    principal: Principal,
    request: ServiceRequest,
    data: bytes,
    *,
    visibility: Visibility = Visibility.PUBLIC,
) -> Attachment:
    """A photo that comes with a request, as bytes; PhotoUnreadable for what is none. Writes no line of the timeline."""
    picture = await clean_photo(data)
    return await keep_picture(session, vault, files, principal, Owner.of(request), picture, visibility=visibility)


async def keep_picture(
    session: AsyncSession,
    vault: Vault,
    files: FileStore,
    principal: Principal,
    owner: Owner,
    picture: CleanPhoto,
    *,
    visibility: Visibility = Visibility.PUBLIC,
) -> Attachment:
    """Seal, store and add the row of a photo of anything. The owner's row is locked, or new: the count must hold."""
    if await repository.count_attachments(session, owner.community_code, owner.id) >= MOST:
        raise TooManyAttachments
    writer = principal.person_id if principal.role is Role.RESIDENT else None
    attachment = Attachment(
        community_code=owner.community_code,
        subject_type=owner.type,
        subject_id=owner.id,
        request_id=owner.id if owner.type is SubjectType.REQUEST else None,
        key_subject_id=writer or owner.key_subject_id,
        visibility=visibility,
        byte_size=len(picture.jpeg),
        width=picture.width,
        height=picture.height,
        created_by=principal.subject,
    )
    key = await key_for_writing(vault, attachment.community_code, attachment.key_subject_id)
    await FILES.put(files, key, attachment.community_code, attachment.id, picture)
    session.add(attachment)
    await session.flush()
    return attachment


async def list_attachments(session: AsyncSession, principal: Principal, request_id: UUID) -> Sequence[Attachment]:
    request = await requests.get_request(session, principal, request_id)
    return await repository.list_attachments(
        session, request.community_code, request.id, internal=_sees_internal(principal)
    )


async def show_picture(
    session: AsyncSession,
    vault: Vault,
    files: FileStore,
    principal: Principal,
    request_id: UUID,
    attachment_id: UUID,
    size: PhotoSize,
) -> bytes:
    """The JPEG of a photo that is not redacted."""
    request = await requests.get_request(session, principal, request_id)
    attachment = await get_attachment(session, Owner.of(request), attachment_id, internal=_sees_internal(principal))
    if attachment.redacted_at is not None:
        raise AttachmentMissing
    return await open_picture(vault, files, attachment, size)


async def get_attachment(session: AsyncSession, owner: Owner, attachment_id: UUID, *, internal: bool) -> Attachment:
    attachment = await repository.find_attachment(
        session, owner.community_code, owner.id, attachment_id, internal=internal
    )
    if attachment is None:
        raise AttachmentMissing
    return attachment


async def open_picture(vault: Vault, files: FileStore, attachment: Attachment, size: PhotoSize) -> bytes:
    """The JPEG, for a caller who has checked the right to see it; AttachmentMissing once its key is destroyed."""
    key = await vault.find_key(attachment.community_code, attachment.key_subject_id)
    if key is None:
        raise AttachmentMissing
    try:
        return await FILES.get(files, key, attachment.community_code, attachment.id, size)
    except FileMissing:
        raise AttachmentMissing from None


async def withdraw(
    session: AsyncSession, vault: Vault, principal: Principal, request_id: UUID, attachment_id: UUID
) -> None:
    """Take back a photo that one sent oneself; its files are deleted within a minute."""
    request = await requests.lock_request(session, principal, request_id)
    attachment = await get_attachment(session, Owner.of(request), attachment_id, internal=_sees_internal(principal))
    if attachment.created_by != principal.subject:
        raise Forbidden
    attachment.withdrawn_at = utc_now()
    detail = {"attachment_id": str(attachment.id), "withdrawn": True}
    await step(session, vault, principal, request, Step.REDACTED, visibility=Visibility.INTERNAL, detail=detail)


def _sees_internal(principal: Principal) -> bool:
    return principal.role in OFFICE | WORKERS

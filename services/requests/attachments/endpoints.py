"""Photos of a request."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Response, status

from services.requests.attachments import service
from services.requests.attachments.auth import AttachmentsRead, AttachmentsWrite
from services.requests.attachments.models import Attachment
from services.requests.attachments.schemas import AttachmentRead, Attachments
from services.requests.service_requests.models import Visibility
from shared.auth import Principal
from shared.files import FilesDep
from shared.photo_files import PhotoSize
from shared.photos import PHOTO_ANSWER, PHOTO_BODY, PhotoBody, as_jpeg
from shared.routing import Router
from shared.sessions import Session, VaultDep

router = Router(prefix="/v1/service-requests/{request_id}/attachments", tags=["service requests"])


@router.post("", response_model=AttachmentRead, status_code=status.HTTP_201_CREATED, openapi_extra=PHOTO_BODY)
async def attach_photo(
    *,
    principal: AttachmentsWrite,
    picture: PhotoBody,
    session: Session,
    vault: VaultDep,
    files: FilesDep,
    request_id: UUID,
    visibility: Annotated[Visibility, Query(description="`internal`: the office and its workers only.")] = (
        Visibility.PUBLIC
    ),
) -> dict[str, Any]:
    """Attach a photo: the body is the picture itself. A public one of the office is told to the requester."""
    attachment = await service.attach_photo(session, vault, files, principal, request_id, picture, visibility)
    return shown(principal, attachment)


@router.get("", response_model=Attachments)
async def list_attachments(principal: AttachmentsRead, session: Session, request_id: UUID) -> dict[str, Any]:
    """The photos of a request, the oldest first; residents and partners see public ones."""
    found = await service.list_attachments(session, principal, request_id)
    return {"items": [shown(principal, each) for each in found]}


@router.get("/{attachment_id}", response_class=Response, responses=PHOTO_ANSWER)
async def get_attachment(
    *,
    principal: AttachmentsRead,
    session: Session,
    vault: VaultDep,
    files: FilesDep,
    request_id: UUID,
    attachment_id: UUID,
    size: PhotoSize = PhotoSize.FULL,
) -> Response:
    """The picture as JPEG."""
    return as_jpeg(await service.show_picture(session, vault, files, principal, request_id, attachment_id, size))


@router.post("/{attachment_id}/withdraw", status_code=status.HTTP_204_NO_CONTENT)
async def withdraw_attachment(
    principal: AttachmentsWrite, session: Session, vault: VaultDep, request_id: UUID, attachment_id: UUID
) -> None:
    """Take back a photo that one sent oneself. To hide somebody else's, redact it."""
    await service.withdraw(session, vault, principal, request_id, attachment_id)


def shown(principal: Principal, attachment: Attachment) -> dict[str, Any]:
    return attachment.model_dump(include=set(AttachmentRead.model_fields)) | {
        "mine": attachment.created_by == principal.subject,
        "redacted": attachment.redacted_at is not None,
    }

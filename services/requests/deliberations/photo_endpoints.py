"""Photos of a meeting: the signed list of who came, the minutes by hand, what the meeting saw."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Response, status

from services.requests.attachments.endpoints import shown
from services.requests.attachments.schemas import AttachmentRead, Attachments
from services.requests.deliberations import photos
from services.requests.deliberations.auth import DeliberationsRead, DeliberationsTakePart
from services.requests.service_requests.models import Visibility
from shared.files import FilesDep
from shared.photo_files import PhotoSize
from shared.photos import PHOTO_ANSWER, PHOTO_BODY, PhotoBody, as_jpeg
from shared.routing import Router
from shared.sessions import Session, VaultDep

router = Router(prefix="/v1/deliberations/{deliberation_id}/photos", tags=["deliberations"])


@router.post("", response_model=AttachmentRead, status_code=status.HTTP_201_CREATED, openapi_extra=PHOTO_BODY)
async def add_photo(
    *,
    principal: DeliberationsTakePart,
    picture: PhotoBody,
    session: Session,
    vault: VaultDep,
    files: FilesDep,
    deliberation_id: UUID,
    visibility: Annotated[
        Visibility, Query(description="`internal`: the office and whoever has a seat; `public`: all who read of it.")
    ] = Visibility.INTERNAL,
) -> dict[str, Any]:
    """The body is the picture itself. By the office, the chair or the recorder, until the result is published."""
    kept = await photos.add_photo(session, vault, files, principal, deliberation_id, picture, visibility)
    return shown(principal, kept)


@router.get("", response_model=Attachments)
async def list_photos(principal: DeliberationsRead, session: Session, deliberation_id: UUID) -> dict[str, Any]:
    """The oldest first; who has no seat sees the public ones."""
    found = await photos.list_photos(session, principal, deliberation_id)
    return {"items": [shown(principal, each) for each in found]}


@router.get("/{attachment_id}", response_class=Response, responses=PHOTO_ANSWER)
async def get_photo(
    *,
    principal: DeliberationsRead,
    session: Session,
    vault: VaultDep,
    files: FilesDep,
    deliberation_id: UUID,
    attachment_id: UUID,
    size: PhotoSize = PhotoSize.FULL,
) -> Response:
    """The picture as JPEG."""
    return as_jpeg(await photos.show_picture(session, vault, files, principal, deliberation_id, attachment_id, size))


@router.post("/{attachment_id}/withdraw", status_code=status.HTTP_204_NO_CONTENT)
async def withdraw_photo(
    principal: DeliberationsTakePart, session: Session, deliberation_id: UUID, attachment_id: UUID
) -> None:
    """Take back a photo that one sent oneself, before the minutes are approved."""
    await photos.withdraw(session, principal, deliberation_id, attachment_id)

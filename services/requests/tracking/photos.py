"""Which photos the tracking page shows: to the holder of a link the requester's, to everybody the released ones."""

from typing import Any
from uuid import UUID

from services.requests.attachments.errors import AttachmentMissing
from services.requests.attachments.models import Attachment
from services.requests.attachments.repository import list_attachments
from services.requests.service_requests.models import ServiceRequest
from services.requests.tracking.holders import LinkHolder
from services.requests.tracking.links import is_shown
from services.requests.tracking.schemas import TrackedPhoto
from shared.db import AsyncSession


async def list_photos(session: AsyncSession, request: ServiceRequest, holder: LinkHolder | None) -> list[Attachment]:
    """The oldest first."""
    if not is_shown(request, holder):
        return []
    found = await list_attachments(session, request.community_code, request.id, internal=False)
    return [photo for photo in found if holder or photo.released_at]


async def get_photo(
    session: AsyncSession, request: ServiceRequest, holder: LinkHolder | None, photo_id: UUID
) -> Attachment:
    """Raises AttachmentMissing."""
    for photo in await list_photos(session, request, holder):
        if photo.id == photo_id:
            return photo
    raise AttachmentMissing


def shown(photo: Attachment) -> dict[str, Any]:
    return photo.model_dump(include=set(TrackedPhoto.model_fields))

"""Photos of a meeting (签到表·记录照片): what the seats alone may see, and what everybody may who reads of it."""

from collections.abc import Sequence
from uuid import UUID

from services.requests.attachments import repository as attachments
from services.requests.attachments.models import Attachment, SubjectType
from services.requests.attachments.service import Owner, get_attachment, keep_picture, open_picture
from services.requests.deliberations import repository
from services.requests.deliberations.errors import MinutesApproved
from services.requests.deliberations.meeting import require_running
from services.requests.deliberations.models import Deliberation
from services.requests.deliberations.service import touch
from services.requests.deliberations.states import Verb, after
from services.requests.service_requests.auth import OFFICE
from services.requests.service_requests.models import Visibility
from shared.auth import Principal
from shared.clock import utc_now
from shared.db import AsyncSession
from shared.errors import Forbidden
from shared.files import FileStore
from shared.photo_files import PhotoSize
from shared.photos import CleanPhoto
from shared.vault import Vault


async def add_photo(
    session: AsyncSession,
    vault: Vault,
    files: FileStore,
    principal: Principal,
    deliberation_id: UUID,
    picture: CleanPhoto,
    visibility: Visibility,
) -> Attachment:
    """By the office, the chair or the recorder, from the day it is called until the result is published."""
    deliberation = await repository.lock_deliberation(session, principal, deliberation_id)
    after(deliberation.state, Verb.SHOW)
    await require_running(session, principal, deliberation)
    owner = _owner(deliberation)
    attachment = await keep_picture(session, vault, files, principal, owner, picture, visibility=visibility)
    await touch(session, deliberation)
    return attachment


async def list_photos(session: AsyncSession, principal: Principal, deliberation_id: UUID) -> Sequence[Attachment]:
    deliberation = await repository.get_deliberation(session, principal, deliberation_id)
    is_inside = await _is_inside(session, principal, deliberation)
    return await attachments.list_attachments(session, deliberation.community_code, deliberation.id, internal=is_inside)


async def show_picture(
    session: AsyncSession,
    vault: Vault,
    files: FileStore,
    principal: Principal,
    deliberation_id: UUID,
    attachment_id: UUID,
    size: PhotoSize,
) -> bytes:
    deliberation = await repository.get_deliberation(session, principal, deliberation_id)
    is_inside = await _is_inside(session, principal, deliberation)
    attachment = await get_attachment(session, _owner(deliberation), attachment_id, internal=is_inside)
    return await open_picture(vault, files, attachment, size)


async def withdraw(session: AsyncSession, principal: Principal, deliberation_id: UUID, attachment_id: UUID) -> None:
    """Take back what one sent oneself; not what approved minutes rest on."""
    deliberation = await repository.lock_deliberation(session, principal, deliberation_id)
    attachment = await get_attachment(session, _owner(deliberation), attachment_id, internal=True)
    if attachment.created_by != principal.subject:
        raise Forbidden
    if deliberation.minutes_approved_at is not None and attachment.created_at <= deliberation.minutes_approved_at:
        raise MinutesApproved
    attachment.withdrawn_at = utc_now()
    await touch(session, deliberation)


async def _is_inside(session: AsyncSession, principal: Principal, deliberation: Deliberation) -> bool:
    """Whether they see who came and what was written by hand: the office, and whoever has a seat."""
    return principal.role in OFFICE or await repository.find_seat(session, principal, deliberation) is not None


def _owner(deliberation: Deliberation) -> Owner:
    return Owner(deliberation.community_code, SubjectType.DELIBERATION, deliberation.id, deliberation.id)

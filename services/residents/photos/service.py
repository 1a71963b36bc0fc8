"""Use cases of photos. The file is written before its row commits; a file that no row names is swept away."""

from uuid import UUID

from services.residents.photos import repository
from services.residents.photos.errors import PhotoMissing
from services.residents.photos.models import Photo, PhotoKind, PhotoSubject
from shared.clock import utc_now
from shared.db import AsyncSession
from shared.files import FileMissing, FileStore
from shared.photo_files import PhotoFolder, PhotoSize
from shared.photos import CleanPhoto
from shared.vault import Vault

FILES = PhotoFolder("photos", table="photo")


async def keep_photo(
    session: AsyncSession,
    vault: Vault,
    files: FileStore,
    photo: Photo,
    picture: CleanPhoto,
) -> Photo:
    """Seal the picture under the subject's key, store it and add its row. A new portrait takes the old one's place."""
    key = await vault.key_for(photo.community_code, photo.subject_id)
    await FILES.put(files, key, photo.community_code, photo.id, picture)
    if photo.kind is PhotoKind.PORTRAIT:
        await repository.mark_removed(session, photo.community_code, photo.subject_id, utc_now(), PhotoKind.PORTRAIT)
    session.add(photo)
    await session.flush()
    return photo


def new_photo(
    community_code: str,
    subject_type: PhotoSubject,
    subject_id: UUID,
    kind: PhotoKind,
    picture: CleanPhoto,
    taken_by: str,
) -> Photo:
    """The row of a picture that is about to be kept."""
    return Photo(
        community_code=community_code,
        subject_type=subject_type,
        subject_id=subject_id,
        kind=kind,
        width=picture.width,
        height=picture.height,
        taken_by=taken_by,
    )


async def open_photo(vault: Vault, files: FileStore, photo: Photo, size: PhotoSize) -> bytes:
    """The JPEG, for a caller who has checked the right to see it and written it down. PhotoMissing once forgotten."""
    key = await vault.find_key(photo.community_code, photo.subject_id)
    if key is None:
        raise PhotoMissing
    try:
        return await FILES.get(files, key, photo.community_code, photo.id, size)
    except FileMissing:
        raise PhotoMissing from None


async def get_portrait(session: AsyncSession, community_code: str, person_id: UUID) -> Photo:
    """The person's current portrait; PhotoMissing if there is none."""
    photo = await repository.find_portrait(session, community_code, person_id)
    if photo is None:
        raise PhotoMissing
    return photo


async def hand_on_portrait(
    session: AsyncSession, vault: Vault, files: FileStore, community_code: str, source_id: UUID, target_id: UUID
) -> Photo | None:
    """Two records are one person, or are not after all: the portrait goes over, unless `target` has one of their own.

    It is sealed anew and filed under an id of its own; what it was is removed, so that one picture is kept at a time.
    """
    portrait = await repository.find_portrait(session, community_code, source_id)
    if portrait is None or await repository.find_portrait(session, community_code, target_id) is not None:
        return None
    try:
        jpeg = await open_photo(vault, files, portrait, PhotoSize.FULL)
        thumbnail = await open_photo(vault, files, portrait, PhotoSize.THUMBNAIL)
    except PhotoMissing:
        return None
    picture = CleanPhoto(jpeg, thumbnail, portrait.width, portrait.height)
    handed_on = new_photo(
        community_code, PhotoSubject.PERSON, target_id, PhotoKind.PORTRAIT, picture, portrait.taken_by
    )
    handed_on.created_at = portrait.created_at
    await forget_photos(session, community_code, source_id)
    return await keep_photo(session, vault, files, handed_on, picture)


async def forget_photos(session: AsyncSession, community_code: str, subject_id: UUID) -> int:
    """Take all photos of a person or a case out of use; the sweep deletes their files. Returns how many."""
    return await repository.mark_removed(session, community_code, subject_id, utc_now())

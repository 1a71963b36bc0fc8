"""Photos of a case: what the person looks like, where they are, and the handover that was witnessed."""

from uuid import UUID

from services.residents.found_persons import repository, service
from services.residents.found_persons.errors import TooManyPhotos
from services.residents.found_persons.models import EntryKind, FoundPerson
from services.residents.found_persons.reading import openable, write_down
from services.residents.photos import repository as photos_repository
from services.residents.photos import service as photos
from services.residents.photos.errors import PhotoMissing
from services.residents.photos.models import Photo, PhotoKind, PhotoSubject
from shared.auth import Principal
from shared.crypto import Signer
from shared.db import AsyncSession
from shared.files import FileStore
from shared.photo_files import PhotoSize
from shared.photos import CleanPhoto
from shared.vault import Vault

MOST = 30
"""Photos of one case."""
MOST_OF_FINDERS = 10
"""Of these by whoever has no account."""


async def add_photo(
    session: AsyncSession,
    vault: Vault,
    files: FileStore,
    case: FoundPerson,
    kind: PhotoKind,
    picture: CleanPhoto,
    actor: str,
) -> Photo:
    """Keep a photo under the case's key; the caller holds the case."""
    kept = await photos_repository.list_photos(session, case.community_code, case.id)
    of_actor = sum(photo.taken_by == actor for photo in kept)
    if len(kept) >= MOST or (actor == service.PUBLIC_ACTOR and of_actor >= MOST_OF_FINDERS):
        raise TooManyPhotos
    photo = photos.new_photo(case.community_code, PhotoSubject.FOUND_PERSON, case.id, kind, picture, actor)
    await photos.keep_photo(session, vault, files, photo, picture)
    detail = {"photo_id": str(photo.id), "kind": kind.value}
    await service.add_entry(session, vault, case, EntryKind.PHOTO_ADDED, actor, detail)
    return photo


async def list_photos(session: AsyncSession, principal: Principal, case_id: UUID) -> list[Photo]:
    case = await repository.get_case(session, principal, case_id)
    return list(await photos_repository.list_photos(session, case.community_code, case.id))


async def open_photo(
    session: AsyncSession,
    vault: Vault,
    signer: Signer,
    files: FileStore,
    principal: Principal,
    case_id: UUID,
    photo_id: UUID,
    size: PhotoSize,
) -> bytes:
    """The JPEG, for whoever may read the case in the clear; who looked is in the case's log."""
    case = await openable(session, principal, case_id)
    photo = await photos_repository.find_photo(session, case.community_code, case.id, photo_id)
    if photo is None:
        raise PhotoMissing
    picture = await photos.open_photo(vault, files, photo, size)
    await write_down(session, signer, principal, case, "found_person", case.id, ["photo"])
    return picture

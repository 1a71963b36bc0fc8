"""A person's portrait. The pictures of a found-person case are below the case."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Response, status

from services.residents.consents.service import require_consent
from services.residents.households.models import Household
from services.residents.merges.repository import records_of
from services.residents.people.auth import PeopleReveal
from services.residents.photos import service
from services.residents.photos.models import PhotoKind, PhotoSubject
from services.residents.photos.schemas import PhotoRead
from services.residents.reviews.service import Access, note_access
from services.residents.rights.reach import get_subject
from shared import audit
from shared.audit import Purpose
from shared.auth import Role
from shared.files import FilesDep
from shared.photo_files import PhotoSize
from shared.photos import PHOTO_ANSWER, PHOTO_BODY, PhotoBody, as_jpeg
from shared.routing import Router
from shared.sessions import Session, SignerDep, VaultDep

router = Router(prefix="/v1/people/{person_id}/photo", tags=["photos"])


@router.post("", response_model=PhotoRead, status_code=status.HTTP_201_CREATED, openapi_extra=PHOTO_BODY)
async def keep_portrait(
    principal: PeopleReveal, session: Session, vault: VaultDep, files: FilesDep, person_id: UUID, picture: PhotoBody
) -> PhotoRead:
    """What the person looks like, if they consent to a portrait; takes the place of the one before."""
    person = (await get_subject(session, vault, principal, person_id, lock=True)).person
    await require_consent(session, person, Purpose.PORTRAIT)
    photo = service.new_photo(
        person.community_code, PhotoSubject.PERSON, person.id, PhotoKind.PORTRAIT, picture, principal.subject
    )
    return PhotoRead.model_validate(await service.keep_photo(session, vault, files, photo, picture))


@router.get("", response_class=Response, responses=PHOTO_ANSWER)
async def get_portrait(
    principal: PeopleReveal,
    session: Session,
    vault: VaultDep,
    signer: SignerDep,
    files: FilesDep,
    person_id: UUID,
    purpose: Annotated[Purpose, Query(description="Why you look; written down.")],
    size: PhotoSize = PhotoSize.FULL,
) -> Response:
    """The portrait as JPEG, for a named purpose; written down like every look at a person in the clear."""
    person = (await get_subject(session, vault, principal, person_id)).person
    photo = await service.get_portrait(session, person.community_code, person.id)
    picture = await service.open_photo(vault, files, photo, size)
    household = await session.get_one(Household, (person.community_code, person.household_id))
    reason = Purpose.SUBJECT_ACCESS if principal.role is Role.RESIDENT else purpose
    read = [(person.id, household.grid_code)]
    access = Access(person.community_code, "people.reveal", reason, read, ["photo"])
    noted = await note_access(session, vault, principal, access)
    await audit.record(
        session,
        signer,
        principal,
        community_code=person.community_code,
        action=access.action,
        purpose=access.purpose,
        subject_type="person",
        subject_id=person.id,
        fields=access.fields,
        detail=noted.detail(person.id),
    )
    return as_jpeg(picture)


@router.post("/remove", status_code=status.HTTP_204_NO_CONTENT)
async def remove_portrait(principal: PeopleReveal, session: Session, vault: VaultDep, person_id: UUID) -> None:
    """The portrait is not shown any more, and its files are deleted within a minute."""
    person = (await get_subject(session, vault, principal, person_id, lock=True)).person
    await service.get_portrait(session, person.community_code, person.id)
    for record in await records_of(session, person):
        await service.forget_photos(session, person.community_code, record)

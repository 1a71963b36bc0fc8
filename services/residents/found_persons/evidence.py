"""What is gathered while a person is found: looks, photos, places, candidates, messages, and the record of it all."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Query, Response, status

from services.residents.found_persons import candidates, pictures, record, relay, service, trail
from services.residents.found_persons.auth import FoundPersonsRead, FoundPersonsReport, FoundPersonsWrite
from services.residents.found_persons.models import FoundPerson, Source
from services.residents.found_persons.record import CaseRecord
from services.residents.found_persons.relay_schemas import MessageCreate, Messages, MessageSent
from services.residents.found_persons.schemas import FoundPersonRead
from services.residents.found_persons.states import Verb
from services.residents.found_persons.trail_models import FoundSighting
from services.residents.found_persons.trail_schemas import (
    ArrangeMeeting,
    Candidates,
    Description,
    SightingCreate,
    SightingRead,
    SuggestCandidates,
    Trail,
)
from services.residents.photos.models import PhotoKind
from services.residents.photos.schemas import PhotoRead
from shared.files import FilesDep
from shared.photo_files import PhotoSize
from shared.photos import PHOTO_ANSWER, PHOTO_BODY, PhotoBody, as_jpeg
from shared.routing import Router
from shared.sessions import Session, SignerDep, VaultDep

router = Router(prefix="/v1/found-persons/{case_id}", tags=["found persons"])

CasePhotoKind = Literal[PhotoKind.FOUND, PhotoKind.SIGHTING, PhotoKind.HAND_OVER]


@router.post("/describe", response_model=FoundPersonRead)
async def describe(
    principal: FoundPersonsWrite, session: Session, vault: VaultDep, case_id: UUID, data: Description
) -> FoundPerson:
    """What the person says and looks like. Only the fields that are sent change; null takes one back."""
    return await trail.describe(session, vault, principal, case_id, data)


@router.post("/suggest-candidates", response_model=Candidates)
async def suggest_candidates(
    principal: FoundPersonsReport,
    session: Session,
    vault: VaultDep,
    signer: SignerDep,
    case_id: UUID,
    data: SuggestCandidates,
) -> Candidates:
    """Residents whom the description fits, of the whole community, masked. Everybody shown can see that they were."""
    return await candidates.suggest_candidates(session, vault, signer, principal, case_id, data.limit)


@router.post("/sightings", response_model=SightingRead, status_code=status.HTTP_201_CREATED)
async def add_sighting(
    principal: FoundPersonsWrite, session: Session, vault: VaultDep, case_id: UUID, data: SightingCreate
) -> FoundSighting:
    """Where the person is now, or was seen."""
    case = await service.advance(session, principal, case_id, Verb.LOOK_FOR)
    return await trail.add_sighting(session, vault, case, data, Source.COMMUNITY, principal.subject)


@router.get("/trail", response_model=Trail)
async def read_trail(
    principal: FoundPersonsWrite, session: Session, vault: VaultDep, signer: SignerDep, case_id: UUID
) -> Trail:
    """Where the person was seen, as GeoJSON, in the order of time. The purpose is the lost person; written down."""
    return await trail.read_trail(session, vault, signer, principal, case_id)


@router.post("/arrange-meeting", response_model=FoundPersonRead)
async def arrange_meeting(
    principal: FoundPersonsWrite, session: Session, vault: VaultDep, case_id: UUID, data: ArrangeMeeting
) -> FoundPerson:
    """Say where the family comes to; they read it on their page."""
    return await trail.arrange_meeting(session, vault, principal, case_id, data)


@router.get("/messages", response_model=Messages)
async def read_messages(
    principal: FoundPersonsWrite,
    session: Session,
    vault: VaultDep,
    signer: SignerDep,
    case_id: UUID,
    after: Annotated[UUID | None, Query(description="Only what came after this message.")] = None,
) -> Messages:
    """What finder, family and community wrote to each other. Written down whenever something is shown."""
    return await relay.read_as_community(session, vault, signer, principal, case_id, after)


@router.post("/messages", response_model=MessageSent, status_code=status.HTTP_201_CREATED)
async def write_message(
    principal: FoundPersonsWrite, session: Session, vault: VaultDep, case_id: UUID, data: MessageCreate
) -> MessageSent:
    """Write to finder and family as the community."""
    return await relay.write_as_community(session, vault, principal, case_id, data.text)


@router.post("/record", response_model=CaseRecord, responses={200: {"content": {"text/html": {}}}})
async def make_record(
    principal: FoundPersonsWrite,
    session: Session,
    vault: VaultDep,
    signer: SignerDep,
    case_id: UUID,
    form: Annotated[Literal["json", "html"], Query(alias="format")] = "json",
) -> CaseRecord | Response:
    """Everything known of the case in the clear, for the police: as data, or as a page to print. Written down."""
    made = await record.make_record(session, vault, signer, principal, case_id)
    if form == "json":
        return made
    return Response(record.print_record(made), media_type="text/html", headers={"Cache-Control": "no-store"})


@router.post("/photos", response_model=PhotoRead, status_code=status.HTTP_201_CREATED, openapi_extra=PHOTO_BODY)
async def add_photo(
    principal: FoundPersonsWrite,
    session: Session,
    vault: VaultDep,
    files: FilesDep,
    case_id: UUID,
    picture: PhotoBody,
    kind: CasePhotoKind = PhotoKind.FOUND,
) -> PhotoRead:
    """A photo of the person or, with `kind=hand_over`, of the handover: its id goes into `hand-over`."""
    verb = Verb.PROVE_HAND_OVER if kind is PhotoKind.HAND_OVER else Verb.LOOK_FOR
    case = await service.advance(session, principal, case_id, verb)
    photo = await pictures.add_photo(session, vault, files, case, kind, picture, principal.subject)
    return PhotoRead.model_validate(photo)


@router.get("/photos", response_model=list[PhotoRead])
async def list_photos(principal: FoundPersonsRead, session: Session, case_id: UUID) -> list[PhotoRead]:
    """Which photos there are, without the pictures."""
    return [PhotoRead.model_validate(photo) for photo in await pictures.list_photos(session, principal, case_id)]


@router.get("/photos/{photo_id}", response_class=Response, responses=PHOTO_ANSWER)
async def get_photo(
    principal: FoundPersonsWrite,
    session: Session,
    vault: VaultDep,
    signer: SignerDep,
    files: FilesDep,
    case_id: UUID,
    photo_id: UUID,
    size: PhotoSize = PhotoSize.FULL,
) -> Response:
    """The picture as JPEG. The purpose is the lost person; written down."""
    return as_jpeg(await pictures.open_photo(session, vault, signer, files, principal, case_id, photo_id, size))

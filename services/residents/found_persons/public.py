"""What a finder may do: report a person who carries a card, ask whether they are safe, say where they went, write."""

from uuid import UUID

from fastapi import Depends, Request, status

from services.residents.found_persons import pictures, relay, service, trail
from services.residents.found_persons.errors import RelayClosed
from services.residents.found_persons.models import Source
from services.residents.found_persons.parties import Family, FamilyActs, Finder, FinderActs, Party
from services.residents.found_persons.relay_schemas import FamilyView, MessageCreate, Messages, MessageSent
from services.residents.found_persons.schemas import FinderView, FoundReportCreate, FoundReportCreated
from services.residents.found_persons.states import Verb
from services.residents.found_persons.trail_models import FoundSighting
from services.residents.found_persons.trail_schemas import SightingCreate, SightingRead
from services.residents.photos.models import PhotoKind
from services.residents.photos.schemas import PhotoRead
from shared.auth import PUBLIC
from shared.files import FilesDep
from shared.photos import PHOTO_BODY, PhotoBody
from shared.routing import Router
from shared.sessions import PublicSession
from shared.vault import Vault

router = Router(prefix="/v1/public", tags=["public"])


@router.post(
    "/contact-cards/{code}/found-reports",
    response_model=FoundReportCreated,
    status_code=status.HTTP_201_CREATED,
    dependencies=[Depends(PUBLIC)],
)
async def report_by_card(
    session: PublicSession, code: str, data: FoundReportCreate, request: Request
) -> FoundReportCreated:
    """Somebody who carries this card seems lost or needs help. The grid's worker is alerted at once."""
    state = request.app.state
    return await service.report_by_card(session, Vault(session, state.keyring), state.settings, code, data)


@router.get("/found-reports/{report_id}", response_model=FinderView, dependencies=[Depends(PUBLIC)])
async def follow_report(session: PublicSession, report_id: UUID, finder: Finder) -> FinderView:
    """Received, on the way, safe, or ended. The token goes into `token` or the header `Follow-Token`."""
    return FinderView(report_id=report_id, state=await service.finder_state(session, finder.case))


@router.post(
    "/found-reports/{report_id}/sightings",
    response_model=SightingRead,
    status_code=status.HTTP_201_CREATED,
    dependencies=[Depends(PUBLIC)],
)
async def sight_again(
    session: PublicSession, finder: FinderActs, data: SightingCreate, request: Request
) -> FoundSighting:
    """We moved: where the person is now."""
    _take_part(finder, Verb.LOOK_FOR)
    vault = Vault(session, request.app.state.keyring)
    return await trail.add_sighting(session, vault, finder.case, data, Source.FINDER, service.PUBLIC_ACTOR)


@router.post(
    "/found-reports/{report_id}/photos",
    response_model=PhotoRead,
    status_code=status.HTTP_201_CREATED,
    dependencies=[Depends(PUBLIC)],
    openapi_extra=PHOTO_BODY,
)
async def send_photo(
    session: PublicSession, finder: FinderActs, files: FilesDep, picture: PhotoBody, request: Request
) -> PhotoRead:
    """A photo of the person, for those who come. Nobody without an account can look at it again."""
    _take_part(finder, Verb.LOOK_FOR)
    vault = Vault(session, request.app.state.keyring)
    photo = await pictures.add_photo(session, vault, files, finder.case, PhotoKind.FOUND, picture, service.PUBLIC_ACTOR)
    return PhotoRead.model_validate(photo)


@router.get("/found-reports/{report_id}/messages", response_model=Messages, dependencies=[Depends(PUBLIC)])
async def read_as_finder(session: PublicSession, finder: Finder, request: Request) -> Messages:
    """What finder, family and community wrote to each other."""
    return await relay.read_as_party(session, Vault(session, request.app.state.keyring), finder)


@router.post(
    "/found-reports/{report_id}/messages",
    response_model=MessageSent,
    status_code=status.HTTP_201_CREATED,
    dependencies=[Depends(PUBLIC)],
)
async def write_as_finder(
    session: PublicSession, finder: FinderActs, data: MessageCreate, request: Request
) -> MessageSent:
    return await relay.write_as_party(session, Vault(session, request.app.state.keyring), finder, data.text)


@router.get("/family-links/{token}", response_model=FamilyView, dependencies=[Depends(PUBLIC)])
async def show_family(session: PublicSession, family: Family, request: Request) -> FamilyView:
    """Where the case stands and where to meet, for the contact to whom this link was texted."""
    return await relay.show_family(session, Vault(session, request.app.state.keyring), family)


@router.get("/family-links/{token}/messages", response_model=Messages, dependencies=[Depends(PUBLIC)])
async def read_as_family(session: PublicSession, family: Family, request: Request) -> Messages:
    return await relay.read_as_party(session, Vault(session, request.app.state.keyring), family)


@router.post(
    "/family-links/{token}/messages",
    response_model=MessageSent,
    status_code=status.HTTP_201_CREATED,
    dependencies=[Depends(PUBLIC)],
)
async def write_as_family(
    session: PublicSession, family: FamilyActs, data: MessageCreate, request: Request
) -> MessageSent:
    return await relay.write_as_party(session, Vault(session, request.app.state.keyring), family, data.text)


def _take_part(finder: Party, verb: Verb) -> None:
    """The finder helps while the person is still out there."""
    if finder.case.state not in service.TRANSITIONS[verb].sources:
        raise RelayClosed
    service.move(finder.case, verb)

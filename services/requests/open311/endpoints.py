"""For the gateway only, which speaks Open311 to clients: it knows their keys and formats, this service the rest."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, File, Form, Query, Request, Response, UploadFile
from pydantic import Json

from services.requests.open311 import presentation, service
from services.requests.open311.auth import Open311Read, Open311Write
from services.requests.open311.schemas import Jurisdiction, RequestQuery, Submission, UpdateQuery, UpdateSubmission
from shared.errors import language_of
from shared.files import FilesDep
from shared.photos import CleanPhoto, as_jpeg, clean_photo
from shared.routing import Router
from shared.sessions import Session, SignerDep, VaultDep

MOST_PHOTOS = 3
"""That come with a submission."""

router = Router(prefix="/internal/open311")

Community = Annotated[Jurisdiction | None, Query()]


async def _language(request: Request) -> str:
    return language_of(request.headers.get("accept-language"))


async def _pictures(photos: Annotated[list[UploadFile], File(max_length=MOST_PHOTOS)] = []) -> list[CleanPhoto]:  # noqa: B006
    """Read before the transaction begins: it takes some 50 ms each."""
    return [await clean_photo(await photo.read()) for photo in photos]


Language = Annotated[str, Depends(_language)]
Pictures = Annotated[list[CleanPhoto], Depends(_pictures)]


@router.get("/services", include_in_schema=False)
async def list_services(
    principal: Open311Read, session: Session, language: Language, jurisdiction_id: Community = None
) -> list[dict[str, Any]]:
    """What may be asked for."""
    return await service.list_services(session, principal, jurisdiction_id, language)


@router.get("/services/{code}", include_in_schema=False)
async def get_definition(
    principal: Open311Read, session: Session, language: Language, code: str, jurisdiction_id: Community = None
) -> dict[str, Any]:
    """What is asked besides the description."""
    return await service.get_definition(session, principal, jurisdiction_id, code, language)


@router.get("/requests", include_in_schema=False)
async def list_requests(
    *,
    principal: Open311Read,
    session: Session,
    vault: VaultDep,
    language: Language,
    query: Annotated[RequestQuery, Query()],
) -> list[dict[str, Any]]:
    return await service.list_requests(session, vault, principal, query, language)


@router.get("/requests/named", include_in_schema=False)
async def get_requests(
    *,
    principal: Open311Read,
    session: Session,
    vault: VaultDep,
    language: Language,
    query: Annotated[RequestQuery, Query()],
) -> list[dict[str, Any]]:
    return await service.get_requests(session, vault, principal, query, language)


@router.post("/requests", include_in_schema=False)
async def submit_request(
    *,
    principal: Open311Write,
    pictures: Pictures,
    session: Session,
    vault: VaultDep,
    signer: SignerDep,
    files: FilesDep,
    language: Language,
    data: Annotated[Json[Submission], Form()],
    request: Request,
) -> list[dict[str, Any]]:
    """Take a client's submission in."""
    made = await service.submit(
        session=session,
        vault=vault,
        signer=signer,
        files=files,
        locator=request.app.state.locator,
        principal=principal,
        data=data,
        pictures=pictures,
        language=language,
    )
    return [presentation.receipt(made, language)]


@router.get("/updates", include_in_schema=False)
async def list_updates(
    *,
    principal: Open311Read,
    session: Session,
    vault: VaultDep,
    language: Language,
    query: Annotated[UpdateQuery, Query()],
) -> list[dict[str, Any]]:
    return await service.list_updates(session, vault, principal, query, language)


@router.post("/updates", include_in_schema=False)
async def add_update(
    principal: Open311Write, session: Session, vault: VaultDep, data: UpdateSubmission
) -> list[dict[str, Any]]:
    """Write down what a client's user says of their request."""
    return [{"update_id": str(await service.add_update(session, vault, principal, data))}]


@router.get("/tokens/{token}", include_in_schema=False)
async def get_token(
    principal: Open311Read, session: Session, token: str, jurisdiction_id: Community = None
) -> list[dict[str, Any]]:
    return [await service.get_token(session, principal, jurisdiction_id, token)]


@router.get("/update-tokens/{token}", include_in_schema=False)
async def get_update_token(
    principal: Open311Read, session: Session, token: str, jurisdiction_id: Community = None
) -> list[dict[str, Any]]:
    return [await service.get_update_token(session, principal, jurisdiction_id, token)]


@router.get("/media/{community_code}/{photo_id}", include_in_schema=False)
async def show_photo(
    *,
    principal: Open311Read,
    session: Session,
    vault: VaultDep,
    files: FilesDep,
    community_code: Jurisdiction,
    photo_id: UUID,
) -> Response:
    """A photo that everybody may see."""
    return as_jpeg(await service.show_photo(session, vault, files, principal, community_code, photo_id))

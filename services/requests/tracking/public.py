"""What anyone with a reference may ask, and what the browser that opened a link may say."""

from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Header, Request, Response, status

from services.requests.attachments.service import attach_photo, open_picture
from services.requests.closing import service as closing
from services.requests.closing.schemas import Callback
from services.requests.ratings import service as ratings
from services.requests.ratings.schemas import RatingCreate
from services.requests.service_requests import service
from services.requests.service_requests.models import Visibility
from services.requests.service_requests.schemas import UpdateCreate, UpdateKind
from services.requests.tracking import links, photos, repository
from services.requests.tracking.holders import LinkHolder
from services.requests.tracking.models import RequestLookup
from services.requests.tracking.schemas import (
    LinkWish,
    Opened,
    Opening,
    Said,
    Tracked,
    TrackedPhoto,
    TrackedRating,
    Verdict,
)
from services.requests.tracking.view import tracked
from shared.auth import PUBLIC
from shared.db import AsyncSession
from shared.files import FilesDep
from shared.photo_files import PhotoSize
from shared.photos import PHOTO_ANSWER, PHOTO_BODY, PhotoBody, as_jpeg
from shared.routing import Router
from shared.sessions import PublicSession
from shared.vault import Vault

router = Router(prefix="/v1/public/tracked-requests/{reference}", tags=["public"])

Browser = Annotated[str, Header(alias="Tracking-Session", max_length=100)]


@dataclass(frozen=True, slots=True)
class Held:
    """A request and whoever speaks as its requester, within the transaction."""

    session: AsyncSession
    vault: Vault
    lookup: RequestLookup
    holder: LinkHolder


async def _held(session: PublicSession, reference: str, request: Request, browser: Browser = "") -> Held:
    """Raises ReferenceUnknown, NotTheHolder."""
    lookup = await links.look_up(session, reference)
    return Held(session, _vault(request, session), lookup, await links.get_holder(session, lookup, browser))


HeldDep = Annotated[Held, Depends(_held, scope="function")]


@router.get("", response_model=Tracked, dependencies=[Depends(PUBLIC)])
async def track_request(
    session: PublicSession, reference: str, request: Request, browser: Browser = ""
) -> dict[str, Any]:
    """How it stands. With the session of an opened link, everything that the requester may read."""
    lookup = await links.look_up(session, reference)
    holder = await links.find_holder(session, lookup, browser)
    row = await repository.get_request(session, lookup)
    return await tracked(session, _vault(request, session), row, holder)


@router.post("/open", response_model=Opened, dependencies=[Depends(PUBLIC)])
async def open_request(session: PublicSession, reference: str, data: Opening, request: Request) -> dict[str, Any]:
    """Use the one-time link (whoever opens it first holds it), or the code of an anonymous request."""
    lookup = await links.look_up(session, reference)
    if data.token:
        browser, until = await links.open_link(session, lookup, data.token)
    else:
        browser, until = await links.open_by_code(session, request.app.state.keyring, lookup, data.code or "")
    return {"session": browser, "until": until}


@router.post("/ask-for-link", status_code=status.HTTP_202_ACCEPTED, dependencies=[Depends(PUBLIC)])
async def ask_for_link(session: PublicSession, reference: str, data: LinkWish, request: Request) -> None:
    """A new link goes to the phone that was left, if the digits are its last. The answer is the same if not."""
    lookup = await links.look_up(session, reference)
    await links.ask_for_link(session, _vault(request, session), lookup, data.phone_end)


@router.post("/comment", status_code=status.HTTP_204_NO_CONTENT, dependencies=[Depends(PUBLIC)])
async def add_comment(held: HeldDep, data: Said) -> None:
    """Add something, or answer what the office asked: the clock then runs on."""
    row = await repository.get_request(held.session, held.lookup)
    kind = UpdateKind.ANSWER if row.paused_at is not None else UpdateKind.COMMENT
    update = UpdateCreate(kind=kind, text=data.text)
    await service.add_update(held.session, held.vault, held.holder, held.lookup.request_id, update)


@router.post("/confirm", status_code=status.HTTP_204_NO_CONTENT, dependencies=[Depends(PUBLIC)])
async def confirm(held: HeldDep, data: Verdict) -> None:
    """It is solved."""
    await closing.confirm(held.session, held.vault, held.holder, held.lookup.request_id, Callback(text=data.text))


@router.post("/reopen", status_code=status.HTTP_204_NO_CONTENT, dependencies=[Depends(PUBLIC)])
async def reopen(held: HeldDep, data: Verdict) -> None:
    """It is not solved."""
    await closing.reopen(held.session, held.vault, held.holder, held.lookup.request_id, Callback(text=data.text))


@router.post("/rating", status_code=status.HTTP_204_NO_CONTENT, dependencies=[Depends(PUBLIC)])
async def rate(held: HeldDep, data: TrackedRating) -> None:
    """Judge the outcome, once."""
    rating = RatingCreate(**data.model_dump())
    await ratings.rate(held.session, held.vault, held.holder, held.lookup.request_id, rating)


@router.post("/withdraw", status_code=status.HTTP_204_NO_CONTENT, dependencies=[Depends(PUBLIC)])
async def withdraw(held: HeldDep, data: Verdict) -> None:
    """Take it back."""
    await service.withdraw(held.session, held.vault, held.holder, held.lookup.request_id, data.text)


@router.post(
    "/photos",
    response_model=TrackedPhoto,
    status_code=status.HTTP_201_CREATED,
    openapi_extra=PHOTO_BODY,
    dependencies=[Depends(PUBLIC)],
)
async def add_photo(held: HeldDep, picture: PhotoBody, files: FilesDep) -> dict[str, Any]:
    """Attach a photo: the body is the picture itself."""
    photo = await attach_photo(
        held.session, held.vault, files, held.holder, held.lookup.request_id, picture, Visibility.PUBLIC
    )
    return photos.shown(photo)


@router.get("/photos/{photo_id}", response_class=Response, responses=PHOTO_ANSWER, dependencies=[Depends(PUBLIC)])
async def get_photo(
    *,
    session: PublicSession,
    reference: str,
    photo_id: UUID,
    request: Request,
    files: FilesDep,
    size: PhotoSize = PhotoSize.FULL,
    browser: Browser = "",
) -> Response:
    """The picture as JPEG; without an opened link one that the office released."""
    lookup = await links.look_up(session, reference)
    holder = await links.find_holder(session, lookup, browser)
    row = await repository.get_request(session, lookup)
    photo = await photos.get_photo(session, row, holder, photo_id)
    return as_jpeg(await open_picture(_vault(request, session), files, photo, size))


def _vault(request: Request, session: AsyncSession) -> Vault:
    return Vault(session, request.app.state.keyring)

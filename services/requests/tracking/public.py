"""What anyone with a reference may ask, and what the browser that opened a link may say."""

from typing import Annotated, Any

from fastapi import Depends, Header, Request, status

from services.requests.service_requests import closing, service
from services.requests.service_requests.schemas import Callback, RatingCreate, UpdateCreate, UpdateKind
from services.requests.tracking import links, repository
from services.requests.tracking.schemas import LinkWish, Opened, Opening, Said, Tracked, TrackedRating, Verdict
from services.requests.tracking.view import tracked
from shared.auth import PUBLIC
from shared.routing import Router
from shared.sessions import PublicSession
from shared.vault import Vault

router = Router(prefix="/v1/public/tracked-requests/{reference}", tags=["public"])

Browser = Annotated[str, Header(alias="Tracking-Session", max_length=100)]


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
async def open_link(session: PublicSession, reference: str, data: Opening) -> dict[str, Any]:
    """Use the one-time link. Whoever opens it first holds it."""
    lookup = await links.look_up(session, reference)
    browser, until = await links.open_link(session, lookup, data.token)
    return {"session": browser, "until": until}


@router.post("/ask-for-link", status_code=status.HTTP_202_ACCEPTED, dependencies=[Depends(PUBLIC)])
async def ask_for_link(session: PublicSession, reference: str, data: LinkWish, request: Request) -> None:
    """A new link goes to the phone that was left, if the digits are its last. The answer is the same if not."""
    lookup = await links.look_up(session, reference)
    await links.ask_for_link(session, _vault(request, session), lookup, data.phone_end)


@router.post("/comment", status_code=status.HTTP_204_NO_CONTENT, dependencies=[Depends(PUBLIC)])
async def add_comment(
    session: PublicSession, reference: str, data: Said, request: Request, browser: Browser = ""
) -> None:
    """Add something, or answer what the office asked: the clock then runs on."""
    lookup = await links.look_up(session, reference)
    holder = await links.get_holder(session, lookup, browser)
    row = await repository.get_request(session, lookup)
    kind = UpdateKind.ANSWER if row.paused_at is not None else UpdateKind.COMMENT
    update = UpdateCreate(kind=kind, text=data.text)
    await service.add_update(session, _vault(request, session), holder, lookup.request_id, update)


@router.post("/confirm", status_code=status.HTTP_204_NO_CONTENT, dependencies=[Depends(PUBLIC)])
async def confirm(
    session: PublicSession, reference: str, data: Verdict, request: Request, browser: Browser = ""
) -> None:
    """It is solved."""
    lookup = await links.look_up(session, reference)
    holder = await links.get_holder(session, lookup, browser)
    await closing.confirm(session, _vault(request, session), holder, lookup.request_id, Callback(text=data.text))


@router.post("/reopen", status_code=status.HTTP_204_NO_CONTENT, dependencies=[Depends(PUBLIC)])
async def reopen(
    session: PublicSession, reference: str, data: Verdict, request: Request, browser: Browser = ""
) -> None:
    """It is not solved."""
    lookup = await links.look_up(session, reference)
    holder = await links.get_holder(session, lookup, browser)
    await closing.reopen(session, _vault(request, session), holder, lookup.request_id, Callback(text=data.text))


@router.post("/rating", status_code=status.HTTP_204_NO_CONTENT, dependencies=[Depends(PUBLIC)])
async def rate(
    session: PublicSession, reference: str, data: TrackedRating, request: Request, browser: Browser = ""
) -> None:
    """Judge the outcome, once."""
    lookup = await links.look_up(session, reference)
    holder = await links.get_holder(session, lookup, browser)
    rating = RatingCreate(**data.model_dump())
    await closing.rate(session, _vault(request, session), holder, lookup.request_id, rating)


def _vault(request: Request, session: PublicSession) -> Vault:
    return Vault(session, request.app.state.keyring)

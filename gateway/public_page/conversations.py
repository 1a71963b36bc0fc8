"""The pages on which finder and family follow a case and write to each other."""

import asyncio
from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from fastapi import Depends, File, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from gateway.cards.service import get_public_card
from gateway.limits import address_of
from gateway.public_page import reporting, talking
from gateway.public_page.page import Talk, render, render_family
from gateway.public_page.talking import MessageForm, MovedForm
from shared.auth import PUBLIC
from shared.errors import NotFound
from shared.http_client import UpstreamUnavailable
from shared.limits import TooManyRequests
from shared.routing import Router

router = Router(tags=["public page"])

SENT = {
    "sightings": "位置已更新, 谢谢! The place was updated. Thank you!",
    "photos": "照片已发送, 谢谢! The photo was sent. Thank you!",
}
REPORT = "/c/{code}/reports/{report_id}"


@router.get(REPORT, include_in_schema=False, dependencies=[Depends(PUBLIC)])
async def follow_report(
    request: Request,
    code: str,
    report_id: UUID,
    token: Annotated[str, Query(max_length=200)] = "",
    sent: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """What became of a report: received, on the way, safe, or ended; and the messages."""
    request.app.state.limits.of_public("GET", request.url.path, address_of(request))
    talk = Talk(_report_address(code, report_id), token=token, sent=SENT.get(sent, ""))
    return await _show_report(request, code, report_id, talk)


@router.post(f"{REPORT}/messages", include_in_schema=False, dependencies=[Depends(PUBLIC)])
async def write_as_finder(
    request: Request, code: str, report_id: UUID, form: Annotated[MessageForm, Form()]
) -> Response:
    async def send() -> None:
        path = f"{talking.finder_path(report_id)}/messages"
        headers = talking.follow_header(form.token)
        await talking.send(request.app.state, path, {"text": form.text}, headers, form.key)

    talk = Talk(_report_address(code, report_id), token=form.token, text=form.text)
    if await _tried(request, talk, send):
        return _back(f"{talk.action}?token={quote(form.token, safe='')}#messages")
    return await _show_report(request, code, report_id, talk)


@router.post(f"{REPORT}/sightings", include_in_schema=False, dependencies=[Depends(PUBLIC)])
async def say_where(request: Request, code: str, report_id: UUID, form: Annotated[MovedForm, Form()]) -> Response:
    async def send() -> None:
        body = form.sighting()
        if not body:
            raise reporting.NotAccepted(talking.NOWHERE)
        path = f"{talking.finder_path(report_id)}/sightings"
        await talking.send(request.app.state, path, body, talking.follow_header(form.token), form.key)

    talk = Talk(_report_address(code, report_id), token=form.token)
    if await _tried(request, talk, send):
        return _back(f"{talk.action}?token={quote(form.token, safe='')}&sent=sightings")
    return await _show_report(request, code, report_id, talk)


@router.post(f"{REPORT}/photos", include_in_schema=False, dependencies=[Depends(PUBLIC)])
async def send_photo(
    request: Request,
    code: str,
    report_id: UUID,
    picture: Annotated[bytes, File()],
    key: Annotated[talking.Key, Form()],
    token: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    async def send() -> None:
        path = f"{talking.finder_path(report_id)}/photos"
        await talking.send_photo(request.app.state, path, picture, talking.follow_header(token), key)

    talk = Talk(_report_address(code, report_id), token=token)
    if await _tried(request, talk, send):
        return _back(f"{talk.action}?token={quote(token, safe='')}&sent=photos")
    return await _show_report(request, code, report_id, talk)


@router.get("/f/{token}", include_in_schema=False, dependencies=[Depends(PUBLIC)])
async def show_family(request: Request, token: str) -> Response:
    """What a family contact reads after the text: where to meet, and the messages."""
    request.app.state.limits.of_public("GET", request.url.path, address_of(request))
    return await _show_family(request, token, Talk(_family_address(token)))


@router.post("/f/{token}/messages", include_in_schema=False, dependencies=[Depends(PUBLIC)])
async def write_as_family(request: Request, token: str, form: Annotated[MessageForm, Form()]) -> Response:
    async def send() -> None:
        path = f"{talking.family_path(token)}/messages"
        await talking.send(request.app.state, path, {"text": form.text}, {}, form.key)

    talk = Talk(_family_address(token), text=form.text)
    if await _tried(request, talk, send):
        return _back(f"{talk.action}#messages")
    return await _show_family(request, token, talk)


async def _tried(request: Request, talk: Talk, send) -> bool:
    """Send, once counted; if it fails, `talk` says why in both languages."""
    try:
        request.app.state.limits.of_public("POST", request.url.path, address_of(request))
        await send()
    except TooManyRequests:
        talk.failed = talking.TOO_MANY
    except UpstreamUnavailable:
        talk.failed = talking.NOT_SENT
    except reporting.NotAccepted as refusal:
        talk.failed = refusal.reason
    return not talk.failed


async def _show_report(request: Request, code: str, report_id: UUID, talk: Talk) -> Response:
    state, fallback = request.app.state, request.app.state.settings.fallback_hotline
    path, headers = talking.finder_path(report_id), talking.follow_header(talk.token)
    try:
        report, messages, card = await asyncio.gather(
            talking.read(state, path, headers),
            talking.read(state, f"{path}/messages", headers),
            get_public_card(state, code, is_scan=False),
        )
    except NotFound:
        return render(status=404, hotline=fallback)
    except UpstreamUnavailable:
        return render(status=503, hotline=fallback, away=True, failed=talk.failed)
    talk.messages, talk.is_open = messages["items"], messages["is_open"]
    here = f"{talk.action}?token={quote(talk.token, safe='')}"
    status = 422 if talk.failed else 200
    return render(status=status, card=card, hotline=card.hotline, report=report["state"], here=here, talk=talk)


async def _show_family(request: Request, token: str, talk: Talk) -> Response:
    state, path = request.app.state, talking.family_path(token)
    hotline = asyncio.ensure_future(talking.hotline_of(state, token))
    try:
        family, messages = await asyncio.gather(
            talking.read(state, path, {}), talking.read(state, f"{path}/messages", {})
        )
    except NotFound:
        return render_family(status=404, hotline=await hotline)
    except UpstreamUnavailable:
        return render_family(status=503, hotline=await hotline, away=True)
    talk.messages, talk.is_open = messages["items"], messages["is_open"]
    status = 422 if talk.failed else 200
    return render_family(status=status, hotline=await hotline, family=family, talk=talk, here=talk.action)


def _back(address: str) -> Response:
    return RedirectResponse(address, status_code=303)


def _report_address(code: str, report_id: UUID) -> str:
    return f"/c/{quote(code, safe='')}/reports/{report_id}"


def _family_address(token: str) -> str:
    return f"/f/{quote(token, safe='')}"

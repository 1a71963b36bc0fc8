from collections.abc import Awaitable, Callable
from typing import Annotated
from urllib.parse import quote
from uuid import UUID

from fastapi import Depends, File, Form, Query, Request
from starlette.responses import RedirectResponse, Response

from gateway.limits import address_of
from gateway.public_page.talking import Key, hotline_in
from gateway.tracking_page import asking
from gateway.tracking_page.asking import TrackingForm, Verb
from gateway.tracking_page.page import LANGUAGES, Page, render
from shared.auth import PUBLIC
from shared.errors import NotFound, language_of
from shared.http_client import UpstreamUnavailable
from shared.limits import TooManyRequests
from shared.photos import as_jpeg
from shared.routing import Router

router = Router(tags=["public page"])

COOKIE = "tracking"
"""Holds the secret of the browser that opened a link; sent to that request's page only."""
REMEMBERED_SECONDS = 30 * 24 * 3600

Language = Annotated[str, Query(max_length=5, alias="lang")]


@router.get("/r", include_in_schema=False, dependencies=[Depends(PUBLIC)])
async def find_request(
    request: Request, lang: Language = "", reference: Annotated[str, Query(max_length=20)] = ""
) -> Response:
    """Where a reference is typed."""
    if reference.strip():
        return RedirectResponse(_address(reference.strip(), _language(request, lang)), status_code=303)
    return render(_page(request, lang))


@router.get("/r/{reference}", include_in_schema=False, dependencies=[Depends(PUBLIC)])
async def show_request(
    *,
    request: Request,
    reference: str,
    lang: Language = "",
    link: Annotated[str, Query(max_length=100)] = "",
    done: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """How a request stands. A link in the address is opened by the button on the page, not by looking at it."""
    page = _page(request, lang)
    page.token, page.done = link, done
    return await _show(request, reference, page)


@router.get("/r/{reference}/photos/{photo_id}", include_in_schema=False, dependencies=[Depends(PUBLIC)])
async def show_photo(request: Request, reference: str, photo_id: UUID) -> Response:
    """A photo on the page."""
    request.app.state.limits.of_tracking(address_of(request))
    return as_jpeg(await asking.read_photo(request.app.state, reference, photo_id, _browser(request)))


@router.post("/r/{reference}/photo", include_in_schema=False, dependencies=[Depends(PUBLIC)])
async def send_photo(
    *,
    request: Request,
    reference: str,
    picture: Annotated[bytes, File()],
    key: Annotated[Key, Form()],
    lang: Language = "",
) -> Response:
    """Add a photo as the holder of a link."""

    async def send() -> str:
        await asking.send_photo(request.app.state, reference, picture, key, _browser(request))
        return ""

    return await _said(request, reference, _page(request, lang), "photo", send)


@router.post("/r/{reference}/{verb}", include_in_schema=False, dependencies=[Depends(PUBLIC)])
async def say(
    *, request: Request, reference: str, verb: Verb, form: Annotated[TrackingForm, Form()], lang: Language = ""
) -> Response:
    """Open a link, or say something as its holder; what went wrong is said on the page."""
    page = _page(request, lang)
    page.typed = form.text
    return await _said(
        request,
        reference,
        page,
        verb,
        lambda: asking.send(request.app.state, reference, verb, form, _browser(request)),
    )


async def _said(
    request: Request, reference: str, page: Page, verb: str, send: Callable[[], Awaitable[str]]
) -> Response:
    """Send, once counted. Then the page anew, so that reloading sends nothing; or with what went wrong."""
    opened = ""
    try:
        request.app.state.limits.of_tracking_post(verb, reference, address_of(request))
        opened = await send()
    except TooManyRequests:
        page.failed = page.status = 429
    except UpstreamUnavailable:
        page.failed = page.status = 503
    except asking.NotAccepted as refusal:
        page.failed, page.status, page.why = refusal.status, refusal.status, refusal.code
    if page.failed:
        return await _show(request, reference, page)
    answer = RedirectResponse(f"{_address(reference, page.language)}&done={verb}", status_code=303)
    if opened:
        _remember(request, answer, reference, opened)
    return answer


async def _show(request: Request, reference: str, page: Page) -> Response:
    state, path = request.app.state, f"/r/{quote(reference, safe='')}"
    try:
        state.limits.of_tracking(address_of(request))
        page.tracked = await asking.read(state, reference, _browser(request))
        page.hotline = await hotline_in(state, page.tracked["community_code"])
    except NotFound:
        state.limits.unknown_codes.hit(address_of(request))
        page.status, page.is_unknown = 404, True
    except TooManyRequests as limit:
        page.status = page.failed = 429
        answer = render(page)
        answer.headers.update(limit.headers)
        return answer
    except UpstreamUnavailable:
        page.status, page.is_away = 503, True
    if page.tracked:
        page.path = f"/r/{page.tracked['reference']}"
        if path != page.path and request.method == "GET":
            return RedirectResponse(f"{page.path}?{request.url.query}", status_code=307)
    return render(page)


def _page(request: Request, lang: str) -> Page:
    return Page(_language(request, lang), request.app.state.settings.fallback_hotline)


def _language(request: Request, chosen: str) -> str:
    return chosen if chosen in LANGUAGES else language_of(request.headers.get("accept-language"))


def _browser(request: Request) -> str:
    return request.cookies.get(COOKIE, "")


def _remember(request: Request, answer: Response, reference: str, browser: str) -> None:
    """For this request's page, in this browser, out of reach of scripts and of forms on other sites."""
    answer.set_cookie(
        COOKIE,
        browser,
        max_age=REMEMBERED_SECONDS,
        path=f"/r/{quote(reference, safe='')}",
        secure=request.app.state.settings.public_url.startswith("https:"),
        httponly=True,
        samesite="lax",
    )


def _address(reference: str, language: str) -> str:
    return f"/r/{quote(reference, safe='')}?lang={language}"

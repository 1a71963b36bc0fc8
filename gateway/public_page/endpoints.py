from typing import Annotated
from urllib.parse import quote

from fastapi import Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from gateway.cards.service import get_public_card, scan_card
from gateway.limits import address_of
from gateway.public_page import reporting
from gateway.public_page.page import render
from gateway.public_page.reporting import ReportForm
from shared.auth import PUBLIC
from shared.errors import NotFound
from shared.http_client import UpstreamUnavailable
from shared.limits import TooManyRequests
from shared.routing import Router

router = Router(tags=["public page"])


@router.get("/c/{code}", include_in_schema=False, dependencies=[Depends(PUBLIC)])
async def show_card(request: Request, code: str) -> Response:
    """What a finder sees after scanning a card."""
    state = request.app.state
    try:
        card, _ = await scan_card(state, code, address_of(request))
    except NotFound:
        return render(status=404, hotline=state.settings.fallback_hotline)
    except TooManyRequests as limit:
        answer = render(status=429, hotline=state.settings.fallback_hotline, away=True)
        answer.headers.update(limit.headers)
        return answer
    except UpstreamUnavailable:
        return render(status=503, hotline=state.settings.fallback_hotline, away=True)
    return render(card=card, hotline=card.hotline, action=_address(code))


@router.post("/c/{code}", include_in_schema=False, dependencies=[Depends(PUBLIC)])
async def report_found_person(request: Request, code: str, form: Annotated[ReportForm, Form()]) -> Response:
    """Send the report; the same form sent twice is one report. On success, the page that follows it."""
    try:
        request.app.state.limits.of_public("POST", f"/c/{code}", address_of(request))
        sent = await reporting.send_report(request, code, form)
    except TooManyRequests:
        return await _again(request, code, form, 429, reporting.TOO_MANY)
    except UpstreamUnavailable:
        return await _again(request, code, form, 503, reporting.NOT_SENT)
    except reporting.NotAccepted as refusal:
        return await _again(request, code, form, 422, refusal.reason, refusal.errors)
    address = f"{_address(code)}/reports/{sent['report_id']}?token={quote(sent['follow_token'], safe='')}"
    return RedirectResponse(address, status_code=303)


async def _again(
    request: Request, code: str, form: ReportForm, status: int, why: str, errors: dict[str, str] | None = None
) -> Response:
    """The form as it was filled in, with what went wrong and still with whom to call."""
    hotline = request.app.state.settings.fallback_hotline
    try:
        card = await get_public_card(request.app.state, code, is_scan=False)
    except NotFound:
        return render(status=404, hotline=hotline)
    except UpstreamUnavailable:
        return render(status=503, hotline=hotline, away=True, failed=why)
    return render(
        status=status,
        card=card,
        hotline=hotline,
        failed=why,
        action=_address(code),
        values=form.shown(),
        errors=errors,
        key=form.key,
    )


def _address(code: str) -> str:
    return f"/c/{quote(code, safe='')}"

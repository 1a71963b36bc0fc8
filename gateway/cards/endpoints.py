from typing import Annotated, Any, Literal
from uuid import UUID

import httpx
from fastapi import Depends, Query, Request, Response

from gateway.cards import service
from gateway.cards.schemas import PublicCard
from gateway.limits import Limited, address_of
from shared.auth import PUBLIC, Principal, Role, allow
from shared.codes import GridCode
from shared.routing import Router

router = Router(tags=["contact cards"])

CardsPrint = Annotated[Principal, Depends(allow(Role.STAFF, Role.HEAD, Role.GRID_WORKER))]
Responses = dict[int | str, dict[str, Any]]
_SVG: Responses = {200: {"content": {"image/svg+xml": {"schema": {"type": "string"}}}}}
_PDF: Responses = {
    200: {"content": {"application/pdf": {"schema": {"type": "string", "contentMediaType": "application/pdf"}}}}
}


@router.get(
    "/v1/public/contact-cards/{code}", response_model=PublicCard, tags=["public"], dependencies=[Depends(PUBLIC)]
)
async def show_public_card(request: Request, response: Response, code: str) -> PublicCard:
    """Whom to call when you meet somebody who carries this card."""
    card, headers = await service.scan_card(request.app.state, code, address_of(request))
    response.headers.update(headers)
    return card


@router.get("/v1/contact-cards/print.pdf", response_class=Response, responses=_PDF)
async def print_grid_cards(
    request: Request,
    grid_code: Annotated[GridCode, Query()],
    _caller: CardsPrint,
    _limited: Limited,
    kind: Literal["worker", "team"] | None = None,
    undelivered_only: bool = False,
) -> Response:
    """A4 sheets of ten, with cut marks: the cards in use in the grid in the order of their doors, at most 1,000.

    `/v1/contact-cards/delivery-list.pdf` says which of them is whose door's.
    """
    wanted = {"grid_code": grid_code, "kind": kind, "undelivered_only": undelivered_only}
    return _document(await service.print_grid(request, wanted), f"cards-{grid_code}.pdf")


@router.get("/v1/contact-cards/{card_id}/print.svg", response_class=Response, responses=_SVG)
async def print_card_as_svg(request: Request, card_id: UUID, _caller: CardsPrint, _limited: Limited) -> Response:
    """One card, 85.6 × 54 mm, with the contacts of today."""
    return _document(await service.print_card(request, card_id, "svg"), f"card-{card_id}.svg")


@router.get("/v1/contact-cards/{card_id}/print.pdf", response_class=Response, responses=_PDF)
async def print_card_as_pdf(request: Request, card_id: UUID, _caller: CardsPrint, _limited: Limited) -> Response:
    """One card on an A4 sheet."""
    return _document(await service.print_card(request, card_id, "pdf"), f"card-{card_id}.pdf")


def _document(answer: httpx.Response, name: str) -> Response:
    headers = {"Content-Disposition": f'inline; filename="{name}"'}
    return Response(answer.content, media_type=answer.headers["content-type"], headers=headers)

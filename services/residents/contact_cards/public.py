"""What anyone with a card's code may ask, and what the gateway asks to have printed."""

import asyncio

from fastapi import Depends, Request, Response

from services.residents.contact_cards import printing, service
from services.residents.contact_cards.auth import ContactCardsWrite, GatewayOnly
from services.residents.contact_cards.pdf import render_sheet
from services.residents.contact_cards.schemas import Print, PrintFormat, PublicContactCard
from services.residents.contact_cards.svg import render_svg
from shared.auth import PUBLIC
from shared.routing import Router
from shared.sessions import PublicSession, Session, VaultDep

public_router = Router(prefix="/v1/public/contact-cards", tags=["public"])
internal_router = Router(prefix="/internal/contact-cards")


@public_router.get("/{code}", response_model=PublicContactCard, dependencies=[Depends(PUBLIC)])
async def scan_contact_card(session: PublicSession, code: str, request: Request) -> PublicContactCard:
    """Which grid answers for a card. Lost and replaced cards still tell it."""
    return await service.scan_card(session, code, request.app.state.settings)


@internal_router.get("/by-code/{code}", response_model=PublicContactCard, include_in_schema=False)
async def get_by_code(_: GatewayOnly, session: Session, code: str) -> PublicContactCard:
    """The same without counting a scan: the finder has the card open already."""
    return service.shown_publicly(await service.open_by_code(session, code))


@internal_router.post("/print", include_in_schema=False)
async def print_contact_cards(
    principal: ContactCardsWrite, session: Session, vault: VaultDep, data: Print, request: Request
) -> Response:
    """One card as SVG, or cards as PDF sheets, with the contacts that the gateway brought from dispatch."""
    public_url = request.app.state.settings.public_url
    cards = await printing.printed_cards(session, vault, principal, data, public_url)
    if data.format is PrintFormat.SVG:
        return Response(render_svg(cards[0]), media_type="image/svg+xml")
    return Response(await asyncio.to_thread(render_sheet, cards), media_type="application/pdf")

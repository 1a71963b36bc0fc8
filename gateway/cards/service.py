"""Contact cards: residents know the card, dispatch knows whom it names; only here the two meet."""

from typing import Any
from urllib.parse import quote
from uuid import UUID

import httpx
from starlette.datastructures import State
from starlette.requests import Request

from gateway.calls import ask, ask_for
from gateway.cards.schemas import PublicCard
from shared.codes import community_of
from shared.errors import NotFound
from shared.http_client import UpstreamUnavailable

MOST_PRINTED = 1000
"""Cards in one PDF: a hundred sheets."""

_IN_USE = ("issued", "delivered")
_PRINTED = ("grid_name", "worker_name", "worker_phone", "hotline", "community_name")


async def get_public_card(state: State, code: str) -> PublicCard:
    """What the holder of a code may know. Raises NotFound; without dispatch the numbers of last resort remain."""
    card = await ask(state, "residents", "GET", f"/v1/public/contact-cards/{quote(code, safe='')}")
    contact: dict[str, Any] = {}
    unavailable = []
    try:
        path = f"/internal/grids/{card['grid_code']}/contact"
        contact = await ask(state, "dispatch", "GET", path, area=card["community_code"], deadline=2.0)
    except UpstreamUnavailable:
        unavailable.append("dispatch")
    except NotFound:
        contact = {}  # the grid was dissolved after the card was printed
    hotline = contact.get("hotline") or state.settings.fallback_hotline
    return PublicCard(**contact | card | {"hotline": hotline, "unavailable": unavailable})


async def print_card(request: Request, card_id: UUID, form: str) -> httpx.Response:
    """One card, as `svg` or `pdf`."""
    card = (await ask_for(request, "residents", "GET", f"/v1/contact-cards/{card_id}")).json()
    return await _print(request, [card], form)


async def print_grid(request: Request, grid_code: str) -> httpx.Response:
    """Sheets of every card in use in a grid. Raises NotFound when there is none."""
    cards: list[dict[str, Any]] = []
    parameters = {"grid_code": grid_code, "limit": "200"}
    while len(cards) < MOST_PRINTED:
        page = (await ask_for(request, "residents", "GET", "/v1/contact-cards", params=parameters)).json()
        cards += [card for card in page["items"] if card["state"] in _IN_USE]
        if not page["next_cursor"]:
            break
        parameters["cursor"] = page["next_cursor"]
    if not cards:
        raise NotFound
    return await _print(request, cards[:MOST_PRINTED], "pdf")


async def _print(request: Request, cards: list[dict[str, Any]], form: str) -> httpx.Response:
    """The caller was shown these cards by residents, so they may see whom the cards name."""
    codes = sorted({card["grid_code"] for card in cards})
    query = {"grid_codes": codes}
    contacts = await ask(
        request.app.state, "dispatch", "POST", "/internal/grid-contacts", area=community_of(codes[0]), json=query
    )
    printed = {each["grid_code"]: _printed_contact(each) for each in contacts["items"]}
    body = {"card_ids": [card["id"] for card in cards], "contacts": printed, "format": form}
    return await ask_for(request, "residents", "POST", "/internal/contact-cards/print", json=body, deadline=20.0)


def _printed_contact(contact: dict[str, Any]) -> dict[str, Any]:
    named = {name: contact[name] for name in _PRINTED if contact.get(name)}
    return {"community_name": "社区"} | named

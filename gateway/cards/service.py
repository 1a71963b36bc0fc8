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

_PRINTED = ("grid_name", "worker_name", "worker_phone", "hotline", "community_name", "team")
_PUBLIC = "/v1/public/contact-cards/{code}"
_UNCOUNTED = "/internal/contact-cards/by-code/{code}"


async def scan_card(state: State, code: str, address: str) -> tuple[PublicCard, dict[str, str]]:
    """What a card tells whoever scans it at `address`, and the headers of the limits. Guessing codes is slowed.

    Raises NotFound, TooManyRequests, UpstreamUnavailable.
    """
    headers = state.limits.of_scan(code, address)
    try:
        return await get_public_card(state, code), headers
    except NotFound:
        state.limits.of_unknown_code(address)
        raise


async def get_public_card(state: State, code: str, *, is_scan: bool = True) -> PublicCard:
    """What the holder of a code may know. Raises NotFound; without dispatch the numbers of last resort remain.

    `is_scan` is false for a finder who has the card open already. Raises TooManyRequests for a card read too often.
    """
    path = (_PUBLIC if is_scan else _UNCOUNTED).format(code=quote(code, safe=""))
    card = await ask(state, "residents", "GET", path)
    contact: dict[str, Any] = {}
    unavailable = []
    try:
        path = f"/internal/grids/{card['grid_code']}/contact"
        contact = await ask(state, "dispatch", "GET", path, area=card["community_code"], deadline=2.0)
    except UpstreamUnavailable:
        unavailable.append("dispatch")
    except NotFound:
        contact = {}  # the grid was dissolved after the card was printed
    if card["kind"] != "team":
        contact.pop("team", None)
    hotline = contact.get("hotline") or state.settings.fallback_hotline
    return PublicCard(**contact | card | {"hotline": hotline, "unavailable": unavailable})


async def print_card(request: Request, card_id: UUID, form: str) -> httpx.Response:
    """One card, as `svg` or `pdf`."""
    card = (await ask_for(request, "residents", "GET", f"/v1/contact-cards/{card_id}")).json()
    return await _print(request, [card["grid_code"]], {"card_ids": [card["id"]], "format": form})


async def print_grid(request: Request, wanted: dict[str, Any]) -> httpx.Response:
    """Sheets of the cards in use in a grid, in the order of their doors. Raises NotFound when there is none."""
    return await _print(request, [wanted["grid_code"]], {"grid": wanted, "format": "pdf"})


async def _print(request: Request, grid_codes: list[str], what: dict[str, Any]) -> httpx.Response:
    """Residents decides whether the caller may have these cards; dispatch is asked in the gateway's own name."""
    query = {"grid_codes": grid_codes}
    area = community_of(grid_codes[0])
    contacts = await ask(request.app.state, "dispatch", "POST", "/internal/grid-contacts", area=area, json=query)
    printed = {each["grid_code"]: _printed_contact(each) for each in contacts["items"]}
    body = what | {"contacts": printed}
    return await ask_for(request, "residents", "POST", "/internal/contact-cards/print", json=body, deadline=20.0)


def _printed_contact(contact: dict[str, Any]) -> dict[str, Any]:
    named = {name: contact[name] for name in _PRINTED if contact.get(name)}
    return {"community_name": "社区"} | named

"""A resident's first screen: what became of their requests, whom to call, what the shops nearby offer today."""

import asyncio
from collections.abc import Awaitable
from typing import Annotated, Any

from fastapi import Depends, Request

from gateway.limits import Limited
from gateway.screens.parts import gather_parts, read, read_as_gateway, read_items
from gateway.screens.schemas import HomeScreen
from shared.auth import Principal, Role, allow
from shared.clock import china_today
from shared.errors import NotFound
from shared.http_client import UpstreamUnavailable
from shared.routing import Router

router = Router(tags=["screens"])

Resident = Annotated[Principal, Depends(allow(Role.RESIDENT))]
_SHOWN = 10


@router.get("/v1/home", response_model=HomeScreen)
async def show_home(request: Request, principal: Resident, _limited: Limited) -> dict[str, Any]:
    """Requests, household card, grid worker, today's offers near home, unread notices.

    No part is worth more than the others, so the screen fails only when all of them do.
    """
    contact = asyncio.ensure_future(_contact(request, principal))
    return await gather_parts(
        requests=read_items(request, "requests", "/v1/service-requests", limit=_SHOWN),
        card=_card(request, principal),
        worker=contact,
        offers=_offers(request, contact),
        notices=read_items(request, "residents", "/v1/notices", unread="true", limit=_SHOWN),
    )


async def _card(request: Request, principal: Principal) -> dict[str, Any]:
    return await read(request, "residents", f"{_household(principal)}/card")


async def _contact(request: Request, principal: Principal) -> dict[str, Any]:
    """The contact of the grid that the household is in now: a token's grid is as old as its sign-in."""
    grid_code = (await read(request, "residents", _household(principal)))["grid_code"]
    if grid_code is None:
        raise NotFound
    path = f"/internal/grids/{grid_code}/contact"
    contact = await read_as_gateway(request, "dispatch", path, area=principal.community_code)
    return contact | {"hotline": contact["hotline"] or request.app.state.settings.fallback_hotline}


async def _offers(request: Request, contact: Awaitable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Nearest first; while nobody can say where home is, in their own order."""
    near = {}
    try:
        place = await contact
        if place["longitude"] is not None:
            near = {"longitude": place["longitude"], "latitude": place["latitude"], "crs": "wgs84"}
    except (NotFound, UpstreamUnavailable):
        near = {}
    today = china_today().isoformat()
    return await read_items(request, "merchants", "/v1/offers", on=today, limit=_SHOWN, **near)


def _household(principal: Principal) -> str:
    if principal.household_id is None:
        raise NotFound
    return f"/v1/households/{principal.household_id}"

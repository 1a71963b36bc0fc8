"""Screens are gathered from several services at once; one that is away takes only its own part with it."""

import asyncio
from collections.abc import Awaitable
from typing import Any

import structlog
from starlette.requests import Request

from gateway.calls import Refused, ask, ask_for
from shared.errors import NotFound
from shared.http_client import UpstreamUnavailable

log = structlog.get_logger(__name__)

PART_SECONDS = 2.0
"""The deadline of each call. People look at the screen meanwhile: a part that takes longer is left out."""


async def read(request: Request, service: str, path: str, **parameters: Any) -> Any:
    """What a service answers the caller of `request`.

    Raises NotFound, Refused for a token that is no longer good, and UpstreamUnavailable for everything else.
    """
    try:
        answer = await ask_for(request, service, "GET", path, params=parameters, deadline=PART_SECONDS)
    except Refused as refusal:
        if refusal.status == 404:
            raise NotFound from refusal
        if refusal.status == 401:
            raise
        log.warning("screen_part_refused", upstream=service, code=refusal.code)
        raise UpstreamUnavailable(service) from refusal
    return answer.json()


async def read_items(request: Request, service: str, path: str, **parameters: Any) -> list[dict[str, Any]]:
    """The first page of a list."""
    return (await read(request, service, path, **parameters))["items"]


async def read_as_gateway(request: Request, service: str, path: str, *, area: str) -> Any:
    """What only the gateway may ask, within the caller's `area`. Raises NotFound, UpstreamUnavailable."""
    return await ask(request.app.state, service, "GET", path, area=area, deadline=PART_SECONDS)


async def gather_parts(essential: str | None = None, /, **parts: Awaitable[Any]) -> dict[str, Any]:
    """Every part by its name, and in `unavailable` the services that gave none.

    A part is None when its service is away or has nothing. Raises UpstreamUnavailable when the essential part is
    missing, or when nothing at all could be had.
    """
    answers = dict(zip(parts, await asyncio.gather(*parts.values(), return_exceptions=True), strict=True))
    missing: dict[str, UpstreamUnavailable] = {}
    for name, answer in answers.items():
        if isinstance(answer, UpstreamUnavailable):
            missing[name] = answer
        elif isinstance(answer, BaseException) and not isinstance(answer, NotFound):
            raise answer
    if essential in missing:
        raise missing[essential]
    if len(missing) == len(parts):
        raise next(iter(missing.values()))
    screen = {name: None if isinstance(answer, BaseException) else answer for name, answer in answers.items()}
    return screen | {"unavailable": sorted({problem.name for problem in missing.values()})}

"""What the requests service is asked, for whoever has no key or in the name of the client whose key was sent."""

from typing import Any

import httpx
from starlette.requests import Request

from gateway.accounts.models import Client
from gateway.accounts.service import client_claims
from gateway.limits import Limits, address_of
from gateway.open311.errors import KeyRefused, refused
from gateway.open311.keys import find_client_by_key
from gateway.open311.parameters import Parameters
from gateway.tables import GLOBAL
from shared.codes import EVERYWHERE
from shared.errors import invalid, language_of
from shared.http_client import UpstreamUnavailable


async def count_call(request: Request) -> None:
    """Count one call from this address."""
    limits: Limits = request.app.state.limits
    request.state.limits = limits.of_open311(address_of(request))


async def find_caller(request: Request, parameters: Parameters) -> Client | None:
    """The client whose key was sent; None if none was. Raises KeyRefused."""
    key = parameters.first("api_key")
    if key is None:
        return None
    async with request.app.state.database.transaction(GLOBAL) as session:
        client = await find_client_by_key(session, key)
    if client is None:
        raise KeyRefused
    return client


async def get_caller(request: Request, parameters: Parameters) -> Client:
    """The client whose key was sent. Raises KeyRefused."""
    client = await find_caller(request, parameters)
    if client is None:
        raise KeyRefused
    return client


async def ask_requests(request: Request, client: Client | None, method: str, path: str, **more: Any) -> Any:
    """The JSON that the requests service answers. Raises Refused, UpstreamUnavailable."""
    return (await _ask(request, client, method, path, **more)).json()


async def ask_photo(request: Request, path: str) -> bytes:
    """A picture that everybody may see. Raises Refused, UpstreamUnavailable."""
    return (await _ask(request, None, "GET", path)).content


async def _ask(request: Request, client: Client | None, method: str, path: str, **more: Any) -> httpx.Response:
    state = request.app.state
    token = await (state.issuer.sign(client_claims(client)) if client else state.issuer.service_token(EVERYWHERE))
    headers = {
        "Authorization": f"Bearer {token}",
        "Accept-Language": language_of(request.headers.get("accept-language")),
    }
    key = request.headers.get("idempotency-key")
    if key is not None and method == "POST":
        if not (key.isascii() and key.isprintable()):
            raise invalid("header:idempotency-key", "format", "应为可见字符", "Printable characters")
        headers["Idempotency-Key"] = key
    answer = await state.upstreams["requests"].request(method, f"/internal/open311{path}", headers=headers, **more)
    if answer.is_success:
        return answer
    try:
        document = answer.json()
    except ValueError:
        raise UpstreamUnavailable("requests") from None
    raise refused(answer.status_code, document, answer.headers)

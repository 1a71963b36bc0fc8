"""What the gateway asks of services to compose an answer: as itself, or as the caller whose request it is."""

from typing import Any

import httpx
from starlette.datastructures import State
from starlette.requests import Request

from shared.codes import EVERYWHERE
from shared.errors import NotFound, Problem
from shared.http_client import UpstreamUnavailable
from shared.limits import TooManyRequests

_PASSED = frozenset({b"authorization", b"accept-language", b"idempotency-key"})


class Refused(Problem):
    """A service refused; its own problem document is the answer."""

    _KEPT = ("retry-after", "www-authenticate", "allow")

    def __init__(self, response: httpx.Response, document: dict[str, Any]) -> None:
        headers = {name: response.headers[name] for name in self._KEPT if name in response.headers}
        super().__init__(headers=headers)
        self.status = response.status_code
        self.code = str(document.get("code", f"http-{self.status}"))
        self._document = document

    def document(self, language: str) -> dict[str, Any]:
        """As it came: it was asked for in the caller's language."""
        return self._document


async def ask(state: State, service: str, method: str, path: str, *, area: str = EVERYWHERE, **more: Any) -> Any:
    """The JSON that a service answers the gateway itself, with a token of its own role for `area`.

    Raises NotFound for 404, TooManyRequests for 429 and UpstreamUnavailable for whatever else is no answer to build
    on.
    """
    headers = {"Authorization": f"Bearer {await state.issuer.service_token(area)}"}
    response = await state.upstreams[service].request(method, path, headers=headers, **more)
    if response.is_success:
        return response.json()
    if response.status_code == 404:
        raise NotFound
    if response.status_code == 429:
        raise TooManyRequests(int(response.headers["retry-after"]), {})
    raise UpstreamUnavailable(service)


async def ask_for(request: Request, service: str, method: str, path: str, **more: Any) -> httpx.Response:
    """The answer of a service to the caller of `request`, in their name and language.

    Raises Refused with the service's own problem, UpstreamUnavailable for an answer that is none.
    """
    # As bytes: a header need not be ASCII, and judging it is the service's.
    headers = httpx.Headers([(name, value) for name, value in request.headers.raw if name in _PASSED])
    response = await request.app.state.upstreams[service].request(method, path, headers=headers, **more)
    if response.is_success:
        return response
    raise _refusal(service, response)


def _refusal(service: str, response: httpx.Response) -> Problem:
    """What a service said no with; a failure of its own, or no problem document at all, is no answer."""
    try:
        document = response.json()
    except ValueError:
        document = None
    if response.status_code >= 500 or not isinstance(document, dict) or "code" not in document:
        return UpstreamUnavailable(service)
    return Refused(response, document)

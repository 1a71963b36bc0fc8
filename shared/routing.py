"""The router every module uses: its routes remember their answers under the caller's Idempotency-Key, and those of the
API refuse query parameters that they do not know: a misspelt filter would answer with everything.
"""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter
from fastapi.dependencies.utils import get_flat_params
from fastapi.params import Cookie, Header, Path
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from shared.errors import UnknownParameter

_API = "/v1/"
"""Pages for people are not below it: whoever passes their address on may add parameters of their own."""


class KitRoute(APIRoute):
    """Stores the answer inside the still open transaction, so that effect and memory commit together.

    FastAPI leaves function-scoped dependencies (the session) after this handler returns and before the response is
    sent; whatever is written here is part of that commit.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        places = [(field.alias, field.field_info) for field in get_flat_params(self.dependant)]
        known = {name for name, place in places if not isinstance(place, Path | Header | Cookie)}
        is_strict = self.path.startswith(_API)

        async def handle_and_remember(request: Request) -> Response:
            if is_strict and not known.issuperset(request.query_params):
                raise UnknownParameter(known)
            response = await handle(request)
            claim = getattr(request.state, "idempotency_claim", None)
            if claim is not None:
                await claim.remember(response)
            return response

        return handle_and_remember


class Router(APIRouter):
    """`router = Router(prefix="/v1/households", tags=["households"])`"""

    def __init__(self, *, prefix: str = "", tags: list[str] | None = None) -> None:
        super().__init__(prefix=prefix, tags=list(tags or []), route_class=KitRoute)

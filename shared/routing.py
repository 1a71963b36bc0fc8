"""The router every module uses: its routes remember their answers under the caller's Idempotency-Key."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response


class KitRoute(APIRoute):
    """Stores the answer inside the still open transaction, so that effect and memory commit together.

    FastAPI leaves function-scoped dependencies (the session) after this handler returns and before the response is
    sent; whatever is written here is part of that commit.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_and_remember(request: Request) -> Response:
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

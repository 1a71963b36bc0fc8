"""`/metrics` on the published port is nobody's business but the operator's."""

import hmac
import ipaddress

from fastapi import Depends, Request
from starlette.responses import Response

from shared.auth import PUBLIC
from shared.errors import NotFound
from shared.routing import Router
from shared.telemetry import METRICS_TYPE

router = Router(tags=["health"])


@router.get("/metrics", include_in_schema=False, dependencies=[Depends(PUBLIC)])
async def show_metrics(request: Request) -> Response:
    """For scrapers on this machine, or with the bearer that GATEWAY_METRICS_TOKEN sets; nobody else sees it exists."""
    token = request.app.state.settings.metrics_token.get_secret_value()
    given = request.headers.get("authorization", "").removeprefix("Bearer ")
    allowed = hmac.compare_digest(given.encode(), token.encode()) if token else _is_local(request)
    if not allowed:
        raise NotFound
    return Response(request.app.state.telemetry.metrics(), media_type=METRICS_TYPE)


def _is_local(request: Request) -> bool:
    try:
        return request.client is not None and ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False

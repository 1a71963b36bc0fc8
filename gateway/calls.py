"""What the gateway asks of services on its own account, with a token of its own role."""

from typing import Any

from starlette.datastructures import State

from shared.codes import EVERYWHERE
from shared.errors import NotFound
from shared.http_client import UpstreamUnavailable


async def ask(
    state: State,
    service: str,
    method: str,
    path: str,
    *,
    area: str = EVERYWHERE,
    token: str | None = None,
    deadline: float | None = None,
    headers: dict[str, str] | None = None,
    **more: Any,
) -> Any:
    """The JSON that a service answers. As the gateway itself within `area`, or as the caller whose `token` is given.

    Raises NotFound for 404 and UpstreamUnavailable for whatever else is no answer to build on.
    """
    bearer = token or await state.issuer.service_token(area)
    sent = {"Authorization": f"Bearer {bearer}"} | (headers or {})
    response = await state.upstreams[service].request(method, path, headers=sent, deadline=deadline, **more)
    if response.status_code == 404:
        raise NotFound
    if not response.is_success:
        raise UpstreamUnavailable(service)
    return response.json()

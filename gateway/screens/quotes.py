"""Quotes and reservations: merchants say what their offers ask for, residents attest it, and neither learns more.

Merchants never hear who is a veteran or how old, only signed yeses to what an offer names; residents never hear what is
bought. The proofs travel in a header, so that a repeated request has the same body.
"""

import json
from typing import Annotated, Any

from fastapi import Depends, Request, Response

from gateway.calls import ask
from gateway.limits import Limited
from gateway.proxy import forward
from gateway.screens.parts import PART_SECONDS
from shared.auth import Principal, Role, allow
from shared.errors import NotFound
from shared.http_client import UpstreamUnavailable
from shared.routing import Router

router = Router(tags=["quotes"])

AnyCaller = Annotated[Principal, Depends(allow(*(role for role in Role if role is not Role.GATEWAY)))]
"""Merchants decides who may ask; the gateway only needs to know for whom to have something attested."""

_HEADER = b"eligibility-attestations"


# Both are described by merchants: its document is part of the merged one.
@router.post("/v1/quotes", include_in_schema=False)
async def quote_basket(request: Request, response: Response, principal: AnyCaller, _limited: Limited) -> Response:
    """The quote with the offers that the caller is eligible for.

    Without residents it is made all the same, for everybody's offers only, and says so in `unavailable`.
    """
    proofs = await _proofs(request, principal, ("merchant_id", "items", "at"))
    return await _forward(request, response, proofs)


@router.post("/v1/redemptions", include_in_schema=False)
async def reserve(request: Request, response: Response, principal: AnyCaller, _limited: Limited) -> Response:
    """Reserve what was quoted. Raises UpstreamUnavailable when it needs a proof and residents is away."""
    proofs = await _proofs(request, principal, ("quote",))
    answer = await _forward(request, response, proofs)
    if proofs is None and answer.status_code == 409 and _object(answer.body).get("code") == "quote-changed":
        raise UpstreamUnavailable("residents")  # the offers did not change: nobody could say that they still apply
    return answer


async def _proofs(request: Request, principal: Principal, asked: tuple[str, ...]) -> str | None:
    """What the caller is eligible for among what the offers concerned ask for; None when nobody could say."""
    if principal.role is not Role.RESIDENT or principal.person_id is None:
        return ""
    body = _object(await request.body())
    query = {name: body[name] for name in asked if body.get(name) is not None}
    state, area = request.app.state, principal.community_code
    try:
        path = "/internal/quotes/conditions"
        named = await ask(state, "merchants", "POST", path, area=area, json=query, deadline=PART_SECONDS)
        if not named["conditions"]:
            return ""
        person = {"person_id": str(principal.person_id), "conditions": named["conditions"]}
        path = "/internal/attestations"
        signed = await ask(state, "residents", "POST", path, area=area, json=person, deadline=PART_SECONDS)
    except (NotFound, UpstreamUnavailable):
        return None  # if it was merchants that refused, it refuses again and says why
    return ",".join(signed.values())


async def _forward(request: Request, response: Response, proofs: str | None) -> Response:
    answer = await forward(request, () if proofs is None else [(_HEADER, proofs.encode())])
    answer.headers.update(response.headers)  # FastAPI drops them when a response is returned as it is
    return answer


def _object(body: bytes | memoryview) -> dict[str, Any]:
    """The JSON object, or an empty one for what is none: judging it is not ours."""
    try:
        read = json.loads(bytes(body))
    except (ValueError, RecursionError):
        return {}
    return read if isinstance(read, dict) else {}

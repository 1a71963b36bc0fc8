"""The day of who goes out: what they hold by deadline, who was found and is not home yet, when they are on duty."""

import asyncio
from typing import Annotated, Any

from fastapi import Depends, Request

from gateway.limits import Limited
from gateway.screens.parts import gather_parts, read, read_items
from gateway.screens.schemas import DayScreen
from shared.auth import Principal, Role, allow
from shared.errors import NotFound
from shared.routing import Router

router = Router(tags=["screens"])

FieldWorker = Annotated[Principal, Depends(allow(Role.GRID_WORKER, Role.RESPONDER))]
_HELD = ("assigned", "acknowledged", "in_progress")
_UNDER_WAY = ("submitted", "accepted", "dispatched", "in_progress", "reopened")
_MOST = 200
_NEXT = 5


@router.get("/v1/worker/today", response_model=DayScreen)
async def show_day(request: Request, principal: FieldWorker, _limited: Limited) -> dict[str, Any]:
    """Work orders with their requests, open cases of found persons, duty. Without work orders there is no day."""
    day = await gather_parts(
        "work_orders",
        work_orders=read_items(request, "dispatch", "/v1/work-orders", mine="true", state=_HELD, limit=_MOST),
        requests=read_items(
            request, "requests", "/v1/service-requests", mine="true", state=_UNDER_WAY, sort="deadline", limit=_MOST
        ),
        found_persons=read_items(request, "residents", "/v1/found-persons", open_only="true", limit=50),
        duty=_duty(request, principal),
    )
    requests = {each["id"]: each for each in day.pop("requests") or ()}
    day["work_orders"] = [order | {"request": requests.get(order["request_id"])} for order in day["work_orders"]]
    return day


async def _duty(request: Request, principal: Principal) -> dict[str, Any]:
    if principal.responder_id is None:
        raise NotFound
    path = f"/v1/responders/{principal.responder_id}"
    responder, shifts, absences = await asyncio.gather(
        read(request, "dispatch", path),
        read_items(request, "dispatch", f"{path}/roster", limit=_NEXT),
        read_items(request, "dispatch", f"{path}/absences", limit=_NEXT),
    )
    return responder | {"pattern": responder["duty"], "shifts": shifts, "absences": absences}

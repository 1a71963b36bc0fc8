"""The running service: an event from JetStream becomes a request, and a request an event, in a moment."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest
from nats.js import JetStreamContext

from shared.bus import Bus
from shared.clock import utc_now
from shared.envelope import Envelope
from shared.ids import new_id
from stack.topology import OPERATOR, REQUESTS
from tests.apps import AppOf
from tests.requests.world import found
from tests.servers import NatsServer

SECONDS = 20


async def until(look: Callable[[], Awaitable[Any]]) -> Any:
    """What `look` gives once it gives something."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        if seen := await look():
            return seen
        await asyncio.sleep(0.02)
    raise AssertionError("nothing came")


@pytest.fixture
async def jetstream(nats_server: NatsServer) -> AsyncIterator[JetStreamContext]:
    """JetStream as the operator sees it, with the streams that this service reads."""
    bus = Bus(nats_server.url, OPERATOR, nats_server.password, name="test")
    for service in REQUESTS.reads:
        await bus.declare_stream(service)
    yield await bus.jetstream()
    await bus.close()


async def test_a_report_becomes_a_request_and_is_told(app_of: AppOf, jetstream: JetStreamContext) -> None:
    world = await found(await app_of("requests"))
    case, order = str(uuid4()), str(uuid4())

    async def tell(type: str, subject: str, version: int, **data: Any) -> None:
        envelope = Envelope(
            id=new_id(),
            source="/" + type.partition(".")[0],
            type=type,
            subject=subject,
            time=utc_now(),
            community=world.code,
            aggregateversion=version,
            data=data,
        )
        await jetstream.publish(envelope.wire_subject, envelope.model_dump_json().encode())

    async def request_id() -> str | None:
        rows = await world.published()
        return rows[0].data["request_id"] if rows and rows[0].published_at else None

    await tell(
        "residents.found_person_reported.v1",
        f"found-persons/{case}",
        1,
        found_person_id=case,
        card_id=str(uuid4()),
        grid_code=world.grid,
        urgency="urgent",
    )
    made = await until(request_id)
    stored = await jetstream.get_last_msg("REQUESTS", f"kaiyuan.requests.{world.code}.request_submitted")
    assert made.encode() in (stored.data or b"")
    await tell(
        "dispatch.work_order_assigned.v1",
        f"work-orders/{order}",
        1,
        work_order_id=order,
        request_id=made,
        responder_id=str(world.responder),
        tier="first",
    )

    async def visible() -> bool:
        return (await world.call("responder", "GET", made)).status_code == 200

    assert await until(visible)
    assert (await world.get("responder", made))["state"] == "dispatched"

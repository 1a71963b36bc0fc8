from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Header, Query, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent

from services.requests.service_requests.auth import RequestsRead
from services.requests.stream.feed import Feed
from services.requests.stream.service import Following
from shared.routing import Router

STREAM = "/v1/service-requests/stream"
router = Router(tags=["service requests"])


async def _following(
    principal: RequestsRead,
    request: Request,
    followed: Annotated[bool, Query(description="Only of requests that the caller follows at that moment.")] = False,
) -> AsyncIterator[Following]:
    feed: Feed = request.app.state.feed
    async with feed.listening(principal) as listener:
        state = request.app.state
        yield Following(feed, listener, state.database, state.draining, followed=followed)


@router.get(STREAM, response_class=EventSourceResponse)
async def stream_changes(
    following: Annotated[Following, Depends(_following)],
    last_event_id: Annotated[
        str | None, Header(max_length=60, description="The id of the last event that arrived, to go on behind it.")
    ] = None,
) -> AsyncIterator[ServerSentEvent]:
    """What changes in the caller's reach, as it happens (Server-Sent Events).

    Each event is named after what happened, e.g. `request_accepted`, and carries ids, codes and states. `ready` comes
    first. `reset` says that something may have been missed: load the lists anew. `expired`, `closing` and `behind` end
    a stream; connect again with `Last-Event-ID`, and nothing is missed and nothing comes twice.
    """
    async for event in following.events(last_event_id):
        yield event

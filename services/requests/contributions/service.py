"""The requests that something bigger came of: tied to it, told of it and resolved by it, all in one transaction.

However many there are, it takes a handful of statements: the rows are locked in one order, changed, and written with
their timelines and events together.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from services.requests.contributions import repository
from services.requests.contributions.models import Links
from services.requests.service_requests import deadlines
from services.requests.service_requests.errors import PersonErased
from services.requests.service_requests.followers import audience_of
from services.requests.service_requests.models import ServiceRequest, Step, TimelineEntry, Visibility
from services.requests.service_requests.states import Action, State, after, is_possible
from services.requests.service_requests.texts import keys_of, seal_text
from services.requests.service_requests.timeline import Actor, entry_of, events_of, keep_times
from shared import outbox
from shared.auth import Principal
from shared.clock import utc_now
from shared.db import AsyncSession
from shared.errors import invalid
from shared.vault import Vault

MOST = 500
"""More people than can have asked for one thing in one community; it bounds a transaction."""

Told = list[tuple[ServiceRequest, TimelineEntry]]


async def contribute(
    session: AsyncSession,
    vault: Vault,
    principal: Principal,
    links: Links,
    community_code: str,
    owner_id: UUID,
    request_ids: Sequence[UUID],
) -> int:
    """Tie requests to what comes of them, and tell whoever asked; returns how many were not tied to it before."""
    wanted = sorted(set(request_ids))
    if not wanted:
        return 0
    found = await repository.lock_readable(session, principal, community_code, wanted)
    if len(found) < len(wanted) or len(wanted) > MOST:
        raise invalid("/request_ids", "unknown", "有的诉求不存在或属保密事项", "Some do not exist, or are confidential")
    new = await repository.link(session, links, community_code, owner_id, wanted)
    detail = {"type": links.type, "id": str(owner_id)}
    await tell(session, vault, principal, [each for each in found if each.id in new], detail=detail)
    return len(new)


async def tell(
    session: AsyncSession,
    vault: Vault,
    principal: Principal,
    requests: Sequence[ServiceRequest],
    *,
    detail: dict[str, Any],
    text: str | None = None,
) -> None:
    """Tell whoever asked one of these locked requests what has come of it, but not those who took theirs back."""
    concerned = [each for each in requests if each.state is not State.WITHDRAWN]
    lines: Told = [(each, entry_of(each, Step.LINKED, Actor.of(principal), detail=detail)) for each in concerned]
    await _write(session, vault, principal, lines, text)


async def resolve(
    session: AsyncSession,
    vault: Vault,
    principal: Principal,
    requests: Sequence[ServiceRequest],
    *,
    detail: dict[str, Any],
    text: str,
) -> int:
    """Resolve those of these locked requests that are open, and tell whoever asked one of the others; returns how many.

    What nobody had accepted yet is accepted with it: whoever builds what was asked for has taken it up.
    """
    now, actor = utc_now(), Actor.of(principal)
    lines: Told = []
    others: list[ServiceRequest] = []
    for request in requests:
        if request.state is State.SUBMITTED:
            request.state, request.accepted_at = after(request.state, Action.ACCEPT), now
            lines.append((request, entry_of(request, Step.ACCEPTED, actor, visibility=Visibility.INTERNAL, at=now)))
        if not is_possible(request.state, Action.RESOLVE):
            others.append(request)
            continue
        request.state = after(request.state, Action.RESOLVE)
        deadlines.resume(request, now)
        request.resolved_at = now
        request.responded_at = request.responded_at or now
        lines.append((request, entry_of(request, Step.RESOLVED, actor, detail=detail, at=now)))
    await _write(session, vault, principal, lines, text)
    await tell(session, vault, principal, others, detail=detail, text=text)
    return len(requests) - len(others)


async def _write(session: AsyncSession, vault: Vault, principal: Principal, lines: Told, text: str | None) -> None:
    """What `timeline.record` does for one step, for many at once."""
    if not lines:
        return
    await keys_of(vault, [request for request, _ in lines])
    for request, entry in lines:
        if entry.visibility is Visibility.PUBLIC:
            await _seal(vault, principal, request, entry, text)
        keep_times(request, utc_now())
    session.add_all([entry for _, entry in lines])
    await session.flush()
    audience = await audience_of(session, [request for request, _ in lines])
    told = [row for request, entry in lines for row in events_of(request, entry, audience[request.id])]
    await outbox.add_many(session, told)


async def _seal(
    vault: Vault, principal: Principal, request: ServiceRequest, entry: TimelineEntry, text: str | None
) -> None:
    try:
        await seal_text(vault, principal, request, entry, text)
    except PersonErased:
        # Their key is gone: the line stands without words, and the others are told all the same.
        entry.key_subject_id = None

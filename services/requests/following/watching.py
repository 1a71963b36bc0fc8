"""The office and its workers follow by account (关注) what they may read, for as long as they may."""

from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from services.requests.following.models import RequestWatcher
from services.requests.service_requests import repository as requests
from services.requests.service_requests.models import ServiceRequest
from shared.auth import Principal, Role
from shared.clock import utc_now
from shared.conditions import among, in_area
from shared.db import AsyncSession, count_changed
from shared.envelope import Envelope, Payload
from shared.errors import NotFound


def watched(principal: Principal) -> Select[RequestWatcher]:
    """What this account follows and may read."""
    return _own(principal).where(
        requests.readable(principal)
        .where(
            col(ServiceRequest.community_code) == col(RequestWatcher.community_code),
            col(ServiceRequest.id) == col(RequestWatcher.request_id),
        )
        .correlate(RequestWatcher)
        .exists()
    )


def _own(principal: Principal) -> Select[RequestWatcher]:
    return select(RequestWatcher).where(
        in_area(col(RequestWatcher.community_code), principal.area),
        col(RequestWatcher.account) == principal.subject,
    )


async def get_watch(session: AsyncSession, principal: Principal, request_id: UUID) -> RequestWatcher:
    statement = watched(principal).where(col(RequestWatcher.request_id) == request_id)
    found = (await session.execute(statement.execution_options(populate_existing=True))).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found


async def watch(session: AsyncSession, principal: Principal, request_id: UUID) -> RequestWatcher:
    """Follow a request that one may read. Said again, it is the reach of today that counts."""
    request = await requests.lock_request(session, principal, request_id)
    reach = {"role": principal.role, "grids": list(principal.grids), "responder_id": principal.responder_id}
    changed = (
        update(RequestWatcher)
        .where(_key(request, principal))
        .values(reach)
        .execution_options(synchronize_session=False)
    )
    if not await count_changed(session, changed):
        await session.execute(
            insert(RequestWatcher).values(
                community_code=request.community_code,
                request_id=request.id,
                account=principal.subject,
                created_at=utc_now(),
                **reach,
            )
        )
        request.watcher_count += 1
        await session.flush()
    return await get_watch(session, principal, request_id)


async def unwatch(session: AsyncSession, principal: Principal, request_id: UUID) -> None:
    request = await requests.lock_request(session, principal, request_id)
    request.watcher_count -= await count_changed(session, delete(RequestWatcher).where(_key(request, principal)))
    await session.flush()


async def mute_watch(session: AsyncSession, principal: Principal, request_id: UUID, *, muted: bool) -> RequestWatcher:
    """It stays in the list, and is silent."""
    watcher = await get_watch(session, principal, request_id)
    watcher.muted_at = utc_now() if muted else None
    await session.flush()
    return watcher


class WorkerAssigned(Payload):
    grid_code: str
    responder_id: UUID
    backup_responder_id: UUID | None = None


async def follow_worker_assigned(session: AsyncSession, envelope: Envelope) -> None:
    """`dispatch.grid_worker_assigned.v1`: who followed by the sight of a grid that is another's now has lost it."""
    event = WorkerAssigned.model_validate(envelope.data)
    theirs = [event.responder_id, *([event.backup_responder_id] if event.backup_responder_id else [])]
    grids = col(RequestWatcher.grids)
    await session.execute(
        update(RequestWatcher)
        .where(
            col(RequestWatcher.community_code) == envelope.community,
            col(RequestWatcher.role) == Role.GRID_WORKER,
            col(RequestWatcher.created_at) <= envelope.time,
            or_(col(RequestWatcher.responder_id).is_(None), ~among(col(RequestWatcher.responder_id), theirs)),
            grids.contains([event.grid_code]),
        )
        .values(grids=func.array_remove(grids, event.grid_code))
        .execution_options(synchronize_session=False)
    )


def _key(request: ServiceRequest, principal: Principal) -> ColumnElement[bool]:
    return and_(
        col(RequestWatcher.community_code) == request.community_code,
        col(RequestWatcher.request_id) == request.id,
        col(RequestWatcher.account) == principal.subject,
    )

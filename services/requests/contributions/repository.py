from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from services.requests.contributions.models import Links
from services.requests.service_requests.models import ServiceRequest
from services.requests.service_requests.repository import not_confidential, readable
from shared.auth import Principal
from shared.clock import utc_now
from shared.conditions import among
from shared.db import AsyncSession


async def lock_readable(
    session: AsyncSession, principal: Principal, community_code: str, request_ids: Sequence[UUID]
) -> Sequence[ServiceRequest]:
    """Those of these requests that the principal may see and nobody keeps confidential, held, by id."""
    statement = readable(principal).where(
        col(ServiceRequest.community_code) == community_code,
        among(col(ServiceRequest.id), request_ids),
        not_confidential(),
    )
    return (await session.execute(statement.order_by(col(ServiceRequest.id)).with_for_update())).scalars().all()


async def lock_linked(
    session: AsyncSession, links: Links, community_code: str, owner_id: UUID
) -> Sequence[ServiceRequest]:
    """The requests tied to one owner, held, by id: one order for all, so that two cannot deadlock."""
    linked = select(col(links.table.request_id)).where(_of_owner(links, community_code, owner_id))
    statement = select(ServiceRequest).where(
        col(ServiceRequest.community_code) == community_code, col(ServiceRequest.id).in_(linked)
    )
    return (await session.execute(statement.order_by(col(ServiceRequest.id)).with_for_update())).scalars().all()


async def list_linked(session: AsyncSession, links: Links, community_code: str, owner_id: UUID) -> Sequence[UUID]:
    statement = select(col(links.table.request_id)).where(_of_owner(links, community_code, owner_id))
    return (await session.execute(statement.order_by(col(links.table.request_id)))).scalars().all()


def _of_owner(links: Links, community_code: str, owner_id: UUID) -> ColumnElement[bool]:
    owner = col(getattr(links.table, links.owner))
    return (col(links.table.community_code) == community_code) & (owner == owner_id)


async def link(
    session: AsyncSession, links: Links, community_code: str, owner_id: UUID, request_ids: Sequence[UUID]
) -> set[UUID]:
    """Tie requests to their owner; returns those that were not tied to it before."""
    common = {"community_code": community_code, links.owner: owner_id, "created_at": utc_now()}
    statement = (
        insert(links.table)
        .values([common | {"request_id": request_id} for request_id in request_ids])
        .on_conflict_do_nothing()
        .returning(col(links.table.request_id))
    )
    return set((await session.execute(statement)).scalars())

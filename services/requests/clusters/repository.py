from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, or_, select
from sqlmodel import col

from services.requests.deliberations.models import DeliberationRequest
from services.requests.service_requests.models import ServiceRequest
from services.requests.service_requests.repository import not_confidential
from services.requests.service_requests.states import OPEN, State
from shared.conditions import among
from shared.db import AsyncSession
from shared.ids import earliest_id

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NOT_REPEATED = (State.MERGED, State.WITHDRAWN, State.REJECTED)
"""What was taken back, declined or merged asks for nothing any more."""


async def list_positions(
    session: AsyncSession, community_code: str, category: str | None, since: datetime, limit: int
) -> Sequence[Row[Any]]:
    """Requests of public space that are open or came since then, the newest first."""
    statement = _window(community_code, category, since).where(col(ServiceRequest.longitude).is_not(None))
    return (await session.execute(statement.limit(limit))).all()


async def list_in_buildings(
    session: AsyncSession, community_code: str, category: str | None, since: datetime, limit: int
) -> Sequence[Row[Any]]:
    """The same of those that name a building."""
    statement = _window(community_code, category, since).where(col(ServiceRequest.building_index).is_not(None))
    return (await session.execute(statement.limit(limit))).all()


def _window(community_code: str, category: str | None, since: datetime) -> Select[*tuple[Any, ...]]:
    statement = select(
        col(ServiceRequest.id),
        col(ServiceRequest.category_code),
        col(ServiceRequest.grid_code),
        col(ServiceRequest.longitude),
        col(ServiceRequest.latitude),
        col(ServiceRequest.building_index),
        col(ServiceRequest.created_at),
        col(ServiceRequest.follower_count),
        col(ServiceRequest.state).in_(OPEN).label("is_open"),
        col(ServiceRequest.requester_person_id),
        col(ServiceRequest.requester_phone_index),
    ).where(
        col(ServiceRequest.community_code) == community_code,
        or_(col(ServiceRequest.id) >= earliest_id(max(since, _EPOCH)), col(ServiceRequest.state).in_(OPEN)),
        col(ServiceRequest.state).not_in(_NOT_REPEATED),
        not_confidential(),
    )
    if category is not None:
        is_class = "." not in category
        column = ServiceRequest.category_class if is_class else ServiceRequest.category_code
        statement = statement.where(col(column) == category)
    return statement.order_by(col(ServiceRequest.id).desc())


async def deliberations_of(
    session: AsyncSession, community_code: str, request_ids: Sequence[UUID]
) -> dict[UUID, list[UUID]]:
    """The deliberations that have taken each of these requests up."""
    statement = select(col(DeliberationRequest.request_id), col(DeliberationRequest.deliberation_id)).where(
        col(DeliberationRequest.community_code) == community_code,
        among(col(DeliberationRequest.request_id), request_ids),
    )
    found: dict[UUID, list[UUID]] = defaultdict(list)
    for request_id, deliberation_id in (await session.execute(statement)).all():
        found[request_id].append(deliberation_id)
    return found

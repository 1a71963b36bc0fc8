import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, and_, delete, exists, func, or_, select, update
from sqlmodel import col

from services.requests.categories.models import Category, Privacy
from services.requests.service_requests.models import (
    FollowReason,
    RequestFollower,
    ServiceRequest,
    TimelineEntry,
)
from services.requests.service_requests.repository import OF_INTEREST, not_confidential, timeline
from services.requests.service_requests.states import OPEN
from shared.auth import Principal, Role
from shared.conditions import in_area
from shared.db import AsyncSession
from shared.errors import NotFound
from shared.geo import EARTH_RADIUS_M, LonLat

NEAREST = 50
"""As many are read, nearest first; ten are shown."""
_SUPPORTS = (FollowReason.SUPPORTS, FollowReason.MERGED)


Found = Row[ServiceRequest, int, bool]
"""A request, how many support it, and whether the caller does."""


class Box(NamedTuple):
    """What encloses a circle on the sphere, in degrees."""

    south: float
    north: float
    west: float
    east: float

    @classmethod
    def around(cls, point: LonLat, radius_m: float) -> "Box":
        longitude, latitude = point
        up = math.degrees(radius_m / EARTH_RADIUS_M)
        aside = math.degrees(math.asin(math.sin(radius_m / EARTH_RADIUS_M) / math.cos(math.radians(latitude))))
        return cls(latitude - up, latitude + up, longitude - aside, longitude + aside)


async def find_radius(session: AsyncSession, community_code: str, category: str) -> int | None:
    """Within how many metres requests of the category are about the same thing; None: there is no such category."""
    statement = select(col(Category.duplicate_radius_m)).where(
        col(Category.community_code) == community_code, col(Category.code) == category
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def list_near(
    session: AsyncSession,
    principal: Principal,
    category: str,
    since: datetime,
    *,
    point: LonLat | None,
    radius_m: int,
    building_index: bytes | None,
) -> Sequence[Found]:
    """Open requests of the category in the box around the point or in the building, nearest first, each with its
    supporters and whether the caller is one of them. Two ranges of two indexes, whatever the table holds."""
    places = []
    order: list[Any] = [col(ServiceRequest.id).desc()]
    if point is not None:
        box = Box.around(point, radius_m)
        latitude, longitude = col(ServiceRequest.latitude), col(ServiceRequest.longitude)
        places.append(and_(latitude.between(box.south, box.north), longitude.between(box.west, box.east)))
        narrower = math.cos(math.radians(point[1]))
        square = (latitude - point[1]) * (latitude - point[1]) + (
            (longitude - point[0]) * (longitude - point[0]) * (narrower * narrower)
        )
        order.insert(0, square.asc().nulls_last())
    if building_index is not None:
        places.append(col(ServiceRequest.building_index) == building_index)
    statement = select(ServiceRequest, _supporters(), _supported(principal)).where(
        col(ServiceRequest.community_code) == principal.community_code,
        col(ServiceRequest.category_code) == category,
        or_(*places),
        col(ServiceRequest.state).in_(OPEN),
        col(ServiceRequest.created_at) >= since,
        _may_be_told(principal),
    )
    return (await session.execute(statement.order_by(*order).limit(NEAREST))).all()


async def get_shared(session: AsyncSession, principal: Principal, request_id: UUID) -> Found:
    """A public request with its supporters, and whether the caller is one of them."""
    statement = _shared(principal, request_id).add_columns(_supporters(), _supported(principal))
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        raise NotFound
    return row


async def lock_shared(session: AsyncSession, principal: Principal, request_id: UUID) -> ServiceRequest:
    row = (await session.execute(_shared(principal, request_id).with_for_update())).scalar_one_or_none()
    if row is None:
        raise NotFound
    return row


async def shared_lines(session: AsyncSession, request: ServiceRequest, limit: int) -> Sequence[TimelineEntry]:
    """How it goes; nothing of what was said between its requester and the office."""
    statement = timeline(request, internal=False).where(col(TimelineEntry.step).in_(OF_INTEREST))
    return (await session.execute(statement.order_by(col(TimelineEntry.id)).limit(limit))).scalars().all()


async def count_supporters(session: AsyncSession, request: ServiceRequest) -> int:
    statement = select(_supporters()).where(
        col(ServiceRequest.community_code) == request.community_code, col(ServiceRequest.id) == request.id
    )
    return (await session.execute(statement)).scalar_one()


async def forget_follower(session: AsyncSession, community_code: str, person_id: UUID) -> None:
    """An erased person follows nothing any more."""
    theirs = and_(col(RequestFollower.community_code) == community_code, col(RequestFollower.person_id) == person_id)
    followed = select(col(RequestFollower.request_id)).where(theirs)
    await session.execute(
        update(ServiceRequest)
        .where(col(ServiceRequest.community_code) == community_code, col(ServiceRequest.id).in_(followed))
        .values(follower_count=col(ServiceRequest.follower_count) - 1, version=col(ServiceRequest.version) + 1)
        .execution_options(synchronize_session="fetch")
    )
    await session.execute(delete(RequestFollower).where(theirs))


def _shared(principal: Principal, request_id: UUID) -> Select[ServiceRequest]:
    return select(ServiceRequest).where(
        in_area(col(ServiceRequest.community_code), principal.area),
        col(ServiceRequest.id) == request_id,
        _is_public(),
    )


def _is_public() -> ColumnElement[bool]:
    return and_(col(ServiceRequest.privacy) == Privacy.PUBLIC, not_confidential())


def _may_be_told(principal: Principal) -> ColumnElement[bool]:
    """The office knows of whatever is not confidential; residents of what is public, and of what they asked."""
    if principal.role is not Role.RESIDENT:
        return not_confidential()
    if principal.person_id is None:
        return _is_public()
    return or_(_is_public(), col(ServiceRequest.requester_person_id) == principal.person_id)


def _followed() -> ColumnElement[bool]:
    return and_(
        col(RequestFollower.community_code) == col(ServiceRequest.community_code),
        col(RequestFollower.request_id) == col(ServiceRequest.id),
        col(RequestFollower.reason).in_(_SUPPORTS),
    )


def _supporters() -> Any:
    return select(func.count()).where(_followed()).correlate(ServiceRequest).scalar_subquery().label("supporters")


def _supported(principal: Principal) -> Any:
    mine = and_(_followed(), col(RequestFollower.person_id) == principal.person_id)
    return exists().where(mine).correlate(ServiceRequest).label("supported")

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, select, update
from sqlmodel import col

from services.requests.service_requests.models import RequestFollower, ServiceRequest
from services.requests.service_requests.repository import not_confidential, readable
from shared.auth import Principal
from shared.conditions import in_area
from shared.db import AsyncSession, count_changed


async def find_own(
    session: AsyncSession, principal: Principal, request_id: UUID, *, lock: bool = False
) -> ServiceRequest | None:
    """The request if this resident asked it."""
    statement = readable(principal).where(
        col(ServiceRequest.id) == request_id, col(ServiceRequest.requester_person_id) == principal.person_id
    )
    statement = statement.with_for_update(of=ServiceRequest) if lock else statement
    return (await session.execute(statement)).scalar_one_or_none()


def followed(principal: Principal) -> Select[RequestFollower]:
    """What this resident follows, supports, or asked in words of their own that went into another's."""
    return select(RequestFollower).where(
        in_area(col(RequestFollower.community_code), principal.area),
        col(RequestFollower.person_id) == principal.person_id,
        _is_open(),
    )


def _is_open() -> ColumnElement[bool]:
    """What was closed to others since is followed by nobody, and nobody is told so."""
    return exists().where(
        col(ServiceRequest.community_code) == col(RequestFollower.community_code),
        col(ServiceRequest.id) == col(RequestFollower.request_id),
        not_confidential(),
    )


async def find_follower(session: AsyncSession, area: str, request_id: UUID, person_id: UUID) -> RequestFollower | None:
    statement = select(RequestFollower).where(
        in_area(col(RequestFollower.community_code), area),
        col(RequestFollower.request_id) == request_id,
        col(RequestFollower.person_id) == person_id,
        _is_open(),
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def set_muted(
    session: AsyncSession, area: str, request_id: UUID, person_id: UUID, muted_at: datetime | None
) -> bool:
    """False if this person does not follow the request."""
    statement = (
        update(RequestFollower)
        .where(
            in_area(col(RequestFollower.community_code), area),
            col(RequestFollower.request_id) == request_id,
            col(RequestFollower.person_id) == person_id,
            _is_open(),
        )
        .values(muted_at=muted_at)
        .execution_options(synchronize_session=False)
    )
    return await count_changed(session, statement) == 1

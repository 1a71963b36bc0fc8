from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, false, or_, select
from sqlmodel import col

from services.residents.people.models import Person
from services.residents.rights.models import RightsRequest
from services.residents.rights.states import RequestKind, RequestState
from shared.auth import Principal, Role
from shared.conditions import in_area
from shared.db import AsyncSession
from shared.errors import NotFound


def readable(principal: Principal) -> Select[RightsRequest]:
    """Requests that this principal may see; every query of requests for a person starts here."""
    statement = select(RightsRequest).where(in_area(col(RightsRequest.community_code), principal.area))
    if principal.role in (Role.STAFF, Role.HEAD):
        return statement
    if principal.person_id is not None:
        own = col(RightsRequest.person_id) == principal.person_id
        return statement.where(or_(own, col(RightsRequest.requested_by) == principal.subject))
    return statement.where(false())


def narrow(
    statement: Select[RightsRequest],
    *,
    person_id: UUID | None,
    kind: RequestKind | None,
    state: RequestState | None,
    overdue_at: datetime | None,
) -> Select[RightsRequest]:
    wanted = (
        (col(RightsRequest.person_id), person_id),
        (col(RightsRequest.kind), kind),
        (col(RightsRequest.state), state),
    )
    statement = statement.where(*(column == value for column, value in wanted if value is not None))
    if overdue_at is not None:
        statement = statement.where(
            col(RightsRequest.state) == RequestState.OPEN, col(RightsRequest.due_at) < overdue_at
        )
    return statement


async def get_request(
    session: AsyncSession, principal: Principal, request_id: UUID, *, lock: bool = False
) -> RightsRequest:
    statement = readable(principal).where(col(RightsRequest.id) == request_id)
    if lock:
        statement = statement.with_for_update()
    request = (await session.execute(statement)).scalar_one_or_none()
    if request is None:
        raise NotFound
    return request


def requests_of(person: Person) -> Select[RightsRequest]:
    return select(RightsRequest).where(
        col(RightsRequest.community_code) == person.community_code, col(RightsRequest.person_id) == person.id
    )


async def lock_effective(session: AsyncSession, now: datetime, limit: int) -> Sequence[RightsRequest]:
    """Approved erasures whose time for reflection has passed, of all communities."""
    statement = (
        select(RightsRequest)
        .where(col(RightsRequest.state) == RequestState.APPROVED, col(RightsRequest.effective_at) <= now)
        .order_by(col(RightsRequest.effective_at))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return (await session.execute(statement)).scalars().all()

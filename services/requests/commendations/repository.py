from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, or_, select
from sqlmodel import col

from services.requests.ratings.models import Rating
from services.requests.service_requests.models import ServiceRequest
from services.requests.service_requests.repository import not_confidential, readable
from shared.auth import Principal, Role
from shared.conditions import in_area
from shared.db import AsyncSession


def commendations(principal: Principal) -> Select[Rating]:
    """The thanks that this principal may see: residents what may be shown to everybody, responders their own."""
    statement = select(Rating).where(
        in_area(col(Rating.community_code), principal.area), col(Rating.commendation).is_not(None)
    )
    if principal.role is Role.RESIDENT:
        public = _requests(select(ServiceRequest).where(in_area(col(ServiceRequest.community_code), principal.area)))
        return statement.where(col(Rating.may_publish), public.where(not_confidential()).exists())
    seen = _requests(readable(principal)).exists()
    if principal.responder_id is not None:
        return statement.where(or_(col(Rating.responder_id) == principal.responder_id, seen))
    return statement.where(seen)


def _requests(statement: Select[ServiceRequest]) -> Select[Any]:
    """The request of a rating, among those of `statement`."""
    return statement.where(
        col(ServiceRequest.community_code) == col(Rating.community_code),
        col(ServiceRequest.id) == col(Rating.request_id),
    ).correlate(Rating)


async def classes_of(session: AsyncSession, ratings: Sequence[Rating]) -> dict[UUID, str]:
    """The class of the category of each rating's request."""
    statement = select(col(ServiceRequest.id), col(ServiceRequest.category_class)).where(
        col(ServiceRequest.community_code).in_({each.community_code for each in ratings}),
        col(ServiceRequest.id).in_({each.request_id for each in ratings}),
    )
    return {row.id: row.category_class for row in await session.execute(statement)}

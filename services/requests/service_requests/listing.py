"""Lists of requests: one condition per filter, each answered by an index."""

from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query
from sqlalchemy import ColumnElement, Select
from sqlmodel import col

from services.requests.categories.models import Urgency
from services.requests.categories.schemas import CategoryCode
from services.requests.service_requests import repository
from services.requests.service_requests.auth import WORKERS
from services.requests.service_requests.models import ServiceRequest
from services.requests.service_requests.schemas import Sort
from services.requests.service_requests.states import State
from shared.auth import Principal, Role
from shared.codes import CommunityCode, GridCode


@dataclass(frozen=True, slots=True)
class ListQuery:
    """What a caller chose by."""

    equal: dict[str, Any]
    states: list[State]
    category: str | None
    mine: bool
    sort: Sort

    def statement(self, principal: Principal) -> Select[ServiceRequest]:
        statement = repository.readable(principal).filter_by(**self.equal)
        if self.states:
            statement = statement.where(col(ServiceRequest.state).in_(self.states))
        if self.category:
            is_class = "." not in self.category
            column = ServiceRequest.category_class if is_class else ServiceRequest.category_code
            statement = statement.where(col(column) == self.category)
        return statement.where(_is_mine(principal)) if self.mine else statement

    @property
    def order_by(self) -> tuple[Any, ...]:
        if self.sort is Sort.DEADLINE:
            return (col(ServiceRequest.resolve_by), col(ServiceRequest.id))
        return (col(ServiceRequest.id).desc(),)


async def _list_query(
    *,
    state: Annotated[list[State] | None, Query(max_length=len(State), description="Any of these.")] = None,
    category: Annotated[CategoryCode | None, Query(description="A class stands for all below it.")] = None,
    grid_code: Annotated[GridCode | None, Query()] = None,
    urgency: Annotated[Urgency | None, Query()] = None,
    household_id: Annotated[UUID | None, Query(description="What concerns this household.")] = None,
    community_code: Annotated[CommunityCode | None, Query()] = None,
    mine: Annotated[
        bool, Query(description="A resident's own; what a worker was asked to do; what staff wrote down.")
    ] = False,
    sort: Annotated[Sort, Query(description="Newest first, or the earliest deadline first.")] = Sort.NEWEST,
) -> ListQuery:
    chosen = {
        "grid_code": grid_code,
        "urgency": urgency,
        "household_id": household_id,
        "community_code": community_code,
    }
    equal = {name: value for name, value in chosen.items() if value is not None}
    return ListQuery(equal, state or [], category, mine, sort)


Listing = Annotated[ListQuery, Depends(_list_query)]


def _is_mine(principal: Principal) -> ColumnElement[bool]:
    if principal.role is Role.RESIDENT:
        return col(ServiceRequest.requester_person_id) == principal.person_id
    if principal.role in WORKERS:
        return repository.asked(principal)
    return col(ServiceRequest.created_by) == principal.subject

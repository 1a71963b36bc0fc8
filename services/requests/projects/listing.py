from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query
from sqlalchemy import Select
from sqlmodel import col

from services.requests.projects import repository
from services.requests.projects.models import Project
from services.requests.projects.states import ProjectState
from shared.auth import Principal
from shared.codes import CommunityCode
from shared.themes import Theme

NEWEST: tuple[Any, ...] = (col(Project.id).desc(),)


@dataclass(frozen=True, slots=True)
class ListQuery:
    """What a caller chose by."""

    equal: dict[str, Any]
    states: list[ProjectState]

    def statement(self, principal: Principal) -> Select[Project]:
        statement = repository.readable(principal).filter_by(**self.equal)
        return statement.where(col(Project.state).in_(self.states)) if self.states else statement


async def _list_query(
    *,
    state: Annotated[
        list[ProjectState] | None, Query(max_length=len(ProjectState), description="Any of these.")
    ] = None,
    theme: Annotated[Theme | None, Query()] = None,
    sponsor_responder_id: Annotated[UUID | None, Query(description="The unit that builds it.")] = None,
    deliberation_id: Annotated[UUID | None, Query(description="The deliberation that opened it.")] = None,
    community_code: Annotated[CommunityCode | None, Query()] = None,
) -> ListQuery:
    chosen = {
        "theme": theme,
        "sponsor_responder_id": sponsor_responder_id,
        "deliberation_id": deliberation_id,
        "community_code": community_code,
    }
    return ListQuery({name: value for name, value in chosen.items() if value is not None}, state or [])


Listing = Annotated[ListQuery, Depends(_list_query)]

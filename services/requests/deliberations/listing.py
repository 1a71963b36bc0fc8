from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select
from sqlmodel import col

from services.requests.deliberations import repository
from services.requests.deliberations.models import Deliberation
from services.requests.deliberations.states import DeliberationState
from shared.auth import Principal

NEWEST: tuple[Any, ...] = (col(Deliberation.id).desc(),)


def chosen(
    principal: Principal, states: Sequence[DeliberationState], community_code: str | None, *, mine: bool = False
) -> Select[Deliberation]:
    """The deliberations in the caller's reach that are in one of these states, if any is named."""
    statement = repository.readable(principal)
    if states:
        statement = statement.where(col(Deliberation.state).in_(states))
    if community_code:
        statement = statement.where(col(Deliberation.community_code) == community_code)
    return statement.where(repository.has_seat(principal)) if mine else statement

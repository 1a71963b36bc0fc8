"""The end of a request: call back 回访, close 办结, or reopen; and what the people concerned think of it 评价."""

from uuid import UUID

from services.requests.calendars.repository import find_latest
from services.requests.service_requests import deadlines, repository
from services.requests.service_requests.errors import AlreadyRated
from services.requests.service_requests.models import Rating, ServiceRequest, Step
from services.requests.service_requests.schemas import Callback, RatingCreate
from services.requests.service_requests.service import step
from services.requests.service_requests.states import Action, after
from services.requests.service_requests.texts import seal_text
from shared.auth import Principal, Role
from shared.clock import utc_now
from shared.db import AsyncSession
from shared.errors import NotFound, invalid
from shared.vault import Vault


async def confirm(
    session: AsyncSession, vault: Vault, principal: Principal, request_id: UUID, said: Callback
) -> ServiceRequest:
    """The requester or their household says that it is solved, or the office writes down that they said so."""
    _check_how(principal, said)
    request = await repository.lock_request(session, principal, request_id)
    request.state = after(request.state, Action.CONFIRM)
    return await step(session, vault, principal, request, Step.CONFIRMED, text=said.text, detail=_detail(said))


async def reopen(
    session: AsyncSession, vault: Vault, principal: Principal, request_id: UUID, said: Callback
) -> ServiceRequest:
    """ "Not solved": the request starts again under the shorter clock of its policy."""
    _check_how(principal, said)
    request = await repository.lock_request(session, principal, request_id)
    request.state = after(request.state, Action.REOPEN)
    policy = await repository.get_policy(session, request)
    deadlines.count_by(request, await find_latest(session, request.community_code))
    deadlines.restart_shorter(request, deadlines.Terms.of(policy), utc_now())
    return await step(session, vault, principal, request, Step.REOPENED, text=said.text, detail=_detail(said))


async def rate(
    session: AsyncSession, vault: Vault, principal: Principal, request_id: UUID, data: RatingCreate
) -> tuple[ServiceRequest, Rating]:
    """Judge an outcome, once a person; a pennant (锦旗) may be left with it.

    The requester of a merged request judges the one that it went into.
    """
    request = await repository.lock_request(session, principal, request_id)
    if request.merged_into_id is not None:
        request = await repository.find_by_id(session, request.community_code, request.merged_into_id)
        assert request is not None
    after(request.state, Action.RATE)
    if principal.person_id is None:
        raise NotFound
    if await repository.find_rating(session, request, principal.person_id) is not None:
        raise AlreadyRated
    rating = Rating(
        community_code=request.community_code,
        request_id=request.id,
        person_id=principal.person_id,
        round=request.reopened_count,
        **data.model_dump(exclude={"text"}),
    )
    await seal_text(vault, principal, request, rating, data.text)
    session.add(rating)
    detail = data.model_dump(mode="json", exclude={"text"}, exclude_none=True)
    await step(session, vault, principal, request, Step.RATED, detail=detail)
    return request, rating


def _check_how(principal: Principal, said: Callback) -> None:
    """The office says how it asked; a resident speaks for themself."""
    if (principal.role is Role.RESIDENT) == (said.how is not None):
        raise invalid(
            "/how",
            "callback",
            "工作人员代记时必须写明回访方式, 居民本人不填",
            "Staff must say how they asked; residents leave it out",
        )


def _detail(said: Callback) -> dict[str, object]:
    return {"how": said.how.value if said.how else None, "satisfied": said.satisfied}

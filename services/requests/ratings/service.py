"""What the people concerned think of an outcome (评价)."""

from uuid import UUID

from services.requests.closing.service import check_how
from services.requests.merges.repository import lock_with_target
from services.requests.ratings import repository
from services.requests.ratings.errors import AlreadyRated
from services.requests.ratings.models import Rating
from services.requests.ratings.schemas import RatingCreate
from services.requests.service_requests.models import Step
from services.requests.service_requests.service import step
from services.requests.service_requests.states import Action, after
from services.requests.service_requests.texts import seal_text
from shared.auth import Principal, Role
from shared.db import AsyncSession
from shared.errors import NotFound
from shared.vault import Vault


async def rate(
    session: AsyncSession, vault: Vault, principal: Principal, request_id: UUID, data: RatingCreate
) -> Rating:
    """Judge an outcome, once a person; a pennant (锦旗) may be left with it.

    The requester of a merged request judges the one that it went into. The office writes down what the requester said
    when it called back.
    """
    check_how(principal, data.how)
    own, target = await lock_with_target(session, principal, request_id)
    request = target or own
    after(request.state, Action.RATE)
    is_office = principal.role is not Role.RESIDENT
    person_id = own.requester_person_id if is_office else principal.person_id
    if person_id is None and not is_office:
        raise NotFound
    if await repository.find_rating(session, request, person_id) is not None:
        raise AlreadyRated
    rating = Rating(
        community_code=request.community_code,
        request_id=request.id,
        person_id=person_id,
        recorded_by=principal.subject if is_office else None,
        responder_id=request.responder_id,
        round=request.reopened_count,
        **data.model_dump(exclude={"text"}),
    )
    await seal_text(vault, principal, own, rating, data.text)
    session.add(rating)
    detail = data.model_dump(mode="json", exclude={"text"}, exclude_none=True)
    await step(session, vault, principal, request, Step.RATED, detail=detail)
    return rating

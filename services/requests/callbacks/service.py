"""The office calls back (回访): what the requester says closes the request or opens it again.

Who cannot be reached three times, or says nothing for a week, keeps no request open for ever; but nobody claims that
they were content: the line of the timeline says `unreached` or `unanswered`.
"""

from uuid import UUID

from services.requests.callbacks.errors import CallBackFirst
from services.requests.callbacks.schemas import CallBack
from services.requests.closing import service as closing
from services.requests.service_requests import repository
from services.requests.service_requests.models import ServiceRequest, Step, Visibility
from services.requests.service_requests.service import step
from services.requests.service_requests.states import Action, State, after
from shared.auth import Principal
from shared.db import AsyncSession
from shared.vault import Vault

ATTEMPTS = 3


async def call_back(
    session: AsyncSession, vault: Vault, principal: Principal, request_id: UUID, data: CallBack
) -> ServiceRequest:
    """Write down an attempt. Solved confirms what is resolved; not solved reopens it; in vain is told to them."""
    request = await repository.lock_request(session, principal, request_id)
    after(request.state, Action.CALL_BACK)
    said = {"how": data.how.value, "reached": data.reached, "solved": data.solved, "satisfied": data.satisfied}
    if not data.reached:
        request.unreached_count += 1
        said |= {"attempt": request.unreached_count}
    visibility = Visibility.INTERNAL if data.reached else Visibility.PUBLIC
    text = data.text if not data.reached or (data.solved and request.state is State.CONFIRMED) else None
    await step(session, vault, principal, request, Step.CALLED_BACK, text=text, visibility=visibility, detail=said)
    heard = {"how": data.how.value, "satisfied": data.satisfied}
    if data.solved is False:
        closing.check_reopening(request)
        return await closing.open_again(session, vault, principal, request, text=data.text, detail=heard)
    if data.solved and request.state is State.RESOLVED:
        return await closing.close(session, vault, principal, request, text=data.text, detail=heard)
    return request


async def close_unreached(
    session: AsyncSession, vault: Vault, principal: Principal, request_id: UUID, reason: str
) -> ServiceRequest:
    """Close what is resolved although its requester could not be asked."""
    request = await repository.lock_request(session, principal, request_id)
    after(request.state, Action.CONFIRM)
    if request.unreached_count < ATTEMPTS:
        raise CallBackFirst
    detail = {"unreached": request.unreached_count}
    return await closing.close(session, vault, principal, request, text=reason, detail=detail)

"""The end of a request: it is closed (办结), or opened again."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from services.requests.calendars.repository import find_latest
from services.requests.closing.errors import ReopenTooLate
from services.requests.closing.schemas import Callback
from services.requests.merges.release import set_apart
from services.requests.merges.repository import lock_with_target
from services.requests.service_requests import deadlines, repository
from services.requests.service_requests.models import ServiceRequest, Step
from services.requests.service_requests.service import step
from services.requests.service_requests.states import Action, State, after
from services.requests.service_requests.timeline import Actor
from services.requests.service_requests.vocabulary import CallbackChannel
from shared.auth import Principal, Role
from shared.clock import utc_now
from shared.db import AsyncSession
from shared.errors import invalid
from shared.vault import Vault

REOPEN_WITHIN = timedelta(days=30)
"""After the confirmation; later it is a new matter."""


async def confirm(
    session: AsyncSession, vault: Vault, principal: Principal, request_id: UUID, said: Callback
) -> ServiceRequest:
    """The requester or their household says that it is solved, or the office writes down that they said so."""
    check_how(principal, said.how)
    request = await repository.lock_request(session, principal, request_id)
    return await close(session, vault, principal, request, text=said.text, detail=_detail(said))


async def reopen(
    session: AsyncSession, vault: Vault, principal: Principal, request_id: UUID, said: Callback
) -> ServiceRequest:
    """ "Not solved": the request starts again under the shorter clock of its policy.

    One that went into another was answered with that one. Nobody reopens what somebody else asked, whose requester may
    be content: theirs stands by itself again.
    """
    check_how(principal, said.how)
    request, target = await lock_with_target(session, principal, request_id)
    check_reopening(target or request)
    detail = _detail(said)
    if target is not None:
        detail |= await set_apart(session, request, target, Actor.of(principal), State.REOPENED)
        request.responded_at = request.responded_at or target.responded_at
    return await open_again(session, vault, principal, request, text=said.text, detail=detail)


async def close(
    session: AsyncSession,
    vault: Vault,
    principal: Principal,
    request: ServiceRequest,
    *,
    text: str | None,
    detail: dict[str, Any],
) -> ServiceRequest:
    """Confirm a locked request."""
    request.state = after(request.state, Action.CONFIRM)
    return await step(session, vault, principal, request, Step.CONFIRMED, text=text, detail=detail)


def check_reopening(request: ServiceRequest) -> None:
    """Refuse it with WrongState while there is no answer, with ReopenTooLate when that was confirmed long ago."""
    after(request.state, Action.REOPEN)
    if is_settled(request):
        raise ReopenTooLate


def is_settled(request: ServiceRequest) -> bool:
    """Whether it was confirmed so long ago that it is opened no more."""
    return request.confirmed_at is not None and utc_now() > request.confirmed_at + REOPEN_WITHIN


async def open_again(
    session: AsyncSession,
    vault: Vault,
    principal: Principal,
    request: ServiceRequest,
    *,
    text: str | None,
    detail: dict[str, Any],
) -> ServiceRequest:
    """Reopen a locked request, which may be (`check_reopening`), under a shorter clock."""
    policy = await repository.get_policy(session, request)
    deadlines.count_by(request, await find_latest(session, request.community_code))
    request.state, request.unreached_count = State.REOPENED, 0
    deadlines.restart_shorter(request, deadlines.Terms.of(policy), utc_now())
    return await step(session, vault, principal, request, Step.REOPENED, text=text, detail=detail)


def check_how(principal: Principal, how: CallbackChannel | None) -> None:
    """The office says how it asked; a resident speaks for themself."""
    if (principal.role is Role.RESIDENT) == (how is not None):
        raise invalid(
            "/how",
            "callback",
            "工作人员代记时必须写明回访方式, 居民本人不填",
            "Staff must say how they asked; residents leave it out",
        )


def _detail(said: Callback) -> dict[str, object]:
    return {"how": said.how.value if said.how else None, "satisfied": said.satisfied}

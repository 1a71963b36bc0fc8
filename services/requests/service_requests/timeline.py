"""Every step of a request is written down and, when it is public and the office's, told to the requester by event."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self
from uuid import UUID

from services.requests.events import (
    RequestAccepted,
    RequestChanged,
    RequestConfirmed,
    RequestMerged,
    RequestNoted,
    RequestProgressed,
    RequestRejected,
    RequestReopened,
    RequestResolved,
    RequestTransferred,
    RequestUnmerged,
    RequestWithdrawn,
)
from services.requests.service_requests.deadlines import next_due
from services.requests.service_requests.followers import Audience, audience_of
from services.requests.service_requests.models import ServiceRequest, Step, TimelineEntry, Visibility
from services.requests.service_requests.states import State
from shared import outbox
from shared.auth import Principal, Role
from shared.clock import utc_now
from shared.db import AsyncSession

SYSTEM = "system"
CONFIRM_WITHIN = timedelta(days=7)
"""Who has not said by then whether it is solved is not asked any more; they may still reopen it."""

_EVENTS: dict[Step, tuple[type[RequestChanged], ...]] = {
    Step.ACCEPTED: (RequestAccepted,),
    Step.REJECTED: (RequestProgressed, RequestRejected),
    Step.RESOLVED: (RequestResolved,),
    Step.CONFIRMED: (RequestConfirmed,),
    Step.REOPENED: (RequestReopened,),
    Step.WITHDRAWN: (RequestWithdrawn,),
    Step.MERGED: (RequestMerged,),
    Step.UNMERGED: (RequestUnmerged,),
    Step.TRANSFERRED: (RequestTransferred,),
}
NOT_TOLD = frozenset({Step.COMMENT, Step.ANSWERED, Step.RATED, Step.SUPPORTED})
"""Nobody need tell a requester what they said themselves, nor a hundred supporters that there is one more."""
_ALSO_BY_OFFICE = frozenset({Step.ATTACHED, Step.REDACTED})
_THEIR_SIDE = frozenset({Role.RESIDENT.value, Role.PARTNER.value})


@dataclass(frozen=True, slots=True)
class Actor:
    """Who made a step: an account, or a service whose event it was."""

    subject: str
    role: str

    @classmethod
    def of(cls, principal: Principal) -> Self:
        return cls(principal.subject, principal.role.value)

    @classmethod
    def service(cls, name: str) -> Self:
        return cls(name, SYSTEM)


def entry_of(
    request: ServiceRequest,
    step: Step,
    actor: Actor,
    *,
    visibility: Visibility = Visibility.PUBLIC,
    responder_id: UUID | None = None,
    detail: dict[str, Any] | None = None,
    at: datetime | None = None,
) -> TimelineEntry:
    """The line that records `step` with the request's state as it now is. Put its text on it, then `record` it."""
    return TimelineEntry(
        community_code=request.community_code,
        request_id=request.id,
        step=step,
        visibility=visibility,
        state=request.state,
        actor=actor.subject,
        actor_role=actor.role,
        responder_id=responder_id,
        detail={name: value for name, value in (detail or {}).items() if value is not None},
        created_at=at or utc_now(),
    )


def keep_times(request: ServiceRequest, now: datetime) -> None:
    """What follows from the state after a step: when something is due next, and since when it is closed."""
    request.next_due_at = next_due(request)
    if request.state is not State.RESOLVED:
        request.confirm_by = None
    elif request.confirm_by is None:
        request.confirm_by = now + CONFIRM_WITHIN
    if request.state is not State.CONFIRMED:
        request.confirmed_at = None
    elif request.confirmed_at is None:
        request.confirmed_at = now
    request.version += 1
    request.updated_at = now


async def record(session: AsyncSession, request: ServiceRequest, entry: TimelineEntry) -> None:
    """Write the step down with the change that it made, and tell of it."""
    keep_times(request, utc_now())
    session.add(entry)
    await session.flush()
    audience = await audience_of(session, [request])
    await outbox.add_many(session, events_of(request, entry, audience[request.id]))


def events_of(
    request: ServiceRequest, entry: TimelineEntry, audience: Audience | None = None
) -> list[dict[str, object]]:
    """The outbox rows of a step: one for a public step of the office, two for a rejection; of the rest one that tells
    no resident, for the lists of whoever works on it. Nobody is told what they did themselves."""
    audience = audience or Audience()
    watchers = [account for account in audience.accounts if account != entry.actor]
    said_by_requester = entry.step in NOT_TOLD or (entry.step in _ALSO_BY_OFFICE and entry.actor_role in _THEIR_SIDE)
    if entry.visibility is not Visibility.PUBLIC or said_by_requester:
        return [outbox_row(request, _noted(request, entry, watchers))]
    told = {
        "request_id": request.id,
        "state": request.state.value,
        "step": entry.step.value,
        "requester_person_id": request.requester_person_id,
        "household_id": None if request.is_closed_to_others else request.household_id,
        "grid_code": request.grid_code,
        "category": request.category_code,
        "urgency": request.urgency.value,
        "resolve_by": request.resolve_by,
        "follower_person_ids": audience.people,
        "watcher_accounts": watchers,
        "requester_muted": request.requester_muted_at is not None,
        "confidential": request.is_closed_to_others,
        "merged_into_id": request.merged_into_id,
        "to_responder_id": entry.detail.get("to_responder_id"),
        "responder_kind": entry.detail.get("responder_kind"),
    }
    return [outbox_row(request, kind(**told)) for kind in _EVENTS.get(entry.step, (RequestProgressed,))]


def _noted(request: ServiceRequest, entry: TimelineEntry, watchers: list[str]) -> RequestNoted:
    return RequestNoted(
        request_id=request.id,
        state=request.state.value,
        step=entry.step.value,
        grid_code=request.grid_code,
        category=request.category_code,
        urgency=request.urgency.value,
        resolve_by=request.resolve_by,
        watcher_accounts=watchers,
    )


def outbox_row(request: ServiceRequest, event: Any) -> dict[str, object]:
    return outbox.row(
        event,
        community_code=request.community_code,
        subject=f"service-requests/{request.id}",
        version=request.version,
    )

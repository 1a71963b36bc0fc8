"""What a caller is shown of a request: everybody less than the office, the supervisor no text at all."""

from collections.abc import Sequence
from typing import Any

from services.requests.categories.models import Privacy
from services.requests.ratings.models import Rating
from services.requests.service_requests import deadlines
from services.requests.service_requests.auth import OFFICE, WORKERS
from services.requests.service_requests.models import ServiceRequest, Step, TimelineEntry, Visibility
from services.requests.service_requests.references import REFERENCE
from services.requests.service_requests.refusals import worded
from services.requests.service_requests.texts import (
    Contact,
    Content,
    Keys,
    contact_of,
    content_of,
    keys_of,
    masked,
    text_of,
)
from services.requests.service_requests.timeline import SYSTEM
from shared.auth import Principal, Role
from shared.vault import Vault

_HANDLES = OFFICE | WORKERS
_SEES_RESPONDERS = _HANDLES | {Role.SUPERVISOR}
_SEES_NO_TEXT = frozenset({Role.SUPERVISOR})


async def summaries(vault: Vault, principal: Principal, rows: Sequence[ServiceRequest]) -> list[dict[str, Any]]:
    keys = await keys_for(vault, principal, rows)
    return [_summary(principal, row, content_of(row, keys)) for row in rows]


async def detailed(vault: Vault, principal: Principal, request: ServiceRequest) -> dict[str, Any]:
    keys = await keys_for(vault, principal, [request])
    return shown(principal, request, content_of(request, keys), contact_of(request, keys))


def shown(principal: Principal, request: ServiceRequest, content: Content, contact: Contact | None) -> dict[str, Any]:
    """One request with its opened texts."""
    handles = principal.role in _HANDLES
    origin = {"type": request.origin_type, "id": request.origin_id} if request.origin_id else None
    return _summary(principal, request, content) | {
        "description": content.description,
        "attributes": content.attributes,
        "place": content.place,
        "requester": masked(contact) if handles or principal.role is Role.PARTNER else None,
        "requester_person_id": request.requester_person_id if handles else None,
        "household_id": request.household_id if handles else None,
        "concerned_person_id": request.concerned_person_id if handles else None,
        "external_id": request.external_id if handles or principal.role is Role.PARTNER else None,
        "origin": origin if handles else None,
        "merged_into_id": request.merged_into_id,
        "split_from_id": request.split_from_id,
        "policy_category": request.policy_category_code,
        "policy_version": request.policy_version,
        "clock_started_at": request.first_dispatched_at,
        "resolved_at": request.resolved_at,
        "released_at": request.released_at,
        "reopened_count": request.reopened_count,
        "category_version": request.category_version,
        "privacy": request.privacy,
        "is_anonymous": request.is_anonymous,
        "confirm_by": request.confirm_by,
        "unreached_count": request.unreached_count,
    }


def _summary(principal: Principal, request: ServiceRequest, content: Content) -> dict[str, Any]:
    return {
        "id": request.id,
        "reference": REFERENCE.grouped(request.reference),
        "community_code": request.community_code,
        "state": request.state,
        "category": request.category_code,
        "urgency": request.urgency,
        "channel": request.channel,
        "grid_code": request.grid_code,
        "title": content.title,
        "mine": principal.person_id is not None and request.requester_person_id == principal.person_id,
        "accept_by": request.accept_by,
        "respond_by": request.respond_by,
        "resolve_by": request.resolve_by,
        "waiting_since": request.paused_at,
        "responder_id": request.responder_id if principal.role in _SEES_RESPONDERS else None,
        "breached": deadlines.breaches(request),
        "created_at": request.created_at,
        "updated_at": request.updated_at,
        "version": request.version,
    }


def sees_internal(principal: Principal) -> bool:
    return principal.role in _HANDLES or principal.role is Role.SUPERVISOR


async def updates(
    vault: Vault, principal: Principal, entries: Sequence[TimelineEntry], *, merged_into: ServiceRequest | None = None
) -> list[dict[str, Any]]:
    """Lines of timelines. Of the request that the caller's was merged into only what the office says of a public matter
    is shown in words.
    """
    keys = await keys_for(vault, principal, entries)
    handles = principal.role in _HANDLES
    return [
        {
            "id": entry.id,
            "step": entry.step,
            "visibility": Visibility(entry.visibility),
            "state": entry.state,
            "at": entry.created_at,
            "by": entry.actor_role if entry.actor_role else SYSTEM,
            "responder_id": entry.responder_id if handles else None,
            "detail": entry.detail,
            "refusal": refusal_of(entry),
            "text": None if is_withheld(entry, merged_into) else text_of(entry, keys),
        }
        for entry in entries
    ]


def is_withheld(entry: TimelineEntry, merged_into: ServiceRequest | None) -> bool:
    """Whether the words of a line are not for the requester of what was merged into that request."""
    if merged_into is None or entry.request_id != merged_into.id:
        return False
    return merged_into.privacy is not Privacy.PUBLIC or entry.actor_role not in _HANDLES


def refusal_of(entry: TimelineEntry) -> dict[str, Any] | None:
    """Reason and remedies of a rejection, in words."""
    reason = entry.detail.get("reason") if entry.step is Step.REJECTED else None
    return worded(reason, entry.detail.get("remedies", [])) if reason else None


async def keys_for(vault: Vault, principal: Principal, rows: Sequence[ServiceRequest | TimelineEntry | Rating]) -> Keys:
    """What opens these rows for this caller; nothing does for who sees no texts."""
    return {} if principal.role in _SEES_NO_TEXT else await keys_of(vault, rows)

"""What the tracking page shows: to everybody states and dates of public matters, to the holder of a link the whole."""

from typing import Any

from services.requests.closing.service import is_settled
from services.requests.moderation import public_texts
from services.requests.ratings.repository import find_rating
from services.requests.service_requests import repository as requests
from services.requests.service_requests.models import ServiceRequest, Step, TimelineEntry
from services.requests.service_requests.presentation import is_withheld, refusal_of
from services.requests.service_requests.references import REFERENCE
from services.requests.service_requests.states import OPEN, Action, is_possible
from services.requests.service_requests.texts import Keys, content_of, keys_of, text_of
from services.requests.tracking import photos, repository
from services.requests.tracking.holders import LinkHolder
from services.requests.tracking.links import is_shown
from shared.auth import Role
from shared.db import AsyncSession
from shared.vault import Vault

MOST_LINES = 200
_TOLD = frozenset(
    {
        Step.SUBMITTED,
        Step.ACCEPTED,
        Step.REJECTED,
        Step.DISPATCHED,
        Step.ACKNOWLEDGED,
        Step.STARTED,
        Step.PROGRESS,
        Step.WAITING,
        Step.RESOLVED,
        Step.CONFIRMED,
        Step.REOPENED,
        Step.WITHDRAWN,
        Step.MERGED,
        Step.TRANSFERRED,
    }
)
"""What everybody may know happened; the rest is between office and requester."""
_THEIR_SIDE = frozenset({Role.RESIDENT.value, Role.PARTNER.value})


async def tracked(
    session: AsyncSession, vault: Vault, request: ServiceRequest, holder: LinkHolder | None
) -> dict[str, Any]:
    """The request as `schemas.Tracked`."""
    shown: dict[str, Any] = {
        "reference": REFERENCE.grouped(request.reference),
        "community_code": request.community_code,
        "is_shown": is_shown(request, holder),
        "is_holder": holder is not None,
    }
    if not shown["is_shown"]:
        return shown
    entries = await requests.public_lines(session, request, MOST_LINES)
    target = await requests.find_merged_into(session, request)
    keys = await keys_of(vault, [request, *entries])
    names = await repository.category_names(session, request)
    words = content_of(request, keys) if holder else public_texts.released_words(request, keys)
    told = [entry for entry in entries if holder or (entry.step in _TOLD and entry.request_id == request.id)]
    return shown | {
        "category": {"zh": names.name_zh, "en": names.name_en},
        "state": request.state,
        "submitted_at": request.created_at,
        "resolve_by": request.resolve_by if request.state in OPEN else None,
        "title": words.title if words else None,
        "description": words.description if words else None,
        "photos": [photos.shown(photo) for photo in await photos.list_photos(session, request, holder)],
        "lines": [_line(entry, keys, holder, request, target) for entry in told],
        **(await _for_holder(session, request, target, entries, keys, holder) if holder else {}),
    }


def _line(
    entry: TimelineEntry,
    keys: Keys,
    holder: LinkHolder | None,
    request: ServiceRequest,
    target: ServiceRequest | None,
) -> dict[str, Any]:
    """Of the request that this one went into, no more than `presentation.updates` shows its requester."""
    may_read = (holder is not None or entry.released_at is not None) and not is_withheld(entry, target)
    return {
        "step": entry.step,
        "state": entry.state,
        "at": entry.created_at,
        "mine": entry.actor_role in _THEIR_SIDE and entry.request_id == request.id,
        "text": text_of(entry, keys) if may_read else None,
        "refusal": refusal_of(entry),
    }


async def _for_holder(
    session: AsyncSession,
    request: ServiceRequest,
    target: ServiceRequest | None,
    entries: list[TimelineEntry],
    keys: Keys,
    holder: LinkHolder,
) -> dict[str, Any]:
    answered, readable = target or request, [entry for entry in entries if not is_withheld(entry, target)]
    return {
        "place": content_of(request, keys).place,
        "question": _latest(readable, Step.WAITING, keys) if request.paused_at is not None else None,
        "answer": _latest(readable, Step.RESOLVED, keys) if is_possible(answered.state, Action.RATE) else None,
        "merged_into": REFERENCE.grouped(target.reference) if target else None,
        "may": await _possible(session, request, answered, holder),
    }


async def _possible(
    session: AsyncSession, request: ServiceRequest, answered: ServiceRequest, holder: LinkHolder
) -> list[str]:
    """`answered` is the request itself, or the one that it went into and was answered with."""
    may: list[str] = []
    if request.state in OPEN:
        may += ["comment" if request.paused_at is None else "answer", "photo", "withdraw"]
    if is_possible(request.state, Action.CONFIRM):
        may.append("confirm")
    if is_possible(answered.state, Action.REOPEN) and not is_settled(answered):
        may.append("reopen")
    if is_possible(answered.state, Action.RATE) and not await find_rating(session, answered, holder.person_id):
        may.append("rate")
    return may


def _latest(entries: list[TimelineEntry], step: Step, keys: Keys) -> str | None:
    return next((text_of(entry, keys) for entry in reversed(entries) if entry.step is step), None)

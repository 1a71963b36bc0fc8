"""What the tracking page shows: to everybody states and dates of public matters, to the holder of a link the whole."""

from typing import Any

from services.requests.moderation import public_texts
from services.requests.service_requests import repository as requests
from services.requests.service_requests.models import ServiceRequest, Step, TimelineEntry
from services.requests.service_requests.presentation import refusal_of
from services.requests.service_requests.references import REFERENCE
from services.requests.service_requests.states import OPEN, Action, is_possible
from services.requests.service_requests.texts import Keys, content_of, keys_of, text_of
from services.requests.tracking import repository
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
    keys = await keys_of(vault, [request, *entries])
    names = await repository.category_names(session, request)
    words = content_of(request, keys) if holder else public_texts.released_words(request, keys)
    return shown | {
        "category": {"zh": names.name_zh, "en": names.name_en},
        "state": request.state,
        "submitted_at": request.created_at,
        "resolve_by": request.resolve_by if request.state in OPEN else None,
        "title": words.title if words else None,
        "description": words.description if words else None,
        "lines": [_line(entry, keys, holder) for entry in entries if holder or entry.step in _TOLD],
        **(await _for_holder(session, request, entries, keys, holder) if holder else {}),
    }


def _line(entry: TimelineEntry, keys: Keys, holder: LinkHolder | None) -> dict[str, Any]:
    may_read = holder is not None or entry.released_at is not None
    return {
        "step": entry.step,
        "state": entry.state,
        "at": entry.created_at,
        "mine": entry.actor_role in _THEIR_SIDE,
        "text": text_of(entry, keys) if may_read else None,
        "refusal": refusal_of(entry),
    }


async def _for_holder(
    session: AsyncSession, request: ServiceRequest, entries: list[TimelineEntry], keys: Keys, holder: LinkHolder
) -> dict[str, Any]:
    waits = request.paused_at is not None
    merged = request.merged_into_id
    into = await repository.reference_of(session, request.community_code, merged) if merged else None
    return {
        "question": _latest(entries, Step.WAITING, keys) if waits else None,
        "answer": _latest(entries, Step.RESOLVED, keys) if is_possible(request.state, Action.RATE) else None,
        "merged_into": REFERENCE.grouped(into) if into else None,
        "may": await _possible(session, request, holder, waits=waits),
    }


async def _possible(session: AsyncSession, request: ServiceRequest, holder: LinkHolder, *, waits: bool) -> list[str]:
    may = ["answer" if waits else "comment"] if request.state in OPEN else []
    may += [action.value for action in (Action.CONFIRM, Action.REOPEN) if is_possible(request.state, action)]
    if is_possible(request.state, Action.RATE) and holder.person_id:
        rated = await requests.find_rating(session, request, holder.person_id)
        may += [] if rated else ["rate"]
    return may


def _latest(entries: list[TimelineEntry], step: Step, keys: Keys) -> str | None:
    return next((text_of(entry, keys) for entry in reversed(entries) if entry.step is step), None)

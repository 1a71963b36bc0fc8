"""One request that asks several things is taken apart (拆分), each under its own category.

A split is no new start: what is promised for a part counts from when the whole was submitted and dispatched.
"""

from typing import Any
from uuid import UUID

from services.requests.categories.forms import check_answers
from services.requests.categories.models import Privacy, ResponderKind
from services.requests.service_requests import deadlines, intake, repository
from services.requests.service_requests.deadlines import Terms
from services.requests.service_requests.errors import CategoryClosed
from services.requests.service_requests.models import ServiceRequest, Step
from services.requests.service_requests.service import step
from services.requests.service_requests.states import Action, State, after
from services.requests.service_requests.texts import (
    Contact,
    Content,
    contact_of,
    content_of,
    key_for_writing,
    keys_of,
    seal,
)
from services.requests.service_requests.timeline import Actor
from services.requests.splits.schemas import Part, Split
from shared.auth import Principal
from shared.db import AsyncSession
from shared.errors import invalid
from shared.vault import Vault


async def split(
    session: AsyncSession, vault: Vault, principal: Principal, request_id: UUID, data: Split
) -> tuple[ServiceRequest, list[UUID]]:
    """Make a request of each part; the requester is told of them by this one. Returns it, and the parts' ids."""
    whole = await repository.lock_request(session, principal, request_id)
    after(whole.state, Action.SPLIT)
    keys = await keys_of(vault, [whole])
    content, contact = content_of(whole, keys), contact_of(whole, keys)
    parts: list[UUID] = []
    for number, part in enumerate(data.parts):
        made, responder_kind = await _new_part(session, whole, part, number)
        await _seal(vault, made, _content(part, content), contact)
        await intake.write(session, made, Actor.of(principal), responder_kind=responder_kind)
        parts.append(made.id)
    detail = {"part_ids": [str(part_id) for part_id in parts]}
    return await step(session, vault, principal, whole, Step.SPLIT, text=data.text, detail=detail), parts


async def _new_part(
    session: AsyncSession, whole: ServiceRequest, part: Part, number: int
) -> tuple[ServiceRequest, ResponderKind]:
    terms = await repository.read_for_intake(
        session, whole.community_code, part.category, urgency=part.urgency, address=None, key_subject_id=None
    )
    if terms is None:
        raise invalid(f"/parts/{number}/category", "unknown", "没有这个类别", "No such category; see /v1/categories")
    if not terms.active:
        raise CategoryClosed
    part.attributes = check_answers(terms.form, part.attributes)
    made = intake.new_request(
        whole.community_code, terms, category_code=part.category, split_from_id=whole.id, **_kept(whole)
    )
    if whole.privacy is Privacy.CONFIDENTIAL:
        made.privacy = Privacy.CONFIDENTIAL
    if made.privacy is Privacy.PUBLIC:
        made.longitude, made.latitude = whole.longitude, whole.latitude
    _inherit_clock(made, whole, Terms.of(terms))
    return made, terms.responder_kind


def _kept(whole: ServiceRequest) -> dict[str, Any]:
    """What is as true of a part as of the whole."""
    names = (
        "channel",
        "grid_code",
        "requester_person_id",
        "household_id",
        "concerned_person_id",
        "client_id",
        "created_by",
        "is_anonymous",
        "confidential",
        "requester_phone_index",
        "building_index",
    )
    return {name: getattr(whole, name) for name in names}


def _inherit_clock(made: ServiceRequest, whole: ServiceRequest, terms: Terms) -> None:
    made.created_at = whole.created_at
    for name, by in deadlines.first_promise(made.urgency, terms, whole.created_at, made.calendar).items():
        setattr(made, name, by)
    made.accepted_at = made.accepted_at or whole.accepted_at
    made.state = State.ACCEPTED if made.accepted_at else State.SUBMITTED
    made.responded_at = whole.responded_at
    if whole.first_dispatched_at is not None:
        deadlines.start_clock(made, terms, whole.first_dispatched_at)
    made.next_due_at = deadlines.next_due(made)


def _content(part: Part, whole: Content) -> Content:
    return Content(title=part.title, description=part.description, attributes=part.attributes, place=whole.place)


async def _seal(vault: Vault, made: ServiceRequest, content: Content, contact: Contact | None) -> None:
    key = await key_for_writing(vault, made.community_code, made.key_subject_id)
    if not content.is_empty:
        made.content_sealed = seal(key, content, made.id)
    if contact is not None:
        made.requester_sealed = seal(key, contact, made.id)

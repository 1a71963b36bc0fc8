"""Taking a request in (受理): two round trips of its own, one to read what it depends on and one to write it all."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from services.requests.abuse.limits import NOBODY, USUAL, Limits, Submitter, check
from services.requests.anonymity import service as anonymity
from services.requests.anonymity.errors import AnonymityNotAllowed
from services.requests.calendars.calendars import calendar_in
from services.requests.categories.forms import check_answers
from services.requests.categories.models import Privacy, ResponderKind, Urgency
from services.requests.events import Origin, RequestSubmitted
from services.requests.service_requests import repository
from services.requests.service_requests.auth import OFFICE
from services.requests.service_requests.deadlines import Terms, count_by, first_promise, next_due
from services.requests.service_requests.errors import CategoryClosed
from services.requests.service_requests.models import Channel, ServiceRequest, Step
from services.requests.service_requests.schemas import PlaceCreate, ServiceRequestCreate
from services.requests.service_requests.states import State
from services.requests.service_requests.texts import (
    Contact,
    Content,
    Place,
    index_building,
    index_phone,
    key_for_writing,
    seal,
)
from services.requests.service_requests.timeline import Actor, entry_of, outbox_row
from shared.auth import Principal, Role
from shared.clock import utc_now
from shared.crypto import DataKey, WrappedKey
from shared.db import AsyncSession
from shared.errors import NotFound, invalid
from shared.geo import LonLat
from shared.grid_directory import BoundaryLocator
from shared.ids import new_id
from shared.outbox import outbox
from shared.statements import NewRow, adding, together
from shared.vault import DESTROYED, Vault, data_key

_BY_HAND = frozenset({Channel.PHONE, Channel.VISIT, Channel.CARD})
_WRITES_DOWN = OFFICE | {Role.GRID_WORKER}
"""Who takes requests in for somebody else."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """A request as it was just taken in, with what can be read of it without asking the database again."""

    request: ServiceRequest
    content: Content
    contact: Contact | None
    is_new: bool = True
    follow_up_code: str | None = None
    """By which an anonymous requester comes back; known to nobody else, and to nobody again."""


async def submit_request(
    session: AsyncSession,
    vault: Vault,
    locator: BoundaryLocator,
    principal: Principal,
    data: ServiceRequestCreate,
    *,
    channel: Channel = Channel.PARTNER,
    limits: Limits = USUAL,
) -> Submitted:
    """Take a request in from the app, by hand or from a partner.

    `channel` is a partner's way in. A partner's own number makes it idempotent for good: the same number answers with
    the request that it made first.
    """
    _check_role(principal, data)
    community_code = _community(principal, data)
    if data.external_id and principal.client_id:
        known = await repository.find_by_external_id(session, community_code, principal.client_id, data.external_id)
        if known is not None:
            return Submitted(known, Content(), None, is_new=False)
    submitter = _submitter(vault, principal, data)
    if data.anonymous:
        principal = anonymity.anonymous(principal)
    owner = _owner(principal, data, channel)
    place = data.place or PlaceCreate()
    terms = await _terms(session, community_code, data, submitter, owner["requester_person_id"])
    check(limits, terms, utc_now())
    point = place.position.wgs84() if place.position else None
    content = _content(data, terms, point)
    grid_code = await _grid(
        session=session,
        locator=locator,
        principal=principal,
        community_code=community_code,
        terms=terms,
        point=point,
    )
    if terms.privacy is Privacy.CONFIDENTIAL:
        owner["household_id"] = None  # those at home may be whom it is about
    request = new_request(community_code, terms, category_code=data.category, grid_code=grid_code, **owner)
    if request.privacy is Privacy.PUBLIC and point:
        request.longitude, request.latitude = point
    if place.address:
        request.building_index = index_building(vault.keyring, community_code, place.address)
    contact = Contact(name=data.requester.name, phone=data.requester.phone) if data.requester else None
    key_row = await _seal(vault, request, terms, content, contact)
    code = await _unname(session, vault, request, submitter, limits) if data.anonymous else None
    await write(session, request, Actor.of(principal), responder_kind=terms.responder_kind, also=key_row)
    return Submitted(request, content, contact, follow_up_code=code)


async def _terms(
    session: AsyncSession, community_code: str, data: ServiceRequestCreate, submitter: Submitter, subject: UUID | None
) -> Row[Any]:
    """What the submission depends on, read in one trip. Refuses what the category does not take."""
    address = data.place.address if data.place else None
    terms = await repository.read_for_intake(
        session,
        community_code,
        data.category,
        urgency=data.urgency,
        address=(address.compound, address.building, address.unit) if address else None,
        key_subject_id=subject,
        submitter=submitter,
    )
    if terms is None:
        raise invalid("/category", "unknown", "没有这个类别", "No such category; see /v1/categories")
    if not terms.active:
        raise CategoryClosed
    if data.anonymous and not terms.anonymous_allowed:
        raise AnonymityNotAllowed
    return terms


def new_request(community_code: str, terms: Row[Any], *, category_code: str, **values: Any) -> ServiceRequest:
    """A request under the terms in force. What is urgent is accepted as it comes."""
    now = utc_now()
    request_id = new_id()
    is_urgent = terms.urgency is Urgency.URGENT
    calendar = calendar_in(community_code, terms)
    request = ServiceRequest(
        community_code=community_code,
        id=request_id,
        key_subject_id=values.get("requester_person_id") or request_id,
        category_code=category_code,
        category_class=category_code.partition(".")[0],
        category_version=terms.category_version,
        privacy=terms.privacy,
        urgency=terms.urgency,
        state=State.ACCEPTED if is_urgent else State.SUBMITTED,
        accepted_at=now if is_urgent else None,
        policy_category_code=category_code,
        policy_version=terms.policy_version,
        created_at=now,
        updated_at=now,
        **first_promise(terms.urgency, Terms.of(terms), now, calendar),
        **values,
    )
    count_by(request, calendar)
    request.next_due_at = next_due(request)
    return request


async def write(
    session: AsyncSession,
    request: ServiceRequest,
    actor: Actor,
    *,
    responder_kind: ResponderKind,
    also: NewRow | None = None,
) -> None:
    """Store the request, the first lines of its timeline and its event in one statement."""
    steps = [Step.SUBMITTED] if request.state is State.SUBMITTED else [Step.SUBMITTED, Step.ACCEPTED]
    entries = [entry_of(request, step, actor, at=request.created_at) for step in steps]
    entries[0].state = State.SUBMITTED
    event = NewRow(outbox, outbox_row(request, _submitted(request, responder_kind)))
    await together(session, *([also] if also else []), adding(request), *map(adding, entries), event)


def _submitted(request: ServiceRequest, responder_kind: ResponderKind) -> RequestSubmitted:
    origin = Origin(type="found_person", id=request.origin_id) if request.origin_type and request.origin_id else None
    return RequestSubmitted(
        request_id=request.id,
        state=request.state.value,
        category=request.category_code,
        urgency=request.urgency.value,
        grid_code=request.grid_code,
        channel=request.channel.value,
        responder_kind=responder_kind.value,
        origin=origin,
        requester_person_id=request.requester_person_id,
        household_id=request.household_id,
        resolve_by=request.resolve_by,
        confidential=request.is_closed_to_others,
    )


def _check_role(principal: Principal, data: ServiceRequestCreate) -> None:
    """Refuse what the caller's role cannot say of a request."""
    by_hand = principal.role in _WRITES_DOWN
    reserved = {
        "urgency": by_hand,
        "channel": by_hand,
        "requester_person_id": by_hand,
        "household_id": by_hand,
        "requester": by_hand or principal.role is Role.PARTNER,
        "external_id": principal.role is Role.PARTNER and principal.client_id is not None,
        "anonymous": principal.role is Role.RESIDENT,
    }
    for name, allowed in reserved.items():
        if getattr(data, name) and not allowed:
            raise invalid(f"/{name}", "reserved", "您的身份不能填写此项", "Your role cannot set this")
    if data.channel is not None and data.channel not in _BY_HAND:
        raise invalid("/channel", "enum", "应为 phone、visit 或 card", "One of phone, visit, card")
    if principal.role is Role.RESIDENT and principal.person_id is None:
        raise NotFound


def _community(principal: Principal, data: ServiceRequestCreate) -> str:
    if data.community_code is None:
        return principal.community_code
    if not principal.may_see(data.community_code):
        raise invalid("/community_code", "unknown", "没有这个社区", "No such community")
    return data.community_code


def _submitter(vault: Vault, principal: Principal, data: ServiceRequestCreate) -> Submitter:
    """Whose submissions are counted: residents', partners' and their callers', never the office's."""
    if principal.role is Role.RESIDENT:
        return Submitter(person_id=principal.person_id)
    if principal.role is not Role.PARTNER:
        return NOBODY
    phone = data.requester.phone if data.requester else None
    return Submitter(client_id=principal.client_id, phone_index=index_phone(vault.keyring, phone) if phone else None)


async def _unname(
    session: AsyncSession, vault: Vault, request: ServiceRequest, submitter: Submitter, limits: Limits
) -> str:
    """Count the submission where nothing leads to it, and give its requester a way back. Returns the code of that."""
    assert submitter.person_id is not None
    await anonymity.count_submission(session, vault.keyring, request.community_code, submitter.person_id, limits)
    code = anonymity.new_code()
    request.is_anonymous, request.follow_up_index = True, anonymity.index_code(vault.keyring, code)
    return code


def _owner(principal: Principal, data: ServiceRequestCreate, way_in: Channel) -> dict[str, Any]:
    """Whose request it is and how it came in."""
    if principal.role is Role.RESIDENT:
        person_id, channel = principal.person_id, Channel.APP
        household_id = principal.household_id if data.share_with_household else None
    else:
        person_id, household_id = data.requester_person_id, data.household_id
        channel = way_in if principal.role is Role.PARTNER else data.channel or Channel.PHONE
    return {
        "channel": channel,
        "requester_person_id": person_id,
        "household_id": household_id,
        "client_id": principal.client_id if principal.role is Role.PARTNER else None,
        "external_id": data.external_id,
        "created_by": principal.subject,
    }


def _content(data: ServiceRequestCreate, terms: Row[Any], point: LonLat | None) -> Content:
    place = None
    if data.place:
        longitude, latitude = point or (None, None)
        place = Place(address=data.place.address, longitude=longitude, latitude=latitude, note=data.place.note)
    answers = check_answers(terms.form, data.attributes)
    return Content(title=data.title, description=data.description, attributes=answers, place=place)


async def _grid(
    *,
    session: AsyncSession,
    locator: BoundaryLocator,
    principal: Principal,
    community_code: str,
    terms: Row[Any],
    point: LonLat | None,
) -> str | None:
    """Address first, position next; what a worker of one grid writes down without a place is of that grid."""
    if terms.grid_code:
        return terms.grid_code
    if point:
        return await locator.find_grid(session, community_code, point)
    return principal.grids[0] if principal.role is Role.GRID_WORKER and len(principal.grids) == 1 else None


async def _seal(
    vault: Vault, request: ServiceRequest, terms: Row[Any], content: Content, contact: Contact | None
) -> NewRow | None:
    """Put the sealed texts on the request. Returns the insert of the request's own key when it got one."""
    if content.is_empty and contact is None:
        return None
    key, key_row = await _key(vault, request, terms)
    if not content.is_empty:
        request.content_sealed = seal(key, content, request.id)
    if contact is not None:
        request.requester_sealed = seal(key, contact, request.id)
        request.requester_phone_index = index_phone(vault.keyring, contact.phone) if contact.phone else None
    return key_row


async def _key(vault: Vault, request: ServiceRequest, terms: Row[Any]) -> tuple[DataKey, NewRow | None]:
    """The requester's key, which was read with the terms, or one of the request's own."""
    community_code, subject_id = request.community_code, request.key_subject_id
    if subject_id != request.id:
        if terms.key_id is None or terms.key_id == DESTROYED:
            return await key_for_writing(vault, community_code, subject_id), None
        return vault.keyring.unwrap(WrappedKey(terms.key_id, terms.wrapped), community_code, subject_id), None
    key, wrapped = vault.keyring.new_data_key(community_code, subject_id)
    row = {"community_code": community_code, "subject_id": subject_id}
    return key, NewRow(data_key, row | {"key_id": wrapped.key_id, "wrapped": wrapped.wrapped})

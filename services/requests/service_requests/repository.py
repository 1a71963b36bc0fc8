from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, String, and_, bindparam, false, func, or_, select, text, true, update
from sqlmodel import col

from services.requests.abuse.limits import NOBODY, Submitter
from services.requests.abuse.repository import submitted_lately, third_flag_at, values_of
from services.requests.calendars import repository as calendars
from services.requests.calendars.models import CommunityCalendar
from services.requests.categories.models import Category, DeadlinePolicy, Privacy, Urgency
from services.requests.mediations.access import MEDIATING, mediated_request_ids
from services.requests.ratings.models import Rating
from services.requests.service_requests.models import (
    ServiceRequest,
    Step,
    TimelineEntry,
    Visibility,
)
from services.requests.tracking.holders import LinkHolder
from services.requests.work_orders.models import RequestResponder
from shared.auth import Principal, Role
from shared.clock import utc_now
from shared.conditions import in_area
from shared.db import AsyncSession, text_enum
from shared.errors import NotFound
from shared.grid_directory import grid_of_address
from shared.vault import data_key

OF_INTEREST = (
    Step.ACCEPTED,
    Step.REJECTED,
    Step.DISPATCHED,
    Step.STARTED,
    Step.PROGRESS,
    Step.RESOLVED,
    Step.CONFIRMED,
    Step.REOPENED,
    Step.WITHDRAWN,
)
"""What the requester of a merged request reads of the one that it went into: how it goes, not what was said there."""
_LOCK_EXTERNAL_ID = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 365003))")


def readable(principal: Principal) -> Select[ServiceRequest]:
    """The requests that this principal may see; every query of requests for a person starts here."""
    statement = select(ServiceRequest).where(in_area(col(ServiceRequest.community_code), principal.area))
    match principal.role:
        case Role.HEAD:
            return statement
        case Role.STAFF | Role.SUPERVISOR:
            return statement.where(_open_to(principal))
        case Role.RESIDENT:
            return statement.where(_theirs(principal), _open_to(principal))
        case Role.GRID_WORKER:
            in_grids = col(ServiceRequest.grid_code).in_(principal.grids)
            return statement.where(or_(in_grids, _involved(principal)), _open_to(principal))
        case Role.RESPONDER:
            return statement.where(_involved(principal), _open_to(principal))
        case Role.PARTNER:
            return statement.where(col(ServiceRequest.client_id) == principal.client_id, _open_to(principal))
    raise NotFound


def not_confidential() -> ColumnElement[bool]:
    """What neither its category nor a mediation has closed. Every query for others that does not start at `readable`
    needs this."""
    return and_(_not_mediated(), col(ServiceRequest.privacy) != Privacy.CONFIDENTIAL)


def _not_mediated() -> ColumnElement[bool]:
    return col(ServiceRequest.confidential).is_(False)


def _open_to(principal: Principal) -> ColumnElement[bool]:
    """What is closed is still open to whoever asked and whoever mediates; what only its category has closed, also to
    whoever wrote it down or was asked to act."""
    if isinstance(principal, LinkHolder):
        return true()
    if principal.role is Role.RESIDENT and principal.person_id is not None:
        return or_(not_confidential(), col(ServiceRequest.requester_person_id) == principal.person_id)
    if principal.role is Role.PARTNER:
        return _not_mediated()
    if principal.role not in MEDIATING:
        return not_confidential()
    wrote = col(ServiceRequest.created_by) == principal.subject
    if principal.responder_id is None:
        return or_(not_confidential(), and_(_not_mediated(), wrote))
    mediated = mediated_request_ids(principal.area, principal.responder_id)
    involved = and_(_not_mediated(), or_(wrote, asked(principal)))
    return or_(not_confidential(), involved, col(ServiceRequest.id).in_(mediated))


def _involved(principal: Principal) -> ColumnElement[bool]:
    """What this responder was asked to do, or mediates; one set of ids, so that an index answers."""
    if principal.responder_id is None:
        return false()
    asked_ids = _asked_ids(principal)
    mediated = mediated_request_ids(principal.area, principal.responder_id)
    return col(ServiceRequest.id).in_(asked_ids.union(mediated))


def _theirs(principal: Principal) -> ColumnElement[bool]:
    """What a resident asked themself, or what concerns their household; of a link, what it opens."""
    if isinstance(principal, LinkHolder):
        return col(ServiceRequest.id) == principal.request_id
    owners = (
        (col(ServiceRequest.requester_person_id), principal.person_id),
        (col(ServiceRequest.household_id), principal.household_id),
    )
    return or_(false(), *(column == owner for column, owner in owners if owner is not None))


def asked(principal: Principal) -> ColumnElement[bool]:
    """What dispatch has asked this responder to do, until another has taken it over."""
    return col(ServiceRequest.id).in_(_asked_ids(principal))


def _asked_ids(principal: Principal) -> Select[UUID]:
    return select(col(RequestResponder.request_id)).where(
        in_area(col(RequestResponder.community_code), principal.area),
        col(RequestResponder.responder_id) == principal.responder_id,
        col(RequestResponder.ended_at).is_(None),
    )


async def is_asked(session: AsyncSession, principal: Principal, request: ServiceRequest) -> bool:
    """Whether dispatch has asked this responder to do it."""
    statement = select(col(ServiceRequest.id)).where(
        col(ServiceRequest.community_code) == request.community_code,
        col(ServiceRequest.id) == request.id,
        asked(principal),
    )
    return (await session.execute(statement)).first() is not None


async def get_request(session: AsyncSession, principal: Principal, request_id: UUID) -> ServiceRequest:
    return await _one(session, readable(principal).where(col(ServiceRequest.id) == request_id))


async def lock_request(session: AsyncSession, principal: Principal, request_id: UUID) -> ServiceRequest:
    """The request, held until the transaction ends: one step after the other."""
    statement = readable(principal).where(col(ServiceRequest.id) == request_id)
    return await _one(session, statement.with_for_update(of=ServiceRequest))


async def _one(session: AsyncSession, statement: Select[ServiceRequest]) -> ServiceRequest:
    request = (await session.execute(statement)).scalar_one_or_none()
    if request is None:
        raise NotFound
    return request


async def find_merged_into(session: AsyncSession, request: ServiceRequest) -> ServiceRequest | None:
    """The request that this one went into."""
    if request.merged_into_id is None:
        return None
    return await session.get_one(ServiceRequest, (request.community_code, request.merged_into_id))


async def find_by_id(session: AsyncSession, community_code: str, request_id: UUID) -> ServiceRequest | None:
    """For events, which have no principal; locked."""
    return await session.get(ServiceRequest, (community_code, request_id), with_for_update=True)


async def find_by_origin(
    session: AsyncSession, community_code: str, origin_type: str, origin_id: UUID
) -> ServiceRequest | None:
    """The request made from a case of another service; locked."""
    statement = select(ServiceRequest).where(
        col(ServiceRequest.community_code) == community_code,
        col(ServiceRequest.origin_type) == origin_type,
        col(ServiceRequest.origin_id) == origin_id,
    )
    return (await session.execute(statement.with_for_update())).scalar_one_or_none()


async def find_by_external_id(
    session: AsyncSession, community_code: str, client_id: str, external_id: str
) -> ServiceRequest | None:
    """What this client submitted under its own number. Two at once: the second waits, and finds the first's."""
    name = f"{community_code}/{client_id}/{external_id}"
    await session.execute(_LOCK_EXTERNAL_ID, {"name": name})
    statement = select(ServiceRequest).where(
        col(ServiceRequest.community_code) == community_code,
        col(ServiceRequest.client_id) == client_id,
        col(ServiceRequest.external_id) == external_id,
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def read_for_intake(
    session: AsyncSession,
    community_code: str,
    category_code: str,
    *,
    urgency: Urgency | None,
    address: tuple[str, str, str] | None,
    key_subject_id: UUID | None,
    submitter: Submitter = NOBODY,
) -> Any:
    """Everything that a submission depends on, in one query: category, policy, grid of the address, data key, and how
    much its submitter has submitted lately.

    None if the community has no such category. `urgency` None: the category's own.
    """
    compound, building, unit = address or ("", "", "")
    values = {
        "community": community_code,
        "category": category_code,
        "urgency": urgency,
        "subject": key_subject_id,
        "compound": compound,
        "building": building,
        "units": ["", unit],
        **values_of(submitter, utc_now()),
    }
    connection = await session.connection()
    return (await connection.execute(_INTAKE, values)).one_or_none()


_OF_CATEGORY = (
    col(Category.form),
    col(Category.privacy),
    col(Category.version).label("category_version"),
    col(Category.active),
    col(Category.anonymous_allowed),
    col(Category.daily_limit),
    col(Category.responder_kind),
)
_OF_POLICY = (
    col(DeadlinePolicy.urgency),
    col(DeadlinePolicy.policy_version),
    col(DeadlinePolicy.accept_minutes),
    col(DeadlinePolicy.first_response_minutes),
    col(DeadlinePolicy.resolution_minutes),
    col(DeadlinePolicy.reopened_minutes),
)


def _for_intake() -> Any:
    """Composed once: putting a query together takes longer than answering it."""
    community = bindparam("community", type_=String)
    grid = grid_of_address(community, bindparam("compound"), bindparam("building"), bindparam("units", expanding=True))
    urgency = func.coalesce(bindparam("urgency", type_=text_enum(Urgency)), col(Category.default_urgency))
    category = bindparam("category", type_=String)
    counts = submitted_lately(community, category)
    statement = (
        select(
            *_OF_CATEGORY,
            *_OF_POLICY,
            grid.scalar_subquery().label("grid_code"),
            data_key.c.key_id,
            data_key.c.wrapped,
            *calendars.DEFINITION,
            third_flag_at(community).label("third_flag_at"),
            *counts.c,
        )
        .join(
            DeadlinePolicy,
            (col(DeadlinePolicy.community_code) == col(Category.community_code))
            & (col(DeadlinePolicy.category_code) == col(Category.code))
            & (col(DeadlinePolicy.policy_version) == col(Category.policy_version))
            & (col(DeadlinePolicy.urgency) == urgency),
        )
        .outerjoin(
            data_key,
            (data_key.c.community_code == community)
            & (data_key.c.subject_id == bindparam("subject", type_=data_key.c.subject_id.type)),
        )
        .outerjoin(CommunityCalendar, calendars.is_latest(community))
        .where(col(Category.community_code) == community, col(Category.code) == category)
    )
    return statement.join(counts, true())


_INTAKE = _for_intake()


async def get_policy(session: AsyncSession, request: ServiceRequest) -> DeadlinePolicy:
    """The policy under which the request was submitted."""
    key = (request.community_code, request.policy_category_code, request.policy_version, request.urgency)
    return await session.get_one(DeadlinePolicy, key)


def timeline(request: ServiceRequest, *, internal: bool) -> Select[TimelineEntry]:
    """The lines of a request. The requester of a merged one also reads what became of the one that it went into."""
    statement = select(TimelineEntry).where(col(TimelineEntry.community_code) == request.community_code)
    own = col(TimelineEntry.request_id) == request.id
    if internal:
        return statement.where(own)
    if request.merged_into_id is not None:
        others = (col(TimelineEntry.request_id) == request.merged_into_id) & col(TimelineEntry.step).in_(OF_INTEREST)
        own = or_(own, others)
    return statement.where(own, col(TimelineEntry.visibility) == Visibility.PUBLIC)


async def public_lines(session: AsyncSession, request: ServiceRequest, limit: int) -> list[TimelineEntry]:
    """The public lines of the timeline, the oldest first."""
    statement = timeline(request, internal=False).order_by(col(TimelineEntry.id)).limit(limit)
    return list((await session.execute(statement)).scalars())


async def find_by_phone(session: AsyncSession, community_code: str, phone_index: bytes, limit: int) -> Sequence[Any]:
    statement = (
        select(ServiceRequest)
        .where(
            col(ServiceRequest.community_code) == community_code,
            col(ServiceRequest.requester_phone_index) == phone_index,
            not_confidential(),
        )
        .order_by(col(ServiceRequest.id).desc())
        .limit(limit)
    )
    return (await session.execute(statement)).scalars().all()


async def requests_of_person(session: AsyncSession, community_code: str, person_id: UUID) -> Sequence[ServiceRequest]:
    """What a person asked, and what is about them; locked."""
    statement = select(ServiceRequest).where(
        col(ServiceRequest.community_code) == community_code,
        or_(
            col(ServiceRequest.requester_person_id) == person_id,
            col(ServiceRequest.concerned_person_id) == person_id,
        ),
    )
    return (await session.execute(statement.order_by(col(ServiceRequest.id)).with_for_update())).scalars().all()


async def blank_texts(session: AsyncSession, community_code: str, key_subject_id: UUID) -> None:
    """Drop the ciphertexts that nobody can open any more."""
    for table in (TimelineEntry, Rating):
        await session.execute(
            update(table)
            .where(col(table.community_code) == community_code, col(table.key_subject_id) == key_subject_id)
            .values(text_sealed=None, key_subject_id=None)
        )

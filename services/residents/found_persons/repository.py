from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, exists, false, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlmodel import col

from services.residents.found_persons.models import (
    FoundPerson,
    FoundPersonEntry,
    FoundPersonResponder,
    FoundReport,
    Source,
)
from services.residents.found_persons.relay_models import FamilyLink
from services.residents.found_persons.states import OPEN
from services.residents.found_persons.trail_models import FoundSighting
from services.residents.notices.models import Delivery, DeliveryState
from services.residents.people.models import Person
from services.residents.photos.models import PhotoKind
from services.residents.photos.repository import find_photo
from shared.auth import Principal, Role
from shared.clock import utc_now
from shared.conditions import among, in_area
from shared.db import AsyncSession
from shared.errors import NotFound


def readable(principal: Principal) -> Select[FoundPerson]:
    """The cases that this principal may open; every query of cases for a person starts here."""
    statement = select(FoundPerson).where(in_area(col(FoundPerson.community_code), principal.area))
    match principal.role:
        case Role.STAFF | Role.HEAD:
            return statement
        case Role.GRID_WORKER:
            in_grid = col(FoundPerson.grid_code).in_(principal.grids)
            return statement.where(or_(in_grid, col(FoundPerson.opened_by) == principal.subject, _sent(principal)))
        case Role.RESPONDER:
            return statement.where(_sent(principal))
        case Role.SUPERVISOR:
            escalated = or_(col(FoundPerson.escalated_at).is_not(None), col(FoundPerson.police_called_at).is_not(None))
            return statement.where(escalated)
    return statement.where(false())


def _sent(principal: Principal):
    if principal.responder_id is None:
        return false()
    return exists().where(
        col(FoundPersonResponder.community_code) == col(FoundPerson.community_code),
        col(FoundPersonResponder.found_person_id) == col(FoundPerson.id),
        col(FoundPersonResponder.responder_id) == principal.responder_id,
        col(FoundPersonResponder.is_active),
    )


async def get_case(session: AsyncSession, principal: Principal, case_id: UUID, *, lock: bool = False) -> FoundPerson:
    statement = readable(principal).where(col(FoundPerson.id) == case_id)
    if lock:
        statement = statement.with_for_update(of=FoundPerson)
    case = (await session.execute(statement)).scalar_one_or_none()
    if case is None:
        raise NotFound
    return case


async def lock_by_id(session: AsyncSession, community_code: str, case_id: UUID) -> FoundPerson | None:
    return await session.get(FoundPerson, (community_code, case_id), with_for_update=True)


async def lock_open_of_card(session: AsyncSession, community_code: str, card_id: UUID) -> FoundPerson | None:
    """The open case of a card. The caller holds the card's row, so that two reports cannot open two cases."""
    statement = (
        select(FoundPerson)
        .where(
            col(FoundPerson.community_code) == community_code,
            col(FoundPerson.card_id) == card_id,
            col(FoundPerson.state).in_(OPEN),
        )
        .with_for_update()
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def find_report(session: AsyncSession, community_code: str, report_id: UUID) -> FoundReport | None:
    return await session.get(FoundReport, (community_code, report_id))


async def find_by_id(session: AsyncSession, community_code: str, case_id: UUID) -> FoundPerson | None:
    return await session.get(FoundPerson, (community_code, case_id))


async def reports_of(session: AsyncSession, case: FoundPerson) -> Sequence[FoundReport]:
    statement = (
        select(FoundReport)
        .where(col(FoundReport.community_code) == case.community_code, col(FoundReport.found_person_id) == case.id)
        .order_by(col(FoundReport.id))
    )
    return (await session.execute(statement)).scalars().all()


async def sightings_of(session: AsyncSession, case: FoundPerson) -> Sequence[FoundSighting]:
    statement = select(FoundSighting).where(
        col(FoundSighting.community_code) == case.community_code, col(FoundSighting.found_person_id) == case.id
    )
    return (
        (await session.execute(statement.order_by(col(FoundSighting.seen_at), col(FoundSighting.id)))).scalars().all()
    )


async def count_sightings(session: AsyncSession, case: FoundPerson, source: Source, since: datetime) -> int:
    statement = select(func.count()).where(
        col(FoundSighting.community_code) == case.community_code,
        col(FoundSighting.found_person_id) == case.id,
        col(FoundSighting.source) == source,
        col(FoundSighting.created_at) > since,
    )
    return (await session.execute(statement)).scalar_one()


async def is_proof(session: AsyncSession, case: FoundPerson, photo_id: UUID) -> bool:
    """Whether this is a photo of the case's handover."""
    photo = await find_photo(session, case.community_code, case.id, photo_id)
    return photo is not None and photo.kind is PhotoKind.HAND_OVER


async def entries_of(session: AsyncSession, case: FoundPerson) -> Sequence[FoundPersonEntry]:
    statement = (
        select(FoundPersonEntry)
        .where(
            col(FoundPersonEntry.community_code) == case.community_code,
            col(FoundPersonEntry.found_person_id) == case.id,
        )
        .order_by(col(FoundPersonEntry.id))
    )
    return (await session.execute(statement)).scalars().all()


async def states_of_deliveries(
    session: AsyncSession, community_code: str, ids: Sequence[UUID]
) -> dict[UUID, DeliveryState]:
    """How far these texts have come."""
    statement = select(col(Delivery.id), col(Delivery.state)).where(
        col(Delivery.community_code) == community_code, among(col(Delivery.id), ids)
    )
    return {row.id: row.state for row in await session.execute(statement)}


async def contacts_who_looked(session: AsyncSession, case: FoundPerson) -> set[UUID]:
    """Family contacts who have opened the page that a text told them of."""
    statement = select(col(FamilyLink.contact_id)).where(
        col(FamilyLink.community_code) == case.community_code,
        col(FamilyLink.found_person_id) == case.id,
        col(FamilyLink.opened_at).is_not(None),
    )
    return set((await session.execute(statement)).scalars())


async def is_accepted(session: AsyncSession, case: FoundPerson) -> bool:
    """Whether somebody who was sent has said that they are going."""
    statement = select(
        exists().where(
            col(FoundPersonResponder.community_code) == case.community_code,
            col(FoundPersonResponder.found_person_id) == case.id,
            col(FoundPersonResponder.is_active),
            col(FoundPersonResponder.accepted_at).is_not(None),
        )
    )
    return bool((await session.execute(statement)).scalar_one())


async def assign(session: AsyncSession, community_code: str, row: FoundPersonResponder) -> bool:
    """Let a responder open the case. False if newer news of the same work order is known."""
    statement = upsert(FoundPersonResponder).values(row.model_dump())
    statement = statement.on_conflict_do_update(
        index_elements=["community_code", "found_person_id", "responder_id"],
        set_={
            "is_active": True,
            "order_version": statement.excluded.order_version,
            "accepted_at": None,
            "work_order_id": statement.excluded.work_order_id,
        },
        where=or_(
            col(FoundPersonResponder.work_order_id) != statement.excluded.work_order_id,
            col(FoundPersonResponder.order_version) < statement.excluded.order_version,
        ),
    ).returning(col(FoundPersonResponder.responder_id))
    return (await session.execute(statement)).first() is not None


async def lock_sent(session: AsyncSession, community_code: str, work_order_id: UUID) -> Sequence[FoundPersonResponder]:
    """Everybody whom this work order sent."""
    statement = (
        select(FoundPersonResponder)
        .where(
            col(FoundPersonResponder.community_code) == community_code,
            col(FoundPersonResponder.work_order_id) == work_order_id,
        )
        .with_for_update()
    )
    return (await session.execute(statement)).scalars().all()


async def lock_overdue(session: AsyncSession, now: datetime, limit: int) -> Sequence[FoundPerson]:
    statement = (
        select(FoundPerson)
        .where(
            col(FoundPerson.escalated_at).is_(None),
            col(FoundPerson.state).in_(OPEN),
            col(FoundPerson.due_at) <= now,
        )
        .order_by(col(FoundPerson.due_at))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return (await session.execute(statement)).scalars().all()


async def lock_kept_too_long(session: AsyncSession, closed_before: datetime, limit: int) -> Sequence[FoundPerson]:
    """Closed cases whose retention has ended, or whose person was erased."""
    erased = exists().where(
        col(Person.community_code) == col(FoundPerson.community_code),
        col(Person.id) == col(FoundPerson.person_id),
        col(Person.erased_at).is_not(None),
    )
    statement = (
        select(FoundPerson)
        .where(
            col(FoundPerson.closed_at).is_not(None),
            col(FoundPerson.forgotten_at).is_(None),
            or_(col(FoundPerson.closed_at) <= closed_before, erased),
        )
        .limit(limit)
        .with_for_update(skip_locked=True, of=FoundPerson)
    )
    return (await session.execute(statement)).scalars().all()


async def forget_follow_tokens(session: AsyncSession, community_code: str, case_id: UUID) -> None:
    await session.execute(
        update(FoundReport)
        .where(col(FoundReport.community_code) == community_code, col(FoundReport.found_person_id) == case_id)
        .values(follow_digest=None)
        .execution_options(synchronize_session=False)
    )


def touch(case: FoundPerson) -> None:
    case.version += 1
    case.updated_at = utc_now()

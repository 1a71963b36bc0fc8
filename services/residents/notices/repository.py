from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, and_, delete, exists, false, or_, select
from sqlmodel import col

from services.residents.notices.models import Delivery, DeliveryState, Notice, NoticeKind
from services.residents.people.models import FamilyContact, Person
from shared.auth import Principal, Role
from shared.conditions import in_area
from shared.db import AsyncSession
from shared.errors import NotFound


def readable(principal: Principal) -> Select[Notice]:
    """The notices that are this principal's; every query of notices for a person starts here."""
    statement = select(Notice).where(in_area(col(Notice.community_code), principal.area))
    own = col(Notice.account) == principal.subject
    if principal.role in (Role.STAFF, Role.HEAD):
        of_desk = and_(col(Notice.person_id).is_(None), col(Notice.responder_id).is_(None))
        statement = statement.where(of_desk, or_(col(Notice.account).is_(None), own))
        return statement if principal.role is Role.HEAD else statement.where(col(Notice.for_head).is_(False))
    if principal.role in (Role.GRID_WORKER, Role.RESPONDER):
        sent = col(Notice.responder_id) == principal.responder_id
        return statement.where(or_(sent, own) if principal.responder_id else own)
    if principal.person_id is not None:
        return statement.where(col(Notice.person_id) == principal.person_id)
    return statement.where(false())


async def get_notice(session: AsyncSession, principal: Principal, notice_id: UUID, *, lock: bool = False) -> Notice:
    statement = readable(principal).where(col(Notice.id) == notice_id)
    if lock:
        statement = statement.with_for_update()
    notice = (await session.execute(statement)).scalar_one_or_none()
    if notice is None:
        raise NotFound
    return notice


async def is_told(
    session: AsyncSession, community_code: str, kind: NoticeKind, found_person_id: UUID, responder_id: UUID | None
) -> bool:
    """Whether a notice about this case lies unread before this responder, or the duty desk."""
    statement = select(
        exists().where(
            col(Notice.community_code) == community_code,
            col(Notice.person_id).is_(None),
            col(Notice.responder_id).is_not_distinct_from(responder_id),
            col(Notice.kind) == kind,
            col(Notice.read_at).is_(None),
            col(Notice.parameters)["found_person_id"].astext == str(found_person_id),
        )
    )
    return bool((await session.execute(statement)).scalar_one())


async def members(session: AsyncSession, community_code: str, household_id: UUID) -> list[UUID]:
    """Who lives in a household and was not erased."""
    statement = select(col(Person.id)).where(
        col(Person.community_code) == community_code,
        col(Person.household_id) == household_id,
        col(Person.erased_at).is_(None),
    )
    return list((await session.execute(statement)).scalars())


async def lock_due(session: AsyncSession, now: datetime, limit: int) -> Sequence[Delivery]:
    """Pending deliveries whose time has come, of all communities, each held until the transaction ends."""
    statement = (
        select(Delivery)
        .where(col(Delivery.state) == DeliveryState.PENDING, col(Delivery.due_at) <= now)
        .order_by(col(Delivery.due_at))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return (await session.execute(statement)).scalars().all()


async def find_person(session: AsyncSession, community_code: str, person_id: UUID) -> Person | None:
    return await session.get(Person, (community_code, person_id))


async def find_contact(session: AsyncSession, community_code: str, contact_id: UUID) -> FamilyContact | None:
    return await session.get(FamilyContact, (community_code, contact_id))


async def forget_notices(session: AsyncSession, community_code: str, person_id: UUID) -> None:
    """What a person was told goes with them; texts that are on their way go nowhere."""
    await session.execute(
        delete(Notice).where(col(Notice.community_code) == community_code, col(Notice.person_id) == person_id)
    )

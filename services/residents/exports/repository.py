from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, func, select, update
from sqlmodel import col

from services.residents.exports.models import ExportJob, ExportState
from services.residents.exports.schemas import ExportFilter
from services.residents.household_cards.models import HouseholdCard
from services.residents.households.models import Household
from services.residents.memberships.models import HouseholdRelation, Membership
from services.residents.people import repository as people
from services.residents.people.models import FamilyContact, Person
from shared.auth import Principal, Role
from shared.clock import china_today, utc_now
from shared.conditions import among, in_area
from shared.db import AsyncSession
from shared.errors import NotFound


def readable(principal: Principal) -> Select[ExportJob]:
    """A head sees every export of the community, everybody else their own."""
    statement = select(ExportJob).where(in_area(col(ExportJob.community_code), principal.area))
    if principal.role is Role.HEAD:
        return statement
    return statement.where(
        col(ExportJob.requested_by) == principal.subject, col(ExportJob.requested_role) == principal.role
    )


async def get_export(session: AsyncSession, principal: Principal, export_id: UUID) -> ExportJob:
    statement = readable(principal).where(col(ExportJob.id) == export_id)
    found = (await session.execute(statement)).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found


async def count_download(session: AsyncSession, job: ExportJob, most: int) -> bool:
    """One more download; False if there were enough, however many ask at once."""
    statement = (
        update(ExportJob)
        .where(
            col(ExportJob.community_code) == job.community_code,
            col(ExportJob.id) == job.id,
            col(ExportJob.state) == ExportState.READY,
            col(ExportJob.downloads) < most,
        )
        .values(downloads=col(ExportJob.downloads) + 1, version=col(ExportJob.version) + 1, updated_at=utc_now())
        .returning(col(ExportJob.id))
    )
    return (await session.execute(statement)).first() is not None


async def lock_next(session: AsyncSession) -> ExportJob | None:
    statement = (
        select(ExportJob).where(col(ExportJob.state) == ExportState.REQUESTED).order_by(col(ExportJob.created_at))
    )
    return (await session.execute(statement.limit(1).with_for_update(skip_locked=True))).scalar_one_or_none()


async def lock_spent(session: AsyncSession, now: datetime, downloads: int, most: int) -> Sequence[ExportJob]:
    """Exports whose time is up or that were downloaded often enough, and whose files still exist."""
    statement = (
        select(ExportJob)
        .where(
            col(ExportJob.forgotten_at).is_(None),
            (col(ExportJob.expires_at) <= now) | (col(ExportJob.downloads) >= downloads),
        )
        .order_by(col(ExportJob.expires_at))
        .limit(most)
    )
    return (await session.execute(statement.with_for_update(skip_locked=True))).scalars().all()


async def lock_ready(session: AsyncSession, community_code: str) -> Sequence[ExportJob]:
    """A community's exports that can still be downloaded."""
    statement = select(ExportJob).where(
        col(ExportJob.community_code) == community_code,
        col(ExportJob.forgotten_at).is_(None),
        col(ExportJob.state) == ExportState.READY,
    )
    return (await session.execute(statement.order_by(col(ExportJob.id)).with_for_update())).scalars().all()


# Whom an export is about


def chosen(principal: Principal, wanted: ExportFilter) -> Select[Person, Household]:
    """The people an export names, of those whom the principal may see."""
    statement = people.narrow(
        people.readable(principal),
        grid_code=wanted.grid_code,
        states=(wanted.state,),
        tag=wanted.tag,
        on=china_today(),
    )
    if wanted.colour is not None:
        shown = (
            select(col(HouseholdCard.household_id))
            .where(
                col(HouseholdCard.community_code) == col(Household.community_code),
                col(HouseholdCard.household_id) == col(Household.id),
                col(HouseholdCard.colour) == wanted.colour,
            )
            .exists()
        )
        statement = statement.where(shown)
    return statement


async def count_chosen(session: AsyncSession, principal: Principal, wanted: ExportFilter, most: int) -> int:
    """How many there are, counted no further than `most` + 1."""
    found = chosen(principal, wanted).with_only_columns(col(Person.id)).limit(most + 1).subquery()
    return (await session.execute(select(func.count()).select_from(found))).scalar_one()


async def page_of_chosen(
    session: AsyncSession, principal: Principal, wanted: ExportFilter, after: UUID | None, size: int
) -> Sequence[people.PersonAtHome]:
    statement = chosen(principal, wanted).order_by(col(Person.id)).limit(size)
    if after is not None:
        statement = statement.where(col(Person.id) > after)
    return [(row[0], row[1]) for row in (await session.execute(statement)).all()]


async def relations(session: AsyncSession, community_code: str, ids: Sequence[UUID]) -> dict[UUID, HouseholdRelation]:
    statement = select(col(Membership.person_id), col(Membership.relation)).where(
        col(Membership.community_code) == community_code,
        among(col(Membership.person_id), ids),
        col(Membership.ended_on).is_(None),
    )
    return {person_id: relation for person_id, relation in await session.execute(statement)}  # noqa: C416 - a Result has keys()


async def contacts(session: AsyncSession, community_code: str, ids: Sequence[UUID]) -> Sequence[FamilyContact]:
    statement = select(FamilyContact).where(
        col(FamilyContact.community_code) == community_code, among(col(FamilyContact.person_id), ids)
    )
    return (await session.execute(statement.order_by(col(FamilyContact.position)))).scalars().all()

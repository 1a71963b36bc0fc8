from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, any_, bindparam, exists, false, func, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import UUID as PgUuid
from sqlmodel import col

from services.dispatch.communities.models import Community
from services.dispatch.grids.models import Grid
from services.dispatch.responders.errors import ResponderUnknown
from services.dispatch.responders.models import Absence, Responder, ResponderKind, RosterEntry
from shared.auth import Principal, Role
from shared.conditions import in_area
from shared.db import AsyncSession
from shared.errors import NotFound

_UUIDS = ARRAY(PgUuid(as_uuid=True))


def readable(principal: Principal) -> Select[Responder]:
    """The responders that this principal may see; those who are asked themselves see their own record only."""
    statement = select(Responder).where(in_area(Responder.community_code, principal.area))
    if principal.role is Role.RESPONDER:
        return statement.where(col(Responder.id) == principal.responder_id if principal.responder_id else false())
    return statement


async def get_responder(session: AsyncSession, principal: Principal, responder_id: UUID) -> Responder:
    statement = readable(principal).where(col(Responder.id) == responder_id)
    responder = (await session.execute(statement)).scalar_one_or_none()
    if responder is None:
        raise NotFound
    return responder


async def lock_responder(session: AsyncSession, principal: Principal, responder_id: UUID) -> Responder:
    statement = readable(principal).where(col(Responder.id) == responder_id).with_for_update()
    responder = (await session.execute(statement)).scalar_one_or_none()
    if responder is None:
        raise NotFound
    return responder


async def check_active(session: AsyncSession, community_code: str, *responder_ids: UUID) -> None:
    """Raise ResponderUnknown unless all of these are active responders of the community."""
    statement = select(func.count()).where(
        col(Responder.community_code) == community_code,
        col(Responder.id) == any_(bindparam("responders", list(set(responder_ids)), type_=_UUIDS)),
        col(Responder.active),
    )
    if (await session.execute(statement)).scalar_one() < len(set(responder_ids)):
        raise ResponderUnknown


async def is_needed(session: AsyncSession, responder: Responder) -> bool:
    """Whether grids, the duty desk or open work orders still rest on this responder."""
    grids = exists().where(
        col(Grid.community_code) == responder.community_code,
        or_(col(Grid.responder_id) == responder.id, col(Grid.backup_responder_id) == responder.id),
    )
    desk = exists().where(
        col(Community.community_code) == responder.community_code, col(Community.duty_desk_id) == responder.id
    )
    return responder.open_orders > 0 or (await session.execute(select(or_(grids, desk)))).scalar_one()


async def present_at(session: AsyncSession, community_code: str, ids: Sequence[UUID], at: datetime) -> set[UUID]:
    """Those of `ids` who are active and not absent at `at`."""
    statement = select(col(Responder.id)).where(
        col(Responder.community_code) == community_code,
        col(Responder.id) == any_(bindparam("responders", list(ids), type_=_UUIDS)),
        col(Responder.active),
        ~_absent(at),
    )
    return set((await session.execute(statement)).scalars())


async def public_specialists(
    session: AsyncSession, community_code: str, grid_codes: Sequence[str], kinds: Sequence[ResponderKind]
) -> Sequence[Responder]:
    """Active responders of these kinds who agreed to be public, of these grids or of the whole community."""
    statement = select(Responder).where(
        col(Responder.community_code) == community_code,
        col(Responder.active),
        col(Responder.is_public),
        col(Responder.kind).in_(kinds),
        or_(col(Responder.home_grid_code).is_(None), col(Responder.home_grid_code).in_(grid_codes)),
    )
    return (await session.execute(statement)).scalars().all()


async def asked_for(session: AsyncSession, community_code: str, grid_code: str | None, at: datetime) -> Sequence[Any]:
    """Every active responder with what assignment needs to know of them for work in `grid_code` at `at`."""
    rostered = exists().where(
        col(RosterEntry.community_code) == col(Responder.community_code),
        col(RosterEntry.responder_id) == col(Responder.id),
        col(RosterEntry.starts_at) <= at,
        col(RosterEntry.ends_at) > at,
        or_(col(RosterEntry.grid_code).is_(None), col(RosterEntry.grid_code) == grid_code),
    )
    statement = (
        select(
            col(Responder.id),
            col(Responder.kind),
            col(Responder.duty),
            col(Responder.skills),
            col(Responder.capacity),
            col(Responder.open_orders),
            col(Responder.last_assigned_at),
            col(Responder.person_id),
            col(Responder.household_id),
            func.coalesce(col(Responder.longitude), col(Grid.centre_longitude)).label("longitude"),
            func.coalesce(col(Responder.latitude), col(Grid.centre_latitude)).label("latitude"),
            _absent(at).label("absent"),
            rostered.label("rostered"),
        )
        .outerjoin(
            Grid,
            (col(Grid.community_code) == col(Responder.community_code))
            & (col(Grid.code) == col(Responder.home_grid_code)),
        )
        .where(col(Responder.community_code) == community_code, col(Responder.active))
    )
    return (await session.execute(statement)).all()


def _absent(at: datetime) -> Any:
    return exists().where(
        col(Absence.community_code) == col(Responder.community_code),
        col(Absence.responder_id) == col(Responder.id),
        col(Absence.starts_at) <= at,
        col(Absence.ends_at) > at,
    )


def entries_of(table: type[RosterEntry] | type[Absence], responder: Responder, since: datetime) -> Select[Any]:
    """A responder's shifts or absences that end after `since`."""
    return select(table).where(
        col(table.community_code) == responder.community_code,
        col(table.responder_id) == responder.id,
        col(table.ends_at) > since,
    )


async def lock_entry(
    session: AsyncSession, table: type[RosterEntry] | type[Absence], responder: Responder, entry_id: UUID
) -> RosterEntry | Absence:
    entry = await session.get(table, (responder.community_code, entry_id), with_for_update=True)
    if entry is None or entry.responder_id != responder.id:
        raise NotFound
    return entry

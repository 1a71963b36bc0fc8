"""Every select of the community's address table beside its households."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import func, select
from sqlmodel import col

from services.residents.addresses.nearest import Place
from services.residents.households.models import Household
from services.residents.households.repository import readable
from shared.auth import Principal, Role
from shared.db import AsyncSession
from shared.grid_directory import grid_address

MOST_PLACES = 20_000
"""Entrances in one community; a real one has a few hundred."""


class Line(NamedTuple):
    place: Place
    grid_code: str


async def lines(session: AsyncSession, principal: Principal, compound: str | None) -> Sequence[Line]:
    """The table's lines in the principal's reach, by address."""
    columns = grid_address.c
    statement = select(columns.compound, columns.building, columns.unit, columns.grid_code).where(
        columns.community_code == principal.community_code
    )
    if compound is not None:
        statement = statement.where(columns.compound == compound)
    if principal.role is Role.GRID_WORKER:
        statement = statement.where(columns.grid_code.in_(principal.grids))
    statement = statement.order_by(columns.compound, columns.building, columns.unit).limit(MOST_PLACES)
    return [
        Line(Place(row.compound, row.building, row.unit), row.grid_code) for row in await session.execute(statement)
    ]


async def count_households(session: AsyncSession, principal: Principal, compound: str | None) -> dict[Place, int]:
    """How many households are registered at each entrance, in the principal's reach."""
    counted = readable(principal).where(
        col(Household.community_code) == principal.community_code, col(Household.ended_on).is_(None)
    )
    if compound is not None:
        counted = counted.where(col(Household.compound) == compound)
    there = counted.subquery()
    statement = select(there.c.compound, there.c.building, there.c.unit, func.count()).group_by(
        there.c.compound, there.c.building, there.c.unit
    )
    return {Place(row[0], row[1], row[2]): row[3] for row in await session.execute(statement)}


async def places_like(session: AsyncSession, community_code: str, compound: str) -> Sequence[Place]:
    """Every place of the compound; where it is unknown, every place of the community."""
    columns = grid_address.c
    statement = select(columns.compound, columns.building, columns.unit).where(columns.community_code == community_code)
    there = (await session.execute(statement.where(columns.compound == compound).limit(MOST_PLACES))).all()
    rows = there or (await session.execute(statement.limit(MOST_PLACES))).all()
    return [Place(row.compound, row.building, row.unit) for row in rows]

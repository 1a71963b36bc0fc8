from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, select
from sqlmodel import col

from services.dispatch.grids.models import Grid, GridBoundaryVersion
from shared.auth import Principal
from shared.conditions import in_area
from shared.db import AsyncSession
from shared.errors import NotFound


def readable(principal: Principal) -> Select[Grid]:
    """The grids that this principal may see; every query of grids for a person starts here."""
    return select(Grid).where(in_area(Grid.community_code, principal.area))


async def get_grid(session: AsyncSession, community_code: str, code: str) -> Grid:
    grid = await find_grid(session, community_code, code)
    if grid is None:
        raise NotFound
    return grid


async def find_grid(session: AsyncSession, community_code: str, code: str) -> Grid | None:
    return await session.get(Grid, (community_code, code))


async def lock_grid(session: AsyncSession, community_code: str, code: str) -> Grid:
    """The grid, held until the transaction ends: boundary versions are numbered without gaps."""
    grid = await session.get(Grid, (community_code, code), with_for_update=True)
    if grid is None:
        raise NotFound
    return grid


async def get_boundary(session: AsyncSession, community_code: str, code: str, number: int) -> GridBoundaryVersion:
    boundary = await session.get(GridBoundaryVersion, (community_code, code, number))
    if boundary is None:
        raise NotFound
    return boundary


async def list_published(
    session: AsyncSession, principal: Principal, limit: int
) -> Sequence[tuple[Grid, dict[str, Any]]]:
    """Grids with the boundary that is in force, by code."""
    here = (col(GridBoundaryVersion.community_code) == col(Grid.community_code)) & (
        col(GridBoundaryVersion.grid_code) == col(Grid.code)
    )
    statement = (
        readable(principal)
        .add_columns(col(GridBoundaryVersion.boundary))
        .join(GridBoundaryVersion, here & (col(GridBoundaryVersion.number) == col(Grid.boundary_version)))
        .order_by(col(Grid.community_code), col(Grid.code))
        .limit(limit)
    )
    return [(grid, boundary) for grid, boundary in await session.execute(statement)]

from uuid import UUID

from sqlalchemy import Select, select

from services.dispatch.grids.models import Grid, GridBoundaryVersion
from shared.auth import Principal
from shared.db import AsyncSession
from shared.errors import NotFound


def readable(principal: Principal) -> Select[tuple[Grid]]:
    """The grids that this principal may see; every query of grids for a person starts here."""
    return select(Grid).where(Grid.community_code.startswith(principal.area[:12], autoescape=True))


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


async def grids_of_responder(session: AsyncSession, community_code: str, responder_id: UUID) -> list[str]:
    statement = select(Grid.code).where(
        Grid.community_code == community_code,
        (Grid.responder_id == responder_id) | (Grid.backup_responder_id == responder_id),
    )
    return list((await session.execute(statement)).scalars())

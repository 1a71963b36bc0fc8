"""Which grid answers for a place: the read model of dispatch's published grids that any service may keep.

Dispatch fills it in the transaction that publishes a grid, other services from `dispatch.grid_published.v1`.
Address first (compound, building, unit → grid), coordinates as a fallback.
"""

from collections import OrderedDict
from typing import Any

import shapely
from sqlalchemy import Column, Index, Integer, MetaData, Select, String, Table, Text, delete, func, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as upsert

from shared.db import NAMING, AsyncSession
from shared.envelope import Envelope, Payload
from shared.geo import GridKind, GridLocator, LonLat

GRID_METADATA = MetaData(naming_convention=NAMING)

grid_boundary = Table(
    "grid_boundary",
    GRID_METADATA,
    Column("community_code", String(12), primary_key=True),
    Column("grid_code", String(15), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("boundary", JSONB, nullable=False),
)
grid_address = Table(
    "grid_address",
    GRID_METADATA,
    Column("community_code", String(12), primary_key=True),
    Column("compound", Text, primary_key=True),
    Column("building", Text, primary_key=True),
    Column("unit", Text, primary_key=True),
    Column("grid_code", String(15), nullable=False),
    Index("ix_grid_address_community_code_grid_code", "community_code", "grid_code"),
)

_DDL = """
CREATE TABLE grid_boundary (
    community_code varchar(12) NOT NULL,
    grid_code varchar(15) NOT NULL,
    kind text NOT NULL,
    version integer NOT NULL,
    boundary jsonb NOT NULL,
    CONSTRAINT pk_grid_boundary PRIMARY KEY (community_code, grid_code)
);
CREATE TABLE grid_address (
    community_code varchar(12) NOT NULL,
    compound text NOT NULL,
    building text NOT NULL,
    unit text NOT NULL,
    grid_code varchar(15) NOT NULL,
    CONSTRAINT pk_grid_address PRIMARY KEY (community_code, compound, building, unit)
);
CREATE INDEX ix_grid_address_community_code_grid_code ON grid_address (community_code, grid_code)
"""


class GridAddress(Payload):
    """One line of a grid's address table. An empty unit stands for the whole building."""

    compound: str
    building: str
    unit: str = ""


class PublishedGrid(Payload):
    """`dispatch.grid_published.v1` as its readers need it."""

    grid_code: str
    kind: GridKind
    version: int
    boundary: dict[str, Any]
    addresses: list[GridAddress]


async def keep_published_grid(session: AsyncSession, envelope: Envelope) -> None:
    """Handler of `dispatch.grid_published.v1`."""
    await replace_grid(session, envelope.community, PublishedGrid.model_validate(envelope.data))


async def replace_grid(session: AsyncSession, community_code: str, grid: PublishedGrid) -> bool:
    """Make the directory say what `grid` says. Returns False, changing nothing, if it knows a newer version."""
    values = {
        "community_code": community_code,
        "grid_code": grid.grid_code,
        "kind": grid.kind.value,
        "version": grid.version,
        "boundary": grid.boundary,
    }
    statement = upsert(grid_boundary).values(values)
    changed = await session.execute(
        statement.on_conflict_do_update(
            index_elements=["community_code", "grid_code"],
            set_={name: statement.excluded[name] for name in ("kind", "version", "boundary")},
            where=grid_boundary.c.version < statement.excluded.version,
        ).returning(grid_boundary.c.grid_code)
    )
    if changed.first() is None:
        return False
    await session.execute(
        delete(grid_address).where(
            grid_address.c.community_code == community_code, grid_address.c.grid_code == grid.grid_code
        )
    )
    rows = [
        {"community_code": community_code, "grid_code": grid.grid_code, **address.model_dump()}
        for address in grid.addresses
    ]
    if rows:
        # A building that moved between grids belongs to whichever was published last.
        moved = upsert(grid_address)
        await session.execute(
            moved.on_conflict_do_update(
                index_elements=["community_code", "compound", "building", "unit"],
                set_={"grid_code": moved.excluded.grid_code},
            ),
            rows,
        )
    return True


async def find_grid_by_address(
    session: AsyncSession, community_code: str, compound: str, building: str, unit: str = ""
) -> str | None:
    """The grid of an address: the unit's own line if there is one, else the whole building's."""
    statement = grid_of_address(community_code, compound, building, ("", unit))
    return (await session.execute(statement)).scalar_one_or_none()


def grid_of_address(community_code: Any, compound: Any, building: Any, units: Any) -> Select[str]:
    """The query behind `find_grid_by_address`, of values or bound parameters; `units` are "" and the unit's own."""
    return (
        select(grid_address.c.grid_code)
        .where(
            grid_address.c.community_code == community_code,
            grid_address.c.compound == compound,
            grid_address.c.building == building,
            grid_address.c.unit.in_(units),
        )
        .order_by(grid_address.c.unit.desc())
        .limit(1)
    )


class BoundaryLocator:
    """Locates points; builds a community's index once per change of its boundaries and keeps the latest few."""

    KEPT = 256

    def __init__(self) -> None:
        self._built: OrderedDict[str, tuple[tuple[int, int], GridLocator]] = OrderedDict()

    async def find_grid(self, session: AsyncSession, community_code: str, point: LonLat) -> str | None:
        """The grid of a WGS 84 point, or None outside every boundary."""
        here = grid_boundary.c.community_code == community_code
        # Versions only grow, so their count and sum change whenever any boundary does.
        count, versions = (
            await session.execute(select(func.count(), func.coalesce(func.sum(grid_boundary.c.version), 0)).where(here))
        ).one()
        state = (count, versions)
        known = self._built.get(community_code)
        if known is None or known[0] != state:
            rows = await session.execute(
                select(grid_boundary.c.grid_code, grid_boundary.c.kind, grid_boundary.c.boundary).where(here)
            )
            locator = GridLocator((row.grid_code, row.kind, shapely.geometry.shape(row.boundary)) for row in rows)
            known = self._built[community_code] = (state, locator)
            if len(self._built) > self.KEPT:
                self._built.popitem(last=False)
        return known[1].locate(*point)


def create_grid_directory_0001(op: Any) -> None:
    """The frozen DDL, for the migrations of services that keep a directory."""
    from shared.migrate import secure  # noqa: PLC0415 - Alembic is for migrations, not for every start

    for statement in _DDL.split(";\n"):
        op.execute(statement)
    secure(op, "grid_boundary", "grid_address")


def drop_grid_directory_0001(op: Any) -> None:
    op.execute("DROP TABLE grid_address")
    op.execute("DROP TABLE grid_boundary")

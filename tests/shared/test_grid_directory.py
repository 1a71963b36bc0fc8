"""Which grid answers for a place, as any service may keep it from dispatch's events."""

import random
from itertools import permutations
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text

from shared.clock import utc_now
from shared.envelope import Envelope
from shared.grid_directory import BoundaryLocator, find_grid_by_address, keep_published_grid
from shared.ids import new_id
from tests.apps import AppOf
from tests.principals import a_community
from tests.servers import PostgresServer


def square(west: float, south: float, width: float = 0.01) -> dict[str, Any]:
    corners = [(0, 0), (1, 0), (1, 1), (0, 1), (0, 0)]
    return {"type": "Polygon", "coordinates": [[[west + x * width, south + y * width] for x, y in corners]]}


def published(community: str, number: int, version: int, **data: Any) -> Envelope:
    code = f"{community}{number:03d}"
    return Envelope(
        id=new_id(),
        source="/dispatch",
        type="dispatch.grid_published.v1",
        subject=f"grids/{code}",
        time=utc_now(),
        community=community,
        aggregateversion=version,
        data={
            "grid_code": code,
            "kind": "comprehensive",
            "version": version,
            "boundary": square(109.9, 40.6),
            "addresses": [],
        }
        | data,
    )


class Directory:
    """One community's directory in a real database."""

    def __init__(self, database: Any) -> None:
        self.database, self.community, self.locator = database, a_community(), BoundaryLocator()

    async def keep(self, number: int, version: int, **data: Any) -> None:
        async with self.database.transaction(self.community) as session:
            await keep_published_grid(session, published(self.community, number, version, **data))

    async def at_address(self, *address: str) -> str | None:
        async with self.database.transaction(self.community) as session:
            found = await find_grid_by_address(session, self.community, *address)
        return found and found.removeprefix(self.community)

    async def at_point(self, longitude: float, latitude: float) -> str | None:
        async with self.database.transaction(self.community) as session:
            found = await self.locator.find_grid(session, self.community, (longitude, latitude))
        return found and found.removeprefix(self.community)


@pytest.fixture
async def directory(app_of: AppOf) -> Directory:
    return Directory((await app_of("dispatch")).state.database)


def address(building: str, unit: str = "") -> dict[str, str]:
    return {"compound": "青松", "building": building, "unit": unit}


async def test_a_unit_of_its_own_goes_before_its_building(directory: Directory) -> None:
    await directory.keep(1, 1, addresses=[address("1号楼")])
    await directory.keep(2, 1, addresses=[address("1号楼", "3")])
    assert await directory.at_address("青松", "1号楼") == "001"
    assert await directory.at_address("青松", "1号楼", "2") == "001"
    assert await directory.at_address("青松", "1号楼", "3") == "002"
    assert await directory.at_address("青松", "2号楼") is None


async def test_a_new_version_replaces_the_whole_address_table(directory: Directory) -> None:
    await directory.keep(1, 1, addresses=[address("1号楼"), address("2号楼")])
    await directory.keep(1, 2, addresses=[address("2号楼"), address("3号楼")])
    found = [await directory.at_address("青松", f"{n}号楼") for n in (1, 2, 3)]
    assert found == [None, "001", "001"]


async def test_a_line_that_is_there_twice_is_one(directory: Directory) -> None:
    await directory.keep(1, 1, addresses=[address("1号楼"), address("1号楼")])
    assert await directory.at_address("青松", "1号楼") == "001"


@pytest.mark.parametrize("order", list(permutations((1, 2, 3))), ids=str)
async def test_the_newest_version_holds_in_whatever_order_they_come(
    directory: Directory, order: tuple[int, ...]
) -> None:
    for version in order:
        building = address(f"{version}号楼")
        await directory.keep(1, version, addresses=[building], boundary=square(109.9 + version, 40.6))
    assert [await directory.at_address("青松", f"{n}号楼") for n in (1, 2, 3)] == [None, None, "001"]
    assert await directory.at_point(109.9 + 3.005, 40.605) == "001"
    assert await directory.at_point(109.9 + 1.005, 40.605) is None


async def test_the_locator_sees_every_change(directory: Directory) -> None:
    assert await directory.at_point(109.905, 40.605) is None
    await directory.keep(1, 1)
    assert await directory.at_point(109.905, 40.605) == "001"
    await directory.keep(1, 2, boundary=square(100.0, 40.6))
    assert await directory.at_point(109.905, 40.605) is None
    await directory.keep(2, 1)
    assert await directory.at_point(109.905, 40.605) == "002"


async def test_a_special_grid_lies_inside_a_comprehensive_one(directory: Directory) -> None:
    await directory.keep(1, 1)
    await directory.keep(2, 1, kind="special", boundary=square(109.902, 40.602, 0.002))
    assert await directory.at_point(109.903, 40.603) == "002"
    assert await directory.at_point(109.908, 40.608) == "001"


async def test_a_locator_keeps_to_its_size(directory: Directory) -> None:
    directory.locator.KEPT = 2
    for _ in range(4):
        directory.community = a_community()
        await directory.keep(1, 1)
        assert await directory.at_point(109.905, 40.605) == "001"
    assert len(directory.locator._built) == 2


async def test_addresses_are_found_by_their_index(directory: Directory, postgres_server: PostgresServer) -> None:
    """Row-level security must not turn the look-up into a scan."""
    buildings = [address(f"{n}号楼") for n in range(500)]
    random.shuffle(buildings)
    await directory.keep(1, 1, addresses=buildings)
    connection = await asyncpg.connect(postgres_server.database_dsn(directory.database.engine.url.database))
    await connection.execute("ANALYZE grid_address")
    await connection.close()
    async with directory.database.transaction(directory.community) as session:
        plan = await session.execute(
            text(
                "EXPLAIN SELECT grid_code FROM grid_address WHERE community_code = :c AND compound = '青松'"
                " AND building = '7号楼' AND unit IN ('', '1')"
            ),
            {"c": directory.community},
        )
        assert "pk_grid_address" in "\n".join(plan.scalars())

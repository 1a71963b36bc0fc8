"""Finding the grid of a point, and converting coordinates."""

import random

import shapely

from bench.result import Result, microseconds
from shared.geo import Crs, GridLocator, Position, distance_m, gcj02_from_wgs84


async def run() -> list[Result]:
    return [_locate(12), _locate(1000), _convert()]


def _locate(count: int) -> Result:
    chance = random.Random(7)
    side = int(count**0.5) + 1
    boxes = [shapely.Point(n % side, n // side).buffer(0.55, quad_segs=16) for n in range(count)]
    locator = GridLocator((f"{n:03}", "comprehensive", box) for n, box in enumerate(boxes))
    tree = shapely.STRtree(boxes)
    points = [(chance.uniform(0, side), chance.uniform(0, side)) for _ in range(500)]

    ours, bare = microseconds(
        lambda: [locator.locate(*point) for point in points],
        lambda: [tree.query(shapely.Point(point), predicate="intersects") for point in points],
    )
    name = f"locate a point among {count} grids of 64 corners"
    return Result(name, ours / len(points), "µs", "one STRtree query", bare / len(points), aim=0.5)


def _convert() -> Result:
    longitude, latitude = gcj02_from_wgs84(109.97, 40.62)
    ours, bare = microseconds(
        lambda: Position(longitude=longitude, latitude=latitude, crs=Crs.GCJ02).wgs84(),
        lambda: distance_m((109.97, 40.62), (109.98, 40.63)),
    )
    return Result("validate a position and undo GCJ-02", ours, "µs", "one haversine", bare)

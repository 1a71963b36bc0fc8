"""The demo community's ground: twelve grids around 40.62 N, 109.97 E, each a block with one compound."""

from dataclasses import dataclass
from typing import Any

COUNTY = "150299"
"""A county code that was never assigned (GB/T 2260), so that no number in the demo can be anyone's."""
COMMUNITY_CODE = f"{COUNTY}001001"
COMMUNITY_NAME = "向阳社区"
COMMUNITY_NAME_EN = "Xiangyang Community"
HOTLINE = "19900009365"

CENTRE = (109.97, 40.62)
COLUMNS, ROWS = 4, 3
BLOCK_LONGITUDE, BLOCK_LATITUDE = 0.0045, 0.0030  # about 380 m by 330 m at this latitude
BUILDINGS, UNITS, FLOORS, DOORS = 5, 5, 5, 2

COMPOUNDS = (
    "桂花苑", "丁香园", "海棠里", "银杏花园", "松涛佳园", "清泉小区",
    "和顺家园", "晨曦花园", "枫林苑", "春晖里", "安泰小区", "百合园",
)  # fmt: skip


@dataclass(frozen=True)
class DemoGrid:
    """One comprehensive grid with one compound of 250 doors."""

    code: str
    name: str
    compound: str
    west: float
    south: float

    @property
    def boundary(self) -> dict[str, Any]:
        """The block as a GeoJSON polygon; neighbours share their edges exactly."""
        east, north = round(self.west + BLOCK_LONGITUDE, 6), round(self.south + BLOCK_LATITUDE, 6)
        ring = [(self.west, self.south), (east, self.south), (east, north), (self.west, north), (self.west, self.south)]
        return {"type": "Polygon", "coordinates": [[list(point) for point in ring]]}

    @property
    def centre(self) -> tuple[float, float]:
        return round(self.west + BLOCK_LONGITUDE / 2, 6), round(self.south + BLOCK_LATITUDE / 2, 6)

    @property
    def buildings(self) -> list[str]:
        return [f"{number}号楼" for number in range(1, BUILDINGS + 1)]


@dataclass(frozen=True)
class Door:
    compound: str
    building: str
    unit: str
    room: str


def demo_grids() -> list[DemoGrid]:
    """The twelve grids, west to east and south to north."""
    west = CENTRE[0] - COLUMNS / 2 * BLOCK_LONGITUDE
    south = CENTRE[1] - ROWS / 2 * BLOCK_LATITUDE
    return [
        DemoGrid(
            code=f"{COMMUNITY_CODE}{index + 1:03d}",
            name=f"第{index + 1}网格",
            compound=COMPOUNDS[index],
            west=round(west + index % COLUMNS * BLOCK_LONGITUDE, 6),
            south=round(south + index // COLUMNS * BLOCK_LATITUDE, 6),
        )
        for index in range(COLUMNS * ROWS)
    ]


def doors(grid: DemoGrid) -> list[Door]:
    """Every door of a grid's compound: 5 buildings × 5 units × 5 floors × 2 doors = 250."""
    return [
        Door(grid.compound, building, f"{unit}单元", f"{floor}{door:02d}")
        for building in grid.buildings
        for unit in range(1, UNITS + 1)
        for floor in range(1, FLOORS + 1)
        for door in range(1, DOORS + 1)
    ]

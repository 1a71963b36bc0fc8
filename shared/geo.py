"""Where things are: coordinates as phones send them, boundaries of grids, and which grid a point lies in.

Everything stored is WGS 84 (RFC 7946 order: longitude, latitude). Chinese maps and phones send two other systems whose
numbers look the same and lie 500 to 1,300 m away, wider than a grid; so a position without its `crs` is not accepted.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import Annotated, Literal

import numpy as np
import shapely
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError
from shapely.geometry.base import BaseGeometry

from shared.errors import both

MAX_BOUNDARY_POINTS = 5_000
EARTH_RADIUS_M = 6_371_008.8  # IUGG mean radius

Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
LonLat = tuple[float, float]


class Crs(StrEnum):
    """The coordinate reference system (坐标系) that a device or map speaks."""

    WGS84 = "wgs84"
    """GPS and RFC 7946; what is stored."""
    GCJ02 = "gcj02"
    """国测局坐标: the shift that every map sold in mainland China must apply (Gaode, Tencent, phones' map kits)."""
    BD09 = "bd09"
    """百度坐标: Baidu's second shift on top of GCJ-02."""


class Position(BaseModel):
    """A point as it was received; `wgs84()` is what may be stored or compared."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    longitude: Longitude
    latitude: Latitude
    crs: Crs

    def wgs84(self) -> LonLat:
        """(longitude, latitude) in WGS 84, within 0.1 m of what the device shifted."""
        return _TO_WGS84[self.crs](self.longitude, self.latitude)


def gcj02_from_wgs84(longitude: float, latitude: float) -> LonLat:
    """The published approximation of the GCJ-02 shift; the identity outside China, as maps there are not shifted."""
    if not _in_china(longitude, latitude):
        return longitude, latitude
    return _gcj02_shifted(longitude, latitude)


def wgs84_from_gcj02(longitude: float, latitude: float) -> LonLat:
    if not _in_china(longitude, latitude):
        return longitude, latitude
    return _inverse(_gcj02_shifted, longitude, latitude)


def bd09_from_wgs84(longitude: float, latitude: float) -> LonLat:
    if not _in_china(longitude, latitude):
        return longitude, latitude
    return _bd09_shifted(*_gcj02_shifted(longitude, latitude))


def wgs84_from_bd09(longitude: float, latitude: float) -> LonLat:
    if not _in_china(longitude, latitude):
        return longitude, latitude
    return _inverse(_gcj02_shifted, *_inverse(_bd09_shifted, longitude, latitude))


_TO_WGS84: dict[Crs, Callable[[float, float], LonLat]] = {
    Crs.WGS84: lambda longitude, latitude: (longitude, latitude),
    Crs.GCJ02: wgs84_from_gcj02,
    Crs.BD09: wgs84_from_bd09,
}


def _in_china(longitude: float, latitude: float) -> bool:
    """The rectangle within which the shift is applied by everyone who publishes it."""
    return 72.004 <= longitude <= 137.8347 and 0.8293 <= latitude <= 55.8271


def _gcj02_shifted(longitude: float, latitude: float) -> LonLat:
    axis, eccentricity = 6_378_245.0, 0.00669342162296594323  # Krasovsky 1940
    x, y = longitude - 105.0, latitude - 35.0
    pi, sin, root = math.pi, math.sin, math.sqrt(abs(x))
    ripple = (20 * sin(6 * x * pi) + 20 * sin(2 * x * pi)) * 2 / 3
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + ripple
    north += (20 * sin(y * pi) + 40 * sin(y / 3 * pi)) * 2 / 3
    north += (160 * sin(y / 12 * pi) + 320 * sin(y * pi / 30)) * 2 / 3
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + ripple
    east += (20 * sin(x * pi) + 40 * sin(x / 3 * pi)) * 2 / 3
    east += (150 * sin(x / 12 * pi) + 300 * sin(x / 30 * pi)) * 2 / 3
    phi = math.radians(latitude)
    magic = 1 - eccentricity * sin(phi) ** 2
    meridian = axis * (1 - eccentricity) / (magic * math.sqrt(magic))
    parallel = axis / math.sqrt(magic) * math.cos(phi)
    return longitude + math.degrees(east / parallel), latitude + math.degrees(north / meridian)


def _bd09_shifted(longitude: float, latitude: float) -> LonLat:
    x_pi = math.pi * 3000 / 180
    radius = math.hypot(longitude, latitude) + 0.00002 * math.sin(latitude * x_pi)
    angle = math.atan2(latitude, longitude) + 0.000003 * math.cos(longitude * x_pi)
    return radius * math.cos(angle) + 0.0065, radius * math.sin(angle) + 0.006


def _inverse(shift: Callable[[float, float], LonLat], longitude: float, latitude: float) -> LonLat:
    """The point that `shift` moves here. Both shifts bend by under 1 % a degree, so each round gains two digits."""
    lon, lat = longitude, latitude
    for _ in range(10):
        there_lon, there_lat = shift(lon, lat)
        error_lon, error_lat = longitude - there_lon, latitude - there_lat
        lon, lat = lon + error_lon, lat + error_lat
        if abs(error_lon) < 1e-9 and abs(error_lat) < 1e-9:  # 0.1 mm
            break
    return lon, lat


def distance_m(a: LonLat, b: LonLat) -> float:
    """Metres between two WGS 84 points along the sphere (haversine; within 0.6 % of the ellipsoid)."""
    lon_a, lat_a, lon_b, lat_b = map(math.radians, (*a, *b))
    half = math.sin((lat_b - lat_a) / 2) ** 2
    half += math.cos(lat_a) * math.cos(lat_b) * math.sin((lon_b - lon_a) / 2) ** 2
    return 2 * EARTH_RADIUS_M * math.asin(math.sqrt(min(1.0, half)))


def centroid(geometry: BaseGeometry) -> LonLat:
    """(longitude, latitude) of the centre of gravity; planar, which is exact enough for a neighbourhood."""
    point = geometry.centroid
    return point.x, point.y


Ring = Annotated[list[tuple[Longitude, Latitude]], Field(min_length=4, max_length=MAX_BOUNDARY_POINTS)]
Rings = Annotated[list[Ring], Field(min_length=1, max_length=100)]


class PolygonBoundary(BaseModel):
    """A GeoJSON Polygon in WGS 84 (RFC 7946 §3.1.6): outer ring first, then holes."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["Polygon"]
    coordinates: Rings

    def polygons(self) -> list[list[list[LonLat]]]:
        return [self.coordinates]

    def geometry(self) -> BaseGeometry:
        return shapely.Polygon(self.coordinates[0], self.coordinates[1:])


class MultiPolygonBoundary(BaseModel):
    """A GeoJSON MultiPolygon in WGS 84 (RFC 7946 §3.1.7)."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["MultiPolygon"]
    coordinates: Annotated[list[Rings], Field(min_length=1, max_length=100)]

    def polygons(self) -> list[list[list[LonLat]]]:
        return self.coordinates

    def geometry(self) -> BaseGeometry:
        return shapely.MultiPolygon([(rings[0], rings[1:]) for rings in self.coordinates])


def _checked(boundary: PolygonBoundary | MultiPolygonBoundary) -> PolygonBoundary | MultiPolygonBoundary:
    rings = [ring for polygon in boundary.polygons() for ring in polygon]
    if sum(map(len, rings)) > MAX_BOUNDARY_POINTS:
        raise _refusal("boundary_too_large", "边界不能超过 5000 个点", "A boundary has at most 5,000 points")
    if any(ring[0] != ring[-1] for ring in rings):
        raise _refusal("boundary_not_closed", "每个环的首尾两点必须相同", "Every ring must end where it began")
    geometry = boundary.geometry()
    # Shapely's own explanation quotes coordinates; errors do not repeat what was sent.
    if not geometry.is_valid:
        raise _refusal("boundary_invalid", "环不能自相交, 也不能彼此交叠", "Rings must not cross themselves or others")
    if geometry.area < 1e-10:
        raise _refusal("boundary_empty", "边界围成的面积至少要有一平方米", "A boundary encloses a square metre or more")
    return boundary


def _refusal(code: str, zh: str, en: str) -> PydanticCustomError:
    # A code of its own for programs; the texts travel the way `shared.errors` reads them.
    return PydanticCustomError(code, "{error}", {"error": ValueError(both(zh, en))})  # pyright: ignore[reportArgumentType]


Boundary = Annotated[PolygonBoundary | MultiPolygonBoundary, Field(discriminator="type"), AfterValidator(_checked)]
"""The boundary of a grid or community as GeoJSON: closed, valid, not empty, at most 5,000 points."""


class GridKind(StrEnum):
    """What a grid (网格) covers. The more specific kind owns a point that several contain."""

    MICRO = "micro"
    """微网格: a building or a few."""
    SPECIAL = "special"
    """专属网格: a school, a market, a plant; may lie inside a comprehensive grid."""
    COMPREHENSIVE = "comprehensive"
    """综合网格: about 300 households; these tile the community."""


_PRECEDENCE = list(GridKind)


class GridLocator:
    """Finds the grid of a WGS 84 point; immutable, built once per version of a community's boundaries."""

    def __init__(self, grids: Iterable[tuple[str, GridKind | str, BaseGeometry]]) -> None:
        ordered = sorted(grids, key=lambda grid: (_PRECEDENCE.index(GridKind(grid[1])), grid[0]))
        self._codes = [code for code, _, _ in ordered]
        self._geometries = np.array([geometry for _, _, geometry in ordered], dtype=object)
        shapely.prepare(self._geometries)
        self._tree = shapely.STRtree(self._geometries)

    def locate(self, longitude: float, latitude: float) -> str | None:
        """The code of the one grid that answers for the point; on a shared edge the lowest code."""
        found = self.locate_all(longitude, latitude)
        return found[0] if found else None

    def locate_all(self, longitude: float, latitude: float) -> Sequence[str]:
        """Every grid that contains or touches the point: micro, special, comprehensive, each by code."""
        near = self._tree.query(shapely.Point(longitude, latitude))
        inside = near[shapely.intersects_xy(self._geometries[near], longitude, latitude)]
        return [self._codes[index] for index in sorted(inside.tolist())]

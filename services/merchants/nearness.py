"""Lists sorted by distance from where the caller is."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Query
from sqlalchemy import ColumnElement, Integer, cast, func

from shared.errors import invalid
from shared.geo import EARTH_RADIUS_M, Crs, Latitude, Longitude, LonLat, Position


@dataclass(frozen=True, slots=True)
class NearQuery:
    """From where (WGS 84) and how far the caller looks; without a place, lists keep their own order."""

    place: LonLat | None
    within_m: int | None

    def distance(self, longitude: Any, latitude: Any) -> ColumnElement[int]:
        """Whole metres from the caller's place to a row's (haversine, as `shared.geo.distance_m`)."""
        assert self.place is not None
        here_longitude, here_latitude = self.place
        east, north = func.radians(longitude - here_longitude), func.radians(latitude - here_latitude)
        half = func.power(func.sin(north / 2), 2) + func.cos(func.radians(latitude)) * func.cos(
            func.radians(here_latitude)
        ) * func.power(func.sin(east / 2), 2)
        return cast(func.round(2 * EARTH_RADIUS_M * func.asin(func.sqrt(func.least(half, 1.0)))), Integer)


async def _near_query(
    longitude: Annotated[Longitude | None, Query(description="Where to look from; needs latitude and crs.")] = None,
    latitude: Annotated[Latitude | None, Query()] = None,
    crs: Annotated[Crs | None, Query(description="What the position is in: phones and maps differ by 500 m.")] = None,
    within_m: Annotated[int | None, Query(ge=1, le=100_000, description="Nothing farther than this.")] = None,
) -> NearQuery:
    given = [part is not None for part in (longitude, latitude, crs)]
    if any(given) and not all(given):
        raise invalid(
            "query:longitude", "position", "经度、纬度和 crs 要一起给出", "Give longitude, latitude and crs together"
        )
    if longitude is None or latitude is None or crs is None:
        if within_m is not None:
            raise invalid("query:within_m", "position", "请同时给出位置", "Give a position as well")
        return NearQuery(None, None)
    return NearQuery(Position(longitude=longitude, latitude=latitude, crs=crs).wgs84(), within_m)


Near = Annotated[NearQuery, Depends(_near_query)]

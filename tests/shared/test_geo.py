import json
import math

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from shared import geo
from shared.geo import Boundary, Crs, GridKind, GridLocator, Position

china_lon = st.floats(73.0, 136.5)
china_lat = st.floats(2.0, 54.5)
BAOTOU = (109.97, 40.62)


def test_the_shift_is_the_published_one() -> None:
    # The pair that the open implementations of the conversion publish as their example.
    assert geo.gcj02_from_wgs84(116.404, 39.915) == pytest.approx((116.41024449916938, 39.91640428150164), abs=1e-9)
    assert geo.distance_m(BAOTOU, geo.gcj02_from_wgs84(*BAOTOU)) == pytest.approx(560, abs=120)
    assert 800 < geo.distance_m(BAOTOU, geo.bd09_from_wgs84(*BAOTOU)) < 1400


@given(china_lon, china_lat)
def test_gcj02_comes_back_within_a_decimetre(longitude: float, latitude: float) -> None:
    shifted = geo.gcj02_from_wgs84(longitude, latitude)
    sent = Position(longitude=shifted[0], latitude=shifted[1], crs=Crs.GCJ02)
    assert geo.distance_m(sent.wgs84(), (longitude, latitude)) < 0.1


@given(china_lon, china_lat)
def test_bd09_comes_back_within_a_decimetre(longitude: float, latitude: float) -> None:
    shifted = geo.bd09_from_wgs84(longitude, latitude)
    sent = Position(longitude=shifted[0], latitude=shifted[1], crs=Crs.BD09)
    assert geo.distance_m(sent.wgs84(), (longitude, latitude)) < 0.1


@given(china_lon, china_lat)
def test_confusing_two_systems_is_never_harmless(longitude: float, latitude: float) -> None:
    assert geo.distance_m((longitude, latitude), geo.bd09_from_wgs84(longitude, latitude)) > 50


@given(st.floats(-180, 180), st.floats(-90, 0.5), st.sampled_from(Crs))
def test_nothing_is_shifted_outside_china(longitude: float, latitude: float, crs: Crs) -> None:
    position = Position(longitude=longitude, latitude=latitude, crs=crs)
    assert position.wgs84() == (longitude, latitude)
    assert (
        geo.gcj02_from_wgs84(longitude, latitude) == geo.bd09_from_wgs84(longitude, latitude) == (longitude, latitude)
    )


@pytest.mark.parametrize(
    "sent",
    [
        {"longitude": 109.97, "latitude": 40.62},
        {"longitude": 109.97, "latitude": 40.62, "crs": "epsg:4326"},
        {"longitude": 180.1, "latitude": 40.62, "crs": "wgs84"},
        {"longitude": 109.97, "latitude": -90.5, "crs": "wgs84"},
        {"longitude": math.nan, "latitude": 40.62, "crs": "wgs84"},
        {"longitude": 109.97, "latitude": math.inf, "crs": "wgs84"},
        {"longitude": 109.97, "latitude": 40.62, "crs": "wgs84", "altitude": 1065},
    ],
)
def test_a_position_is_complete_and_on_earth(sent: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Position.model_validate(sent)


def test_distances() -> None:
    assert geo.distance_m((0, 0), (0, 1)) == pytest.approx(111_195, abs=1)
    assert geo.distance_m((0, 0), (180, 0)) == pytest.approx(math.pi * geo.EARTH_RADIUS_M)
    assert geo.distance_m(BAOTOU, BAOTOU) == 0
    # Beijing to Shanghai, 1,067 km on the ellipsoid
    assert geo.distance_m((116.4074, 39.9042), (121.4737, 31.2304)) == pytest.approx(1_067_000, rel=0.006)


# Boundaries

SQUARE = [[109.96, 40.61], [109.98, 40.61], [109.98, 40.63], [109.96, 40.63], [109.96, 40.61]]
boundary = TypeAdapter[geo.PolygonBoundary | geo.MultiPolygonBoundary](Boundary)


def _circle(points: int) -> list[list[float]]:
    ring = [
        [110 + math.cos(2 * math.pi * i / points) / 100, 40 + math.sin(2 * math.pi * i / points) / 100]
        for i in range(points)
    ]
    return [*ring, ring[0]]


def test_boundaries_are_taken_as_geojson() -> None:
    polygon = boundary.validate_python({"type": "Polygon", "coordinates": [SQUARE]})
    assert polygon.geometry().area == pytest.approx(0.0004)
    hole = [[109.965, 40.615], [109.97, 40.615], [109.97, 40.62], [109.965, 40.615]]
    holed = boundary.validate_python({"type": "Polygon", "coordinates": [SQUARE, hole]})
    assert holed.geometry().area < polygon.geometry().area
    island = [[x + 1, y] for x, y in SQUARE]
    both = boundary.validate_json(json.dumps({"type": "MultiPolygon", "coordinates": [[SQUARE], [island]]}))
    assert both.geometry().area == pytest.approx(0.0008)
    assert json.loads(boundary.dump_json(both)) == {"type": "MultiPolygon", "coordinates": [[SQUARE], [island]]}
    assert boundary.validate_python({"type": "Polygon", "coordinates": [_circle(4_998)]})


@pytest.mark.parametrize(
    ("code", "sent"),
    [
        ("boundary_not_closed", {"type": "Polygon", "coordinates": [[*SQUARE[:-1], [109.96, 40.611]]]}),
        (
            "boundary_invalid",
            {"type": "Polygon", "coordinates": [[SQUARE[0], SQUARE[2], SQUARE[1], SQUARE[3], SQUARE[0]]]},
        ),
        ("boundary_invalid", {"type": "Polygon", "coordinates": [[[1, 1], [2, 2], [3, 3], [1, 1]]]}),
        ("boundary_invalid", {"type": "MultiPolygon", "coordinates": [[SQUARE], [SQUARE]]}),
        ("boundary_empty", {"type": "Polygon", "coordinates": [[[0, 0], [1e-6, 0], [1e-6, 1e-6], [0, 0]]]}),
        ("boundary_too_large", {"type": "MultiPolygon", "coordinates": [[_circle(3_000)], [_circle(3_000)]]}),
        ("too_long", {"type": "Polygon", "coordinates": [_circle(5_001)]}),
        ("too_short", {"type": "Polygon", "coordinates": [SQUARE[:3]]}),
        ("too_short", {"type": "Polygon", "coordinates": []}),
        ("union_tag_invalid", {"type": "Point", "coordinates": [1, 2]}),
        ("extra_forbidden", {"type": "Polygon", "coordinates": [SQUARE], "crs": "gcj02"}),
        ("less_than_equal", {"type": "Polygon", "coordinates": [[[y, x] for x, y in SQUARE]]}),  # latitude first
    ],
)
def test_what_is_no_boundary_is_refused_without_repeating_it(code: str, sent: dict[str, object]) -> None:
    with pytest.raises(ValidationError) as refused:
        boundary.validate_python(sent)
    errors = refused.value.errors()
    assert code in {error["type"] for error in errors}
    if code.startswith("boundary"):
        assert "109" not in str(errors[0]["ctx"])


# Locating

unit = st.integers(0, 8).map(lambda n: n / 2)
boxes = st.lists(
    st.tuples(st.sampled_from(list(GridKind)), unit, unit, st.sampled_from([0.5, 1.0, 2.0])), min_size=0, max_size=12
)


def _brute_force(grids: list[tuple[str, GridKind, float, float, float]], lon: float, lat: float) -> list[str]:
    """Closed boxes, most specific kind first, then the lowest code."""
    rank = [GridKind.MICRO, GridKind.SPECIAL, GridKind.COMPREHENSIVE]
    inside = [
        (rank.index(kind), code)
        for code, kind, west, south, size in grids
        if west <= lon <= west + size and south <= lat <= south + size
    ]
    return [code for _, code in sorted(inside)]


@given(boxes, st.lists(st.tuples(unit | st.floats(0, 6), unit | st.floats(0, 6)), min_size=1, max_size=20))
def test_the_locator_agrees_with_looking_at_every_grid(
    shapes: list[tuple[GridKind, float, float, float]], points: list[tuple[float, float]]
) -> None:
    # Codes run against the order of insertion so that "first wins" would not pass.
    grids = [(f"{900 - n}", *shape) for n, shape in enumerate(shapes)]
    locator = GridLocator((code, kind, shapely.box(w, s, w + d, s + d)) for code, kind, w, s, d in grids)
    for lon, lat in points:
        expected = _brute_force(grids, lon, lat)
        assert locator.locate_all(lon, lat) == expected
        assert locator.locate(lon, lat) == (expected[0] if expected else None)


def test_a_school_inside_a_grid_and_a_shared_edge() -> None:
    locator = GridLocator(
        [
            ("150207007005002", "comprehensive", shapely.box(1, 0, 2, 1)),
            ("150207007005001", "comprehensive", shapely.box(0, 0, 1, 1)),
            ("150207007005901", "special", shapely.box(0.2, 0.2, 0.4, 0.4)),
        ]
    )
    assert locator.locate(1.0, 0.5) == "150207007005001"
    assert locator.locate(0.3, 0.3) == "150207007005901"
    assert locator.locate_all(0.3, 0.3) == ["150207007005901", "150207007005001"]
    assert locator.locate(0.5, 0.5) == "150207007005001"
    assert locator.locate(5, 5) is None
    assert GridLocator([]).locate(0, 0) is None


def test_centroid() -> None:
    assert geo.centroid(shapely.box(0, 0, 2, 4)) == (1, 2)

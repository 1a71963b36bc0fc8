"""Where the same is asked again and again: groups as the definition says, of what may be known, for whom it is."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.requests.clusters.grouping import dense_groups, on_plane
from shared.auth import Role
from shared.clock import utc_now
from shared.geo import distance_m
from tests.principals import a_community
from tests.requests.world import LAMP, World

URL = "/v1/request-clusters"
PARK = "livelihood.greenery"
HERE = (109.84, 40.65)
METRE = 1 / 111_195
"""Degrees of latitude."""


def as_defined(points: list[tuple[int, int]], radius: int, at_least: int) -> list[list[int]]:
    """The definition, read aloud: every pair compared, hearts joined one after the other."""
    near = [[j for j, b in enumerate(points) if (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 <= radius**2] for a in points]
    hearts = [i for i, neighbours in enumerate(near) if len(neighbours) >= at_least]
    group = {heart: heart for heart in hearts}
    for heart in hearts:
        for other in near[heart]:
            if other in group and group[other] != group[heart]:
                old, new = group[other], group[heart]
                group = {each: new if its == old else its for each, its in group.items()}
    for i, a in enumerate(points):
        if i in group:
            continue
        around = [j for j in near[i] if j in hearts]
        if around:
            squares = {j: (a[0] - points[j][0]) ** 2 + (a[1] - points[j][1]) ** 2 for j in around}
            group |= {i: group[min(around, key=lambda j: (squares[j], j))]}
    found = [sorted(i for i in group if group[i] == name) for name in sorted(set(group.values()))]
    return sorted(found, key=lambda members: (-len(members), members[0]))


METRES = st.integers(-60, 60)


@given(points=st.lists(st.tuples(METRES, METRES), max_size=60), radius=st.integers(5, 50), at_least=st.integers(2, 6))
def test_groups_are_what_the_definition_says(points: list[tuple[int, int]], radius: int, at_least: int) -> None:
    xy = np.array(points, dtype=np.float64).reshape(-1, 2)
    assert dense_groups(xy, radius=float(radius), at_least=at_least) == as_defined(points, radius, at_least)


def test_a_crowd_in_one_place_is_one_group() -> None:
    xy = np.concatenate([np.zeros((3_000, 2)), np.full((2_000, 2), 10.0)])
    assert [len(group) for group in dense_groups(xy, radius=15.0, at_least=3)] == [5_000]


@given(east=st.floats(-0.02, 0.02), north=st.floats(-0.02, 0.02))
def test_the_plane_measures_as_the_sphere(east: float, north: float) -> None:
    there = (HERE[0] + east, HERE[1] + north)
    plane = on_plane([HERE, there])
    flat = float(np.hypot(*(plane[0] - plane[1])))
    assert flat == pytest.approx(distance_m(HERE, there), rel=1e-3, abs=0.01)


async def ask(world: World, metres: float, category: str = PARK, **claims: Any) -> str:
    """A request so many metres north."""
    position = {"longitude": HERE[0], "latitude": HERE[1] + metres * METRE, "crs": "wgs84"}
    body = {"category": category, "title": "想要个小公园", "place": {"position": position}}
    return (await world.post("resident", "", body, **({"person": uuid4(), "household": None} | claims)))["id"]


async def test_what_lies_together_is_found_with_who_asked(world: World) -> None:
    someone = uuid4()
    near = [await ask(world, metres) for metres in (0, 50)] + [await ask(world, 90, person=someone)]
    near += [await ask(world, 120, person=someone)]
    await ask(world, 900)
    await ask(world, 60, LAMP)
    found = await world.get("staff", f"{URL}?radius_m=100&at_least=3")
    (cluster,) = found["items"]
    assert cluster["request_ids"] == near[::-1]
    assert (cluster["category"], cluster["count"], cluster["open_count"]) == (PARK, 4, 4)
    assert cluster["requester_count"] == 3
    assert cluster["centre"]["latitude"] == pytest.approx(HERE[1] + 65 * METRE)
    assert cluster["first_at"] <= cluster["last_at"]
    assert found["is_truncated"] is False
    assert (await world.get("staff", f"{URL}?radius_m=100&at_least=5"))["items"] == []
    assert len((await world.get("staff", f"{URL}?radius_m=1000&category=livelihood"))["items"][0]["request_ids"]) == 5
    assert (await world.get("staff", f"{URL}?category={LAMP}"))["items"] == []


async def test_open_ones_count_however_old_and_answered_ones_while_recent(world: World) -> None:
    ids = [await ask(world, metres) for metres in (0, 10, 20)]
    later = (utc_now() + timedelta(days=1)).isoformat().replace("+", "%2B")
    assert [each["count"] for each in (await world.get("staff", f"{URL}?since={later}"))["items"]] == [3]
    await world.post("staff", f"{ids[0]}/accept")
    await world.post("staff", f"{ids[0]}/resolve", {"text": "已办"})
    recent = (await world.get("staff", URL))["items"][0]
    assert (recent["count"], recent["open_count"]) == (3, 2)
    assert (await world.get("staff", f"{URL}?since={later}"))["items"] == []
    await world.post("staff", f"{ids[1]}/reject", {"reason": "out_of_area", "text": "不在本社区"})
    assert (await world.get("staff", URL))["items"] == []


async def test_a_window_may_begin_before_anybody_counted_time(world: World) -> None:
    for metres in (0, 10, 20):
        await ask(world, metres)
    found = await world.get("staff", f"{URL}?since=0001-01-01T00:00:00Z")
    assert [each["count"] for each in found["items"]] == [3]


async def test_where_private_matters_are_is_nobodys_to_compare(world: World) -> None:
    for metres in (0, 10, 20):
        await ask(world, metres, "rights_protection.domestic_violence")
    assert (await world.get("staff", URL))["items"] == []


@pytest.mark.parametrize("role", list(Role))
async def test_who_may_look(world: World, role: Role) -> None:
    allowed = role in (Role.STAFF, Role.HEAD, Role.SUPERVISOR)
    answer = await world.call(role, "GET", URL)
    assert answer.status_code == (200 if allowed else 403), answer.text


async def test_a_supervisor_names_a_community_of_theirs(world: World) -> None:
    for metres in (0, 10, 20):
        await ask(world, metres)
    county = {"area": world.code[:6]}
    assert len((await world.get("supervisor", f"{URL}?community_code={world.code}", **county))["items"]) == 1
    assert (await world.call("supervisor", "GET", URL, **county)).status_code == 404
    elsewhere = await world.call("staff", "GET", f"{URL}?community_code={a_community()}")
    assert elsewhere.status_code == 404


async def test_one_building_is_found_without_saying_which(world: World) -> None:
    here, there = ({"address": {"compound": "开元小区", "building": building}} for building in ("3", "4"))
    noise = "fairness.neighbour_noise"
    for place in (here, here, there, here):
        body = {"category": noise, "title": "楼上太吵", "place": place}
        await world.post("resident", "", body, person=uuid4(), household=None)
    (cluster,) = (await world.get("staff", f"{URL}?by=building"))["items"]
    assert (cluster["category"], cluster["count"], cluster["requester_count"]) == (noise, 3, 3)
    assert cluster["centre"] is None
    assert "开元" not in str(cluster)

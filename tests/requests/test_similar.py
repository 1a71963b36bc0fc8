"""What was asked already is found, near by or in the same building, and supported instead of repeated."""

import asyncio
import math
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.requests.similar.repository import Box
from shared.auth import Role
from shared.geo import distance_m
from tests.requests.world import LAMP, World

HERE = (109.97, 40.63)
METRE = 1 / 111_195
WALLS = "livelihood.walls"
NOISE = "fairness.neighbour_noise"
ADDRESS = {"compound": "永福里", "building": "3"}


def at(north_m: float, east_m: float = 0) -> dict[str, Any]:
    longitude = HERE[0] + east_m * METRE / math.cos(math.radians(HERE[1]))
    return {"position": {"longitude": longitude, "latitude": HERE[1] + north_m * METRE, "crs": "wgs84"}}


async def similar(world: World, role: str = "resident", *, category: str = LAMP, **place: Any) -> list[dict[str, Any]]:
    query = {"category": category, "place": {key: value for key, value in place.items() if key != "claims"}}
    return (await world.post(role, "similar", query, **place.get("claims", {})))["items"]


def stranger() -> dict[str, Any]:
    return {"person": uuid4(), "household": uuid4()}


async def test_the_nearest_come_first_and_what_is_too_far_not_at_all(world: World) -> None:
    far, near, nearer = [(await world.submit(place=at(metres)))["id"] for metres in (31, 20, 5)]
    await world.submit(category=WALLS, place=at(1))
    found = await similar(world, **at(0))
    assert [(item["id"], item["distance_m"]) for item in found] == [(nearer, 5), (near, 20)]
    assert far not in str(found)
    assert [item["mine"] for item in found] == [True, True]


async def test_the_same_building_needs_no_position(world: World) -> None:
    made = await world.submit("staff", category=NOISE, title="楼上吵闹", place={"address": ADDRESS | {"unit": "2"}})
    (found,) = await similar(world, "staff", category=NOISE, address=ADDRESS | {"unit": "1"})
    assert (found["id"], found["same_building"], found["distance_m"]) == (made["id"], True, None)
    assert found["title"] == "楼上吵闹"
    assert await similar(world, "staff", category=NOISE, address=ADDRESS | {"building": "4"}) == []
    assert await similar(world, category=NOISE, address=ADDRESS) == [], "a quarrel is nobody else's business"


async def test_strangers_read_nothing_that_was_not_released(world: World) -> None:
    made = await world.submit(title="张三家门口的灯", place=at(0))
    for path in ("similar", made["id"] + "/shared"):
        method, body = ("POST", {"category": LAMP, "place": at(0)}) if path == "similar" else ("GET", None)
        answer = await world.call("resident", method, path, body, **stranger())
        assert answer.status_code == 200, answer.text
        assert "张三" not in answer.text and str(world.person) not in answer.text
        assert made["id"] in answer.text
    assert (await similar(world, **at(0)))[0]["title"] == "张三家门口的灯", "to who wrote it, it is theirs"


async def test_what_is_over_or_old_is_no_longer_suggested(world: World) -> None:
    for verb, body in (("withdraw", {}), ("none", None)):
        made = await world.submit(place=at(0))
        if body is not None:
            await world.post("resident", f"{made['id']}/{verb}", body)
    assert [item["id"] for item in await similar(world, **at(0))] == [made["id"]]
    await world.sql("UPDATE service_request SET created_at = created_at - interval '31 days' RETURNING 1")
    assert await similar(world, **at(0)) == []


async def test_a_supporter_is_counted_once_and_follows_along(world: World) -> None:
    made = await world.submit(place=at(0))
    one, two = stranger(), stranger()
    for claims in (one, one, two):
        shared = await world.post("resident", f"{made['id']}/support", **claims)
    assert (shared["supporters"], shared["supported"]) == (2, True)
    assert await world.steps("staff", made["id"]) == ["submitted", "supported", "supported"]
    assert await world.event_names(made["id"]) == ["request_submitted"], "a supporter more is no news"
    await world.post("staff", f"{made['id']}/accept")
    event = (await world.published(made["id"]))[-1]
    assert set(event.data["follower_person_ids"]) == {str(one["person"]), str(two["person"])}
    seen = await world.get("resident", f"{made['id']}/shared", **one)
    assert [line["step"] for line in seen["updates"]] == ["accepted"]
    assert (await world.call("resident", "GET", made["id"], **one)).status_code == 404, "but reads none of its texts"
    after = await world.post("resident", f"{made['id']}/withdraw-support", **one)
    assert (after["supporters"], after["supported"]) == (1, False)
    await world.post("resident", f"{made['id']}/withdraw-support", **one)
    assert (await similar(world, **at(0)))[0]["supporters"] == 1


async def test_supporters_at_the_same_moment_are_all_counted(world: World) -> None:
    made = await world.submit(place=at(0))
    answers = await asyncio.gather(
        *(world.call("resident", "POST", f"{made['id']}/support", **stranger()) for _ in range(6))
    )
    assert {answer.status_code for answer in answers} == {200}
    ((count,),) = await world.sql("SELECT follower_count FROM service_request")
    assert count == 6


async def test_what_cannot_be_supported(world: World) -> None:
    own = await world.submit(place=at(0))
    refused = await world.call("resident", "POST", f"{own['id']}/support")
    assert (refused.status_code, refused.json()["code"]) == (409, "own-request")
    private = await world.submit(category=NOISE)
    secret = await world.submit(category="fairness.conduct_of_staff")
    for hidden in (private, secret):
        for method, verb in (("POST", "support"), ("POST", "withdraw-support"), ("GET", "shared")):
            answer = await world.call("resident", method, f"{hidden['id']}/{verb}", **stranger())
            assert answer.status_code == 404
    await world.post("resident", f"{own['id']}/withdraw", {})
    over = await world.call("resident", "POST", f"{own['id']}/support", **stranger())
    assert (over.status_code, over.json()["code"]) == (409, "wrong-state")
    elsewhere = await world.call("resident", "GET", f"{own['id']}/shared", area="990000000000")
    assert elsewhere.status_code == 404


async def test_an_anonymous_request_is_supported_like_any_other(world: World) -> None:
    made = await world.submit(anonymous=True, place=at(0))
    assert (await world.post("resident", f"{made['id']}/support"))["supporters"] == 1


async def test_a_question_without_a_place_is_refused(world: World) -> None:
    for query, pointer in (
        ({"category": LAMP, "place": {}}, "/place"),
        ({"category": "livelihood.nothing", "place": at(0)}, "/category"),
    ):
        answer = await world.call("resident", "POST", "similar", query)
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)


async def test_who_is_erased_or_merged_supports_no_more_or_as_another(world: World) -> None:
    made = await world.submit(place=at(0))
    first, second, kept = uuid4(), uuid4(), uuid4()
    for person in (first, second):
        await world.post("resident", f"{made['id']}/support", person=person)
    merge = {"merge_id": str(uuid4()), "person_id": str(kept), "merged_person_id": str(second)}
    await world.deliver("residents.person_merged.v1", merge, subject=f"people/{kept}")
    assert (await world.get("resident", f"{made['id']}/shared", person=kept))["supported"] is True
    await world.deliver("residents.person_merge_undone.v1", merge, subject=f"people/{kept}")
    assert (await world.get("resident", f"{made['id']}/shared", person=kept))["supported"] is False
    await world.deliver("residents.person_erased.v1", {"person_id": str(first)}, subject=f"people/{first}")
    rows = await world.sql("SELECT person_id, (SELECT follower_count FROM service_request) FROM request_follower")
    assert [tuple(row) for row in rows] == [(second, 1)]


@pytest.mark.parametrize("role", list(Role))
async def test_every_role_at_every_door(world: World, role: Role) -> None:
    doors = {
        ("POST", "similar"): {"category": LAMP, "place": at(0)},
        ("GET", "{id}/shared"): None,
        ("POST", "{id}/support"): None,
        ("POST", "{id}/withdraw-support"): None,
    }
    reads = {("POST", "similar"), ("GET", "{id}/shared")}
    allowed = {Role.RESIDENT: set(doors), Role.GRID_WORKER: reads, Role.STAFF: reads, Role.HEAD: reads}
    for (method, path), body in doors.items():
        answer = await world.call(role, method, path.format(id=uuid4()), body)
        if (method, path) in allowed.get(role, set()):
            assert answer.status_code in (200, 404), (method, path, answer.text)
        else:
            assert answer.status_code == 403, (method, path)


async def test_the_search_agrees_with_one_that_looks_at_everything(world: World) -> None:
    """Against the distance to every single request."""
    places = [(north, east) for north in range(-45, 46, 15) for east in range(-45, 46, 18)]
    made = [(await world.submit(place=at(north, east)))["id"] for north, east in places]
    for asked in ((0, 0), (22, -40), (-44, 44)):
        point = at(*asked)["position"]
        naive = []
        for request_id, (north, east) in zip(made, places, strict=True):
            there = at(north, east)["position"]
            metres = distance_m((point["longitude"], point["latitude"]), (there["longitude"], there["latitude"]))
            if metres <= 30:
                naive.append((metres, request_id))
        found = await similar(world, **at(*asked))
        assert [round(metres) for metres, _ in sorted(naive)][:10] == [item["distance_m"] for item in found]
        assert {item["id"] for item in found} <= {request_id for _, request_id in naive}


@given(
    longitude=st.floats(73, 135),
    latitude=st.floats(18, 54),
    radius=st.integers(1, 2000),
    bearing=st.floats(0, 2 * math.pi),
    share=st.floats(0, 1),
)
def test_the_box_leaves_nothing_out(
    longitude: float, latitude: float, radius: int, bearing: float, share: float
) -> None:
    """Whatever lies within the radius by the sphere lies in the box that the index is asked for."""
    box = Box.around((longitude, latitude), radius)
    north = radius * share * math.cos(bearing) * METRE
    east = radius * share * math.sin(bearing) * METRE / math.cos(math.radians(latitude))
    point = (longitude + east, latitude + north)
    if distance_m((longitude, latitude), point) <= radius:
        assert box.south <= point[1] <= box.north
        assert box.west <= point[0] <= box.east

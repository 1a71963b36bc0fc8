"""Grids: published boundaries, look-up of places, and whose grid it is."""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from shared.outbox import outbox
from tests.apps import ClientOf
from tests.dispatch.community import NewPlace, Place, made, ok, refused, square
from tests.principals import a_community


async def events_of(place: Place, subject: str) -> list[tuple[str, int, dict[str, Any]]]:
    """What the outbox holds about `subject`: (type, version, data) in order."""
    async with place.app.state.database.transaction(place.code) as session:
        statement = select(outbox.c.type, outbox.c.version, outbox.c.data).where(outbox.c.subject == subject)
        return [tuple(row) for row in await session.execute(statement.order_by(outbox.c.id))]  # type: ignore[misc]


async def test_a_grid_is_created_read_and_renamed(new_place: NewPlace) -> None:
    place = await new_place()
    code = place.code + "001"
    response = await place.staff.post("/v1/grids", json={"code": code, "name": " 第一网格 ", "kind": "special"})
    assert made(response)["name"] == "第一网格"
    assert response.headers["location"] == f"/v1/grids/{code}"

    read = await place.staff.get(f"/v1/grids/{code}")
    assert read.headers["etag"] == '"1"'
    again = await place.staff.get(f"/v1/grids/{code}", headers={"If-None-Match": '"1"'})
    assert again.status_code == 304

    rename = {"name": "市场网格"}
    refused(await place.staff.patch(f"/v1/grids/{code}", json=rename), 428, "precondition-required")
    changed = ok(await place.staff.patch(f"/v1/grids/{code}", json=rename, headers={"If-Match": '"1"'}))
    assert (changed["name"], changed["version"]) == ("市场网格", 2)
    refused(
        await place.staff.patch(f"/v1/grids/{code}", json=rename, headers={"If-Match": '"1"'}),
        412,
        "precondition-failed",
    )


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"code": "15", "name": "x"}, "/code"),
        ({"code": "150207007005001"}, "/name"),
        ({"code": "150207007005001", "name": "a\x00b"}, "/name"),
        ({"code": "150207007005001", "name": "x", "surprise": 1}, "/"),
        ({"code": "150207007005001", "name": None}, "/name"),
    ],
)
async def test_what_does_not_fit_is_named(new_place: NewPlace, body: dict[str, Any], pointer: str) -> None:
    place = await new_place()
    document = refused(await place.staff.post("/v1/grids", json=body), 422, "validation")
    assert [error["pointer"] for error in document["errors"]] == [pointer]


async def test_null_is_no_name(new_place: NewPlace) -> None:
    place = await new_place(grids=1)
    response = await place.staff.patch(f"/v1/grids/{place.grids[0]}", json={"name": None}, headers={"If-Match": '"3"'})
    refused(response, 422, "validation")


async def test_a_code_is_used_once_and_within_the_own_community(new_place: NewPlace) -> None:
    place = await new_place()
    body = {"code": place.code + "001", "name": "第一网格"}
    made(await place.staff.post("/v1/grids", json=body))
    refused(await place.staff.post("/v1/grids", json=body), 409, "grid-exists")
    refused(await place.staff.post("/v1/grids", json={"code": a_community() + "001", "name": "别处"}), 403, "forbidden")


async def test_publishing_tells_everyone_and_keeps_what_was(new_place: NewPlace) -> None:
    place = await new_place(grids=1)
    code = place.grids[0]
    body = {"boundary": square(5), "addresses": [{"compound": "新苑", "building": "2栋", "unit": "1"}]}
    assert ok(await place.staff.post(f"/v1/grids/{code}/publish", json=body))["boundary_version"] == 2

    published = [event for event in await events_of(place, f"grids/{code}") if "published" in event[0]]
    assert [data["version"] for _, _, data in published] == [1, 2]
    assert published[1][2]["addresses"] == body["addresses"]

    first = ok(await place.staff.get(f"/v1/grids/{code}/boundaries/1"))
    assert first["boundary"] == square(0)
    refused(await place.staff.get(f"/v1/grids/{code}/boundaries/3"), 404, "not-found")
    refused(await place.staff.get(f"/v1/grids/{code}/boundaries/99999999999"), 422, "validation")

    (feature,) = ok(await place.staff.get("/v1/grids/geojson"))["features"]
    assert (feature["id"], feature["geometry"]) == (code, square(5))


@pytest.mark.parametrize(
    ("query", "column", "found_by"),
    [
        ({"compound": "青松", "building": "2号楼"}, 1, "address"),
        ({"compound": "青松", "building": "2号楼", "unit": "3"}, 1, "address"),
        ({"position": {"longitude": 109.972, "latitude": 40.622, "crs": "wgs84"}}, 0, "position"),
        (
            {
                "compound": "青松",
                "building": "没有",
                "position": {"longitude": 109.976, "latitude": 40.622, "crs": "wgs84"},
            },
            1,
            "position",
        ),
        ({"position": {"longitude": 109.0, "latitude": 40.622, "crs": "wgs84"}}, None, None),
        ({"compound": "青松", "building": "没有"}, None, None),
    ],
)
async def test_locate(new_place: NewPlace, query: dict[str, Any], column: int | None, found_by: str | None) -> None:
    place = await new_place(grids=2)
    found = ok(await place.staff.post("/v1/grids/locate", json=query))
    assert found == {"grid_code": None if column is None else place.grids[column], "found_by": found_by}


async def test_a_place_is_needed_to_locate(new_place: NewPlace) -> None:
    place = await new_place()
    refused(await place.staff.post("/v1/grids/locate", json={"compound": "青松"}), 422, "validation")


async def test_handover_is_published_and_needs_a_responder_of_this_community(new_place: NewPlace) -> None:
    place, elsewhere = await new_place(grids=1), await new_place(grids=1)
    code, first = place.grids[0], place.workers[0]
    second = await place.register()
    ok(
        await place.staff.post(
            f"/v1/grids/{code}/assign-worker",
            json={"responder_id": str(second), "backup_responder_id": str(first)},
        )
    )
    *_, (kind, version, data) = await events_of(place, f"grids/{code}")
    assert kind == "dispatch.grid_worker_assigned.v1"
    assert data == {"grid_code": code, "responder_id": str(second), "backup_responder_id": str(first)}
    assert version == ok(await place.staff.get(f"/v1/grids/{code}"))["version"]

    for stranger in (uuid4(), elsewhere.workers[0]):
        refused(
            await place.staff.post(f"/v1/grids/{code}/assign-worker", json={"responder_id": str(stranger)}),
            409,
            "responder-unknown",
        )
    same = {"responder_id": str(first), "backup_responder_id": str(first)}
    refused(await place.staff.post(f"/v1/grids/{code}/assign-worker", json=same), 422, "validation")


@pytest.mark.parametrize(
    ("role", "reads", "writes"),
    [
        ("staff", 200, 201),
        ("head", 200, 201),
        ("grid_worker", 200, 403),
        ("responder", 200, 403),
        ("supervisor", 200, 403),
        ("gateway", 200, 403),
        ("resident", 403, 403),
        ("merchant", 403, 403),
        ("partner", 403, 403),
    ],
)
async def test_who_may(new_place: NewPlace, role: str, reads: int, writes: int) -> None:
    place = await new_place(grids=1)
    client = await place.client(role)
    assert (await client.get(f"/v1/grids/{place.grids[0]}")).status_code == reads
    assert (await client.get("/v1/grids")).status_code == reads
    body = {"code": place.code + "777", "name": "七"}
    assert (await client.post("/v1/grids", json=body)).status_code == writes


async def test_a_partner_needs_the_grant(new_place: NewPlace) -> None:
    place = await new_place(grids=1)
    client = await place.client("partner", scope="grids:read other")
    ok(await client.get("/v1/grids"))


async def test_another_community_sees_nothing(new_place: NewPlace, client_of: ClientOf) -> None:
    place = await new_place(grids=1)
    stranger = await client_of("dispatch", role="staff", area=a_community())
    assert ok(await stranger.get("/v1/grids"))["items"] == []
    refused(await stranger.get(f"/v1/grids/{place.grids[0]}"), 404, "not-found")
    refused(await stranger.post(f"/v1/grids/{place.grids[0]}/publish", json={"boundary": square(0)}), 404, "not-found")


async def test_a_county_sees_its_communities(new_place: NewPlace, client_of: ClientOf) -> None:
    place = await new_place(grids=1)
    county = await client_of("dispatch", role="supervisor", area=place.code[:6])
    assert ok(await county.get(f"/v1/grids/{place.grids[0]}"))["code"] == place.grids[0]

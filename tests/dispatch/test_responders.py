"""Responders, their duty, and whom a contact card names."""

import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from services.dispatch.responders.models import Responder
from services.dispatch.responders.schemas import ResponderCreate
from services.dispatch.responders.service import register_responders
from shared.clock import utc_now
from shared.outbox import outbox
from shared.vault import Vault
from tests.apps import ClientOf
from tests.dispatch.community import SOUTH, WEST, WIDTH, NewPlace, Place, made, ok, refused
from tests.principals import a_community

WORKER = {"force": "community", "kind": "grid_worker", "name": "欧阳红梅", "phone": "199 0000 4321"}


def span(before: int = 60, after: int = 60) -> dict[str, str]:
    now = utc_now()
    return {
        "starts_at": (now - timedelta(minutes=before)).isoformat(),
        "ends_at": (now + timedelta(minutes=after)).isoformat(),
    }


async def test_staff_read_duty_contacts_and_others_see_masks(new_place: NewPlace) -> None:
    place = await new_place()
    responder = made(await place.staff.post("/v1/responders", json=WORKER))
    assert (responder["name"], responder["phone"]) == ("欧阳红梅", "+8619900004321")
    assert responder["duty"] == "standing"
    url = f"/v1/responders/{responder['id']}"
    supervisor = await place.client("supervisor")
    assert ok(await supervisor.get(url))["name"] == "欧阳*"
    assert ok(await supervisor.get("/v1/responders"))["items"][0]["phone"] == "199****4321"
    themself = await place.client("grid_worker", responder=responder["id"])
    assert ok(await themself.get(url))["phone"] == "+8619900004321"


async def test_names_and_phones_rest_sealed(new_place: NewPlace) -> None:
    place = await new_place(grids=1, name="单雄信", phone="19900007777")
    async with place.app.state.database.transaction(place.code) as session:
        row = (await session.execute(select(Responder))).scalars().one()
        events = (await session.execute(select(outbox.c.data))).scalars().all()
    assert "单雄信".encode() not in row.name
    assert b"19900007777" not in row.phone
    assert "单雄信" not in str(events)
    assert "19900007777" not in str(events)


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"phone": "12"}, "/phone"),
        ({"name": "张\u202e三"}, "/name"),
        ({"kind": "unit"}, ""),
        ({"kind": "unit", "uscc": "91150207MA0000000X"}, "/uscc"),
        ({"skills": ["Big Skill"]}, "/skills/0"),
        ({"capacity": 201}, "/capacity"),
        ({"position": {"longitude": 109.9, "latitude": 40.6}}, "/position/crs"),
        ({"position": {"longitude": 1e400, "latitude": 40.6, "crs": "wgs84"}}, "/position/longitude"),
    ],
)
async def test_what_does_not_fit_is_refused_without_an_echo(
    new_place: NewPlace, change: dict[str, Any], pointer: str
) -> None:
    place = await new_place()
    body = json.dumps(WORKER | change).replace("Infinity", "1e400")
    response = await place.staff.post("/v1/responders", content=body, headers={"Content-Type": "application/json"})
    document = refused(response, 422, "validation")
    assert document["errors"][0]["pointer"].rstrip("/") == pointer
    assert "202e" not in response.text
    assert "MA0000000" not in response.text


async def test_a_unit_has_its_credit_code(new_place: NewPlace) -> None:
    place = await new_place()
    unit = WORKER | {"force": "partner_unit", "kind": "unit", "name": "第一小学", "uscc": "91350100M000100Y43"}
    assert made(await place.staff.post("/v1/responders", json=unit))["duty"] == "rostered"


async def test_changing_keeps_what_is_not_named(new_place: NewPlace) -> None:
    place = await new_place()
    responder = made(await place.staff.post("/v1/responders", json=WORKER | {"skills": ["mediation"]}))
    url = f"/v1/responders/{responder['id']}"
    changed = ok(await place.staff.patch(url, json={"phone": "19900005555"}, headers={"If-Match": '"1"'}))
    assert (changed["name"], changed["phone"], changed["skills"]) == ("欧阳红梅", "+8619900005555", ["mediation"])
    refused(await place.staff.patch(url, json={}, headers={"If-Match": '"1"'}), 412, "precondition-failed")
    refused(await place.staff.patch(url, json={"name": None}, headers={"If-Match": '"2"'}), 422, "validation")


async def test_filters(new_place: NewPlace) -> None:
    place = await new_place()
    await place.register(skills=["mediation"])
    lawyer = await place.register("lawyer", force="social_talent", skills=["law"])
    for query in ({"kind": "lawyer"}, {"force": "social_talent"}, {"skill": "law"}):
        found = ok(await place.staff.get("/v1/responders", params=query))["items"]
        assert [each["id"] for each in found] == [str(lawyer)]


async def test_who_still_has_work_is_not_deactivated(new_place: NewPlace) -> None:
    place = await new_place(grids=1)
    url = f"/v1/responders/{place.workers[0]}"
    refused(await place.staff.post(f"{url}/deactivate"), 409, "responder-busy")
    spare = await place.register()
    assert ok(await place.staff.post(f"/v1/responders/{spare}/deactivate"))["active"] is False
    order = await place.submit()
    assert order["responder_id"] == str(place.workers[0])


async def test_shifts_and_absences(new_place: NewPlace) -> None:
    place = await new_place()
    responder = await place.register()
    for kind in ("roster", "absences"):
        url = f"/v1/responders/{responder}/{kind}"
        past = span(before=120, after=-60)
        made(await place.staff.post(url, json=past))
        entry = made(await place.staff.post(url, json=span()))
        assert [each["id"] for each in ok(await place.staff.get(url))["items"]] == [entry["id"]]
        everything = ok(await place.staff.get(url, params={"since": "2020-01-01T00:00:00Z"}))["items"]
        assert len(everything) == 2
        refused(await place.staff.delete(f"{url}/{entry['id']}"), 428, "precondition-required")
        ok(await place.staff.delete(f"{url}/{entry['id']}", headers={"If-Match": '"1"'}), 204)
        refused(await place.staff.delete(f"{url}/{entry['id']}", headers={"If-Match": '"1"'}), 404, "not-found")
        refused(await place.staff.post(url, json=span(before=-60, after=30)), 422, "validation")


async def test_an_entry_is_reached_through_its_own_responder_only(new_place: NewPlace) -> None:
    place = await new_place()
    one, other = await place.register(), await place.register()
    entry = made(await place.staff.post(f"/v1/responders/{one}/roster", json=span()))
    response = await place.staff.delete(f"/v1/responders/{other}/roster/{entry['id']}", headers={"If-Match": '"1"'})
    refused(response, 404, "not-found")


async def test_many_are_registered_at_once(new_place: NewPlace) -> None:
    place = await new_place()
    many = [ResponderCreate.model_validate(WORKER | {"name": f"第{n}人"}) for n in range(120)]
    async with place.app.state.database.transaction(place.code) as session:
        vault = Vault(session, place.app.state.keyring)
        assert len(await register_responders(session, vault, place.code, many)) == 120
        assert await register_responders(session, vault, place.code, []) == []
    page = ok(await place.staff.get("/v1/responders", params={"limit": 200}))
    assert {each["name"] for each in page["items"]} == {f"第{n}人" for n in range(120)}


@pytest.mark.parametrize(
    ("role", "reads", "writes"),
    [
        ("staff", 200, 201),
        ("head", 200, 201),
        ("grid_worker", 200, 403),
        ("responder", 200, 403),
        ("supervisor", 200, 403),
        ("resident", 403, 403),
        ("merchant", 403, 403),
        ("partner", 403, 403),
        ("gateway", 403, 403),
    ],
)
async def test_who_may(new_place: NewPlace, role: str, reads: int, writes: int) -> None:
    place = await new_place()
    client = await place.client(role)
    assert (await client.get("/v1/responders")).status_code == reads
    assert (await client.post("/v1/responders", json=WORKER)).status_code == writes


async def test_a_responder_sees_their_own_record_only(new_place: NewPlace) -> None:
    place = await new_place()
    one, other = await place.register(), await place.register()
    client = await place.responder(one)
    assert [each["id"] for each in ok(await client.get("/v1/responders"))["items"]] == [str(one)]
    refused(await client.get(f"/v1/responders/{other}"), 404, "not-found")
    nobody = await place.client("responder")
    assert ok(await nobody.get("/v1/responders"))["items"] == []


async def test_another_community_sees_nothing(new_place: NewPlace, client_of: ClientOf) -> None:
    place = await new_place(grids=1)
    stranger = await client_of("dispatch", role="head", area=a_community())
    assert ok(await stranger.get("/v1/responders"))["items"] == []
    refused(await stranger.get(f"/v1/responders/{place.workers[0]}"), 404, "not-found")
    refused(await stranger.get(f"/v1/communities/{place.code}"), 404, "not-found")


# Communities


async def test_a_community_changes_its_hotline_and_desk(new_place: NewPlace) -> None:
    place = await new_place()
    url = f"/v1/communities/{place.code}"
    desk = await place.register("duty_desk")
    change = {"hotline": "0472-5159999", "duty_desk_id": str(desk)}
    changed = ok(await place.staff.patch(url, json=change, headers={"If-Match": '"1"'}))
    assert (changed["hotline"], changed["duty_desk_id"]) == ("+864725159999", str(desk))
    resident = await place.client("resident")
    assert ok(await resident.get(url))["name_en"] == "Test Community"
    refused(await resident.patch(url, json={}, headers={"If-Match": '"2"'}), 403, "forbidden")
    unknown = {"duty_desk_id": str(uuid4())}
    refused(await place.staff.patch(url, json=unknown, headers={"If-Match": '"2"'}), 409, "responder-unknown")
    names = {"community_code": place.code, "name": "再次", "name_en": "Again", "hotline": "12345"}
    refused(await place.staff.post("/v1/communities", json=names), 409, "community-exists")
    elsewhere = names | {"community_code": a_community()}
    refused(await place.staff.post("/v1/communities", json=elsewhere), 403, "forbidden")


# Contact cards


async def contact(place: Place, client_of: ClientOf, code: str) -> dict[str, Any]:
    gateway = await client_of("dispatch", role="gateway", area="*")
    return ok(await gateway.get(f"/internal/grids/{code}/contact"))


async def test_a_card_resolves_to_who_answers_today(new_place: NewPlace, client_of: ClientOf) -> None:
    place = await new_place()
    backup = await place.register("backup", name="白替", phone="19900008888")
    code = await place.add_grid(backup=backup, name="甘网格", phone="19900001111")
    shown = await contact(place, client_of, code)
    centre = (shown.pop("longitude"), shown.pop("latitude"))
    assert centre == pytest.approx((WEST + WIDTH / 2, SOUTH + WIDTH / 2))
    assert shown == {
        "grid_code": code,
        "grid_name": "第1网格",
        "worker_name": "甘网格",
        "worker_phone": "+8619900001111",
        "hotline": "+864725150000",
        "community_code": place.code,
        "community_name": "测试社区",
        "community_name_en": "Test Community",
        "team": [],
    }
    made(await place.staff.post(f"/v1/responders/{place.workers[0]}/absences", json=span()))
    assert (await contact(place, client_of, code))["worker_name"] == "白替"
    made(await place.staff.post(f"/v1/responders/{backup}/absences", json=span()))
    assert (await contact(place, client_of, code))["worker_phone"] is None


async def test_a_grids_team_is_one_of_each_profession_who_agreed(new_place: NewPlace, client_of: ClientOf) -> None:
    place = await new_place(grids=2)
    here, there = place.grids
    mediator = await place.register("mediator", name="孙公众", is_public=True)
    await place.register("police", name="王全区", is_public=True)
    own = await place.register("police", name="王本格", is_public=True, home_grid_code=here)
    await place.register("lawyer", name="赵不公开", home_grid_code=here)
    await place.register("volunteer", name="李志愿", is_public=True)

    async def team(grid: str) -> list[tuple[str, str]]:
        return [(each["role"], each["name"]) for each in (await contact(place, client_of, grid))["team"]]

    assert await team(here) == [("police", "王本格"), ("mediator", "孙公众")]
    assert await team(there) == [("police", "王全区"), ("mediator", "孙公众")]
    made(await place.staff.post(f"/v1/responders/{mediator}/absences", json=span()))
    assert ("mediator", "孙公众") in await team(here)
    ok(await place.staff.post(f"/v1/responders/{mediator}/deactivate"))
    withdrawn = await place.staff.patch(f"/v1/responders/{own}", json={"is_public": False}, headers={"If-Match": '"1"'})
    assert ok(withdrawn)["is_public"] is False
    assert await team(here) == [("police", "王全区")]


async def test_contacts_for_a_sheet_leave_out_what_does_not_exist(new_place: NewPlace, client_of: ClientOf) -> None:
    one, other = await new_place(grids=2), await new_place(grids=1)
    gateway = await client_of("dispatch", role="gateway", area="*")
    codes = [*one.grids, *other.grids, one.code + "999"]
    found = ok(await gateway.post("/internal/grid-contacts", json={"grid_codes": codes}))["items"]
    assert [each["grid_code"] for each in found] == sorted([*one.grids, *other.grids])
    refused(await gateway.get(f"/internal/grids/{one.code}999/contact"), 404, "not-found")


async def test_only_the_gateway_asks_for_contacts(new_place: NewPlace) -> None:
    place = await new_place(grids=1)
    for role in ("staff", "head", "resident", "grid_worker", "partner"):
        client = await place.client(role)
        refused(await client.get(f"/internal/grids/{place.grids[0]}/contact"), 403, "forbidden")

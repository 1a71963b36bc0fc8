"""Who sees and does what: every role, every door, and never another community's."""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from shared.auth import Role
from tests.principals import a_community
from tests.requests.world import REFUSAL, World

TEXT = {"text": "好"}
DOORS: dict[tuple[str, str], Any] = {
    ("GET", ""): None,
    ("GET", "refusal-reasons"): None,
    ("GET", "{id}"): None,
    ("GET", "{id}/updates"): None,
    ("GET", "{id}/rating"): None,
    ("POST", ""): {"category": "livelihood.walls"},
    ("POST", "search"): {"phone": "19900001234", "purpose": "service_delivery"},
    ("POST", "{id}/updates"): {"kind": "note"} | TEXT,
    ("POST", "{id}/accept"): None,
    ("POST", "{id}/reject"): REFUSAL,
    ("POST", "{id}/call-back"): {"how": "phone", "reached": False},
    ("POST", "{id}/close-unreached"): TEXT,
    ("GET", "/v1/commendations"): None,
    ("POST", "{id}/merge"): {"into": str(uuid4())},
    ("POST", "{id}/unmerge"): {},
    ("POST", "{id}/split"): {"parts": [{"category": "livelihood.walls"}]} | TEXT,
    ("POST", "{id}/transfer"): {"category": "livelihood.walls"} | TEXT,
    ("POST", "{id}/resolve"): TEXT,
    ("POST", "{id}/wait-for-requester"): TEXT,
    ("POST", "{id}/withdraw"): {},
    ("POST", "{id}/confirm"): {},
    ("POST", "{id}/reopen"): {},
    ("POST", "{id}/rating"): {"score": 5, "solved": True, "satisfied": True},
    ("POST", "{id}/reveal"): {"purpose": "service_delivery"},
}
READS = {("GET", ""), ("GET", "refusal-reasons"), ("GET", "{id}"), ("GET", "{id}/updates"), ("GET", "{id}/rating")}
THANKS = {("GET", "/v1/commendations")}
WORK = {("POST", f"{{id}}/{verb}") for verb in ("updates", "resolve", "wait-for-requester", "reveal")}
CALLBACK = {("POST", f"{{id}}/{verb}") for verb in ("confirm", "reopen")}
ALLOWED = {
    Role.RESIDENT: READS
    | THANKS
    | CALLBACK
    | {("POST", ""), ("POST", "{id}/updates"), ("POST", "{id}/withdraw"), ("POST", "{id}/rating")},
    Role.GRID_WORKER: READS | THANKS | WORK | {("POST", "")},
    Role.RESPONDER: READS | THANKS | WORK,
    Role.STAFF: set(DOORS),
    Role.HEAD: set(DOORS),
    Role.SUPERVISOR: READS | THANKS,
    Role.MERCHANT: set(),
    Role.PARTNER: READS | {("POST", ""), ("POST", "{id}/updates"), ("POST", "{id}/withdraw")},
    Role.GATEWAY: set(),
}


@pytest.mark.parametrize("role", list(Role))
async def test_every_role_at_every_door(world: World, role: Role) -> None:
    """Who may not is told so; who may is answered, if only that there is nothing of theirs."""
    nothing = str(uuid4())
    for (method, path), json in DOORS.items():
        answer = await world.call(role, method, path.format(id=nothing), json)
        if (method, path) in ALLOWED[role]:
            assert answer.status_code in (200, 201, 404, 422), (method, path, answer.text)
        else:
            assert answer.status_code == 403, (method, path, answer.text)


async def test_without_a_token_every_door_is_shut(world: World) -> None:
    for (method, path), json in DOORS.items():
        assert (await world.call(None, method, path.format(id=uuid4()), json)).status_code == 401


async def test_a_partner_needs_the_grant(world: World) -> None:
    assert (await world.call("partner", "GET", "", scope="offers:read")).status_code == 403
    assert (
        await world.call("partner", "POST", "", {"category": "livelihood"}, scope="requests:read")
    ).status_code == 403


async def test_residents_see_their_own_and_their_households(world: World) -> None:
    mine = (await world.submit())["id"]
    secret = (await world.submit(category="rights_protection.domestic_violence", share_with_household=False))["id"]
    assert (await world.get("resident", secret))["mine"] is True
    spouse, stranger = {"person": uuid4()}, {"person": uuid4(), "household": uuid4()}
    seen = await world.get("resident", mine, **spouse)
    assert (seen["mine"], seen["title"], seen["requester_person_id"]) == (False, "路灯不亮", None)
    assert (await world.call("resident", "GET", secret, **spouse)).status_code == 404
    assert [item["id"] for item in (await world.get("resident", "", **spouse))["items"]] == [mine]
    assert [item["id"] for item in (await world.get("resident", "?mine=true", **spouse))["items"]] == []
    assert [item["id"] for item in (await world.get("resident", ""))["items"]] == [secret, mine]
    for path in (mine, f"{mine}/updates", f"{mine}/rating"):
        assert (await world.call("resident", "GET", path, **stranger)).status_code == 404
    assert (await world.get("resident", "", **stranger))["items"] == []
    nobody = await world.get("resident", "", person=None, household=None)
    assert nobody["items"] == []


async def test_a_supervisor_sees_no_text(world: World) -> None:
    made = await world.submit("staff", description="王家门口", requester={"name": "王五", "phone": "19900001111"})
    await world.post("staff", f"{made['id']}/updates", {"kind": "progress", "text": "已联系王家"})
    county = {"area": world.code[:6]}
    seen = await world.get("supervisor", made["id"], **county)
    assert (seen["title"], seen["description"], seen["requester"], seen["place"]) == (None, None, None, None)
    everything = str(seen) + str(await world.get("supervisor", f"{made['id']}/updates", **county))
    everything += str(await world.get("supervisor", f"?community_code={world.code}", **county))
    assert made["id"] in everything
    assert "王" not in everything
    assert (await world.call("supervisor", "GET", made["id"], area="990000")).status_code == 404


async def test_a_partner_sees_what_its_own_client_sent(world: World) -> None:
    made = await world.submit("partner", external_id="A-1")
    assert (await world.get("partner", made["id"]))["external_id"] == "A-1"
    assert (await world.call("partner", "GET", made["id"], client_id="another")).status_code == 404
    assert (await world.call("partner", "GET", made["id"], client_id=None)).status_code == 404


@pytest.mark.parametrize("role", [role for role in Role if ALLOWED[role]])
async def test_another_community_sees_and_changes_nothing(world: World, role: Role) -> None:
    mine = (await world.submit())["id"]
    before = await world.sql("SELECT version FROM service_request")
    elsewhere = {"area": a_community(), "grids": [world.grid]}
    for (method, path), json in DOORS.items():
        if "{id}" in path:
            answer = await world.call(role, method, path.format(id=mine), json, **elsewhere)
            assert answer.status_code in (403, 404, 422), (method, path, answer.text)
    assert (await world.get(role, "", **elsewhere))["items"] == []
    assert await world.sql("SELECT version FROM service_request") == before


async def test_the_wall_stands_under_raw_sql(world: World) -> None:
    await world.submit()
    count = "SELECT count(*) FROM service_request WHERE community_code = :code"
    assert (await world.sql(count, code=world.code))[0].count == 1
    async with world.database.engine.connect() as connection:
        assert (await connection.execute(text(count), {"code": world.code})).scalar_one() == 0


async def test_an_erased_person_is_unreadable_and_writes_no_more(world: World) -> None:
    made = await world.submit(description="我家在三号楼")
    await world.post("resident", f"{made['id']}/updates", {"kind": "comment", "text": "请快一点"})
    await world.post("staff", f"{made['id']}/updates", {"kind": "progress", "text": "已联系王女士"})
    await world.deliver(
        "residents.person_erased.v1", {"person_id": str(world.person)}, subject=f"people/{world.person}"
    )
    seen = await world.get("staff", made["id"])
    assert (seen["title"], seen["description"], seen["requester_person_id"]) == (None, None, None)
    updates = (await world.get("staff", f"{made['id']}/updates"))["items"]
    assert [entry["text"] for entry in updates] == [None, None, None]
    assert (await world.sql("SELECT count(*) FROM timeline_entry WHERE text_sealed IS NOT NULL"))[0].count == 0
    refused = await world.call("resident", "POST", "", {"category": "livelihood.walls", "title": "墙"})
    assert (refused.status_code, refused.json()["code"]) == (409, "person-erased")
    await world.post("staff", f"{made['id']}/updates", {"kind": "note", "text": "已结清"})
    assert (await world.get("staff", f"{made['id']}/updates"))["items"][-1]["text"] == "已结清"

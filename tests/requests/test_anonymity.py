"""Who asks without being named is named nowhere: no table, no event, no log; and still gets an answer."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from services.requests.anonymity.service import forget_counts
from shared.auth import Role
from tests.requests.world import LAMP, World

READ = "/v1/public/anonymous-requests/read"
ANSWER = "/v1/public/anonymous-requests/answer"
WALLS = "livelihood.walls"


async def follow(world: World, code: str, path: str = READ, **more: Any) -> Any:
    return await world.call(None, "POST", path, {"community_code": world.code, "code": code} | more)


async def everything(world: World) -> str:
    """All that the community's tables hold, as text."""
    dump = ""
    for (table,) in await world.sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"):
        dump += str(await world.sql(f"SELECT t::text FROM {table} t")) if table != "alembic_version" else ""
    return dump


async def test_nothing_says_who_it_was(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    made = await world.submit(anonymous=True, description="有人乱停车", place={"note": "北门"})
    assert (made["is_anonymous"], made["mine"], made["channel"]) == (True, False, "app")
    (event,) = await world.published(made["id"])
    assert (event.data["requester_person_id"], event.data["household_id"]) == (None, None)
    kept, logs = await everything(world), capsys.readouterr()
    assert made["id"] in kept
    for clue in (str(world.person), str(world.household), f"resident-{world.code}", made["follow_up_code"]):
        assert clue not in kept + logs.out + logs.err
        assert clue.replace("-", "") not in kept
    assert (await world.call("resident", "GET", made["id"])).status_code == 404, "whoever has their phone sees nothing"
    assert (await world.get("resident", ""))["items"] == []
    seen = await world.get("staff", made["id"])
    assert (seen["description"], seen["requester_person_id"], seen["requester"]) == ("有人乱停车", None, None)
    assert seen["follow_up_code"] is None


async def test_the_code_leads_back_and_lets_the_requester_answer(world: World) -> None:
    made = await world.submit(anonymous=True)
    code = made["follow_up_code"]
    order = uuid4()
    for what in ("created", "assigned", "acknowledged"):
        await world.work_order(what, order, made["id"])
    await world.post("staff", f"{made['id']}/updates", {"kind": "note", "text": "内部"})
    await world.post("staff", f"{made['id']}/wait-for-requester", {"text": "哪一盏?"})
    seen = (await follow(world, code.lower())).json()
    assert seen["waiting_since"] is not None
    assert [line["text"] for line in seen["updates"]][-1] == "哪一盏?"
    assert "内部" not in str(seen)
    answered = await follow(world, code, ANSWER, text="北门的那盏")
    assert (answered.status_code, answered.json()["waiting_since"]) == (200, None)
    assert (await world.steps("staff", made["id"]))[-1] == "answered"
    assert (await follow(world, code, ANSWER, text="谢谢")).json()["updates"][-1]["step"] == "comment"
    assert f"resident-{world.code}" not in await everything(world)


async def test_a_wrong_code_is_nobodys(world: World) -> None:
    made = await world.submit(anonymous=True)
    wrong = ("0" if made["follow_up_code"][0] != "0" else "1") + made["follow_up_code"][1:]
    assert (await follow(world, wrong)).status_code == 404
    assert (await follow(world, wrong, ANSWER, text="好")).status_code == 404
    assert (await follow(world, "short")).status_code == 422
    elsewhere = {"community_code": "990000000000", "code": made["follow_up_code"]}
    assert (await world.call(None, "POST", READ, elsewhere)).status_code == 404


async def test_where_somebody_must_be_reached_nobody_is_anonymous(world: World) -> None:
    body = {"category": "public_services.elder_care", "anonymous": True}
    refused = await world.call("resident", "POST", "", body)
    assert (refused.status_code, refused.json()["code"]) == (409, "anonymity-not-allowed")
    assert await world.published() == []


@pytest.mark.parametrize("role", [Role.STAFF, Role.HEAD, Role.GRID_WORKER, Role.PARTNER])
async def test_only_residents_ask_anonymously(world: World, role: Role) -> None:
    refused = await world.call(role, "POST", "", {"category": LAMP, "anonymous": True})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/anonymous")


async def test_even_the_nameless_have_a_limit_however_many_come_at_once(world: World) -> None:
    bodies = [{"category": LAMP if number % 2 else WALLS, "anonymous": True} for number in range(8)]
    answers = await asyncio.gather(*(world.call("resident", "POST", "", body) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [429] * 5
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert 0 < int(refused.headers["Retry-After"]) <= 86_400
    other = await world.call("resident", "POST", "", bodies[0], person=uuid4())
    assert other.status_code == 201
    named = await world.call("resident", "POST", "", {"category": LAMP})
    assert named.status_code == 201


async def test_counts_are_forgotten_and_lead_to_no_request(world: World) -> None:
    made = await world.submit(anonymous=True)
    ((row,),) = await world.sql("SELECT to_jsonb(c) FROM anonymous_count c")
    assert row.keys() == {"community_code", "counted_on", "submitter_index", "count"}
    assert made["id"] not in str(row)
    await world.sql("UPDATE anonymous_count SET counted_on = counted_on - 3 RETURNING 1")
    async with world.database.transaction(world.code) as session:
        assert await forget_counts(session) == 1


CONFIDENTIAL = {"category": "fairness.conduct_of_staff", "description": "对我态度很差"}


async def test_what_is_confidential_is_for_the_head_and_whoever_was_asked(world: World) -> None:
    made = await world.submit(**CONFIDENTIAL)
    assert made["privacy"] == "confidential"
    spouse = await world.call("resident", "GET", made["id"], person=uuid4())
    assert spouse.status_code == 404, "those at home may be whom it is about"
    assert (await world.get("resident", made["id"]))["description"] == CONFIDENTIAL["description"]
    assert (await world.get("head", made["id"]))["description"] == CONFIDENTIAL["description"]
    for role in ("staff", "supervisor", "grid_worker", "responder"):
        assert (await world.call(role, "GET", made["id"])).status_code == 404, role
        assert (await world.get(role, ""))["items"] == [], role
    await world.work_order("assigned", uuid4(), made["id"])
    assert (await world.get("responder", made["id"]))["description"] == CONFIDENTIAL["description"]
    assert (await world.call("responder", "GET", made["id"], responder=uuid4())).status_code == 404


async def test_who_writes_a_confidential_matter_down_goes_on_seeing_it(world: World) -> None:
    made = await world.submit("staff", channel="phone", requester={"phone": "19900001111"}, **CONFIDENTIAL)
    assert (await world.get("staff", made["id"]))["privacy"] == "confidential"
    assert (await world.call("staff", "GET", made["id"], sub="another")).status_code == 404
    partner = await world.submit("partner", **CONFIDENTIAL)
    assert (await world.get("partner", partner["id"]))["id"] == partner["id"]


async def test_a_promise_of_confidence_outlives_the_category(world: World) -> None:
    made = await world.submit(**CONFIDENTIAL)
    path = f"/v1/categories/{CONFIDENTIAL['category']}"
    opened = await world.call("head", "PATCH", path, {"privacy": "public"}, headers={"If-Match": '"1"'})
    assert opened.status_code == 200
    assert (await world.call("staff", "GET", made["id"])).status_code == 404

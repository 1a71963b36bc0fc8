"""Who asks without being named is named nowhere: no table, no event, no log; and still gets an answer."""

import asyncio
from typing import Any
from uuid import uuid4

import pytest

from services.requests.anonymity.service import forget_counts
from shared.auth import Role
from tests.requests.world import LAMP, World

PUBLIC = "/v1/public/tracked-requests"
WALLS = "livelihood.walls"


async def follow(world: World, made: dict[str, Any], code: str) -> Any:
    return await world.call(None, "POST", f"{PUBLIC}/{made['reference']}/open", {"code": code})


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


async def test_the_code_leads_back_and_lets_the_requester_do_what_requesters_do(world: World) -> None:
    made = await world.submit(anonymous=True)
    spelled = made["follow_up_code"].lower().replace("0", "o").replace("1", "l")
    opened = await follow(world, made, f"{spelled[:4]}-{spelled[4:]}")
    again = await follow(world, made, made["follow_up_code"])
    assert (opened.status_code, again.status_code) == (200, 200), "it opens on every device that its requester has"
    browser = {"Tracking-Session": opened.json()["session"]}
    path = f"{PUBLIC}/{made['reference']}"

    async def seen() -> Any:
        return (await world.call(None, "GET", path, headers=browser)).json()

    async def say(verb: str, **body: Any) -> int:
        return (await world.call(None, "POST", f"{path}/{verb}", body, headers=browser)).status_code

    order = uuid4()
    for what in ("created", "assigned", "acknowledged"):
        await world.work_order(what, order, made["id"])
    await world.post("staff", f"{made['id']}/updates", {"kind": "note", "text": "内部"})
    await world.post("staff", f"{made['id']}/wait-for-requester", {"text": "哪一盏?"})
    page = await seen()
    assert (page["question"], page["is_holder"]) == ("哪一盏?", True)
    assert "内部" not in str(page)
    assert await say("comment", text="北门的那盏") == 204
    assert (await seen())["question"] is None
    assert (await world.steps("staff", made["id"]))[-1] == "answered"
    await world.work_order("completed", order, made["id"])
    assert await say("reopen", text="还是不亮") == 204
    await world.post("staff", f"{made['id']}/resolve", {"text": "修好了"})
    assert await say("confirm") == 204
    assert await say("rating", score=4, solved=True, satisfied=True) == 204
    kept = await everything(world)
    assert f"resident-{world.code}" not in kept and str(world.person) not in kept


async def test_a_wrong_code_is_nobodys(world: World) -> None:
    made, other = await world.submit(anonymous=True), await world.submit()
    wrong = ("0" if made["follow_up_code"][0] != "0" else "1") + made["follow_up_code"][1:]
    refused = await follow(world, made, wrong)
    assert (refused.status_code, refused.json()["code"]) == (403, "code-wrong")
    assert (await follow(world, other, made["follow_up_code"])).status_code == 403
    assert (await follow(world, made, "short")).status_code == 422
    both = {"code": made["follow_up_code"], "token": "t" * 32}
    for body in ({}, both):
        assert (await world.call(None, "POST", f"{PUBLIC}/{made['reference']}/open", body)).status_code == 422


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

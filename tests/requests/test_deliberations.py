"""A deliberation from a cluster to the board: nobody decides without a quorum, and whoever asked hears of it."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
import time_machine

from services.requests.deliberations.timers import remind, warn_of_terms
from shared.clock import china_today, utc_now
from tests.principals import a_community
from tests.requests.deliberating import URL, Table, asked, in_days, resolved
from tests.requests.world import World


@pytest.fixture
async def table(world: World) -> Table:
    """Proposed from three requests, everybody invited, called for in three days."""
    table = Table(world, await asked(world))
    await table.propose()
    await table.invite()
    await table.schedule()
    return table


async def test_whoever_asked_hears_of_the_proposal_and_of_the_result(world: World) -> None:
    table = await resolved(world)
    published = await table.post("publish")
    assert (published["state"], published["request_count"]) == ("published", 3)
    for request_id, person in table.requests.items():
        lines = (await world.get("resident", f"{request_id}/updates", person=person, household=None))["items"]
        linked = [line for line in lines if line["step"] == "linked"]
        assert [line["detail"]["type"] for line in linked] == ["deliberation"] * 2
        assert [line["text"] for line in linked] == [None, "同意在空地建口袋公园"]
        assert linked[1]["detail"] == {
            "type": "deliberation", "id": table.id, "state": "published", "is_resolved": True,
        }  # fmt: skip
        assert (await world.event_names(request_id)).count("request_progressed") == 2
        told = await world.get("resident", table.path, person=person, household=None)
        assert (told["resolution"], told["participants"], told["request_ids"]) == ("同意在空地建口袋公园", None, None)


async def test_the_board_shows_what_was_decided_to_everybody_in_the_community(world: World) -> None:
    table = await resolved(world)
    stranger = {"person": uuid4(), "household": uuid4()}
    assert (await world.get("resident", f"{URL}/published", **stranger))["items"] == []
    assert (await world.call("resident", "GET", table.path, **stranger)).status_code == 404
    await table.post("publish")
    (shown,) = (await world.get("resident", f"{URL}/published", **stranger))["items"]
    assert (shown["id"], shown["is_resolved"]) == (table.id, True)
    read = await table.read("resident", **stranger)
    assert read["attendance"] == {"members": 4, "present": 4, "is_quorate": True}
    assert read["motions"][0]["heads"] == {"in_favour": 3, "against": 0, "abstained": 0}
    assert (await world.call("resident", "GET", f"{table.path}/minutes", **stranger)).status_code == 404
    elsewhere = {"area": a_community(), "person": uuid4()}
    assert (await world.get("resident", f"{URL}/published", **elsewhere))["items"] == []


async def test_nobody_decides_without_a_quorum(table: Table) -> None:
    assert await table.refused("hold") == (409, "no-quorum")
    await table.post(f"participants/{table.seats[table.chair]}/check-in")
    await table.post(f"participants/{table.seats[str(table.world.responder)]}/check-in")
    await table.post(f"participants/{table.seats[str(table.residents[0])]}/check-in")
    assert await table.refused("hold") == (409, "no-quorum")
    await table.post(f"participants/{table.seats[str(table.residents[1])]}/check-in")
    assert (await table.post("hold"))["state"] == "held"


async def test_a_meeting_needs_a_chair_and_two_who_vote(world: World) -> None:
    table = Table(world)
    await table.propose()
    body = {"begins_at": in_days(1), "venue": "党群驿家"}
    assert await table.refused("schedule", body) == (409, "nobody-to-decide")
    members = [{"person_id": str(uuid4()), "capacity": "resident"} for _ in range(2)]
    await table.post("participants", {"participants": members})
    assert await table.refused("schedule", body) == (409, "nobody-to-decide")
    chair = {"account": "somebody", "role": "chair", "capacity": "office"}
    await table.post("participants", {"participants": [chair]})
    past = body | {"begins_at": in_days(-1)}
    assert await table.refused("schedule", past) == (422, "validation")
    assert (await table.post("schedule", body))["quorum"] == "majority"


@pytest.mark.parametrize(
    "second",
    [
        {"account": "another", "role": "chair", "capacity": "office"},
        {"person_id": "same", "role": "observer", "capacity": "resident"},
    ],
    ids=["second chair", "same person"],
)
async def test_nobody_sits_twice(table: Table, second: dict[str, str]) -> None:
    seat = second | ({"person_id": str(table.residents[0])} if "person_id" in second else {})
    assert await table.refused("participants", {"participants": [seat]}) == (409, "seat-taken")
    assert len((await table.read())["participants"]) == 5


async def test_the_invited_reply_for_themselves(table: Table) -> None:
    one, other = table.residents[:2]
    path = f"participants/{table.seats[str(one)]}/reply"
    said = await table.post(path, {"reply": "accepted"}, role="resident", person=one)
    assert {seat["id"]: seat["reply"] for seat in said["participants"]}[table.seats[str(one)]] == "accepted"
    assert said["seat_id"] == table.seats[str(one)]
    assert await table.refused(path, {"reply": "declined"}, role="resident", person=other) == (403, "forbidden")
    await table.post(path, {"reply": "declined"})
    moved = await table.schedule()
    assert {seat["reply"] for seat in moved["participants"]} == {"pending"}


async def test_only_the_office_the_chair_and_the_recorder_check_in(table: Table) -> None:
    one = table.residents[0]
    path = f"participants/{table.seats[str(one)]}/check-in"
    assert await table.refused(path, role="resident", person=one) == (403, "forbidden")
    assert await table.refused(path, role="responder") == (403, "forbidden")
    await table.post(path, role="head")


async def test_the_invited_are_told_and_reminded_once(world: World, table: Table) -> None:
    first = (await table.events())[0]
    assert first.type == "requests.deliberation_scheduled.v1"
    assert first.data["person_ids"] == [str(person) for person in table.residents]
    assert first.data["responder_ids"] == [str(world.responder)]
    declined = table.residents[0]
    await table.post(f"participants/{table.seats[str(declined)]}/reply", {"reply": "declined"})
    with time_machine.travel(utc_now() + timedelta(days=2, minutes=1)):
        async with world.database.transaction(world.code) as session:
            assert [await remind(session), await remind(session)] == [1, 0]
    last = (await table.events())[-1]
    assert last.type == "requests.deliberation_reminded.v1"
    assert last.data["person_ids"] == [str(person) for person in table.residents[1:]]


async def test_a_reminder_that_comes_too_late_reminds_nobody(world: World, table: Table) -> None:
    with time_machine.travel(utc_now() + timedelta(days=4)):
        async with world.database.transaction(world.code) as session:
            assert await remind(session) == 1
    assert await table.event_names() == ["deliberation_scheduled"]


async def test_who_is_invited_later_is_told_alone(table: Table) -> None:
    late = uuid4()
    await table.post("participants", {"participants": [{"person_id": str(late), "capacity": "resident"}]})
    last = (await table.events())[-1]
    assert (last.type, last.data["person_ids"]) == ("requests.deliberation_scheduled.v1", [str(late)])


async def test_calling_it_off_tells_the_invited_and_whoever_asked(world: World, table: Table) -> None:
    assert (await table.post("cancel", {"text": "场地已另有规划"}))["state"] == "cancelled"
    assert await table.event_names() == ["deliberation_scheduled", "deliberation_cancelled"]
    request_id, person = next(iter(table.requests.items()))
    lines = (await world.get("resident", f"{request_id}/updates", person=person, household=None))["items"]
    assert lines[-1]["text"] == "场地已另有规划"
    assert await table.refused("hold") == (409, "wrong-state")


async def test_minutes_are_the_tables_and_sealed(world: World) -> None:
    table = await resolved(world)
    member = table.residents[0]
    text = "王大爷说孩子没处玩, 全体同意"
    assert (await world.get("resident", f"{table.path}/minutes", person=member))["text"] == text
    stored = await world.sql("SELECT minutes_sealed FROM deliberation")
    assert "王大爷".encode() not in bytes(stored[0].minutes_sealed)
    assert await table.refused("minutes", {"text": "改一改"}) == (409, "wrong-state")


async def test_the_decision_follows_the_votes_and_the_approved_minutes(world: World, table: Table) -> None:
    await table.hold()
    resolution = {"text": "同意"}
    assert await table.refused("resolve", resolution) == (409, "against-the-vote")
    motion = (await table.post("motions", {"words": "同意建口袋公园"}))["id"]
    assert await table.refused("resolve", resolution) == (409, "motions-open")
    await table.vote(motion, "against", table.residents[0])
    assert (await table.post(f"motions/{motion}/close"))["outcome"] == "failed"
    assert await table.refused("resolve", resolution) == (409, "against-the-vote")
    assert await table.refused("reject", resolution) == (409, "minutes-not-approved")
    assert await table.refused("approve-minutes", {}, role="head") == (409, "minutes-not-approved")
    await table.post("minutes", {"text": "无人同意"})
    assert await table.refused("approve-minutes", {}) == (403, "forbidden")
    await table.post("approve-minutes", {"signed_on_paper": True})
    assert await table.refused("minutes", {"text": "改"}) == (409, "minutes-approved")
    rejected = await table.post("reject", {"text": "多数人不同意"})
    assert (rejected["state"], rejected["is_resolved"]) == ("rejected", False)
    published = await table.post("publish")
    assert (published["state"], published["is_resolved"]) == ("published", False)
    assert await table.refused("carry-out") == (409, "against-the-vote")
    assert (await table.event_names())[1:] == ["deliberation_rejected", "deliberation_published"]


async def test_what_was_carried_cannot_be_rejected(world: World, table: Table) -> None:
    await table.hold()
    await table.decide()
    assert await table.refused("reject", {"text": "算了"}) == (409, "against-the-vote")


async def test_a_term_that_passes_is_told_once_unless_it_was_met(world: World) -> None:
    table = Table(world, {})
    await table.propose()
    await table.invite()
    await table.schedule()
    await table.hold()
    await table.decide()
    yesterday = (china_today() - timedelta(days=1)).isoformat()
    assert await table.refused("resolve", {"text": "同意", "carry_out_by": yesterday}) == (422, "validation")
    await table.post("resolve", {"text": "同意", "carry_out_by": china_today().isoformat()})

    async def warn(days: int) -> int:
        with time_machine.travel(utc_now() + timedelta(days=days)):
            async with world.database.transaction(world.code) as session:
                return await warn_of_terms(session)

    assert [await warn(0), await warn(1), await warn(2)] == [0, 1, 0]
    assert (await table.event_names())[-1] == "deliberation_overdue"
    assert (await table.post("carry-out"))["carried_out_at"] is not None
    assert await table.refused("carry-out") == (409, "already-carried-out")


async def test_confidential_and_unknown_requests_are_not_taken_up(world: World) -> None:
    (mine,) = await asked(world, 1)
    await world.sql("UPDATE service_request SET confidential = true WHERE id = :id RETURNING id", id=UUID(mine))
    for ids in ([mine], [str(uuid4())]):
        body = {"title": "议事", "purpose": "议一议", "request_ids": ids}
        answer = await world.call("staff", "POST", URL, body)
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/request_ids")
    assert (await world.get("staff", URL))["items"] == []


async def test_requests_taken_up_twice_count_once(world: World) -> None:
    table = Table(world, await asked(world, 2))
    await table.propose()
    more = await asked(world, 1)
    shown = await table.post("requests", {"request_ids": [*table.requests, *more]})
    assert shown["request_count"] == 3
    first = next(iter(table.requests))
    assert (await world.steps("staff", first)).count("linked") == 1


async def test_words_change_under_their_version(table: Table) -> None:
    answer = await table.world.call("staff", "PATCH", table.path, {"title": "新题目"})
    assert answer.status_code == 428
    version = (await table.read())["version"]
    tag = {"If-Match": f'"{version}"'}
    answer = await table.world.call("staff", "PATCH", table.path, {"agenda": ["只议一件"]}, headers=tag)
    assert (answer.status_code, answer.json()["agenda"]) == (200, ["只议一件"])
    assert (await table.world.call("staff", "PATCH", table.path, {"title": "又改"}, headers=tag)).status_code == 412


async def test_seats_follow_merged_people_and_forget_erased_ones(world: World, table: Table) -> None:
    gone, kept, merge = table.residents[0], uuid4(), uuid4()
    data = {"merge_id": str(merge), "person_id": str(kept), "merged_person_id": str(gone)}
    await world.deliver("residents.person_merged.v1", data, subject=f"people/{kept}")
    assert (await table.read("resident", person=kept))["seat_id"] == table.seats[str(gone)]
    await world.deliver("residents.person_merge_undone.v1", data, subject=f"people/{kept}")
    assert (await table.read("resident", person=gone))["seat_id"] == table.seats[str(gone)]
    onto = table.residents[1]
    data = {"merge_id": str(uuid4()), "person_id": str(onto), "merged_person_id": str(gone)}
    await world.deliver("residents.person_merged.v1", data, subject=f"people/{onto}")
    assert (await table.read("resident", person=onto))["seat_id"] == table.seats[str(onto)]
    await world.deliver("residents.person_erased.v1", {"person_id": str(gone)}, subject=f"people/{gone}")
    assert [seat["id"] for seat in (await table.read())["participants"] if seat["person_id"] == str(gone)] == []
    assert len((await table.read())["participants"]) == 5

"""One vote a member, at the table, by the rule that was stated; what is secret stays so."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.requests.deliberating import Table
from tests.requests.world import World


@pytest.fixture
async def table(world: World) -> Table:
    """Held, with a chair and three residents at the table."""
    table = Table(world, {})
    await table.propose()
    await table.invite()
    await table.schedule()
    await table.hold()
    return table


async def motion_of(table: Table, **more: Any) -> str:
    return (await table.post("motions", {"words": "同意方案"} | more))["id"]


async def test_one_vote_a_member_however_many_are_sent_at_once(table: Table) -> None:
    motion, voter = await motion_of(table), table.residents[0]
    path = f"{table.path}/motions/{motion}/votes"
    tries = [
        table.world.call("resident", "POST", path, {"choice": choice}, person=voter)
        for choice in ("in_favour", "against", "abstained") * 2
    ]
    answers = await asyncio.gather(*tries)
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 5
    assert {answer.json().get("code") for answer in answers if answer.is_error} == {"already-voted"}
    assert (await table.read())["motions"][0]["votes_cast"] == 1


async def test_everybody_may_vote_at_the_same_moment(table: Table) -> None:
    motion = await motion_of(table)
    await asyncio.gather(*(table.vote(motion, "in_favour", person) for person in table.residents))
    closed = await table.post(f"motions/{motion}/close")
    assert closed["heads"] == {"in_favour": 3, "against": 0, "abstained": 0}


async def test_nobody_votes_by_how_it_stands(table: Table) -> None:
    motion = await motion_of(table)
    shown = await table.vote(motion, "in_favour", table.residents[0])
    assert (shown["votes_cast"], shown["heads"], shown["outcome"]) == (1, None, None)


async def test_observers_outsiders_and_the_absent_have_no_vote(world: World) -> None:
    table = Table(world, {})
    await table.propose()
    await table.invite()
    await table.schedule()
    for who in (table.chair, *map(str, table.residents[:2])):
        await table.post(f"participants/{table.seats[who]}/check-in")
    await table.post("hold")
    motion = await motion_of(table)
    path, choice = f"motions/{motion}/votes", {"choice": "in_favour"}
    absent = {"role": "resident", "person": table.residents[2]}
    assert await table.refused(path, choice, **absent) == (403, "no-vote")
    assert await table.refused(path, choice, role="responder") == (403, "no-vote")
    assert await table.refused(path, choice) == (403, "no-vote")
    assert (await table.refused(path, choice, role="resident", person=uuid4()))[0] == 404
    await table.post(f"participants/{table.seats[str(table.residents[2])]}/check-in")
    await table.vote(motion, "in_favour", table.residents[2])


async def test_the_office_counts_raised_hands_but_not_secret_ballots(table: Table) -> None:
    seat = table.seats[str(table.residents[0])]
    by_hand = {"choice": "against", "participant_id": seat}
    shown, hidden = await motion_of(table), await motion_of(table, ballot="secret")
    assert await table.refused(f"motions/{hidden}/votes", by_hand) == (409, "secret-by-hand")
    other = {"role": "resident", "person": table.residents[1]}
    assert await table.refused(f"motions/{shown}/votes", by_hand, **other) == (403, "forbidden")
    await table.post(f"motions/{shown}/votes", by_hand)
    again = {"choice": "in_favour"}
    own = {"role": "resident", "person": table.residents[0]}
    assert await table.refused(f"motions/{shown}/votes", again, **own) == (409, "already-voted")
    votes = (await table.world.get("staff", f"{table.path}/motions/{shown}/votes"))["items"]
    assert votes == [{"participant_id": seat, "choice": "against", "is_by_hand": True}]


async def test_a_secret_ballot_keeps_who_and_not_what(table: Table) -> None:
    motion = await motion_of(table, ballot="secret")
    for person, choice in zip(table.residents, ("in_favour", "against", "in_favour"), strict=True):
        await table.vote(motion, choice, person)
    closed = await table.post(f"motions/{motion}/close")
    assert (closed["outcome"], closed["heads"]["against"]) == ("carried", 1)
    rows = await table.world.sql("SELECT choice FROM deliberation_vote WHERE motion_id = :id", id=UUID(motion))
    assert [row.choice for row in rows] == [None] * 3
    published = str([row.data for row in await table.world.published()])
    assert "against" not in published and "in_favour" not in published


async def test_a_closed_motion_takes_no_more_votes(table: Table) -> None:
    motion = await motion_of(table)
    assert (await table.post(f"motions/{motion}/close"))["outcome"] == "failed"
    own = {"role": "resident", "person": table.residents[0]}
    assert await table.refused(f"motions/{motion}/votes", {"choice": "in_favour"}, **own) == (409, "motion-closed")
    assert await table.refused(f"motions/{motion}/close") == (409, "motion-closed")


async def test_only_who_runs_the_meeting_moves_and_closes(table: Table) -> None:
    member = {"role": "resident", "person": table.residents[0]}
    assert await table.refused("motions", {"words": "另议"}, **member) == (403, "forbidden")
    motion = await motion_of(table)
    assert await table.refused(f"motions/{motion}/close", **member) == (403, "forbidden")
    assert await table.refused("minutes", {"text": "记录"}, **member) == (403, "forbidden")


async def test_owners_vote_by_number_and_floor_area(world: World) -> None:
    table = Table(world, {}, residents=[])
    await table.propose()
    await table.invite()
    owners = {uuid4(): area for area in (9_000, 10_000, 31_000)}
    seats = [{"person_id": str(who), "capacity": "owner", "area_dm2": area} for who, area in owners.items()]
    seats += [{"person_id": str(stranger := uuid4()), "capacity": "resident"}]
    shown = await table.post("participants", {"participants": seats})
    await table.schedule("half")
    for seat in shown["participants"]:
        await table.post(f"participants/{seat['id']}/check-in")
    await table.post("hold")
    assert await table.refused("motions", {"words": "动用维修资金", "majority": "owners"}) == (422, "validation")
    electorate = {"electorate": 4, "electorate_area_dm2": 60_000}
    first = await motion_of(table, majority="owners", **electorate)
    second = await motion_of(table, majority="owners_special", **electorate)
    path = f"motions/{first}/votes"
    who = {"role": "resident", "person": stranger}
    assert await table.refused(path, {"choice": "in_favour"}, **who) == (409, "area-unknown")
    small, middle, large = owners
    for motion in (first, second):
        await table.vote(motion, "in_favour", small)
        await table.vote(motion, "in_favour", middle)
        await table.vote(motion, "against", large)
    closed = await table.post(f"motions/{first}/close")
    assert closed["heads"] == {"in_favour": 2, "against": 1, "abstained": 0}
    assert closed["area_dm2"] == {"in_favour": 19_000, "against": 31_000, "abstained": 0}
    assert closed["outcome"] == "failed", "two of three owners, but with less than half of the floor area"
    assert (await table.post(f"motions/{second}/close"))["outcome"] == "failed"
    lonely = await motion_of(table, majority="owners", electorate=300, electorate_area_dm2=3_000_000)
    await table.vote(lonely, "in_favour", large)
    assert (await table.post(f"motions/{lonely}/close"))["outcome"] == "too_few"

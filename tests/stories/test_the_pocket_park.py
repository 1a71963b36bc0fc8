"""Story 5: twelve requests cluster; a deliberation resolves; a unit builds; the twelve hear of it and rate it."""

import pytest

from stack.demo.stories import the_pocket_park
from stack.demo.stories.actors import City, Json
from stack.demo.stories.the_pocket_park import ASKED, RESOLUTION, RESULT, ThePocketPark

pytestmark = [pytest.mark.story, pytest.mark.xdist_group("stories"), pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
async def story(city: City) -> ThePocketPark:
    """The story, played once; every test looks at it from another side."""

    def tell(_words: str, _answer: Json | None) -> None:
        return None

    return await the_pocket_park.play(city, tell)


async def test_twelve_who_ask_for_the_same_are_one_cluster(story: ThePocketPark) -> None:
    assert {request["id"] for request in story.requests} <= set(story.cluster["request_ids"])
    assert story.cluster["requester_count"] >= ASKED
    assert {request["grid_code"] for request in story.requests} == {the_pocket_park.GRID.code}


async def test_the_meeting_needs_its_quorum(story: ThePocketPark) -> None:
    assert (story.refused["code"], story.refused["present"], story.refused["members"]) == ("no-quorum", 0, 6)


async def test_the_vote_is_secret_and_its_outcome_public(story: ThePocketPark) -> None:
    (motion,) = story.deliberation["motions"]
    assert motion["heads"] == {"in_favour": 5, "against": 0, "abstained": 1}
    path = f"/v1/deliberations/{story.deliberation['id']}/motions/{motion['id']}/votes"
    votes = (await story.staff.get(path))["items"]
    assert [vote["choice"] for vote in votes] == [None] * 6


async def test_the_resolution_is_on_the_board(story: ThePocketPark) -> None:
    assert story.deliberation["id"] in [each["id"] for each in story.board]
    read = await story.askers[-1].get(f"/v1/deliberations/{story.deliberation['id']}")
    assert (read["resolution"], read["participants"]) == (RESOLUTION, None)


async def test_every_requester_is_told_each_step(story: ThePocketPark) -> None:
    assert len(story.timelines) == ASKED
    for lines, notices in zip(story.timelines, story.notices, strict=True):
        linked = [line for line in lines if line["step"] == "linked"]
        assert [line["detail"]["type"] for line in linked] == ["deliberation", "deliberation", "project", "project"]
        assert linked[1]["text"] == RESOLUTION
        resolved = [line for line in lines if line["step"] == "resolved"]
        assert [line["text"] for line in resolved] == [RESULT]
        assert notices.count("request_progressed") >= 4


async def test_the_twelve_have_rated_it_and_the_resolution_is_carried_out(story: ThePocketPark) -> None:
    rating = story.project["rating"]
    assert (rating["count"], rating["average"], rating["solved"]) == (ASKED, 5.0, ASKED)
    assert story.deliberation["carried_out_at"] is not None


async def test_its_money_and_its_place_are_everybodys_to_read(story: ThePocketPark) -> None:
    reader = story.askers[-1]
    spent = (await reader.get(f"/v1/projects/{story.project['id']}/spending"))["items"]
    assert sum(line["amount_fen"] for line in spent) == story.project["spent_fen"]
    drawn = (await reader.get("/v1/projects/map"))["features"]
    assert story.project["id"] in [feature["id"] for feature in drawn]

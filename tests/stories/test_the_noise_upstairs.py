"""Story 4: a complaint becomes a mediation; the agreement is kept; the follow-up confirms it; no outsider sees it."""

import pytest

from stack.demo.stories import the_noise_upstairs
from stack.demo.stories.actors import City, Json
from stack.demo.stories.the_noise_upstairs import SAID, TheNoiseUpstairs
from tests.stories.conftest import Place

pytestmark = [pytest.mark.story, pytest.mark.xdist_group("stories"), pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
async def story(city: City) -> TheNoiseUpstairs:
    """The story, played once; every test looks at it from another side."""

    def tell(_words: str, _answer: Json | None) -> None:
        return None

    return await the_noise_upstairs.play(city, tell)


async def test_it_goes_all_the_way_to_the_follow_up(story: TheNoiseUpstairs) -> None:
    assert story.states == ["opened", "accepted", "in_session", "agreed", "fulfilled", "closed"]
    assert {term["state"] for term in story.mediation["terms"]} == {"kept"}
    assert {mediator["role"] for mediator in story.mediation["mediators"]} == {"police", "judicial_office"}


async def test_who_complained_hears_how_it_went_and_closes_the_request(story: TheNoiseUpstairs) -> None:
    assert [entry["step"] for entry in story.told][-2:] == ["resolved", "confirmed"]
    assert "调解协议" in story.told[-2]["text"]
    assert story.request["state"] == "confirmed"


async def test_the_neighbour_hears_of_every_step_that_asks_something_of_them(story: TheNoiseUpstairs) -> None:
    assert {"mediation_opened", "mediation_news", "mediation_agreed", "mediation_ended"} <= set(story.notices)


async def test_no_outsider_ever_sees_it(story: TheNoiseUpstairs) -> None:
    """Not the staff who opened it, no grid worker, not the supervisor of the county."""
    assert len(story.refused) == 5
    assert {status for answers in story.refused.values() for status in answers} <= {403, 404}
    assert story.mediation["id"] not in story.overheard
    assert story.request["id"] not in story.overheard
    assert not [said for said in SAID if said in story.overheard]


async def test_the_supervisor_sees_numbers_only(story: TheNoiseUpstairs) -> None:
    assert story.counted["total"]["agreed"] >= 1
    assert set(story.counted) == {"since_on", "until_on", "kinds", "total"}


async def test_nothing_that_was_said_is_at_rest_in_the_clear(story: TheNoiseUpstairs, place: Place) -> None:
    if place.data is None:
        pytest.skip("the system is somebody else's: its folder is not ours to read")
    assert story.states[-1] == "closed"
    wanted = [said.encode() for said in SAID]
    found = [path for path in place.data.rglob("*.log") if any(said in path.read_bytes() for said in wanted)]
    assert found == []

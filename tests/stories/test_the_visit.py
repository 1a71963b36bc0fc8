"""Story 6: yellow households fall due; a worker visits, explains the card, writes down two needs; both find an end."""

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from stack.demo.stories import the_visit
from stack.demo.stories.actors import City, Json
from stack.demo.stories.the_visit import GRID, NEEDS, TheVisit
from tests.stories.conftest import Place

pytestmark = [pytest.mark.story, pytest.mark.xdist_group("stories"), pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
async def story(city: City) -> TheVisit:
    """The story, played once; every test looks at it from another side."""

    def tell(_words: str, _answer: Json | None) -> None:
        return None

    return await the_visit.play(city, tell)


async def test_the_worker_sees_the_yellow_households_of_their_own_grid(story: TheVisit) -> None:
    assert len(story.due) > 1
    assert {(each["colour"], each["grid_code"]) for each in story.due} == {("yellow", GRID.code)}
    assert (story.card_before["colour"], story.card_before["visit_interval_days"]) == ("yellow", 30)
    assert story.card_before["facts"]


async def test_the_contact_card_was_delivered(story: TheVisit) -> None:
    assert story.contact_card["state"] == "delivered"


async def test_both_needs_are_tracked_to_their_end(story: TheVisit) -> None:
    assert [request["category"] for request in story.requests] == [category for category, _ in NEEDS]
    assert {request["state"] for request in story.requests} == {"confirmed"}
    assert {request["channel"] for request in story.requests} == {"visit"}
    assert {request["household_id"] for request in story.requests} == {story.household["id"]}


async def test_what_was_learnt_changes_the_colour_at_once_and_the_record_agrees(story: TheVisit) -> None:
    assert (story.card_after["colour"], story.card_after["visit_interval_days"]) == ("red", 7)
    assert "tag:dementia" in story.card_after["facts"]
    assert (story.replay["agrees"], story.replay["as_known_then"]["colour"]) == (True, "red")


async def test_dispatch_is_told_the_new_interval(story: TheVisit, place: Place) -> None:
    if place.environment is None:
        pytest.skip("the system is somebody else's: its outbox is not ours to read")
    url = make_url(place.environment["RESIDENTS_DATABASE_URL"]).set(drivername="postgresql")
    connection = await asyncpg.connect(url.render_as_string(hide_password=False))
    try:
        async with connection.transaction():
            await connection.execute("SELECT set_config('app.scope', $1, true)", GRID.code[:12])
            told = await connection.fetch(
                "SELECT data->>'colour' AS colour, data->>'visit_interval_days' AS days FROM outbox "
                "WHERE subject = $1 ORDER BY id",
                f"household-cards/{story.household['id']}",
            )
    finally:
        await connection.close()
    assert [(row["colour"], row["days"]) for row in told] == [("yellow", "30"), ("red", "7")]

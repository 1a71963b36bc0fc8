"""Story 9: a policy question is answered from the knowledge base, in time, and the answer is published."""

import pytest

from stack.demo.stories import the_insurance
from stack.demo.stories.actors import City, Json
from stack.demo.stories.the_insurance import ANSWER, KNOWN, TITLE, TheInsurance

pytestmark = [pytest.mark.story, pytest.mark.xdist_group("stories"), pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
async def story(city: City) -> TheInsurance:
    """The story, played once; every test looks at it from another side."""

    def tell(_words: str, _answer: Json | None) -> None:
        return None

    return await the_insurance.play(city, tell)


async def test_what_is_known_is_suggested_while_the_question_is_typed(story: TheInsurance) -> None:
    assert KNOWN["title_zh"] in [each["title_zh"] for each in story.suggested]
    assert len(story.suggested) <= 3


async def test_the_question_is_answered_in_time(story: TheInsurance) -> None:
    assert (story.request["state"], story.request["breached"]) == ("resolved", [])


async def test_the_article_begins_with_the_answer_and_nothing_of_the_question(story: TheInsurance) -> None:
    assert story.proposal["body_zh"] == ANSWER
    assert "王秀英" not in str(story.proposal) + str(story.found)


async def test_somebody_else_has_to_publish_it(story: TheInsurance) -> None:
    assert story.own_review == 409
    assert (story.article["state"], story.article["published_number"]) == ("published", 1)


async def test_whoever_asked_hears_that_the_answer_is_published(story: TheInsurance) -> None:
    last = story.told[-1]
    assert (last["step"], last["detail"]) == ("linked", {"type": "article", "id": story.article["id"]})


async def test_everybody_finds_it_in_characters_pinyin_and_initials(story: TheInsurance) -> None:
    for query, items in story.found.items():
        hit = next(item for item in items if item["id"] == story.article["id"])
        assert hit["title_zh"] == TITLE and hit["highlights"], query
    assert story.votes["helpful_count"] >= 1

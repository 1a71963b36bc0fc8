"""Story 2: offers follow the date in Asia/Shanghai, and the 101st of 100 is refused."""

import json

import pytest

from stack.demo.stories import saturday_fruit
from stack.demo.stories.actors import City, Json
from stack.demo.stories.saturday_fruit import CROWD, LIMIT, SaturdayFruit

pytestmark = [pytest.mark.story, pytest.mark.xdist_group("stories"), pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
async def story(city: City) -> SaturdayFruit:
    """The story, played once; every test looks at it from another side."""

    def tell(_words: str, _answer: Json | None) -> None:
        return None

    return await saturday_fruit.play(city, tell)


@pytest.mark.parametrize(
    ("words", "total_fen"),
    [
        ("周六苹果 / Apples on Saturday", 1024),
        ("周日苹果 / Apples on Sunday", 1280),
        ("周一理发 / A haircut on Monday", 990),
        ("周日理发 / A haircut on Sunday", 3800),
        ("周六切羊肉片 / Meat slicing on Saturday", 0),
        ("周日切羊肉片 / Meat slicing on Sunday", 500),
    ],
)
async def test_offers_follow_the_day_in_shanghai(story: SaturdayFruit, words: str, total_fen: int) -> None:
    assert story.quotes[words]["total_after_fen"] == total_fen


async def test_an_offer_that_does_not_apply_says_why_and_when_it_will(story: SaturdayFruit) -> None:
    refusal = story.quotes["周日苹果 / Apples on Sunday"]["not_applied"][0]
    assert refusal["zh"]
    assert refusal["en"]
    assert refusal["next_valid_at"]


async def test_of_200_concurrent_reservations_exactly_100_are_kept(story: SaturdayFruit) -> None:
    assert story.answers[201] == LIMIT
    assert sum(story.answers.values()) == CROWD
    assert not any(status >= 500 for status in story.answers)


async def test_eligibility_is_a_yes_and_never_a_why(story: SaturdayFruit) -> None:
    refused = json.dumps(story.quotes["resident"], ensure_ascii=False)
    assert story.quotes["veteran"]["total_after_fen"] < story.quotes["resident"]["total_after_fen"]
    assert "tag:" not in refused
    assert "veteran" not in refused.replace("for veterans", "")  # the offer's own title says whom it is for


async def test_the_shop_redeems_the_code_and_does_not_learn_who_came(story: SaturdayFruit) -> None:
    assert story.redemption["state"] == "redeemed"
    assert not {"holder", "person_id", "name", "phone"} & story.redemption.keys()

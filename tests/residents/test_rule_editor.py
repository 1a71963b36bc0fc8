"""What an editor of rules is told: the vocabulary, rules in words, and what can never come true."""

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.residents.household_cards.derivation import Deriver
from services.residents.household_cards.editor import VOCABULARY
from services.residents.household_cards.evaluation import Home, Member
from services.residents.household_cards.reasoning import PATIENCE, Tableau
from services.residents.household_cards.rules import DEEPEST, HasAge, HasTag, conditions
from services.residents.household_cards.wording import explain
from services.residents.households.models import Tenure
from services.residents.memberships.models import HouseholdRelation
from services.residents.people.models import TagKind
from tests.residents.naive_colours import House
from tests.residents.registry import Registry
from tests.residents.test_household_cards import GREEN, RED, colour
from tests.residents.test_rules import GRANDPARENTS_RAISING_A_CHILD, RULE, home_of, houses, rules, scheme

OVER_80, OVER_60, CHILD = {"age": {"min": 80}}, {"age": {"min": 60}}, {"age": {"max": 17}}


def never(*rules: Any, unless: tuple[Any, ...] = ()) -> bool:
    wanted = [(RULE.validate_python(rule), True) for rule in rules]
    return not Tableau().may_exist(*wanted, *((RULE.validate_python(rule), False) for rule in unless))


@pytest.mark.parametrize(
    "rule",
    [
        {"member": {"all": [OVER_80, CHILD]}},
        {"all": [{"tag": "veteran"}, {"not": {"tag": "veteran"}}]},
        {"all": [{"every": OVER_60}, CHILD]},
        {"all": [{"every": OVER_60}, {"household": {"size": {"max": 0}}}]},
        {"household": {"size": {"min": 2}, "living_alone": True}},
        {"all": [{"household": {"living_alone": True}}, {"count": {"of": {"tag": "veteran"}, "min": 2}}]},
        {"all": [{"household": {"tenure": "rented"}}, {"household": {"tenure": "lent"}}]},
        {"member": {"all": [{"relation": "head"}, {"relation": "spouse"}]}},
        {"all": [{"count": {"of": OVER_80, "min": 2}}, {"count": {"of": OVER_60, "max": 1}}]},
        {"not": {"any": [{"tag": "veteran"}, {"not": {"tag": "veteran"}}]}},
        {"member": {"count": {"of": {"tag": "veteran"}, "min": 2}}},
    ],
)
def test_what_contradicts_itself_is_found(rule: dict[str, Any]) -> None:
    assert never(rule)


@pytest.mark.parametrize(
    "rule",
    [
        {"all": [OVER_80, CHILD]},
        {"all": [{"member": {"not": OVER_60}}, {"every": {"not": CHILD}}]},
        {"all": [{"relation": "head"}, {"relation": "spouse"}]},
        {"not": {"household": {"size": {"min": 1}}}},
        GRANDPARENTS_RAISING_A_CHILD,
    ],
)
def test_what_can_be_is_let_be(rule: dict[str, Any]) -> None:
    assert not never(rule)


def test_a_narrower_rule_is_covered_by_a_wider_one() -> None:
    assert never(OVER_80, unless=(OVER_60,))
    assert not never(OVER_60, unless=(OVER_80,))
    assert never({"every": OVER_80}, unless=(OVER_60,))
    assert never({"tag": "dementia"}, unless=({"any": [OVER_80, {"tag": "dementia"}]},))
    both_sexes_of_age = ({"age": {"min": 18}}, {"not": {"age": {"min": 18}}})
    assert never({"tag": "veteran"}, unless=both_sexes_of_age), "two together cover what neither does alone"
    assert not any(never({"tag": "veteran"}, unless=(each,)) for each in both_sexes_of_age)


@settings(max_examples=300)
@given(rules, st.lists(rules, max_size=2), houses)
def test_what_is_said_never_to_be_is_not(rule: dict[str, Any], earlier: list[dict[str, Any]], house: House) -> None:
    derived = Deriver(scheme(*earlier, rule)).derive(home_of(house))
    if never(rule, unless=tuple(earlier)):
        assert derived.colour != f"colour_{len(earlier)}"


def test_patience_ends() -> None:
    """2¹⁷ branches, every one of which contradicts itself at its very end: we say that we do not know."""
    alternatives = [{"any": [{"tag": "veteran"}, {"tag": "disabled"}]}] * 17
    tableau = Tableau()
    rule = RULE.validate_python({"all": [*alternatives, {"every": {"all": [CHILD, OVER_60]}}]})
    assert tableau.may_exist((rule, True))
    assert tableau._left < 0 < PATIENCE


def test_every_word_of_the_vocabulary_has_both_names() -> None:
    for labels, codes in (
        (VOCABULARY.tags, TagKind),
        (VOCABULARY.relations, HouseholdRelation),
        (VOCABULARY.tenures, Tenure),
    ):
        assert [label.code for label in labels] == list(codes)
        assert all(label.zh and label.en for label in labels)


@settings(max_examples=200)
@given(rules, st.sampled_from(["zh", "en"]))
def test_every_rule_can_be_said(rule: dict[str, Any], language: Any) -> None:
    checked = RULE.validate_python(rule)
    text = explain(checked, language)
    for condition, _ in conditions(checked):
        if isinstance(condition, HasTag):
            label = next(each for each in VOCABULARY.tags if each.code == condition.tag)
            assert getattr(label, language) in text
        if isinstance(condition, HasAge):
            limits = (condition.age.min, condition.age.max)
            assert all(str(limit) in text for limit in limits if limit is not None)
    assert text.count("(") == text.count(")")


async def test_the_vocabulary_is_served_with_a_schema_that_accepts_what_we_accept(registry: Registry) -> None:
    vocabulary = await registry.get("/v1/colour-schemes/vocabulary")
    assert vocabulary["limits"] == {
        "levels": DEEPEST,
        "conditions": 60,
        "side_by_side": 20,
        "highest": 150,
        "colours": 12,
    }
    kinds = {each["kind"] for each in vocabulary["conditions"]}
    named = {
        name
        for definition in vocabulary["rule_schema"]["$defs"].values()
        if definition.get("type") == "object" and len(definition.get("required", ())) == 1
        for name in definition["required"]
    }
    assert kinds == named - {"of"}


@pytest.mark.parametrize(
    ("rule", "zh", "en"),
    [
        (RED["rule"], "有带「认知症」标签的成员 或 (有80 周岁及以上的成员 且 一人居住)",
         "someone is tagged “dementia” or (someone is at least 80 years old and one person lives there alone)"),
        (GRANDPARENTS_RAISING_A_CHILD,
         "有(与户主关系为「孙子女」 且 17 周岁及以下)的成员 且 "
         "并非(有与户主关系为「子女」的成员 或 有与户主关系为「儿媳或女婿」的成员)",
         "someone is (“grandchild” by relation to the head and at most 17 years old) and not (someone is “child” by "
         "relation to the head or someone is “child-in-law” by relation to the head)"),
        ({"count": {"of": CHILD, "min": 2}}, "17 周岁及以下的成员有 2 人及以上",
         "at least 2 members are at most 17 years old"),
        ({"not": {"tag": "veteran"}}, "没有带「退役军人」标签的成员", "nobody is tagged “veteran”"),
        ({"household": {"tenure": "rented", "size": {"min": 2, "max": 3}}}, "全户 2 至 3 人 且 住房为「租赁」",
         "the household has 2 to 3 members and the home is rented"),
    ],
)  # fmt: skip
async def test_a_rule_is_said_in_the_language_of_the_reader(
    registry: Registry, rule: dict[str, Any], zh: str, en: str
) -> None:
    said = await registry.post("/v1/colour-schemes/explain", {"rule": rule})
    assert (said["text"], said["never_holds"]) == (zh, False)
    answer = await registry.ask(
        "POST", "/v1/colour-schemes/explain", json={"rule": rule}, headers={"Accept-Language": "en"}
    )
    assert answer.json()["text"] == en


async def test_a_scheme_is_explained_colour_by_colour(registry: Registry) -> None:
    colours = [
        colour("red", OVER_60),
        colour("orange", {"all": [OVER_80, {"tag": "disabled"}]}),
        colour("yellow", {"member": {"all": [CHILD, OVER_60]}}),
        colour("blue", {"tag": "veteran"}),
        GREEN,
    ]
    said = await registry.post("/v1/colour-schemes/explain", {"colours": colours})
    told = {each["code"]: (each["never_holds"], each["shadowed_by"]) for each in said["colours"]}
    assert told == {
        "red": (False, []),
        "orange": (False, ["red"]),
        "yellow": (True, []),
        "blue": (False, []),
        "green": (False, []),
    }
    assert said["colours"][-1]["text"] == "其余住户"
    colours[3] = colour("blue", {"not": OVER_60})
    said = await registry.post("/v1/colour-schemes/explain", {"colours": colours})
    assert said["colours"][-1]["shadowed_by"] == ["red", "orange", "yellow", "blue"], "nobody is left"


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        (
            {"rule": {"any": [{"tag": "rich"}, {"not": {"age": {"min": 9, "max": 8}}}]}},
            ["/rule/any/0/tag", "/rule/any/1/not/age"],
        ),
        ({"rule": {"all": [{"sql": 1}]}}, ["/rule/all/0"]),
        ({"colours": [colour("red", {"every": {"tag": 1}}), GREEN]}, ["/colours/0/rule/every/tag"]),
        ({}, ["/"]),
        ({"rule": {"tag": "veteran"}, "colours": [GREEN]}, ["/"]),
    ],
)
async def test_an_error_points_into_the_rule(registry: Registry, body: dict[str, Any], pointers: list[str]) -> None:
    refused = await registry.ask("POST", "/v1/colour-schemes/explain", json=body)
    assert refused.status_code == 422
    assert [error["pointer"] for error in refused.json()["errors"]] == pointers
    assert all(error["detail"] for error in refused.json()["errors"])


def test_all_pairs_of_simple_rules_are_judged_rightly() -> None:
    """By trying every small household: what is said never to be is not, and what is not said has an example."""
    simple = [
        RULE.validate_python(rule)
        for rule in (OVER_80, CHILD, {"every": CHILD}, {"tag": "veteran"}, {"household": {"living_alone": True}},
                     {"not": {"tag": "veteran"}}, {"count": {"of": {"tag": "veteran"}, "min": 2}})
    ]  # fmt: skip
    homes = list(_small_homes())
    for one, other in itertools.product(simple, repeat=2):
        found = any(
            Deriver(scheme({"all": [_json(one), {"not": _json(other)}]})).derive(home).colour == "colour_0"
            for home in homes
        )
        assert Tableau().may_exist((one, True), (other, False)) is found, (one, other)


def _json(rule: Any) -> Any:
    return rule.model_dump(mode="json", by_alias=True, exclude_none=True)


def _small_homes() -> Any:
    kinds = [Member(frozenset(tags), age) for tags in ((), (TagKind.VETERAN,)) for age in (None, 9, 40, 85)]
    for size in range(3):
        for members in itertools.combinations_with_replacement(kinds, size):
            yield Home(members)

"""The rule language and the derivation: pure, so held by properties."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from services.residents.household_cards.derivation import Deriver, Override, settle_override
from services.residents.household_cards.evaluation import Home, Member, compile_rule
from services.residents.household_cards.models import ChangeCause
from services.residents.household_cards.rules import DEEPEST, BoundedRule
from services.residents.household_cards.schemas import Colour, ColourSchemeCreate
from services.residents.households.models import Tenure
from services.residents.memberships.models import HouseholdRelation
from services.residents.people.ages import AgeGroup, age_groups, age_on, birth_periods
from services.residents.people.models import TagKind
from tests.residents.naive_colours import House, Somebody, colour_on, is_true

RULE = TypeAdapter(BoundedRule)
TODAY = date(2026, 3, 1)

tags = st.sampled_from(list(TagKind)[:3])
"""Few, so that rules and people meet."""
relations = st.sampled_from([HouseholdRelation.HEAD, HouseholdRelation.CHILD, HouseholdRelation.GRANDCHILD])
tenures = st.sampled_from([Tenure.RENTED, Tenure.OWNER_OCCUPIED])
days = st.dates(TODAY - timedelta(days=3), TODAY + timedelta(days=3))


@st.composite
def births(draw: st.DrawFn) -> date:
    """Of every age, and often near a birthday."""
    day = draw(days).toordinal() - draw(st.integers(0, 110)) * 365.2425
    return min(date.fromordinal(int(day)), TODAY)


somebody = st.builds(
    Somebody,
    born=st.none() | births() | st.just(date(2008, 2, 29)),
    tags=st.lists(st.tuples(tags.map(str), days, st.none() | st.just(TODAY) | days), max_size=3),
    relation=relations.map(str),
)
houses = st.builds(House, people=st.lists(somebody, max_size=5), tenure=st.none() | tenures.map(str))


def home_of(house: House) -> Home:
    """What the evaluator is told of that house today."""
    members = [
        Member(
            frozenset(
                TagKind(kind) for kind, first, last in each.tags if first <= TODAY and (not last or last >= TODAY)
            ),
            None if each.born is None else age_on(each.born, TODAY),
            HouseholdRelation(each.relation),
        )
        for each in house.people
    ]
    return Home(members, Tenure(house.tenure) if house.tenure else None)


def holds(rule: Any, home: Home, facts: set[str] | None = None) -> bool:
    return compile_rule(RULE.validate_python(rule))(home.members, home, set() if facts is None else facts)


def _range(limits: tuple[int | None, int | None]) -> dict[str, int]:
    given = sorted(limit for limit in limits if limit is not None) or [60]
    return {"min": given[0], "max": given[-1]} if len(given) == 2 else {"min": given[0]}


def ranges(highest: int) -> st.SearchStrategy[dict[str, int]]:
    limit = st.none() | st.integers(0, highest)
    return st.tuples(limit, limit).map(_range) | st.integers(0, highest).map(lambda most: {"max": most})


leaves = (
    st.builds(lambda tag: {"tag": tag.value}, tags)
    | st.builds(lambda limits: {"age": limits}, ranges(110))
    | st.builds(lambda relation: {"relation": relation.value}, relations)
    | st.builds(lambda alone: {"household": {"living_alone": alone}}, st.booleans())
    | st.builds(lambda size: {"household": {"size": size}}, ranges(5))
    | st.builds(lambda tenure: {"household": {"tenure": tenure.value}}, tenures)
)
rules: st.SearchStrategy[dict[str, Any]] = st.recursive(
    leaves,
    lambda parts: (
        st.builds(lambda some: {"any": some}, st.lists(parts, min_size=1, max_size=3))
        | st.builds(lambda some: {"all": some}, st.lists(parts, min_size=1, max_size=3))
        | st.builds(lambda part: {"not": part}, parts)
        | st.builds(lambda part: {"member": part}, parts)
        | st.builds(lambda part: {"every": part}, parts)
        | st.builds(lambda part, limits: {"count": {"of": part} | limits}, parts, ranges(4))
    ),
    max_leaves=6,
).filter(lambda rule: _depth(rule) <= DEEPEST)


def _depth(rule: dict[str, Any]) -> int:
    [(kind, inside)] = rule.items()
    if kind == "count":
        inside = inside["of"]
    compound = kind in ("not", "member", "every", "count")
    parts = inside if kind in ("any", "all") else [inside] if compound else []
    return 1 + max(map(_depth, parts), default=0)


def colour(code: str, rule: dict[str, Any] | None) -> dict[str, Any]:
    said = {"zh": code, "en": code}
    return {"code": code, "name": said, "meaning": said, "rule": rule}


def written(*ruled: dict[str, Any] | None) -> list[dict[str, Any]]:
    return [colour(f"colour_{number}", rule) for number, rule in enumerate(ruled)] + [colour("rest", None)]


def scheme(*ruled: dict[str, Any] | None) -> list[Colour]:
    return ColourSchemeCreate.model_validate({"colours": written(*ruled)}).colours


@settings(max_examples=400)
@given(rules, houses)
def test_a_rule_means_what_it_says(rule: dict[str, Any], house: House) -> None:
    assert holds(rule, home_of(house)) is is_true(rule, house, TODAY)


@given(st.lists(rules, max_size=4), houses)
def test_the_first_colour_whose_rule_holds_wins_and_every_household_gets_one(
    ruled: list[dict[str, Any]], house: House
) -> None:
    colours = scheme(*ruled)
    home = home_of(house)
    derived = Deriver(colours).derive(home)
    assert derived.colour == colour_on(TODAY, house, written(*ruled))
    turned = Home(list(reversed(home.members)), home.tenure)
    assert Deriver(colours).derive(turned) == derived, "the order of members does not matter"
    if derived.rule is not None:
        assert RULE.validate_python(derived.rule) == next(c.rule for c in colours if c.code == derived.colour)


@given(rules, houses)
def test_without_ages_in_the_rules_ages_change_nothing(rule: dict[str, Any], house: House) -> None:
    deriver = Deriver(scheme(rule))
    home = home_of(house)
    ageless = Home([replace(member, age=None) for member in home.members], home.tenure)
    if not deriver.uses_ages:
        assert deriver.derive(ageless) == deriver.derive(home)


def test_facts_are_those_that_decided() -> None:
    [first, *_] = colours = scheme(
        {"any": [{"all": [{"tag": "disabled"}, {"tag": "veteran"}]}, {"member": {"age": {"min": 80}}}]}
    )
    derived = Deriver(colours).derive(Home([Member(frozenset({TagKind.DISABLED}), 81), Member(age=30)]))
    assert derived.colour == first.code
    assert derived.facts == ["age>=80"]


def test_facts_name_what_was_counted() -> None:
    facts: set[str] = set()
    family = Home([Member(age=9), Member(age=7), Member(frozenset({TagKind.VETERAN}), 40)], Tenure.RENTED)
    rule = {"all": [{"count": {"of": {"age": {"max": 17}}, "min": 2}}, {"household": {"tenure": "rented"}}]}
    assert holds(rule, family, facts)
    assert sorted(facts) == ["age<=17", "count>=2", "tenure:rented"]


def test_inside_member_everything_must_hold_of_the_same_person() -> None:
    rule = {"all": [{"tag": "disabled"}, {"age": {"max": 17}}]}
    grandfather_and_child = Home([Member(frozenset({TagKind.DISABLED}), 81), Member(age=9)])
    assert holds(rule, grandfather_and_child)
    assert not holds({"member": rule}, grandfather_and_child)


GRANDPARENTS_RAISING_A_CHILD = {
    "all": [
        {"member": {"all": [{"relation": "grandchild"}, {"age": {"max": 17}}]}},
        {"not": {"any": [{"relation": "child"}, {"relation": "child_in_law"}]}},
    ]
}
"""隔代家庭"""


def test_grandparents_who_raise_a_child_alone() -> None:
    head, grandchild = (
        Member(age=70, relation=HouseholdRelation.HEAD),
        Member(age=9, relation=HouseholdRelation.GRANDCHILD),
    )
    father = Member(age=40, relation=HouseholdRelation.CHILD)
    assert holds(GRANDPARENTS_RAISING_A_CHILD, Home([head, grandchild]))
    assert not holds(GRANDPARENTS_RAISING_A_CHILD, Home([head, grandchild, father]))


def test_only_elders_is_not_said_of_an_empty_home_or_of_unknown_ages() -> None:
    elders = {"every": {"age": {"min": 60}}}
    assert holds(elders, Home([Member(age=60), Member(age=90)]))
    assert not holds(elders, Home([]))
    assert not holds(elders, Home([Member(age=60), Member()]))


@pytest.mark.parametrize(
    "rule",
    [
        {},
        [],
        "veteran",
        {"tag": "rich"},
        {"tag": "veteran", "age": {"min": 3}},
        {"age": {}},
        {"age": {"min": 80, "max": 60}},
        {"age": {"min": -1}},
        {"age": {"over": 80}},
        {"household": {}},
        {"any": []},
        {"not": [{"tag": "veteran"}]},
        {"sql": "1=1"},
        {"every": {}},
        {"count": {"of": {"tag": "veteran"}}},
        {"count": {"min": 1}},
        {"count": {"of": {"tag": "veteran"}, "min": 3, "max": 2}},
        {"relation": "friend"},
        {"household": {"tenure": "castle"}},
        {"not": {"not": {"not": {"not": {"not": {"not": {"tag": "veteran"}}}}}}},
        {"all": [{"any": [{"tag": "veteran"}] * 20}] * 4},
    ],
)
def test_what_is_no_rule_is_refused(rule: Any) -> None:
    with pytest.raises(ValidationError):
        RULE.validate_python(rule)


def test_an_error_says_where_in_the_rule_as_it_was_written() -> None:
    rule = {
        "any": [
            {"tag": "rich"},
            {"all": [{"age": {"min": -1}}, {"sql": 1}]},
            {"not": {"not": {"count": {"of": {"member": {"age": {}}}, "min": 1}}}},
        ]
    }
    with pytest.raises(ValidationError) as refused:
        RULE.validate_python(rule)
    assert ["/".join(map(str, error["loc"])) for error in refused.value.errors()] == [
        "any/0/tag",
        "any/1/all/0/age/min",
        "any/1/all/1",
        "any/2/not/not/count/of/member/age",
    ]


@pytest.mark.parametrize(
    "colours",
    [
        [],
        [colour("red", {"tag": "veteran"})],
        [colour("red", None), colour("green", None)],
        [colour("red", {"tag": "veteran"}), colour("red", None)],
        [colour("Red!", None)],
    ],
)
def test_a_scheme_ends_with_the_one_colour_that_takes_the_rest(colours: list[dict[str, Any]]) -> None:
    with pytest.raises(ValidationError):
        ColourSchemeCreate.model_validate({"colours": colours})


@given(st.dates(date(2026, 1, 1), date(2027, 1, 1)), st.dates(date(2026, 1, 1), date(2027, 1, 1)))
def test_an_override_holds_until_its_last_day(until: date, today: date) -> None:
    ended = settle_override(Override("rest", until), Deriver(scheme()), today)
    assert ended is (None if today <= until else ChangeCause.OVERRIDE_EXPIRED)


def test_an_override_ends_with_the_colour_it_names() -> None:
    override = Override("purple", date.max)
    assert settle_override(override, Deriver(scheme()), date(2026, 1, 1)) is ChangeCause.OVERRIDE_CLEARED
    assert settle_override(None, Deriver(scheme()), date(2026, 1, 1)) is None


@given(st.dates(date(1900, 1, 1), date(2026, 1, 1)), st.integers(0, 40_000))
def test_ages_count_birthdays(birth_on: date, days: int) -> None:
    day = birth_on + timedelta(days=days)
    age = age_on(birth_on, day)
    birthdays = sum(
        (birth_on.month, birth_on.day) <= (day.month, day.day) or year < day.year
        for year in range(birth_on.year + 1, day.year + 1)
    )
    assert age == birthdays
    found = birth_periods(age, age, day)
    assert sum(str(birth_on)[:length] in found for length in (4, 7, 10)) == 1, "in one period, by year, month or day"


def test_age_groups_overlap_as_the_law_says() -> None:
    assert age_groups(13) == [AgeGroup.CHILD, AgeGroup.MINOR]
    assert age_groups(17) == [AgeGroup.MINOR]
    assert age_groups(18) == age_groups(59) == []
    assert age_groups(60) == [AgeGroup.ELDERLY, AgeGroup.YOUNGER_ELDERLY]
    assert age_groups(70) == [AgeGroup.ELDERLY]
    assert age_groups(80) == [AgeGroup.ELDERLY, AgeGroup.VERY_OLD]

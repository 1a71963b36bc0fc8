"""The rule language and the derivation: pure, so held by properties."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from services.residents.household_cards.derivation import Override, ages_matter, derive, settle_override
from services.residents.household_cards.models import ChangeCause
from services.residents.household_cards.rules import DEEPEST, BoundedRule, Member, holds
from services.residents.household_cards.schemas import Colour, ColourSchemeCreate
from services.residents.people.ages import AgeGroup, age_groups, age_on, birth_periods
from services.residents.people.models import TagKind

RULE = TypeAdapter(BoundedRule)

tags = st.sampled_from(list(TagKind))
members = st.builds(
    Member, tags=st.frozensets(tags, max_size=3), age=st.none() | st.integers(min_value=0, max_value=110)
)
households = st.lists(members, max_size=5)


def _ranges(youngest: int | None, oldest: int | None) -> dict[str, int]:
    limits = sorted(limit for limit in (youngest, oldest) if limit is not None) or [60]
    return {"min": limits[0], "max": limits[-1]} if len(limits) == 2 else {"min": limits[0]}


leaves = (
    st.builds(lambda tag: {"tag": tag.value}, tags)
    | st.builds(
        lambda youngest, oldest: {"age": _ranges(youngest, oldest)},
        st.none() | st.integers(0, 110),
        st.none() | st.integers(0, 110),
    )
    | st.builds(lambda alone: {"household": {"living_alone": alone}}, st.booleans())
    | st.builds(lambda size: {"household": {"size": {"max": size}}}, st.integers(0, 5))
)
rules: st.SearchStrategy[dict[str, Any]] = st.recursive(
    leaves,
    lambda parts: (
        st.builds(lambda some: {"any": some}, st.lists(parts, min_size=1, max_size=3))
        | st.builds(lambda some: {"all": some}, st.lists(parts, min_size=1, max_size=3))
        | st.builds(lambda part: {"not": part}, parts)
        | st.builds(lambda part: {"member": part}, parts)
    ),
    max_leaves=6,
).filter(lambda rule: _depth(rule) <= DEEPEST)


def _depth(rule: dict[str, Any]) -> int:
    [(kind, inside)] = rule.items()
    parts = inside if kind in ("any", "all") else [inside] if kind in ("not", "member") else []
    return 1 + max(map(_depth, parts), default=0)


def colour(code: str, rule: dict[str, Any] | None) -> dict[str, Any]:
    said = {"zh": code, "en": code}
    return {"code": code, "name": said, "meaning": said, "rule": rule}


def scheme(*ruled: dict[str, Any] | None) -> list[Colour]:
    colours = [colour(f"colour_{number}", rule) for number, rule in enumerate(ruled)]
    return ColourSchemeCreate.model_validate({"colours": [*colours, colour("rest", None)]}).colours


def expected(rule: dict[str, Any], asked: list[Member], household: list[Member]) -> bool:
    """The meaning of a rule, written a second time and naively."""
    [(kind, inside)] = rule.items()
    match kind:
        case "any":
            return any(expected(part, asked, household) for part in inside)
        case "all":
            return all(expected(part, asked, household) for part in inside)
        case "not":
            return not expected(inside, asked, household)
        case "member":
            return any(expected(inside, [member], household) for member in asked)
        case "tag":
            return any(inside in member.tags for member in asked)
        case "age":
            low, high = inside.get("min", 0), inside.get("max", 999)
            return any(member.age is not None and low <= member.age <= high for member in asked)
        case _:
            if "size" in inside:
                return len(household) <= inside["size"]["max"]
            return (len(household) == 1) is inside["living_alone"]


@given(rules, households)
def test_a_rule_means_what_it_says(rule: dict[str, Any], household: list[Member]) -> None:
    assert holds(RULE.validate_python(rule), household, set()) is expected(rule, household, household)


@given(st.lists(rules, max_size=4), households)
def test_the_first_colour_whose_rule_holds_wins_and_every_household_gets_one(
    ruled: list[dict[str, Any]], household: list[Member]
) -> None:
    colours = scheme(*ruled)
    derived = derive(colours, household)
    matching = [
        each.code
        for each, rule in zip(colours, [*ruled, None], strict=True)
        if rule is None or expected(rule, household, household)
    ]
    assert derived.colour == matching[0]
    assert derive(colours, list(reversed(household))) == derived, "the order of members does not matter"
    if derived.rule is not None:
        assert RULE.validate_python(derived.rule) == next(c.rule for c in colours if c.code == derived.colour)


@given(rules, households)
def test_without_ages_in_the_rules_ages_change_nothing(rule: dict[str, Any], household: list[Member]) -> None:
    colours = scheme(rule)
    ageless = [Member(member.tags, None) for member in household]
    if not ages_matter(colours):
        assert derive(colours, ageless) == derive(colours, household)


def test_facts_are_those_that_decided() -> None:
    [first, *_] = colours = scheme(
        {"any": [{"all": [{"tag": "disabled"}, {"tag": "veteran"}]}, {"member": {"age": {"min": 80}}}]}
    )
    derived = derive(colours, [Member(frozenset({TagKind.DISABLED}), 81), Member(age=30)])
    assert derived.colour == first.code
    assert derived.facts == ["age>=80"]


def test_inside_member_everything_must_hold_of_the_same_person() -> None:
    rule = {"all": [{"tag": "disabled"}, {"age": {"max": 17}}]}
    grandfather_and_child = [Member(frozenset({TagKind.DISABLED}), 81), Member(age=9)]
    assert holds(RULE.validate_python(rule), grandfather_and_child, set())
    assert not holds(RULE.validate_python({"member": rule}), grandfather_and_child, set())


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
        {"not": {"not": {"not": {"not": {"not": {"not": {"tag": "veteran"}}}}}}},
        {"all": [{"any": [{"tag": "veteran"}] * 20}] * 4},
    ],
)
def test_what_is_no_rule_is_refused(rule: Any) -> None:
    with pytest.raises(ValidationError):
        RULE.validate_python(rule)


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
    ended = settle_override(Override("rest", until), scheme(), today)
    assert ended is (None if today <= until else ChangeCause.OVERRIDE_EXPIRED)


def test_an_override_ends_with_the_colour_it_names() -> None:
    override = Override("purple", date.max)
    assert settle_override(override, scheme(), date(2026, 1, 1)) is ChangeCause.OVERRIDE_CLEARED
    assert settle_override(None, scheme(), date(2026, 1, 1)) is None


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
    assert (f"{birth_on:%Y-%m}" in found) != (f"{birth_on:%Y}" in found)


def test_age_groups_overlap_as_the_law_says() -> None:
    assert age_groups(13) == [AgeGroup.CHILD, AgeGroup.MINOR]
    assert age_groups(17) == [AgeGroup.MINOR]
    assert age_groups(18) == age_groups(59) == []
    assert age_groups(60) == [AgeGroup.ELDERLY, AgeGroup.YOUNGER_ELDERLY]
    assert age_groups(70) == [AgeGroup.ELDERLY]
    assert age_groups(80) == [AgeGroup.ELDERLY, AgeGroup.VERY_OLD]

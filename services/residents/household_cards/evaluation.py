"""Whether a rule holds of a household, and which of its conditions made it hold. Pure: no clock, no database.

A rule is compiled once and asked of thousands of households.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from services.residents.household_cards.rules import (
    AllOf,
    AnyOf,
    CountedMembers,
    EveryMember,
    HasAge,
    HasRelation,
    HasTag,
    HouseholdCondition,
    Not,
    OfHousehold,
    Range,
    Rule,
    SomeMember,
)
from services.residents.households.models import Tenure
from services.residents.memberships.models import HouseholdRelation
from services.residents.people.models import TagKind


@dataclass(frozen=True, slots=True)
class Member:
    """What rules may know of one member of a household: no name, no birth date."""

    tags: frozenset[TagKind] = frozenset()
    age: int | None = None
    """Full years; None: the birth date is not known, so no age holds."""
    relation: HouseholdRelation | None = None
    """To the head of the household."""


@dataclass(frozen=True, slots=True)
class Home:
    """What rules may know of a household."""

    members: Sequence[Member] = ()
    tenure: Tenure | None = None


Check = Callable[[Sequence[Member], Home, set[str]], bool]
"""Asked of those members, in this home; adds to the set the conditions that held. It visits every branch, so that the
facts are complete and do not depend on the order of members."""


def compile_rule(rule: Rule) -> Check:
    match rule:
        case AnyOf():
            check = _any(list(map(compile_rule, rule.any)))
        case AllOf():
            check = _all(list(map(compile_rule, rule.all)))
        case Not():
            check = _not(compile_rule(rule.negated))
        case HasTag():
            tag = rule.tag
            check = _some(f"tag:{tag}", lambda member: tag in member.tags)
        case HasAge():
            age = rule.age
            check = _some(age.describe("age"), lambda member: member.age is not None and age.contains(member.age))
        case HasRelation():
            relation = rule.relation
            check = _some(f"relation:{relation}", lambda member: member.relation == relation)
        case SomeMember():
            check = _counted(rule.member, lambda held, _: held > 0)
        case EveryMember():
            check = _counted(rule.every, lambda held, asked: held == asked > 0, "every_member")
        case CountedMembers():
            enough = Range(min=rule.count.min, max=rule.count.max)
            check = _counted(rule.count.of, lambda held, _: enough.contains(held), enough.describe("count"))
        case OfHousehold():
            check = _of_household(rule.household)
    return check


def _not(part: Check) -> Check:
    return lambda members, home, _facts: not part(members, home, set())


def _any(parts: list[Check]) -> Check:
    return lambda members, home, facts: sum([check(members, home, facts) for check in parts]) > 0


def _all(parts: list[Check]) -> Check:
    def check_all(members: Sequence[Member], home: Home, facts: set[str]) -> bool:
        found: set[str] = set()
        held = sum([check(members, home, found) for check in parts]) == len(parts)
        if held:
            facts |= found
        return held

    return check_all


def _some(fact: str, is_true: Callable[[Member], bool]) -> Check:
    def check_some(members: Sequence[Member], _home: Home, facts: set[str]) -> bool:
        for member in members:
            if is_true(member):
                facts.add(fact)
                return True
        return False

    return check_some


def _counted(of: Rule, enough: Callable[[int, int], bool], fact: str | None = None) -> Check:
    inner = compile_rule(of)

    def check_counted(members: Sequence[Member], home: Home, facts: set[str]) -> bool:
        found: set[str] = set() if fact is None else {fact}
        held = enough(sum([inner((member,), home, found) for member in members]), len(members))
        if held:
            facts |= found
        return held

    return check_counted


def _of_household(condition: HouseholdCondition) -> Check:
    size, living_alone, tenure = condition.size, condition.living_alone, condition.tenure
    facts_if_held = set()
    if size is not None:
        facts_if_held.add(size.describe("household_size"))
    if living_alone:
        facts_if_held.add("household_living_alone")
    if tenure is not None:
        facts_if_held.add(f"tenure:{tenure}")

    def check_household(_members: Sequence[Member], home: Home, facts: set[str]) -> bool:
        held = (
            (size is None or size.contains(len(home.members)))
            and (living_alone is None or (len(home.members) == 1) is living_alone)
            and (tenure is None or home.tenure == tenure)
        )
        if held:
            facts |= facts_if_held
        return held

    return check_household

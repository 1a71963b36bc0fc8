"""The small language in which a community says which households get which colour. Pure.

    {"any": [{"tag": "dementia"},
             {"all": [{"age": {"min": 80}}, {"household": {"living_alone": true}}]},
             {"member": {"all": [{"tag": "disabled"}, {"age": {"max": 17}}]}}]}

`tag` and `age` hold if they hold of some member of the household; inside `member` all of it must hold of the same one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    model_validator,
)

from services.residents.people.models import TagKind
from shared.errors import both

DEEPEST = 6
LARGEST = 60
"""Conditions in one rule: enough for a page of policy, and bounded work per household."""

ColourCode = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,19}$")]


class _Node(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Range(_Node):
    """From `min` to `max`, both included; one of them may be left out."""

    min: Annotated[int | None, Field(ge=0, le=150)] = None
    max: Annotated[int | None, Field(ge=0, le=150)] = None

    @model_validator(mode="after")
    def _has_a_limit_in_order(self) -> Range:
        if self.min is None and self.max is None:
            raise ValueError(both("min 与 max 至少填一个", "Give min, max or both"))
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(both("min 不能大于 max", "min must not be above max"))
        return self

    def contains(self, value: int) -> bool:
        return (self.min is None or value >= self.min) and (self.max is None or value <= self.max)

    def describe(self, subject: str) -> str:
        """`age>=80`, `age<=17`, `age:60-69`"""
        if self.min is not None and self.max is not None:
            return f"{subject}:{self.min}-{self.max}"
        return f"{subject}>={self.min}" if self.max is None else f"{subject}<={self.max}"


class HouseholdCondition(_Node):
    size: Range | None = None
    """How many registered members it has."""
    living_alone: bool | None = None
    """Whether it has exactly one member."""

    @model_validator(mode="after")
    def _asks_something(self) -> HouseholdCondition:
        if self.size is None and self.living_alone is None:
            raise ValueError(both("size 与 living_alone 至少填一个", "Give size, living_alone or both"))
        return self


class AnyOf(_Node):
    any: Annotated[tuple[Rule, ...], Field(min_length=1, max_length=20)]


class AllOf(_Node):
    all: Annotated[tuple[Rule, ...], Field(min_length=1, max_length=20)]


class Not(_Node):
    negated: Rule = Field(alias="not")


class HasTag(_Node):
    tag: TagKind


class HasAge(_Node):
    age: Range


class OneMember(_Node):
    member: Rule


class OfHousehold(_Node):
    household: HouseholdCondition


_KINDS: dict[str, type[_Node]] = {
    "any": AnyOf,
    "all": AllOf,
    "not": Not,
    "tag": HasTag,
    "age": HasAge,
    "member": OneMember,
    "household": OfHousehold,
}


def _kind_of(value: Any) -> str | None:
    """The one key of a condition names its kind."""
    if isinstance(value, _Node):
        return next(name for name, kind in _KINDS.items() if isinstance(value, kind))
    return next(iter(value)) if isinstance(value, dict) and len(value) == 1 else None


Rule = Annotated[
    Annotated[AnyOf, Tag("any")]
    | Annotated[AllOf, Tag("all")]
    | Annotated[Not, Tag("not")]
    | Annotated[HasTag, Tag("tag")]
    | Annotated[HasAge, Tag("age")]
    | Annotated[OneMember, Tag("member")]
    | Annotated[OfHousehold, Tag("household")],
    Discriminator(_kind_of),
]

for _kind in (AnyOf, AllOf, Not, OneMember):
    _kind.model_rebuild()


def conditions(rule: Rule, depth: int = 1) -> Iterator[tuple[Rule, int]]:
    """Every condition of the rule with its depth, itself at 1."""
    yield rule, depth
    match rule:
        case AnyOf():
            parts: Sequence[Rule] = rule.any
        case AllOf():
            parts = rule.all
        case Not():
            parts = (rule.negated,)
        case OneMember():
            parts = (rule.member,)
        case _:
            parts = ()
    for part in parts:
        yield from conditions(part, depth + 1)


def uses_ages(rule: Rule) -> bool:
    return any(isinstance(condition, HasAge) for condition, _ in conditions(rule))


def _bounded(rule: Rule) -> Rule:
    depths = [depth for _, depth in conditions(rule)]
    if len(depths) > LARGEST or max(depths) > DEEPEST:
        raise ValueError(
            both(
                f"规则过于复杂: 最多 {LARGEST} 个条件、{DEEPEST} 层。",
                f"The rule is too complex: at most {LARGEST} conditions, {DEEPEST} levels.",
            )
        )
    return rule


BoundedRule = Annotated[Rule, AfterValidator(_bounded)]


@dataclass(frozen=True, slots=True)
class Member:
    """What rules may know of one member of a household: no name, no birth date."""

    tags: frozenset[TagKind] = frozenset()
    age: int | None = None
    """Full years; None: the birth date is not known, so no age holds."""


def holds(rule: Rule, household: Sequence[Member], facts: set[str]) -> bool:
    """Whether the rule holds of a household; adds to `facts` the conditions that made it hold."""
    return _holds(rule, household, household, facts)


def _holds(rule: Rule, members: Sequence[Member], household: Sequence[Member], facts: set[str]) -> bool:
    """`members` are those of whom tags and ages are asked. Every branch is visited, so that the facts are complete."""
    match rule:
        case AnyOf():
            held = sum(_holds(part, members, household, facts) for part in rule.any) > 0
        case AllOf():
            found: set[str] = set()
            held = sum(_holds(part, members, household, found) for part in rule.all) == len(rule.all)
            facts |= found if held else set()
        case Not():
            held = not _holds(rule.negated, members, household, set())
        case OneMember():
            held = sum(_holds(rule.member, (member,), household, facts) for member in members) > 0
        case HasTag():
            held = _note(facts, f"tag:{rule.tag}", any(rule.tag in member.tags for member in members))
        case HasAge():
            some = any(member.age is not None and rule.age.contains(member.age) for member in members)
            held = _note(facts, rule.age.describe("age"), some)
        case OfHousehold():
            held = _holds_of_household(rule.household, len(household), facts)
    return held


def _holds_of_household(condition: HouseholdCondition, size: int, facts: set[str]) -> bool:
    found: set[str] = set()
    held = True
    if condition.size is not None:
        held &= _note(found, condition.size.describe("household_size"), condition.size.contains(size))
    if condition.living_alone is not None:
        alone = _note(found, "household_living_alone", size == 1)
        held &= alone is condition.living_alone
    facts |= found if held else set()
    return held


def _note(facts: set[str], fact: str, held: bool) -> bool:
    if held:
        facts.add(fact)
    return held

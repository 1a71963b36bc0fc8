"""The small language in which a community says which households get which colour. Pure.

    {"any": [{"tag": "dementia"},
             {"all": [{"age": {"min": 80}}, {"household": {"living_alone": true}}]},
             {"member": {"all": [{"tag": "disabled"}, {"age": {"max": 17}}]}},
             {"every": {"age": {"min": 60}}},
             {"count": {"of": {"age": {"max": 17}}, "min": 3}}]}

`tag`, `age` and `relation` hold if they hold of some member of the household. Inside `member`, `every` and `count` all
of it must hold of the same one: of some member, of every one, or of so many.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)
from pydantic_core import InitErrorDetails

from services.residents.households.models import Tenure
from services.residents.memberships.models import HouseholdRelation
from services.residents.people.models import TagKind
from shared.errors import both

DEEPEST = 6
LARGEST = 60
"""Conditions in one rule: enough for a page of policy, and bounded work per household."""
WIDEST = 20
"""Conditions side by side in one `any` or `all`."""
HIGHEST = 150
"""The largest limit of a range, whether of years or of people."""

ColourCode = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,19}$")]


class _Node(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Range(_Node):
    """From `min` to `max`, both included; one of them may be left out."""

    min: Annotated[int | None, Field(ge=0, le=HIGHEST)] = None
    max: Annotated[int | None, Field(ge=0, le=HIGHEST)] = None

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


class Count(Range):
    """How many members of whom `of` holds."""

    of: Rule


class HouseholdCondition(_Node):
    """What is asked of the household as a whole; all that is given must hold."""

    size: Range | None = None
    """How many registered members it has."""
    living_alone: bool | None = None
    """Whether it has exactly one member."""
    tenure: Tenure | None = None
    """How it holds its home."""

    @model_validator(mode="after")
    def _asks_something(self) -> HouseholdCondition:
        if self.size is None and self.living_alone is None and self.tenure is None:
            raise ValueError(both("size、living_alone、tenure 至少填一个", "Give size, living_alone or tenure"))
        return self


class AnyOf(_Node):
    any: Annotated[tuple[Rule, ...], Field(min_length=1, max_length=WIDEST)]


class AllOf(_Node):
    all: Annotated[tuple[Rule, ...], Field(min_length=1, max_length=WIDEST)]


class Not(_Node):
    negated: Rule = Field(alias="not")


class HasTag(_Node):
    tag: TagKind


class HasAge(_Node):
    age: Range


class HasRelation(_Node):
    """What the member is to the head of the household."""

    relation: HouseholdRelation


class SomeMember(_Node):
    member: Rule


class EveryMember(_Node):
    """Nobody of whom it does not hold, and somebody there at all. Of unknown age no age holds."""

    every: Rule


class CountedMembers(_Node):
    count: Count


class OfHousehold(_Node):
    household: HouseholdCondition


_KINDS: dict[str, type[_Node]] = {
    "any": AnyOf,
    "all": AllOf,
    "not": Not,
    "tag": HasTag,
    "age": HasAge,
    "relation": HasRelation,
    "member": SomeMember,
    "every": EveryMember,
    "count": CountedMembers,
    "household": OfHousehold,
}


def _kind_of(value: Any) -> str | None:
    """The one key of a condition names its kind."""
    if isinstance(value, _Node):
        return next((name for name, kind in _KINDS.items() if isinstance(value, kind)), None)
    return next(iter(value)) if isinstance(value, dict) and len(value) == 1 else None


Rule = Annotated[
    Annotated[AnyOf, Tag("any")]
    | Annotated[AllOf, Tag("all")]
    | Annotated[Not, Tag("not")]
    | Annotated[HasTag, Tag("tag")]
    | Annotated[HasAge, Tag("age")]
    | Annotated[HasRelation, Tag("relation")]
    | Annotated[SomeMember, Tag("member")]
    | Annotated[EveryMember, Tag("every")]
    | Annotated[CountedMembers, Tag("count")]
    | Annotated[OfHousehold, Tag("household")],
    Discriminator(_kind_of),
]

for _kind in (Count, AnyOf, AllOf, Not, SomeMember, EveryMember, CountedMembers):
    _kind.model_rebuild()


def parts_of(rule: Rule) -> Sequence[Rule]:
    """The conditions directly inside."""
    parts: Sequence[Rule] = ()
    match rule:
        case AnyOf():
            parts = rule.any
        case AllOf():
            parts = rule.all
        case Not():
            parts = (rule.negated,)
        case SomeMember():
            parts = (rule.member,)
        case EveryMember():
            parts = (rule.every,)
        case CountedMembers():
            parts = (rule.count.of,)
    return parts


def conditions(rule: Rule, depth: int = 1) -> Iterator[tuple[Rule, int]]:
    """Every condition of the rule with its depth, itself at 1."""
    yield rule, depth
    for part in parts_of(rule):
        yield from conditions(part, depth + 1)


def uses_ages(rule: Rule) -> bool:
    return any(isinstance(condition, HasAge) for condition, _ in conditions(rule))


def stored_rule(rule: Rule) -> dict[str, Any]:
    """As it was written."""
    return rule.model_dump(mode="json", by_alias=True, exclude_none=True)


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


def _located(value: Any, validate: ValidatorFunctionWrapHandler) -> Rule:
    """Errors with the place in the rule as it was written; pydantic adds the kind of each condition on the way."""
    try:
        return validate(value)
    except ValidationError as error:
        found = error.errors(include_url=False)
        places = [_place(each["loc"]) for each in found]
        raise ValidationError.from_exception_data(
            "rule",
            [
                InitErrorDetails(type=kind, loc=place, input=None, ctx=context)
                for place, (kind, context) in zip(places, map(_kind_and_context, found), strict=True)
                if not _follows_from_another(kind, place, places)
            ],
        ) from None


def _place(loc: Sequence[int | str]) -> tuple[int | str, ...]:
    """Every condition appears in pydantic's path twice: as the kind it was taken for, then as its key."""
    repeated, place = False, []
    for part, following in pairwise((*loc, None)):
        repeated = not repeated and part == following and part in _KINDS
        if not repeated and part is not None:
            place.append(part)
    return tuple(place)


_ONE_KEY = both(
    f"每个条件只有一个键, 为以下之一: {'、'.join(_KINDS)}。", f"A condition has one key, one of: {', '.join(_KINDS)}."
)


def _kind_and_context(error: Any) -> tuple[str, dict[str, Any]]:
    kind, context = error["type"], error.get("ctx") or {}
    if kind.startswith("union_tag"):
        return "value_error", {"error": ValueError(_ONE_KEY)}
    return kind, context


def _follows_from_another(kind: str, place: tuple[int | str, ...], places: Sequence[tuple[int | str, ...]]) -> bool:
    """A list whose items are wrong is then called too short as well."""
    return kind == "too_short" and any(other[: len(place)] == place and other != place for other in places)


BoundedRule = Annotated[Rule, AfterValidator(_bounded), WrapValidator(_located)]

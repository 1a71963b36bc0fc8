"""Whether any household can be what rules ask for, found without looking at one. Pure.

A semantic tableau: what is wanted is taken apart, with a branch for every alternative, until each branch contradicts
itself or nothing is left to take apart. "No" is certain. "Perhaps" is also said after `PATIENCE` steps, and of
contradictions that only counting people across several conditions would show.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from services.residents.household_cards.rules import (
    HIGHEST,
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

PATIENCE = 20_000
_ABOVE = HIGHEST + 1
"""Stands for every number above all limits."""
_NUMBERS = frozenset(range(_ABOVE + 1))
_UNKNOWN = None

Wanted = tuple[Rule, bool]
"""A condition that is to hold, or is not to."""


@dataclass(frozen=True, slots=True)
class _Someone:
    """What one branch has said of one member so far."""

    tags: dict[str, bool] = field(default_factory=dict)
    ages: frozenset[int | None] = _NUMBERS | {_UNKNOWN}
    relation: str | None = None
    not_relations: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _House:
    """What one branch has said of a household so far."""

    sizes: frozenset[int] = _NUMBERS
    tenure: str | None = None
    not_tenures: frozenset[str] = frozenset()
    counts: dict[Any, tuple[int, int]] = field(default_factory=dict)
    """By condition: of how many members it holds, from and to."""


class Tableau:
    """Looks for households, with bounded patience for all questions together."""

    def __init__(self) -> None:
        self._left = PATIENCE

    def may_exist(self, *wanted: Wanted) -> bool:
        """False: no household at all is so."""
        return self._house(list(wanted), _House())

    def _is_tired(self) -> bool:
        self._left -= 1
        return self._left < 0

    def _house(self, goals: list[Wanted], house: _House) -> bool:
        if self._is_tired():
            return True
        if not goals:
            return self._is_consistent(house)
        (rule, wanted), *rest = goals
        match rule:
            case AnyOf() | AllOf() | Not():
                return any(self._house([*more, *rest], house) for more in _taken_apart(rule, wanted))
            case OfHousehold():
                houses = _of_household(house, rule.household, wanted)
            case _:
                houses = _of_members(house, rule, wanted)
        return any(self._house(rest, each) for each in houses)

    def _is_consistent(self, house: _House) -> bool:
        """Whether members can be found for these counts, each taken alone and each two together."""
        least = max((low for low, _ in house.counts.values()), default=0)
        sizes = {size for size in house.sizes if size >= least}
        nobody = [(rule, False) for rule, (_, high) in house.counts.items() if high == 0]
        some = [rule for rule, (low, _) in house.counts.items() if low > 0]
        if not sizes or not all(self._someone([(rule, True), *nobody], _Someone()) for rule in some):
            return False
        if 0 not in sizes and not self._someone(nobody, _Someone()):
            return False
        return all(
            house.counts[one][0] <= most or self._someone([(one, True), (other, False)], _Someone())
            for one in some
            for other, (_, most) in house.counts.items()
        )

    def _someone(self, goals: list[Wanted], person: _Someone) -> bool:
        if self._is_tired() or not goals:
            return True
        (rule, wanted), *rest = goals
        match rule:
            case AnyOf() | AllOf() | Not():
                return any(self._someone([*more, *rest], person) for more in _taken_apart(rule, wanted))
            case SomeMember():
                return self._someone([(rule.member, wanted), *rest], person)
            case EveryMember():
                return self._someone([(rule.every, wanted), *rest], person)
            case CountedMembers():
                # Of one member, it holds of one or of none.
                held = [number for number in (0, 1) if rule.count.contains(number) is wanted]
                return any(self._someone([(rule.count.of, bool(number)), *rest], person) for number in held)
        narrowed = _of_someone(person, rule, wanted)
        return narrowed is not None and self._someone(rest, narrowed)


def _taken_apart(rule: AnyOf | AllOf | Not, wanted: bool) -> Iterable[list[Wanted]]:
    """The alternatives, each of which is what then has to hold together."""
    if isinstance(rule, Not):
        return [[(rule.negated, not wanted)]]
    parts: Sequence[Rule] = rule.any if isinstance(rule, AnyOf) else rule.all
    if isinstance(rule, AnyOf) is wanted:
        return [[(part, wanted)] for part in parts]
    return [[(part, wanted) for part in parts]]


def _of_someone(person: _Someone, rule: Rule, wanted: bool) -> _Someone | None:
    """The person with one thing more said of them; None if that contradicts the rest."""
    narrowed = person
    match rule:
        case HasTag():
            narrowed = replace(person, tags={**person.tags, rule.tag: wanted})
            return narrowed if person.tags.get(rule.tag, wanted) is wanted else None
        case HasAge():
            held = _held(rule.age)
            narrowed = replace(person, ages=person.ages & held if wanted else person.ages - held)
            return narrowed if narrowed.ages else None
        case HasRelation() if wanted:
            is_other = person.relation not in (None, rule.relation) or rule.relation in person.not_relations
            return None if is_other else replace(person, relation=rule.relation)
        case HasRelation():
            narrowed = replace(person, not_relations=person.not_relations | {rule.relation})
            return None if person.relation == rule.relation else narrowed
    return narrowed


def _held(limits: Range) -> frozenset[int]:
    return frozenset(number for number in _NUMBERS if limits.contains(number))


def _of_household(house: _House, asked: HouseholdCondition, wanted: bool) -> Iterable[_House]:
    """One alternative if all of it is wanted; one for each part that may fail if it is not."""
    parts: list[frozenset[int] | str] = []
    if asked.size is not None:
        parts.append(_held(asked.size))
    if asked.living_alone is not None:
        parts.append(frozenset({1}) if asked.living_alone else _NUMBERS - {1})
    if asked.tenure is not None:
        parts.append(asked.tenure)
    if not wanted:
        return [each for part in parts if (each := _narrowed(house, part, wanted=False)) is not None]
    for part in parts:
        narrowed = _narrowed(house, part, wanted=True)
        if narrowed is None:
            return []
        house = narrowed
    return [house]


def _narrowed(house: _House, part: frozenset[int] | str, *, wanted: bool) -> _House | None:
    if isinstance(part, frozenset):
        sizes = house.sizes & part if wanted else house.sizes - part
        return replace(house, sizes=sizes) if sizes else None
    if not wanted:
        return None if house.tenure == part else replace(house, not_tenures=house.not_tenures | {part})
    is_other = house.tenure not in (None, part) or part in house.not_tenures
    return None if is_other else replace(house, tenure=part)


def _of_members(house: _House, rule: Rule, wanted: bool) -> Iterable[_House]:
    """Every condition on members is one on how many there are of whom something holds."""
    of: Any
    match rule:
        case SomeMember():
            of, numbers = rule.member, [(1, _ABOVE)]
        case EveryMember():
            of, numbers = Not.model_construct(negated=rule.every), [(0, 0)]
            house = house if not wanted else replace(house, sizes=house.sizes - {0})
        case CountedMembers():
            of, numbers = rule.count.of, [(rule.count.min or 0, _ABOVE if rule.count.max is None else rule.count.max)]
        case _:
            of, numbers = rule, [(1, _ABOVE)]
    if not wanted:
        [(low, high)] = numbers
        numbers = [(start, end) for start, end in ((0, low - 1), (high + 1, _ABOVE)) if start <= end]
    found = []
    for low, high in numbers:
        known = house.counts.get(of, (0, _ABOVE))
        both = (max(low, known[0]), min(high, known[1]))
        if both[0] <= both[1]:
            found.append(replace(house, counts={**house.counts, of: both}))
    if isinstance(rule, EveryMember) and not wanted and 0 in house.sizes:
        found.append(replace(house, sizes=frozenset({0})))
    return found

"""The colour rules a second time: slow, from raw facts, over the JSON as staff write it. Shares no code with ours."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any


@dataclass
class Somebody:
    """A member as registered: a birth date, tags with their first and last day."""

    born: date | None = None
    tags: list[tuple[str, date, date | None]] = field(default_factory=list)
    relation: str | None = "other"

    def tagged(self, kind: str, day: date) -> bool:
        return len([1 for name, first, last in self.tags if name == kind and first <= day <= (last or date.max)]) > 0

    def years(self, day: date) -> int | None:
        """Birthdays celebrated; one born on 29 February celebrates on 1 March where there is none."""
        if self.born is None:
            return None
        birthdays = []
        for year in range(self.born.year + 1, day.year + 1):
            try:
                birthdays.append(self.born.replace(year=year))
            except ValueError:
                birthdays.append(date(year, 3, 1))
        return len([each for each in birthdays if each <= day])


@dataclass
class House:
    people: list[Somebody] = field(default_factory=list)
    tenure: str | None = None


def colour_on(day: date, house: House, colours: list[dict[str, Any]]) -> str:
    """Every colour whose rule is true, and of those the first."""
    true = [each["code"] for each in colours if each.get("rule") is None or is_true(each["rule"], house, day)]
    return true[0]


def is_true(rule: dict[str, Any], house: House, day: date, among: list[Somebody] | None = None) -> bool:
    group = house.people if among is None else among
    ((word, said),) = rule.items()
    return _MEANINGS[word](said, group, house, day)


def _those(said: Any, group: list[Somebody], house: House, day: date) -> list[Somebody]:
    return [somebody for somebody in group if is_true(said, house, day, [somebody])]


def _within(number: int | None, limits: dict[str, Any]) -> bool:
    return number is not None and number in range(limits.get("min") or 0, limits.get("max", 10_000) + 1)


def _household(said: dict[str, Any], _group: Any, house: House, _day: date) -> bool:
    wrong = []
    if "size" in said and not _within(len(house.people), said["size"]):
        wrong.append("size")
    if "living_alone" in said and said["living_alone"] != (len(house.people) == 1):
        wrong.append("living_alone")
    if "tenure" in said and said["tenure"] != house.tenure:
        wrong.append("tenure")
    return not wrong


_MEANINGS: dict[str, Any] = {
    "any": lambda said, group, house, day: [True for part in said if is_true(part, house, day, group)] != [],
    "all": lambda said, group, house, day: [True for part in said if not is_true(part, house, day, group)] == [],
    "not": lambda said, group, house, day: is_true(said, house, day, group) is False,
    "tag": lambda said, group, house, day: [True for each in group if each.tagged(said, day)] != [],
    "age": lambda said, group, house, day: [True for each in group if _within(each.years(day), said)] != [],
    "relation": lambda said, group, house, day: said in [each.relation for each in group],
    "member": lambda said, group, house, day: _those(said, group, house, day) != [],
    "every": lambda said, group, house, day: group != [] and _those(said, group, house, day) == group,
    "count": lambda said, group, house, day: _within(len(_those(said["of"], group, house, day)), said),
    "household": _household,
}

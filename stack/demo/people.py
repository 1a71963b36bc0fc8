"""The demo community's people: 8,000 in 3,000 households, the same in every run."""

from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from random import Random
from uuid import UUID

from shared.identity import make_identity_number
from shared.ids import new_id
from stack.demo.names import family_name, person_name
from stack.demo.places import COUNTY, DemoGrid, Door, demo_grids, doors

HOUSEHOLDS, PEOPLE = 3_000, 8_000
REFERENCE_ON = date(2026, 11, 1)
"""Ages are drawn as of this day, so that birth dates do not move with the clock."""


@dataclass
class DemoPerson:
    name: str
    female: bool
    birth_on: date
    identity_number: str
    phone: str | None
    relation: str
    """To the head of the household."""
    tags: list[str] = field(default_factory=list)
    cautions: str | None = None
    contacts: list[tuple[str, "DemoPerson"]] = field(default_factory=list)
    """Whom to call, in order, and what they are to this person."""
    parents: list["DemoPerson"] = field(default_factory=list)
    """Who answers for this child."""
    id: UUID = field(default_factory=new_id, compare=False)

    @property
    def age(self) -> int:
        return (
            REFERENCE_ON.year
            - self.birth_on.year
            - ((REFERENCE_ON.month, REFERENCE_ON.day) < (self.birth_on.month, self.birth_on.day))
        )


@dataclass
class DemoHousehold:
    grid: DemoGrid
    door: Door
    members: list[DemoPerson]
    since: date = date(2020, 1, 1)
    """When they moved in."""
    tenure: str = "owner_occupied"
    owner: DemoPerson | None = None
    """Of a home that its members rent."""
    gone: DemoPerson | None = None
    """Who lived here until `GONE_ON`: a parent, sister or brother who died, or a lodger who left."""


GONE_ON = date(2025, 9, 1)


class Register:
    """Hands out phones of the 199 0000 block and identity numbers, each once."""

    def __init__(self, seed: int = 365) -> None:
        self.random = Random(seed)
        self._phones = iter(range(1, 9_300))  # 93xx and above belong to staff and shops
        self._births: dict[date, int] = {}

    def phone(self) -> str:
        return f"1990000{next(self._phones):04d}"

    def identity_number(self, birth_on: date, female: bool) -> str:
        """Odd sequence numbers are men's, even ones women's (GB 11643-1999)."""
        drawn = self._births.get(birth_on, 0)
        self._births[birth_on] = drawn + 1
        return make_identity_number(COUNTY, birth_on, drawn * 2 + (2 if female else 1))

    def birth_on(self, youngest: int, oldest: int) -> date:
        """A birthday of someone aged `youngest` to `oldest` on the reference day."""
        age = self.random.randint(youngest, oldest)
        day = date(REFERENCE_ON.year - age - 1, REFERENCE_ON.month, REFERENCE_ON.day).toordinal()
        return date.fromordinal(day + 1 + self.random.randrange(364))


def household_sizes(random: Random) -> list[int]:
    """3,000 sizes of 1 to 5 that sum to 8,000."""
    sizes = random.choices([1, 2, 3, 4, 5], weights=[16, 32, 30, 14, 8], k=HOUSEHOLDS)
    difference = PEOPLE - sum(sizes)
    step = 1 if difference > 0 else -1
    while difference:
        index = random.randrange(HOUSEHOLDS)
        if 1 <= sizes[index] + step <= 5:
            sizes[index] += step
            difference -= step
    return sizes


def demo_households() -> list[DemoHousehold]:
    """Everyone, by grid and door. The first household is the one of the first story.

    8,000 live here; one household of each grid remembers somebody who no longer does.
    """
    register = Register()
    sizes = iter(household_sizes(register.random))
    households = [
        DemoHousehold(grid, door, _family(register, next(sizes))) for grid in demo_grids() for door in doors(grid)
    ]
    households[0].members = _lost_elders_family(register, len(households[0].members), households[0].members)
    _draw_homes(register, households)
    for number, household in enumerate(households[125::250]):
        household.gone = _gone(register, household.members[0], died=number % 3 > 0)
    return households


def _draw_homes(register: Register, households: list[DemoHousehold]) -> None:
    """Since when and by what right they live there. A rented home is a neighbour's, or somebody's from elsewhere."""
    random = register.random
    for neighbour, household in pairwise(households):
        household.since = date(random.randint(1998, 2024), random.randint(1, 12), random.randint(1, 28))
        household.tenure = random.choices(TENURES, weights=[80, 13, 4, 3])[0]
        if household.tenure == "rented":
            from_elsewhere = random.random() < 0.6
            owner = _person(register, "other", female=random.random() < 0.5, ages=(30, 80)) if from_elsewhere else None
            household.owner = owner or neighbour.members[0]
        answering = [each for each in household.members if each.relation in ("head", "spouse")]
        for child in household.members:
            if child.relation == "child" and child.age < 18:
                child.parents = answering


TENURES = ("owner_occupied", "rented", "public_rental", "lent")


def _gone(register: Register, head: DemoPerson, *, died: bool) -> DemoPerson:
    if not died:
        return _person(register, "lodger", female=False, ages=(20, 45))
    if head.age <= 65:
        return _person(register, "parent", female=True, ages=(head.age + 22, head.age + 30))
    return _person(register, "sibling", female=True, ages=(head.age, head.age + 6))


def _family(register: Register, size: int) -> list[DemoPerson]:
    random = register.random
    if size <= 2 and random.random() < 0.45:
        return _old_couple(register, size)
    head = _person(register, "head", female=random.random() < 0.35, ages=(26, 62))
    members = [head]
    if size >= 2:
        members.append(_person(register, "spouse", female=not head.female, ages=(max(24, head.age - 4), head.age + 3)))
    for _ in range(size - 2):
        if head.age >= 50 and random.random() < 0.4:
            members.append(
                _person(register, "parent", female=random.random() < 0.6, ages=(head.age + 22, head.age + 30))
            )
        else:
            child = _person(register, "child", female=random.random() < 0.5, ages=(1, max(2, head.age - 23)))
            child.name = family_name(random, head.name[:1], child.female)
            members.append(child)
    for person in members[1:]:
        if person.age >= 65 and head.phone:
            person.contacts = [("child" if person.relation == "parent" else "spouse", head)]
    return members


def _old_couple(register: Register, size: int) -> list[DemoPerson]:
    female = register.random.random() < 0.6
    members = [_person(register, "head", female=female, ages=(60, 93))]
    if size == 2:
        age = members[0].age
        members.append(_person(register, "spouse", female=not female, ages=(max(58, age - 6), age + 3)))
        members[0].contacts, members[1].contacts = [("spouse", members[1])], [("spouse", members[0])]
    else:
        members[0].tags.append("living_alone")
    return members


def _person(register: Register, relation: str, *, female: bool, ages: tuple[int, int]) -> DemoPerson:
    birth_on = register.birth_on(*ages)
    person = DemoPerson(
        name=person_name(register.random, female),
        female=female,
        birth_on=birth_on,
        identity_number=register.identity_number(birth_on, female),
        phone=None,
        relation=relation,
    )
    if person.age >= 12:
        person.phone = register.phone()
    person.tags += _tags(register.random, person.age)
    if "dementia" in person.tags:
        person.cautions = "容易迷路, 请慢慢说话, 先联系家属。"
    return person


_CHANCES = (
    ("veteran", 18, 90, 0.03), ("disabled", 5, 95, 0.025), ("limited_mobility", 60, 100, 0.08),
    ("limited_mobility", 80, 100, 0.15), ("old_cadre", 65, 100, 0.02), ("old_party_member", 60, 100, 0.10),
    ("hardship", 18, 95, 0.015), ("dementia", 70, 100, 0.05), ("child_in_hardship", 0, 13, 0.01),
)  # fmt: skip


def _tags(random: Random, age: int) -> list[str]:
    drawn = [
        tag for tag, youngest, oldest, chance in _CHANCES if youngest <= age <= oldest and random.random() < chance
    ]
    return list(dict.fromkeys(drawn))


def _lost_elders_family(register: Register, size: int, drawn: list[DemoPerson]) -> list[DemoPerson]:
    """An 80-year-old with dementia and her daughter, in a household of the drawn size: the first story's people."""
    elder = _person(register, "parent", female=True, ages=(80, 80))
    elder.name, elder.tags = "单玉兰", ["dementia"]
    elder.cautions = "患认知症, 容易迷路; 听力不好, 请靠近慢慢说; 对青霉素过敏。"
    daughter = _person(register, "head", female=True, ages=(52, 52))
    daughter.name, daughter.tags, daughter.cautions = "马春梅", [], None
    elder.contacts = [("child", daughter)]
    rest = [person for person in drawn[2:] if person.relation == "child"]
    rest += [_person(register, "spouse", female=False, ages=(53, 55))] if len(rest) < size - 2 else []
    while len(rest) < size - 2:
        rest.append(_person(register, "child", female=True, ages=(18, 24)))
    return [daughter, elder, *rest[: size - 2]] if size >= 2 else [daughter]

"""Whether who is named as a newborn's parent can be one. It warns and refuses nothing: families and papers differ."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID

from services.residents.people.ages import age_on
from services.residents.people.schemas import ParentDoubt
from services.residents.rights.reach import ADULT
from shared.identity import Sex

YOUNGEST = 14
OLDEST: Mapping[Sex | None, int] = {Sex.FEMALE: 55, Sex.MALE: 80, None: 80}
"""Years at the birth beyond which a slip of the pen is likelier than a child."""


class Parent(NamedTuple):
    person_id: UUID
    birth_on: date | None
    sex: Sex | None


def doubts_of_parents(parents: Sequence[Parent], birth_on: date) -> list[ParentDoubt]:
    """In the order of the parents; nobody's unknown age or sex is doubted."""
    found = [doubt for parent in parents if (doubt := _doubt_of_age(parent, birth_on)) is not None]
    sexes = [parent.sex for parent in parents]
    if len(parents) > 1 and None not in sexes and len(set(sexes)) == 1:
        found += [ParentDoubt(kind="parents_of_one_sex", person_id=parent.person_id) for parent in parents]
    return found


def _doubt_of_age(parent: Parent, birth_on: date) -> ParentDoubt | None:
    if parent.birth_on is None:
        return None
    age = -1 if parent.birth_on > birth_on else age_on(parent.birth_on, birth_on)
    if age < YOUNGEST:
        return ParentDoubt(kind="parent_too_young", person_id=parent.person_id)
    if age < ADULT:
        return ParentDoubt(kind="parent_is_minor", person_id=parent.person_id)
    if age > OLDEST[parent.sex]:
        return ParentDoubt(kind="parent_too_old", person_id=parent.person_id)
    return None

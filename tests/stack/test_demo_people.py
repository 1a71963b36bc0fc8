"""The demo's people are a community that the registry would take from paper as they are."""

from collections import Counter

from services.residents.memberships.models import HouseholdRelation
from stack.demo.people import HOUSEHOLDS, PEOPLE, demo_households

EVERYBODY = demo_households()
LIVE_HERE = [person for household in EVERYBODY for person in household.members]
GONE = [household.gone for household in EVERYBODY if household.gone]


def test_everybody_has_a_home_and_every_home_a_head() -> None:
    assert (len(EVERYBODY), len(LIVE_HERE)) == (HOUSEHOLDS, PEOPLE)
    assert all([person.relation for person in home.members].count("head") == 1 for home in EVERYBODY)
    assert {person.relation for person in [*LIVE_HERE, *GONE]} <= set(HouseholdRelation)


def test_every_minor_has_parents_and_nobody_else_does() -> None:
    assert all(bool(person.parents) is (person.age < 18) for person in LIVE_HERE if person.relation == "child")
    assert all(parent.age >= 18 for person in LIVE_HERE for parent in person.parents)


def test_a_rented_home_belongs_to_somebody_who_does_not_live_in_it() -> None:
    rented = [home for home in EVERYBODY if home.tenure == "rented"]
    assert all((home.owner is not None) is (home in rented) for home in EVERYBODY[:300])
    assert not any(member is home.owner for home in rented for member in home.members)
    residents = {person.id for person in LIVE_HERE}
    assert {home.owner.id in residents for home in rented if home.owner} == {True, False}


def test_numbers_and_phones_are_given_once() -> None:
    owners = {home.owner.id: home.owner for home in EVERYBODY if home.owner}
    people = {person.id: person for person in [*LIVE_HERE, *GONE, *owners.values()]}.values()
    for values in ([each.identity_number for each in people], [each.phone for each in people if each.phone]):
        assert max(Counter(values).values()) == 1


def test_the_same_in_every_run() -> None:
    assert demo_households()[125:500:125] == EVERYBODY[125:500:125]

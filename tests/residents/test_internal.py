"""What only the gateway may ask: who a phone is, and signed yeses."""

from datetime import date
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.residents.people.attestations import age_condition_holds
from shared.crypto import AttestationInvalid, AttestationVerifier
from tests.principals import bearer
from tests.residents.registry import Registry, a_phone
from tests.residents.test_household_cards import GREEN, RED, publish

GATEWAY = bearer("gateway", "*")


async def test_a_phone_is_known_in_every_community_it_lives_in(registry: Registry) -> None:
    phone = a_phone()
    await registry.publish_grid(registry.grid(), ("开元小区", "3号楼", ""))
    household = await registry.household()
    person = await registry.person(household["id"], phone=phone)
    spouse = await registry.person(household["id"], "马建国", phone=phone)
    second_home = Registry(registry.client, registry.app)
    there = await second_home.household()
    elsewhere = await second_home.person(there["id"], phone=f"+86 {phone}")
    found = await registry.post("/internal/people/by-phone", {"phone": phone}, by=GATEWAY)
    assert found == [
        {
            "community_code": registry.community,
            "person_id": person["id"],
            "household_id": household["id"],
            "grid_code": registry.grid(),
        },
        {
            "community_code": registry.community,
            "person_id": spouse["id"],
            "household_id": household["id"],
            "grid_code": registry.grid(),
        },
        {
            "community_code": second_home.community,
            "person_id": elsewhere["id"],
            "household_id": there["id"],
            "grid_code": None,
        },
    ]
    assert await registry.post("/internal/people/by-phone", {"phone": a_phone()}, by=GATEWAY) == []
    answer = await registry.ask(
        "PATCH", f"/v1/people/{person['id']}", json={"phone": a_phone()}, headers={"If-Match": '"1"'}
    )
    assert answer.status_code == 200
    found = await registry.post("/internal/people/by-phone", {"phone": phone}, by=GATEWAY)
    assert [each["person_id"] for each in found] == [spouse["id"], elsewhere["id"]]


async def test_a_yes_is_signed_and_nothing_says_why_not(registry: Registry, attestation_pair: tuple[str, str]) -> None:
    await publish(registry, RED, GREEN)
    household = await registry.household()
    person = await registry.person(household["id"], birth_on=str(date(date.today().year - 85, 1, 1)))  # noqa: DTZ011
    await registry.post(f"/v1/people/{person['id']}/tags", {"kind": "veteran"})
    by = bearer("gateway", registry.community)
    wanted = [
        "tag:veteran",
        "tag:disabled",
        "age>=80",
        "age<18",
        "colour:red",
        "colour:green",
        "tag:rich",
        "x",
        "age>=8o",
    ]
    body = {"person_id": person["id"], "conditions": wanted}
    assert await registry.post("/internal/attestations", body, by=by) == {}, "nobody asked the person"
    await registry.consent(person["id"], "eligibility")
    tokens = await registry.post("/internal/attestations", body, by=by)
    assert set(tokens) == {"tag:veteran", "age>=80", "colour:red"}
    verifier = AttestationVerifier(attestation_pair[1])
    for condition, token in tokens.items():
        assert verifier.verify(token, person_id=UUID(person["id"]), condition=condition).condition == condition
        with pytest.raises(AttestationInvalid):
            verifier.verify(token, person_id=uuid4(), condition=condition)
    unknown = await registry.post("/internal/attestations", body | {"person_id": str(uuid4())}, by=by)
    foreign = Registry(registry.client, registry.app)
    abroad = await registry.post("/internal/attestations", body, by=bearer("gateway", foreign.community))
    assert unknown == abroad == {}


@given(st.integers(0, 130), st.integers(0, 130), st.integers(0, 130))
def test_age_conditions_mean_what_they_say(age: int, low: int, high: int) -> None:
    assert age_condition_holds(f"age>={low}", age) is (age >= low)
    assert age_condition_holds(f"age<={low}", age) is (age <= low)
    assert age_condition_holds(f"age>{low}", age) is (age > low)
    assert age_condition_holds(f"age<{low}", age) is (age < low)
    assert age_condition_holds(f"age:{low}-{high}", age) is (low <= age <= high)


@given(st.text(max_size=12), st.integers(0, 130))
def test_what_is_no_age_condition_does_not_hold(text: str, age: int) -> None:
    if not text.startswith("age"):
        assert not age_condition_holds(text, age)
        assert not age_condition_holds(f"age{text}x", age)

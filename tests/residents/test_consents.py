"""Consents: informed, separate, by whoever may give them, and withdrawn with effect."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.residents.consents.catalogue import CATALOGUE, LawfulBasis
from services.residents.guardians.models import GuardianGround, GuardianRelation, Guardianship
from services.residents.people.attestations import attest
from shared.audit import Purpose
from shared.clock import china_today
from shared.vault import Vault
from tests.principals import bearer
from tests.residents.registry import Registry, an_identity_number

SEPARATELY = {"purpose": "eligibility", "text_version": 1, "is_separate": True}


@pytest.fixture
async def home(registry: Registry) -> dict[str, Any]:
    await registry.publish_grid(registry.grid(), ("开元小区", "3号楼", ""))
    return await registry.household()


async def grown_up(registry: Registry, home: dict[str, Any], name: str = "单玉兰") -> dict[str, Any]:
    person = await registry.person(home["id"], name, identity_number=an_identity_number())
    await registry.post(f"/v1/people/{person['id']}/tags", {"kind": "veteran"})
    return person


async def child_of(registry: Registry, guardian: dict[str, Any], home_id: str) -> tuple[dict[str, Any], Guardianship]:
    born = china_today() - timedelta(days=365 * 9)
    child = await registry.person(home_id, "单小宝", identity_number=an_identity_number(born))
    await registry.post(f"/v1/people/{child['id']}/tags", {"kind": "child_in_hardship"})
    async with registry.app.state.database.transaction(registry.community) as session:
        guardianship = Guardianship(
            community_code=registry.community,
            ward_id=child["id"],
            guardian_id=guardian["id"],
            relation=GuardianRelation.PARENT,
            ground=GuardianGround.MINOR,
        )
        session.add(guardianship)
    return child, guardianship


def as_resident(registry: Registry, person: dict[str, Any]) -> dict[str, str]:
    return bearer("resident", registry.community, person=person["id"], household=person["household_id"])


async def yeses(registry: Registry, person: dict[str, Any], *conditions: str) -> set[str]:
    asked = {"person_id": person["id"], "conditions": list(conditions) or ["tag:veteran", "tag:child_in_hardship"]}
    return set(await registry.post("/internal/attestations", asked, by=bearer("gateway", registry.community)))


def test_every_purpose_has_a_lawful_basis() -> None:
    assert set(CATALOGUE) == set(Purpose), "a purpose that is not here has no lawful basis"
    for purpose, ground in CATALOGUE.items():
        assert all(ground.source) and all(ground.text) and ground.text.en.isascii(), purpose
    asked = {purpose for purpose, ground in CATALOGUE.items() if ground.basis is LawfulBasis.CONSENT}
    assert asked == {Purpose.ELIGIBILITY, Purpose.ENGAGEMENT, Purpose.PORTRAIT}


async def test_the_catalogue_speaks_the_readers_language(registry: Registry) -> None:
    by = bearer("supervisor", registry.community[:9])
    chinese = await registry.get("/v1/processing-purposes", by=by)
    english = await registry.get("/v1/processing-purposes", by=by, headers={"Accept-Language": "en"})
    assert [each["purpose"] for each in chinese] == [each["purpose"] for each in english]
    lost = {each["purpose"]: each for each in chinese}["lost_person"]
    assert (lost["name"], lost["basis"], lost["is_withdrawable"]) == ("查找走失人员", "emergency", False)
    assert "PIPL" in {each["purpose"]: each for each in english}["lost_person"]["source"]


async def test_a_yes_needs_a_consent_and_ends_with_it(registry: Registry, home: dict[str, Any]) -> None:
    person = await grown_up(registry, home)
    me = as_resident(registry, person)
    path = f"/v1/people/{person['id']}/consents"
    assert await yeses(registry, person) == set()
    await registry.post(path, SEPARATELY | {"is_separate": False}, by=me, status=422)
    await registry.post(path, SEPARATELY | {"text_version": 2}, by=me, status=409)
    given_once = await registry.post(path, SEPARATELY, by=me, status=201)
    assert (given_once["channel"], given_once["given_by"]) == ("app", "self")
    assert (await registry.post(path, SEPARATELY, by=me))["id"] == given_once["id"]
    assert await yeses(registry, person) == {"tag:veteran"}
    withdrawn = await registry.post(f"{path}/{given_once['id']}/withdraw", by=me)
    assert withdrawn["withdrawn_at"]
    assert await yeses(registry, person) == set()
    await registry.post(f"{path}/{given_once['id']}/withdraw", by=me, status=409)
    again = await registry.post(path, SEPARATELY, by=me)
    assert await yeses(registry, person) == {"tag:veteran"}
    assert [each["id"] for each in (await registry.get(path, by=me))["items"]] == [again["id"], given_once["id"]]


async def test_staff_record_what_was_signed_with_its_evidence(registry: Registry, home: dict[str, Any]) -> None:
    person = await grown_up(registry, home)
    path = f"/v1/people/{person['id']}/consents"
    await registry.post(path, SEPARATELY, status=422)
    await registry.post(path, SEPARATELY | {"evidence": "柜 3"}, by=as_resident(registry, person), status=422)
    worker = bearer("grid_worker", registry.community, grids=[registry.grid()])
    recorded = await registry.post(path, SEPARATELY | {"evidence": "档案柜 3 第 7 页"}, by=worker, status=201)
    assert recorded["channel"] == "paper" and "evidence" not in recorded
    exported = await registry.get(f"/v1/people/{person['id']}/export", by=as_resident(registry, person))
    [row] = next(each["rows"] for each in exported["sections"] if each["code"] == "consents")
    assert row["evidence"] == "档案柜 3 第 7 页" and row["purpose"]["zh"] == "资格核验"


async def test_duties_are_not_asked_for(registry: Registry, home: dict[str, Any]) -> None:
    person = await grown_up(registry, home)
    path = f"/v1/people/{person['id']}/consents"
    for purpose in set(Purpose) - {Purpose.ELIGIBILITY, Purpose.ENGAGEMENT, Purpose.PORTRAIT}:
        body = SEPARATELY | {"purpose": purpose}
        assert (await registry.ask("POST", path, json=body, by=as_resident(registry, person))).status_code == 409
    shown = await registry.post(f"/v1/people/{person['id']}/reveal", {"purpose": "visit", "fields": ["name"]})
    assert shown["name"] == "单玉兰", "what rests on a duty needs no consent"


async def test_reading_for_a_purpose_that_rests_on_consent_needs_one(registry: Registry, home: dict[str, Any]) -> None:
    person = await grown_up(registry, home)
    look = {"purpose": "engagement", "fields": ["phone"]}
    refused = await registry.ask("POST", f"/v1/people/{person['id']}/reveal", json=look)
    assert (refused.status_code, refused.json()["code"]) == (409, "consent-missing")
    consent = await registry.consent(person["id"], "engagement")
    await registry.post(f"/v1/people/{person['id']}/reveal", look, status=200)
    await registry.post(f"/v1/people/{person['id']}/consents/{consent['id']}/withdraw")
    await registry.post(f"/v1/people/{person['id']}/reveal", look, status=409)


async def test_a_search_for_such_a_purpose_shows_who_consents(registry: Registry, home: dict[str, Any]) -> None:
    willing, _ = await grown_up(registry, home), await grown_up(registry, home)
    await registry.consent(willing["id"], "engagement")
    for purpose, expected in (("visit", 2), ("engagement", 1), ("portrait", 0)):
        found = await registry.post("/v1/people/search", {"purpose": purpose, "name": "单玉兰"})
        assert len(found["items"]) == expected, purpose


async def test_for_a_child_the_guardian_consents(registry: Registry, home: dict[str, Any]) -> None:
    parent, stranger = await grown_up(registry, home), await grown_up(registry, home, "马建国")
    elsewhere = await registry.household()
    child, guardianship = await child_of(registry, parent, elsewhere["id"])
    path = f"/v1/people/{child['id']}/consents"
    refused = await registry.ask("POST", path, json=SEPARATELY, by=as_resident(registry, child))
    assert (refused.status_code, refused.json()["code"]) == (409, "guardian-needed")
    await registry.post(path, SEPARATELY, by=as_resident(registry, stranger), status=404)
    await registry.post(path, SEPARATELY | {"evidence": "柜 3"}, status=409)
    given_by = await registry.post(path, SEPARATELY, by=as_resident(registry, parent), status=201)
    assert given_by["given_by"] == "guardian"
    assert await yeses(registry, child) == {"tag:child_in_hardship"}
    log = await registry.get(f"/v1/people/{child['id']}/access-log", by=as_resident(registry, parent))
    assert log["items"] == []
    await registry.post(f"{path}/{given_by['id']}/withdraw", by=as_resident(registry, parent))
    assert await yeses(registry, child) == set()
    on_paper = SEPARATELY | {"evidence": "柜 3", "guardianship_id": str(guardianship.id)}
    assert (await registry.post(path, on_paper, status=201))["given_by"] == "guardian"
    await registry.get(f"/v1/people/{child['id']}/export", by=as_resident(registry, parent))
    [entry] = (await registry.get(f"/v1/people/{child['id']}/access-log", by=as_resident(registry, parent)))["items"]
    assert entry["is_by_guardian"] and not entry["is_own"]


async def test_a_guardianship_over_a_minor_lapses_with_age(registry: Registry, home: dict[str, Any]) -> None:
    parent = await grown_up(registry, home)
    elsewhere = await registry.household()
    child, _ = await child_of(registry, parent, elsewhere["id"])
    number = an_identity_number(china_today() - timedelta(days=365 * 19))
    answer = await registry.ask(
        "PATCH", f"/v1/people/{child['id']}", json={"identity_number": number}, headers={"If-Match": '"2"'}
    )
    assert answer.status_code == 200, answer.text
    refused = await registry.ask("GET", f"/v1/people/{child['id']}/export", by=as_resident(registry, parent))
    assert refused.status_code == 404


@settings(max_examples=12)
@given(steps=st.lists(st.sampled_from(["give", "withdraw", "ask"]), max_size=8))
async def test_a_yes_is_signed_exactly_while_a_consent_holds(registry: Registry, steps: list[str]) -> None:
    """Whatever the order of giving and withdrawing: never a yes without a consent that holds."""
    state = registry.app.state
    person = await grown_up(registry, await registry.household())
    path = f"/v1/people/{person['id']}/consents"
    current: str | None = None
    for step in [*steps, "ask"]:
        if step == "give":
            current = (await registry.consent(person["id"], "eligibility"))["id"]
        elif step == "withdraw" and current is not None:
            await registry.post(f"{path}/{current}/withdraw")
            current = None
        async with state.database.transaction(registry.community) as session:
            vault = Vault(session, state.keyring)
            signed = await attest(
                session, vault, state.attestor, registry.community, person["id"], ["tag:veteran", "age>=60"]
            )
        assert set(signed) == ({"tag:veteran", "age>=60"} if current else set())

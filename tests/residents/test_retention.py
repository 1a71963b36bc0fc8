"""Nothing is kept longer than its rule says; what falls due is shown before it ends, and its end is on the record."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from services.residents.contact_cards.scan_repository import forget_scans
from services.residents.exports.timers import forget_spent
from services.residents.found_persons.timers import forget_old_cases
from services.residents.imports.timers import forget_expired
from services.residents.retention.kinds import RULES, RetentionKind
from services.residents.retention.schemas import RetentionRead
from services.residents.retention.service import days_of, end_what_is_due, list_rules
from services.residents.retention.timed import TimedKind
from shared.clock import china_today, utc_now
from shared.codes import EVERYWHERE
from shared.db import AsyncSession
from shared.vault import Vault
from tests.principals import bearer
from tests.residents.registry import Registry
from tests.residents.sheets import a_row, as_csv, upload
from tests.residents.test_consents import SEPARATELY, as_resident, grown_up, home
from tests.residents.test_exports import make

__all__ = ["home"]
RULES_PATH = "/v1/retention-rules"
LONG_AGO = timedelta(days=40 * 365)


@pytest.fixture
async def person(registry: Registry, home: dict[str, Any]) -> dict[str, Any]:
    return await grown_up(registry, home)


async def sweep(registry: Registry) -> int:
    state = registry.app.state
    async with state.database.transaction(EVERYWHERE) as session:
        return await end_what_is_due(session, Vault(session, state.keyring), state.audit_signer, {})


async def execute(registry: Registry, statement: str, **values: Any) -> Any:
    async with registry.app.state.database.transaction(registry.community) as session:
        return await session.execute(text(statement), {"code": registry.community, **values})


async def rules(registry: Registry) -> dict[str, dict[str, Any]]:
    """Those that a community may set."""
    return {each["kind"]: each for each in await registry.get(RULES_PATH) if each["is_settable"]}


async def rows_of_every_kind(registry: Registry, person: dict[str, Any]) -> None:
    """One row of each kind whose time was over long ago."""
    path, me = f"/v1/people/{person['id']}", as_resident(registry, person)
    tag = await registry.post(f"{path}/tags", {"kind": "disabled", "evidence": "残疾证"})
    await registry.post(f"{path}/tags/{tag['id']}/revoke")
    consent = await registry.consent(person["id"], "eligibility")
    await registry.post(f"{path}/consents/{consent['id']}/withdraw")
    asked = await registry.post(f"{path}/corrections", {"changes": {"phone": "13800138997"}}, by=me)
    await registry.post(f"/v1/rights-requests/{asked['id']}/decline", {"refusal": "accurate", "note": "无误"})
    await registry.post(f"{path}/reveal", {"purpose": "emergency", "fields": ["name"], "reason": "煤气泄漏"})
    head = bearer("head", registry.community)
    [review] = (await registry.get("/v1/access-reviews", by=head))["items"]
    await registry.post(f"/v1/access-reviews/{review['id']}/mark-justified", {}, by=head)
    for name, state in (("马迁出", "moved_out"), ("马已故", "died")):
        left = await registry.person(person["household_id"], name)
        await execute(
            registry,
            "UPDATE person SET state = :state, state_since = :since, updated_at = :past "
            "WHERE community_code = :code AND id = :id",
            state=state,
            since=china_today() - LONG_AGO,
            past=utc_now() - LONG_AGO,
            id=left["id"],
        )
    past = utc_now() - LONG_AGO
    for table, column in (
        ("person_tag", "revoked_at"),
        ("consent", "withdrawn_at"),
        ("rights_request", "ended_at"),
        ("access_review", "decided_at"),
        ("notice", "created_at"),
    ):
        change = f"UPDATE {table} SET {column} = :past WHERE community_code = :code AND {column} IS NOT NULL"
        await execute(registry, change, past=past)


async def test_a_rehearsal_shows_what_the_end_then_takes(registry: Registry, person: dict[str, Any]) -> None:
    await rows_of_every_kind(registry, person)
    before = await rules(registry)
    assert set(before) == set(RetentionKind)
    assert {kind for kind, rule in before.items() if rule["due_now"] == 0} == set()
    assert await rules(registry) == before, "looking deletes nothing"
    assert await sweep(registry) >= len(RetentionKind)
    after = await rules(registry)
    assert {kind: rule["due_now"] for kind, rule in after.items()} == dict.fromkeys(RetentionKind, 0)
    assert await sweep(registry) == 0
    assert len(await registry.events("person_erased")) == 2
    assert (await registry.get(f"/v1/people/{person['id']}"))["id"] == person["id"], "who lives here stays"
    kept = await execute(registry, "SELECT reason FROM access_review WHERE community_code = :code")
    assert kept.scalars().all() == [None]
    logged = await execute(
        registry,
        "SELECT detail ->> 'kind' FROM audit_entry WHERE community_code = :code AND action = 'retention.end'",
    )
    assert set(logged.scalars()) == set(RetentionKind)


async def test_what_is_not_over_stays(registry: Registry, person: dict[str, Any]) -> None:
    await registry.post(f"/v1/people/{person['id']}/tags", {"kind": "disabled", "evidence": "残疾证"})
    await registry.post(f"/v1/people/{person['id']}/consents", SEPARATELY, by=as_resident(registry, person), status=201)
    await registry.post(f"/v1/people/{person['id']}/reveal", {"purpose": "emergency", "fields": ["name"]})
    await sweep(registry)
    assert {rule["due_in_30_days"] for rule in (await rules(registry)).values()} == {0}
    shown = await registry.post(f"/v1/people/{person['id']}/reveal", {"purpose": "visit", "fields": ["tag_evidence"]})
    assert [each["evidence"] for each in shown["tag_evidence"]] == ["残疾证"]


async def test_a_community_sets_its_own_rule(registry: Registry, person: dict[str, Any]) -> None:
    await sweep(registry)
    head = bearer("head", registry.community)
    path = f"{RULES_PATH}/moved_out_people"
    left = china_today() - timedelta(days=50)
    await execute(
        registry,
        "UPDATE person SET state = 'moved_out', state_since = :left, updated_at = :touched "
        "WHERE community_code = :code AND id = :id",
        left=left,
        touched=utc_now() - timedelta(days=35),
        id=person["id"],
    )

    async def put(days: int | None, version: int, by: dict[str, str] = head) -> Any:
        return await registry.ask("PATCH", path, json={"keep_days": days}, by=by, headers={"If-Match": f'"{version}"'})

    assert (await put(20, 0)).json()["code"] == "kept-too-short"
    assert (await put(60, 3)).status_code == 412
    assert (await put(60, 0, registry.staff)).status_code == 403
    made = (await put(60, 0)).json()
    assert (made["keep_days"], made["set_by"], made["version"]) == (60, "community", 1)
    assert (made["due_now"], made["due_in_30_days"]) == (0, 1)
    assert (await put(40, 1)).json()["due_now"] == 1
    assert (await put(None, 2)).json()["set_by"] == "installation"
    assert await sweep(registry) == 0
    await put(40, 0)
    assert await sweep(registry) == 1
    assert (await registry.ask("GET", f"/v1/people/{person['id']}")).status_code == 404


async def test_who_was_entered_late_can_still_be_corrected(registry: Registry, person: dict[str, Any]) -> None:
    left = china_today() - LONG_AGO
    change = "UPDATE person SET state = 'died', state_since = :left WHERE community_code = :code AND id = :id"
    await execute(registry, change, left=left, id=person["id"])
    rule = (await rules(registry))["dead_people"]
    assert (rule["due_now"], rule["due_in_30_days"]) == (0, 1)


def test_an_installation_cannot_go_below_the_least() -> None:
    for kind in RetentionKind:
        assert days_of(kind, {}) == RULES[kind].days >= RULES[kind].least_days
        assert days_of(kind, {kind: 1}) == RULES[kind].least_days
        assert days_of(kind, {kind: 9999}) == 9999


async def test_what_ends_by_timers_of_its_own_is_listed_and_ends(registry: Registry) -> None:
    """A case, a scan, a sheet and a list, all long over: counted, swept by their own timers, and unreadable then."""
    card = await registry.post("/v1/contact-cards", {"grid_code": registry.grid()})
    nobody = {"Authorization": ""}
    await registry.get(f"/v1/public/contact-cards/{card['code']}", by=nobody)
    case = await registry.post("/v1/found-persons", {"channel": "phone", "note": "穿灰色棉袄"})
    await registry.post(f"/v1/found-persons/{case['id']}/unfounded", {"reason": "went_home"})
    sheet = await upload(registry, as_csv(a_row("王伟")))
    exported = await make(registry)
    state = registry.app.state
    settings, files = state.settings, state.files
    async with state.database.transaction(EVERYWHERE) as session:
        for table, column in AGED.items():
            change = f"UPDATE {table} SET {column} = :past WHERE community_code = :code"
            await session.execute(text(change), {"past": utc_now() - LONG_AGO, "code": registry.community})
        vault = Vault(session, state.keyring)
        before = await timed(session, registry)
        assert {kind: rule.due_now for kind, rule in before.items()} == dict.fromkeys(TimedKind, 1)
        assert {kind: rule.keep_days for kind, rule in before.items()} == {
            "found_persons": 180,
            "contact_card_scans": 180,
            "imports": 7,
            "exports": 1,
        }
        while await forget_old_cases(session, vault, settings.found_person_retention):
            pass
        while await forget_scans(session, utc_now() - settings.card_scan_retention, 1000):
            pass
        while await forget_expired(session, vault, files):
            pass
        while await forget_spent(session, vault, files, settings.export_downloads):
            pass
        await session.flush()
        after = await timed(session, registry)
        assert {kind: rule.due_now for kind, rule in after.items()} == dict.fromkeys(TimedKind, 0)
        for subject in (case["id"], sheet["id"], exported["id"]):
            assert await vault.find_key(registry.community, UUID(subject)) is None
    by = bearer("head", registry.community)
    refused = await registry.ask(
        "PATCH", f"{RULES_PATH}/imports", by=by, json={"keep_days": 900}, headers={"If-Match": '"0"'}
    )
    assert refused.status_code == 422


AGED = {
    "found_person": "closed_at",
    "contact_card_scan": "scanned_at",
    "import_job": "expires_at",
    "export_job": "expires_at",
}


async def timed(session: AsyncSession, registry: Registry) -> dict[str, RetentionRead]:
    listed = await list_rules(session, registry.community, registry.app.state.settings)
    return {each.kind: each for each in listed if not each.is_settable}

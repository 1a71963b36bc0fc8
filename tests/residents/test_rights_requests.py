"""What people may ask about their own data: corrections, erasure; decided in time, told, and undone by nobody."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import text

from services.residents.rights.service import DECIDE_WITHIN, REFLECTION
from services.residents.rights.timers import make_erasures
from shared.clock import utc_now
from shared.codes import EVERYWHERE
from shared.vault import Vault
from tests.principals import bearer
from tests.residents.registry import Registry, an_identity_number
from tests.residents.test_consents import as_resident, child_of, grown_up, home

__all__ = ["home"]


@pytest.fixture
async def person(registry: Registry, home: dict[str, Any]) -> dict[str, Any]:
    return await grown_up(registry, home)


async def make_due(registry: Registry) -> None:
    state = registry.app.state
    async with state.database.transaction(EVERYWHERE) as session:
        await make_erasures(session, Vault(session, state.keyring), state.audit_signer)


async def inbox(registry: Registry, by: dict[str, str]) -> list[dict[str, Any]]:
    return (await registry.get("/v1/notices", by=by))["items"]


async def test_a_correction_is_made_by_staff_and_told(registry: Registry, person: dict[str, Any]) -> None:
    me = as_resident(registry, person)
    path = f"/v1/people/{person['id']}/corrections"
    wanted = {"changes": {"name": "单玉蓝", "phone": "13800138999"}, "reason": "登记时写错了字"}
    asked = await registry.post(path, wanted, by=me, status=201)
    assert (asked["state"], asked["fields"], asked["made_by"]) == ("open", ["name", "phone"], "self")
    assert "单玉蓝" not in str(asked)
    await registry.post(path, wanted, by=me, status=409)
    assert [each["id"] for each in (await registry.get("/v1/rights-requests"))["items"]] == [asked["id"]]
    assert (await inbox(registry, registry.staff))[0]["kind"] == "rights_request_received"
    one = f"/v1/rights-requests/{asked['id']}"
    shown = await registry.post(f"{one}/reveal")
    assert shown["changes"] == {"name": "单玉蓝", "phone": "+8613800138999"} and shown["reason"] == "登记时写错了字"
    accepted = await registry.post(f"{one}/accept", {"note": "已核对户口簿"})
    assert accepted["state"] == "done"
    seen = await registry.post(f"/v1/people/{person['id']}/reveal", {"purpose": "visit", "fields": ["name", "phone"]})
    assert (seen["name"], seen["phone"]) == ("单玉蓝", "+8613800138999")
    [told] = await inbox(registry, me)
    assert told["kind"] == "rights_request_decided" and "更正" in told["text"] and "已办理" in told["text"]
    assert (await registry.post(f"{one}/reveal", by=me))["note"] == "已核对户口簿"
    log = (await registry.get(f"/v1/people/{person['id']}/access-log", by=me))["items"]
    assert {"people.correct", "rights_requests.reveal"} <= {entry["action"] for entry in log}
    for verb, body in (("accept", {}), ("decline", {"refusal": "accurate", "note": "x"})):
        await registry.post(f"{one}/{verb}", body, status=409)


async def test_a_correction_keeps_the_registers_rules(registry: Registry, person: dict[str, Any]) -> None:
    taken = an_identity_number()
    other = await registry.household()
    await registry.person(other["id"], "马建国", identity_number=taken)
    body = {"changes": {"identity_number": taken}}
    asked = await registry.post(f"/v1/people/{person['id']}/corrections", body, by=as_resident(registry, person))
    refused = await registry.ask("POST", f"/v1/rights-requests/{asked['id']}/accept", json={})
    assert (refused.status_code, refused.json()["code"]) == (409, "person-exists")
    declined = {"refusal": "unverifiable", "note": "证件与本人不符"}
    answer = await registry.post(f"/v1/rights-requests/{asked['id']}/decline", declined)
    assert (answer["state"], answer["refusal"]) == ("declined", "unverifiable")


@pytest.mark.parametrize("changes", [{}, {"household_id": "018f0000-0000-7000-8000-000000000000"}, {"name": None}])
async def test_what_is_no_correction_is_refused(
    registry: Registry, person: dict[str, Any], changes: dict[str, Any]
) -> None:
    path = f"/v1/people/{person['id']}/corrections"
    await registry.post(path, {"changes": changes}, by=as_resident(registry, person), status=422)


async def test_overdue_requests_are_listed(registry: Registry, person: dict[str, Any]) -> None:
    asked = await registry.post(f"/v1/people/{person['id']}/erasure-requests", {}, by=as_resident(registry, person))
    overdue = {"overdue": "true"}
    assert (await registry.get("/v1/rights-requests", params=overdue))["items"] == []
    async with registry.app.state.database.transaction(registry.community) as session:
        late = text("UPDATE rights_request SET due_at = :at WHERE community_code = :code")
        await session.execute(late, {"at": utc_now() - timedelta(days=1), "code": registry.community})
    [found] = (await registry.get("/v1/rights-requests", params=overdue))["items"]
    assert found["id"] == asked["id"] and found["is_overdue"]
    assert timedelta(days=15) == DECIDE_WITHIN


async def test_an_erasure_waits_and_can_be_taken_back(registry: Registry, person: dict[str, Any]) -> None:
    me = as_resident(registry, person)
    path = f"/v1/people/{person['id']}/erasure-requests"
    asked = await registry.post(path, {"reason": "已搬走"}, by=me, status=201)
    approved = await registry.post(f"/v1/rights-requests/{asked['id']}/accept", {})
    assert approved["state"] == "approved" and approved["effective_at"]
    await make_due(registry)
    assert (await registry.get(f"/v1/people/{person['id']}"))["id"] == person["id"], "not yet"
    withdrawn = await registry.post(f"/v1/rights-requests/{asked['id']}/withdraw", by=me)
    assert withdrawn["state"] == "withdrawn"
    with time_machine.travel(utc_now() + REFLECTION + timedelta(minutes=1), tick=False):
        await make_due(registry)
    assert (await registry.ask("GET", f"/v1/people/{person['id']}")).status_code == 200


async def test_an_erasure_is_made_when_its_time_has_come(registry: Registry, person: dict[str, Any]) -> None:
    asked = await registry.post(f"/v1/people/{person['id']}/erasure-requests", {}, by=as_resident(registry, person))
    await registry.post(f"/v1/rights-requests/{asked['id']}/accept", {"note": "到期删除"})
    with time_machine.travel(utc_now() + REFLECTION + timedelta(minutes=1), tick=False):
        await make_due(registry)
        await make_due(registry)
    assert (await registry.ask("GET", f"/v1/people/{person['id']}")).status_code == 404
    assert (await registry.get(f"/v1/rights-requests/{asked['id']}"))["state"] == "done"
    await registry.post(f"/v1/rights-requests/{asked['id']}/reveal", status=404)
    assert await registry.events("person_erased") == [{"person_id": person["id"]}]


async def test_a_guardian_asks_for_the_ward_and_hears_of_it(registry: Registry, person: dict[str, Any]) -> None:
    elsewhere = await registry.household()
    child, _ = await child_of(registry, person, elsewhere["id"])
    guardian = as_resident(registry, person)
    body = {"changes": {"phone": "13800138998"}}
    asked = await registry.post(f"/v1/people/{child['id']}/corrections", body, by=guardian, status=201)
    assert asked["made_by"] == "guardian"
    await registry.post(f"/v1/rights-requests/{asked['id']}/decline", {"refusal": "accurate", "note": "号码无误"})
    assert [each["kind"] for each in await inbox(registry, guardian)] == ["rights_request_decided"]
    assert (await registry.post(f"/v1/rights-requests/{asked['id']}/reveal", by=guardian))["note"] == "号码无误"


async def test_requests_of_others_are_out_of_reach(registry: Registry, person: dict[str, Any]) -> None:
    asked = await registry.post(f"/v1/people/{person['id']}/erasure-requests", {}, by=as_resident(registry, person))
    spouse = await registry.person(person["household_id"], "马建国")
    foreign = Registry(registry.client, registry.app)
    for by in (as_resident(registry, spouse), foreign.staff):
        assert (await registry.ask("GET", f"/v1/rights-requests/{asked['id']}", by=by)).status_code == 404
        assert (await registry.get("/v1/rights-requests", by=by))["items"] == []
    await registry.post(f"/v1/people/{person['id']}/corrections", {"changes": {"phone": None}}, status=403)
    await registry.post(f"/v1/people/{person['id']}/erasure-requests", {}, by=as_resident(registry, spouse), status=404)
    worker = bearer("grid_worker", registry.community, grids=[registry.grid()])
    assert (await registry.ask("GET", "/v1/rights-requests", by=worker)).status_code == 403


async def test_the_last_member_takes_the_door_along(registry: Registry, home: dict[str, Any]) -> None:
    first = await registry.person(home["id"], "单玉兰")
    last = await registry.person(home["id"], "马建国")
    await registry.post(f"/v1/people/{first['id']}/erase", status=204)
    assert (await registry.get(f"/v1/households/{home['id']}"))["room"] == home["room"]
    await registry.post(f"/v1/people/{last['id']}/erase", status=204)
    async with registry.app.state.database.transaction(registry.community) as session:
        assert await Vault(session, registry.app.state.keyring).find_key(registry.community, home["id"]) is None
        found = await session.execute(text("SELECT room, ended_on FROM household WHERE id = :id"), {"id": home["id"]})
        room, ended_on = found.one()
    assert room == b"" and ended_on is not None
    assert await registry.events("household_ended") == [{"household_id": home["id"], "grid_code": registry.grid()}]
    await registry.household(room=home["room"])

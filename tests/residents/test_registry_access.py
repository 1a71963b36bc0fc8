"""Who may do what to the registry: every role against every route, and nobody across communities."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from shared.auth import Role
from tests.principals import bearer
from tests.residents.registry import Registry
from tests.residents.test_household_cards import GREEN

STAFF = {Role.STAFF, Role.HEAD}
WORKERS = STAFF | {Role.GRID_WORKER}
SELF = WORKERS | {Role.RESIDENT}
LOOKERS = SELF | {Role.SUPERVISOR}
READERS = LOOKERS | {Role.PARTNER}
GRANTS = "households:read people:read"

ROUTES: list[tuple[str, str, set[Role], Any]] = [
    ("GET", "/v1/addresses", WORKERS, None),
    ("GET", "/v1/households", READERS | {Role.GATEWAY}, None),
    ("GET", "/v1/households/{household}", READERS | {Role.GATEWAY}, None),
    ("GET", "/v1/households/{household}/members", READERS | {Role.GATEWAY}, None),
    ("POST", "/v1/households/{household}/appoint-head", WORKERS, {"person_id": "{person}"}),
    ("POST", "/v1/households/{household}/record-birth", WORKERS, {"name": "小宝", "birth_on": "2026-01-02"}),
    ("GET", "/v1/households/{household}/owner", SELF, None),
    ("POST", "/v1/households/{household}/owner/record", WORKERS, {"name": "房东"}),
    ("POST", "/v1/households/{household}/owner/remove", WORKERS, None),
    ("POST", "/v1/households/{household}/owner/reveal", WORKERS, {"purpose": "visit"}),
    ("POST", "/v1/households/{household}/end", WORKERS, {}),
    ("POST", "/v1/households/{household}/move-out", WORKERS, {}),
    ("POST", "/v1/households", WORKERS, {"compound": "a", "building": "b", "room": "{unique}"}),
    ("PATCH", "/v1/households/{household}", WORKERS, {}),
    ("POST", "/v1/households/{household}/move", WORKERS, {"compound": "a", "building": "b", "room": "{unique}"}),
    ("GET", "/v1/households/{household}/card", LOOKERS | {Role.GATEWAY}, None),
    ("GET", "/v1/households/{household}/card/history", WORKERS, None),
    ("GET", "/v1/households/{household}/card/replay?on=2026-01-01", WORKERS, None),
    ("POST", "/v1/households/{household}/card/override", STAFF, {"colour": "x", "reason": "x", "until": "2020-01-01"}),
    ("POST", "/v1/households/{household}/card/clear-override", STAFF, None),
    ("POST", "/v1/households/{household}/card/reveal-reasons", WORKERS, {"purpose": "visit"}),
    ("GET", "/v1/colour-schemes", LOOKERS | {Role.GATEWAY}, None),
    ("POST", "/v1/colour-schemes", STAFF, {"colours": []}),
    ("GET", "/v1/colour-schemes/vocabulary", LOOKERS | {Role.GATEWAY}, None),
    ("POST", "/v1/colour-schemes/explain", STAFF, {"rule": {"tag": "veteran"}}),
    ("POST", "/v1/colour-schemes/{scheme}/dry-run", STAFF, None),
    ("GET", "/v1/card-overrides", WORKERS, None),
    ("GET", "/v1/people", READERS, None),
    ("GET", "/v1/people/{person}", READERS, None),
    ("GET", "/v1/people/{person}/memberships", SELF, None),
    ("PATCH", "/v1/people/{person}/memberships/{person}", WORKERS, {}),
    ("POST", "/v1/people/{person}/move", WORKERS, {"household_id": "{household}"}),
    ("POST", "/v1/people/{person}/move-out", WORKERS, {}),
    ("POST", "/v1/people/{person}/return", WORKERS, {"household_id": "{household}"}),
    ("POST", "/v1/people/{person}/record-death", WORKERS, {}),
    ("POST", "/v1/people/{person}/correct-departure", WORKERS, None),
    ("GET", "/v1/people/{person}/guardians", SELF, None),
    ("POST", "/v1/people/{person}/guardians", WORKERS, {"name": "王", "relation": "parent"}),
    ("POST", "/v1/people", WORKERS, {"household_id": "{household}", "name": "王"}),
    ("PATCH", "/v1/people/{person}", WORKERS, {}),
    ("POST", "/v1/people/search", WORKERS, {"purpose": "visit", "name": "王"}),
    ("POST", "/v1/people/{person}/reveal", SELF, {"purpose": "visit", "fields": ["name"]}),
    ("GET", "/v1/people/{person}/access-log", SELF, None),
    ("GET", "/v1/people/{person}/export", SELF, None),
    ("GET", "/v1/people/{person}/tags", SELF, None),
    ("POST", "/v1/people/{person}/tags", WORKERS, {"kind": "veteran"}),
    ("GET", "/v1/people/{person}/family-contacts", SELF, None),
    ("POST", "/v1/people/{person}/family-contacts", SELF, {"name": "王", "phone": "13800138000", "relation": "child"}),
    ("POST", "/v1/people/{person}/family-contacts/reorder", SELF, {"contact_ids": [str(uuid4())]}),
    ("POST", "/internal/people/by-phone", {Role.GATEWAY}, {"phone": "13800138000"}),
    ("POST", "/internal/attestations", {Role.GATEWAY}, {"person_id": "{person}", "conditions": []}),
    ("POST", "/v1/people/{person}/erase", STAFF, None),
]


def _filled(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, str):
        for name, found in names.items():
            value = value.replace(f"{{{name}}}", found)
        return value
    if isinstance(value, dict):
        return {key: _filled(part, names) for key, part in value.items()}
    return value


@pytest.mark.parametrize(("method", "path", "allowed", "body"), ROUTES, ids=[f"{r[0]} {r[1]}" for r in ROUTES])
async def test_each_role_gets_what_it_may(
    registry: Registry, method: str, path: str, allowed: set[Role], body: Any
) -> None:
    """Refused is 401 or 403. What is allowed is answered, or refused for what was sent, never for who asks."""
    await registry.publish_grid(registry.grid(), ("a", "b", ""), ("开元小区", "3号楼", ""))
    names = await _subjects(registry)
    for role in Role:
        if path.endswith(("/erase", "/end", "/move-out", "/record-death")) and role in allowed:
            names = await _subjects(registry)
        names["unique"] = str(uuid4())[:8]
        answer = await _ask(registry, role, registry.community, names, method, path, body)
        assert (answer.status_code == 403) is (role not in allowed), (role, answer.status_code)
        assert answer.status_code < 500
        assert role not in allowed or answer.status_code not in (401, 404), (role, answer.text)
    if "{" in path:
        foreign = Registry(registry.client, registry.app).community
        away = await _ask(registry, min(allowed), foreign, names, method, path, body)
        assert away.status_code in (404, 422, 428), away.status_code
    anonymous = await registry.client.request(method, _filled(path, names), json=_filled(body, names))
    assert anonymous.status_code == 401


async def _subjects(registry: Registry) -> dict[str, str]:
    household = await registry.household()
    scheme = await registry.post("/v1/colour-schemes", {"colours": [GREEN]})
    return {
        "household": household["id"],
        "person": (await registry.person(household["id"], "王"))["id"],
        "scheme": scheme["id"],
    }


async def _ask(
    registry: Registry, role: Role, community: str, names: dict[str, str], method: str, path: str, body: Any
) -> httpx.Response:
    ids = {"person": names["person"], "household": names["household"]} if community == registry.community else {}
    by = bearer(role, community, grids=[f"{community}001"], scope=GRANTS, **ids)
    return await registry.ask(method, _filled(path, names), json=_filled(body, names), by=by)


async def test_another_community_sees_nothing(registry: Registry) -> None:
    household = await registry.household()
    await registry.person(household["id"], "王")
    foreign = Registry(registry.client, registry.app)
    for path in ("/v1/households", "/v1/people", "/v1/colour-schemes"):
        assert (await foreign.get(path))["items"] == []
    body = {"household_id": household["id"], "name": "王"}
    assert (await foreign.ask("POST", "/v1/people", json=body)).status_code == 404


async def test_a_partner_reads_what_it_was_granted_masked_and_without_colours(registry: Registry) -> None:
    household = await registry.household(room="302")
    person = await registry.person(household["id"], "王小明", phone="13800138000")
    await registry.post(f"/v1/people/{person['id']}/tags", {"kind": "veteran"})

    def partner(scope: str) -> dict[str, str]:
        return bearer("partner", registry.community, client_id="school", scope=scope)

    shown = await registry.get(f"/v1/people/{person['id']}", by=partner("people:read"))
    assert (shown["name"], shown["phone"], shown["tags"]) == ("王*", "138****8000", [])
    home = await registry.get(f"/v1/households/{household['id']}", by=partner("households:read"))
    assert (home["room"], home["colour"], home["building"]) == (None, None, household["building"])
    for path, scope in (("/v1/people", "households:read requests:read"), ("/v1/households", "people:read")):
        assert (await registry.ask("GET", path, by=partner(scope))).status_code == 403
    colours = {"colour": "red"}
    answer = await registry.ask("GET", "/v1/households", by=partner("households:read"), params=colours)
    assert answer.status_code == 403
    foreign = bearer("partner", Registry(registry.client, registry.app).community, scope=GRANTS)
    assert (await registry.ask("GET", f"/v1/people/{person['id']}", by=foreign)).status_code == 404

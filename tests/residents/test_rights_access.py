"""Who may do what about people's rights: every role against every route, and nobody across communities."""

from typing import Any
from uuid import uuid4

import pytest

from shared.auth import Role
from tests.principals import bearer
from tests.residents.registry import Registry
from tests.residents.test_registry_access import LOOKERS, SELF, STAFF

HEAD = {Role.HEAD}
CONSENT = {"purpose": "engagement", "text_version": 1}
DECLINE = {"refusal": "accurate", "note": "无误"}

ROUTES: list[tuple[str, str, set[Role], Any]] = [
    ("GET", "/v1/processing-purposes", LOOKERS, None),
    ("GET", "/v1/people/{person}/consents", SELF, None),
    ("POST", "/v1/people/{person}/consents", SELF, CONSENT),
    ("POST", "/v1/people/{person}/consents/{consent}/withdraw", SELF, None),
    ("POST", "/v1/people/{person}/corrections", {Role.RESIDENT}, {"changes": {"phone": None}}),
    ("POST", "/v1/people/{person}/erasure-requests", {Role.RESIDENT}, {}),
    ("GET", "/v1/rights-requests", STAFF | {Role.RESIDENT}, None),
    ("GET", "/v1/rights-requests/{request}", STAFF | {Role.RESIDENT}, None),
    ("POST", "/v1/rights-requests/{request}/reveal", STAFF | {Role.RESIDENT}, None),
    ("POST", "/v1/rights-requests/{request}/accept", STAFF, {}),
    ("POST", "/v1/rights-requests/{request}/decline", STAFF, DECLINE),
    ("POST", "/v1/rights-requests/{request}/withdraw", {Role.RESIDENT}, None),
    ("GET", "/v1/access-reviews", HEAD, None),
    ("GET", "/v1/access-reviews/statistics", HEAD | {Role.SUPERVISOR}, None),
    ("GET", "/v1/access-reviews/{review}", HEAD, None),
    ("POST", "/v1/access-reviews/{review}/reveal", HEAD, None),
    ("POST", "/v1/access-reviews/{review}/mark-justified", HEAD, {}),
    ("POST", "/v1/access-reviews/{review}/mark-unjustified", HEAD, {}),
    ("GET", "/v1/retention-rules", STAFF, None),
    ("PATCH", "/v1/retention-rules/notices", HEAD, {"keep_days": 90}),
]


@pytest.mark.parametrize(("method", "path", "allowed", "body"), ROUTES, ids=[f"{r[0]} {r[1]}" for r in ROUTES])
async def test_each_role_gets_what_it_may(
    registry: Registry, method: str, path: str, allowed: set[Role], body: Any
) -> None:
    """Refused is 403. What is allowed is answered, or refused for its state, never for who asks."""
    names = await _subjects(registry)
    for name, found in names.items():
        path = path.replace(f"{{{name}}}", found)
    for role in Role:
        answer = await registry.ask(method, path, json=body, by=_caller(registry, role, registry.community, names))
        assert (answer.status_code == 403) is (role not in allowed), (role, answer.status_code)
        assert answer.status_code < 500
        assert role not in allowed or answer.status_code not in (401, 404), (role, answer.text)
    if any(found in path for found in names.values()):
        foreign = Registry(registry.client, registry.app).community
        away = await registry.ask(method, path, json=body, by=_caller(registry, min(allowed), foreign, {}))
        assert away.status_code == 404, away.status_code
    assert (await registry.client.request(method, path, json=body)).status_code == 401


async def _subjects(registry: Registry) -> dict[str, str]:
    """A person with a consent, a pending request, and somebody who read them in an emergency."""
    await registry.publish_grid(registry.grid(), ("开元小区", "3号楼", ""))
    household = await registry.household()
    person = (await registry.person(household["id"], "王"))["id"]
    names = {"person": person, "household": household["id"]}
    resident = _caller(registry, Role.RESIDENT, registry.community, names)
    consent = await registry.post(f"/v1/people/{person}/consents", CONSENT, by=resident)
    request = await registry.post(f"/v1/people/{person}/erasure-requests", {}, by=resident)
    await registry.post(f"/v1/people/{person}/reveal", {"purpose": "emergency", "fields": ["name"]})
    head = bearer("head", registry.community)
    [review] = (await registry.get("/v1/access-reviews", by=head))["items"]
    return names | {"consent": consent["id"], "request": request["id"], "review": review["id"]}


def _caller(registry: Registry, role: Role, community: str, names: dict[str, str]) -> dict[str, str]:
    ids = {name: names[name] for name in ("person", "household") if name in names} or {"person": uuid4()}
    return bearer(role, community, grids=[f"{community}001"], **ids)

"""Only the parties, the mediators and the community's head: no outsider ever sees a mediation, at any door."""

from collections import defaultdict
from typing import Any
from uuid import uuid4

import pytest
from fastapi import FastAPI

from shared.auth import Role
from shared.clock import china_today, utc_now
from tests.requests.mediating import SECRETS, URL, Mediating
from tests.requests.world import World
from tests.test_architecture import routes_of

NOTHING = {
    "party_id": str(uuid4()),
    "number": 1,
    "willing": True,
    "how": "phone",
    "reason": "unavailable",
    "no_conflict_of_interest": True,
    "responder_id": str(uuid4()),
    "role": "lawyer",
    "until": str(china_today()),
    "on": str(china_today()),
    "kept": True,
    "confirmed": True,
    "holds": True,
    "note": "好",
    "minutes": "好",
    "party_ids": [str(uuid4())],
    "responder_ids": [str(uuid4())],
    "starts_at": utc_now().isoformat(),
    "text": "好",
    "terms": [{"party_id": str(uuid4()), "text": "好", "due_on": str(china_today())}],
}
BODIES: dict[str, tuple[str, ...]] = {
    "consent": ("willing",),
    "agree-to-extension": ("number",),
    "extend": ("until",),
    "mediators": ("responder_id", "role"),
    "accept": ("no_conflict_of_interest",),
    "decline": ("reason",),
    "refuse": ("party_id",),
    "relieve": (),
    "reveal": (),
    "fail": (),
    "withdraw": ("party_id",),
    "sessions": ("starts_at",),
    "hold": ("minutes", "party_ids", "responder_ids"),
    "cancel": (),
    "agreement": ("text", "terms"),
    "confirm-agreement": ("number",),
    "settle": ("kept", "on"),
    "apply-for-confirmation": ("on",),
    "decide-confirmation": ("confirmed", "on"),
    "follow-up": ("holds", "note"),
}
IN_IT = {Role.RESIDENT, Role.GRID_WORKER, Role.RESPONDER, Role.STAFF, Role.HEAD}
TAKE_PART = {"consent", "agree-to-extension", "refuse", "withdraw", "confirm-agreement"}


def body_of(path: str) -> dict[str, Any]:
    verb = path.rsplit("/", 1)[-1]
    given = {name: NOTHING[name] for name in BODIES[verb]}
    return given | {"reason": "no_agreement"} if verb == "fail" else given


def doors(app: FastAPI) -> list[tuple[str, str]]:
    """Every route of the module, as it is mounted."""
    return sorted(
        (method, route.path) for route in routes_of(app) for method in route.methods if route.path.startswith(URL)
    )


def filled(path: str, noise: Mediating, parts: dict[str, str]) -> str:
    values = {"mediation_id": noise.id, "responder_id": str(noise.police)} | parts
    return path.format_map(values)


@pytest.fixture
async def noise(world: World) -> Mediating:
    mediating = Mediating(world)
    await mediating.agree()
    await mediating.keep()
    await mediating.do("judicial", "/follow-up", {"holds": True, "note": "回访记录"})
    return mediating


@pytest.fixture
async def parts(noise: Mediating) -> dict[str, str]:
    seen = await noise.read()
    return {
        "party_id": noise.party_ids[0],
        "session_id": seen["sessions"][0]["id"],
        "term_id": seen["terms"][0]["id"],
    }


@pytest.mark.parametrize("role", list(Role))
async def test_every_role_at_every_door(world: World, api: FastAPI, role: Role) -> None:
    """Who may not is told so; who may is answered, if only that there is nothing of theirs."""
    opens, reads = {Role.GRID_WORKER, Role.STAFF, Role.HEAD}, IN_IT
    nothing = Mediating(world, id=str(uuid4()))
    parts = {name: str(uuid4()) for name in ("party_id", "session_id", "term_id")}
    for method, path in doors(api):
        verb = path.rsplit("/", 1)[-1]
        query = f"?since_on={china_today()}&until_on={china_today()}" if verb == "statistics" else ""
        json = None if method == "GET" else {"kind": "debt", "parties": []} if path == URL else body_of(path)
        allowed = reads if method == "GET" or verb in TAKE_PART else reads - {Role.RESIDENT}
        if path == URL and method == "POST":
            allowed = opens
        if verb == "statistics":
            allowed = {Role.HEAD, Role.SUPERVISOR}
        if verb == "relieve":
            allowed = {Role.HEAD}
        answer = await world.call(role, method, filled(path, nothing, parts) + query, json)
        expected = (200, 404, 422) if role in allowed else (403,)
        assert answer.status_code in expected, (method, path, answer.text)
        assert (await world.call(None, method, filled(path, nothing, parts), json)).status_code == 401


async def test_no_outsider_ever_sees_it(noise: Mediating, world: World, api: FastAPI, parts: dict[str, str]) -> None:
    """Every door of the module, and every outsider: refused, or told that there is nothing."""
    before = await world.sql("SELECT version FROM mediation")
    for role, claims in noise.outsiders:
        for method, path in doors(api):
            if "{mediation_id}" not in path:
                continue
            json = None if method == "GET" else body_of(path)
            answer = await world.call(role, method, filled(path, noise, parts), json, **claims)
            assert answer.status_code in (403, 404), (role, method, path, answer.text)
        listed = await world.call(role, "GET", URL, **claims)
        assert listed.status_code == 403 or listed.json()["items"] == [], role
    assert await world.sql("SELECT version FROM mediation") == before


async def test_no_outsider_sees_the_request_behind_it(noise: Mediating, world: World, api: FastAPI) -> None:
    """Whatever is mounted under the request, read with whatever it takes; and the lists around it."""
    request_doors = sorted(
        route.path
        for route in routes_of(api)
        if "GET" in route.methods and route.path.startswith("/v1/service-requests") and "{request_id}" in route.path
    )
    assert len(request_doors) >= 3
    ids = defaultdict(lambda: str(uuid4()), request_id=noise.request_id)
    for role, claims in noise.outsiders:
        for path in request_doors:
            query = "?purpose=oversight" if path.endswith("/picture") else ""
            answer = await world.call(role, "GET", path.format_map(ids) + query, **claims)
            assert answer.status_code in (403, 404), (role, path, answer.text)
        for query in ("", "?state=resolved", "?category=fairness", f"?grid_code={world.grid}", "?mine=true"):
            listed = await world.call(role, "GET", query, **claims)
            assert listed.status_code in (200, 403) and noise.request_id not in listed.text, (role, query)
    for who in ("applicant", "police", "judicial", "head"):
        role, claims = noise.callers[who]
        assert (await world.get(role, noise.request_id or "", **claims))["state"] == "resolved"
        assert [item["id"] for item in (await world.get(role, "", **claims))["items"]] == [noise.request_id]
    neighbour, claims = noise.callers["respondent"]
    assert (await world.call(neighbour, "GET", noise.request_id or "", **claims)).status_code == 404, (
        "never asked for it"
    )


async def test_a_grid_worker_who_was_asked_before_reads_no_more(world: World) -> None:
    noise = Mediating(world)
    made = await world.submit(category="fairness.neighbour_noise", title="楼上太吵")
    await world.work_order("created", order := uuid4(), made["id"])
    await world.work_order("assigned", order, made["id"])
    assert (await world.get("grid_worker", made["id"]))["id"] == made["id"]
    noise.request_id = made["id"]
    await noise.open(from_request=False, request_id=made["id"])
    for role in ("grid_worker", "responder", "staff"):
        assert (await world.call(role, "GET", made["id"])).status_code == 404
    await world.work_order("completed", order, made["id"])
    assert (await world.get("resident", made["id"]))["state"] == "resolved"


async def test_a_caller_who_rings_again_shows_nothing_of_it(world: World) -> None:
    made = await world.submit("staff", category="fairness", requester={"name": "王五", "phone": "19900003333"})
    search = {"phone": "19900003333", "purpose": "service_delivery"}
    assert len((await world.post("staff", "search", search))["items"]) == 1
    noise = Mediating(world, request_id=made["id"])
    await noise.open(from_request=False, request_id=made["id"])
    assert (await world.post("staff", "search", search))["items"] == []


async def test_the_timeline_names_the_mediation_to_nobody_outside(noise: Mediating, world: World) -> None:
    assert noise.id not in str(await world.get("resident", f"{noise.request_id}/updates"))
    linked = [
        entry
        for entry in (await world.get("head", f"{noise.request_id}/updates"))["items"]
        if entry["step"] == "linked"
    ]
    assert [(entry["visibility"], entry["detail"]) for entry in linked] == [
        ("internal", {"type": "mediation", "id": noise.id})
    ]


async def test_events_carry_ids_and_states_only(noise: Mediating, world: World) -> None:
    rows = [row for row in await world.published() if row.type.startswith("requests.mediation_")]
    assert rows
    allowed = {"mediation_id", "state", "step", "party_person_ids", "mediator_responder_ids"}
    for row in rows:
        assert set(row.data) == allowed
        assert noise.request_id not in str(row.data), "nobody learns from it which request it came of"
    others = ("requests.request_submitted.v1", "requests.request_made_confidential.v1")
    after = [row for row in await world.published(noise.request_id) if row.type not in others]
    assert {(row.data["confidential"], row.data["household_id"]) for row in after} == {(True, None)}
    everything = str([row.data for row in await world.published()])
    assert not [secret for secret in SECRETS if secret in everything]


async def test_others_are_told_that_it_is_closed(world: World) -> None:
    """By its category from the first, by a transfer, by a mediation: so that their copies close as well."""
    secret = await world.submit(category="rights_protection.domestic_violence")
    plain = await world.submit(category="livelihood")
    to = {"category": "rights_protection.children", "text": "转专人"}
    await world.post("staff", f"{plain['id']}/transfer", to)
    noise = Mediating(world)
    await noise.open()
    assert [row.data["confidential"] for row in await world.published(secret["id"])] == [True]
    submitted, transferred = await world.published(plain["id"])
    assert (submitted.data["confidential"], transferred.data["confidential"]) == (False, True)
    assert transferred.data["responder_kind"] == "social_worker"
    told = {row.type: row.data["confidential"] for row in await world.published(noise.request_id)}
    assert told["requests.request_made_confidential.v1"] is True


async def test_nothing_that_was_said_lies_in_the_clear(noise: Mediating, world: World) -> None:
    tables = [row.name for row in await world.sql("SELECT relname AS name FROM pg_class WHERE relkind = 'r'"
              " AND relnamespace = 'public'::regnamespace AND relname NOT LIKE 'alembic%'")]  # fmt: skip
    for table in tables:
        rows = str([tuple(row) for row in await world.sql(f'SELECT t::text FROM "{table}" t')])
        assert not [secret for secret in SECRETS if secret in rows or secret.encode().hex() in rows], table

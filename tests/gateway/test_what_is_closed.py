"""What is closed stays closed at every door: nobody whom a confidential request does not need learns that it exists.

The doors are those of the description that the gateway publishes, so that a new route is tried by itself.
"""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import text

from gateway.routes import DISPATCH, REQUESTS, ROUTES, STREAMS, prefix_of
from services.requests.categories.service import seed_categories
from shared.clock import china_today
from tests.gateway.conftest import Town, a_phone
from tests.gateway.test_stream import following
from tests.gateway.village import Village, eventually, settle
from tests.shared.test_photos import encoded, picture

pytestmark = pytest.mark.timeout(300)

URL = "/v1/service-requests"
TITLES = {"category": "夜里又动手了", "transfer": "窗口推诿扯皮", "mediation": "楼上打牌到半夜"}
HOME = {"address": {"compound": "丰景苑", "building": "3号楼"}}
ALSO = ("/v1/notices", "/v1/home", "/v1/worker/today")
"""Beside what requests and dispatch answer: what the gateway composes of it, and what people are told."""


@dataclass
class Closed:
    """Three requests of one village that are closed to others, each in its own way, and everything that says so."""

    village: Village
    ids: dict[str, str] = field(default_factory=dict)
    secrets: set[str] = field(default_factory=lambda: set(TITLES.values()))
    fill: dict[str, list[str]] = field(default_factory=dict)
    """What a path's parameter may be: ids of what is closed."""
    supporter: UUID = field(default_factory=uuid4)
    member: UUID = field(default_factory=uuid4)
    police: str = ""
    open_id: str = ""
    """Of a request that everybody in the office may see: the doors do open."""

    def outsiders(self) -> dict[str, tuple[str, dict[str, Any]]]:
        """Everybody whom it does not need, and who they are."""
        grids, household = [self.village.grid], self.village.household_id
        return {
            "staff": ("staff", {}),
            "grid worker": ("grid_worker", {"grids": grids, "responder": uuid4()}),
            "responder": ("responder", {"responder": uuid4()}),
            "supervisor": ("supervisor", {}),
            "stranger": ("resident", {"person": uuid4(), "household": uuid4()}),
            "household": ("resident", {"person": self.member, "household": household}),
            "supporter": ("resident", {"person": self.supporter, "household": uuid4()}),
            "partner": ("partner", {"client_id": "hotline", "scope": "requests:read requests:write grids:read"}),
            "merchant": ("merchant", {"merchant": uuid4()}),
        }

    def doors(self, description: dict[str, Any]) -> list[list[str]]:
        """Every path that may be read, each with and without the ids of what is closed, and by each filter."""
        doors = []
        for path, item in description["paths"].items():
            if "get" not in item or path in STREAMS or not _concerns(path):
                continue
            named = [each["name"] for each in item["get"].get("parameters", []) if each["in"] == "query"]
            found = [
                [filled, *(f"{filled}?{query}" for query in self._queries(named))] for filled in self._filled(path)
            ]
            doors.append([each for ways in found for each in ways])
        return doors

    def _filled(self, path: str) -> list[str]:
        paths = [path]
        while any("{" in each for each in paths):
            name = paths[0].partition("{")[2].partition("}")[0]
            values = self.fill.get(name, [str(uuid4())])
            paths = [each.replace("{" + name + "}", value) for each in paths for value in values]
        return paths

    def _queries(self, named: list[str]) -> list[str]:
        today = china_today()
        needed = {"from": today, "to": today, "since_on": today, "until_on": today, "q": "楼上", "by": "category"}
        always = {name: value for name, value in needed.items() if name in named}
        filters = {
            "grid_code": self.village.grid,
            "category": "fairness",
            "request_id": self.ids["transfer"],
            "responder_id": self.police,
            "limit": 200,
            "supervised": True,
            "overdue": True,
        }
        usual = "&".join(f"{name}={value}" for name, value in always.items())
        chosen = [f"{name}={value}" for name, value in filters.items() if name in named]
        return ["&".join(filter(None, (usual, each))) for each in (chosen or ["purpose=oversight"])]


def _concerns(path: str) -> bool:
    prefix = prefix_of(path) or path
    return ROUTES.get(prefix) in (REQUESTS, DISPATCH) or path.startswith((*ALSO, "/open311/", "/r/"))


async def said(answer: httpx.Response) -> Any:
    assert answer.is_success, (answer.request.url.path, answer.text)
    return answer.json() if answer.content else None


@pytest.fixture(scope="module")
async def closed(town: Town) -> Closed:
    """Asked, supported, followed, photographed, worked on, answered, called back, late; and closed."""
    village = await settle(town, a_phone())
    async with town.services["requests"].state.database.transaction(village.code) as session:
        await seed_categories(session, village.code)
    it = Closed(village)
    async with await village.staff() as head, await village.resident() as elder:
        duty = {"force": "partner_unit", "kind": "police", "name": "王警官", "phone": a_phone(), "duty": "standing"}
        it.police = (await said(await head.post("/v1/responders", json=duty | {"capacity": 9})))["id"]
        await _ask(it, head, elder)
        await _close(it, head, elder)
        await _remember(it, head, elder)
    return it


async def _ask(it: Closed, head: httpx.AsyncClient, elder: httpx.AsyncClient) -> None:
    categories = {
        "category": "rights_protection.domestic_violence",
        "transfer": "livelihood.street_lamp",
        "mediation": "fairness.neighbour_noise",
    }
    for way, category in categories.items():
        made = await said(await elder.post(URL, json={"category": category, "title": TITLES[way], "place": HOME}))
        it.ids[way] = made["id"]
    plain = {"category": "livelihood.street_lamp", "title": "路灯不亮", "place": HOME}
    it.open_id = (await said(await elder.post(URL, json=plain)))["id"]

    async def all_given_out() -> bool:
        states = [(await head.get(f"{URL}/{each}")).json()["state"] for each in (*it.ids.values(), it.open_id)]
        return set(states) == {"dispatched"}

    await eventually(all_given_out, 30)
    lamp, photo = f"{URL}/{it.ids['transfer']}", {"Content-Type": "image/jpeg"}
    await said(await elder.post(f"{lamp}/attachments", content=encoded(picture()), headers=photo))
    people = it.outsiders()
    for who, verb in (("supporter", "support"), ("household", "follow")):
        role, claims = people[who]
        async with await it.village.client(role, **claims) as client:
            await said(await client.post(f"{lamp}/{verb}"))


async def _close(it: Closed, head: httpx.AsyncClient, elder: httpx.AsyncClient) -> None:
    to = {"category": "fairness.conduct_of_staff", "text": "属工作作风"}
    await said(await head.post(f"{URL}/{it.ids['transfer']}/transfer", json=to))
    parties = [
        {"side": "applicant", "person_id": str(it.village.elder_id), "name": "李四"},
        {"side": "respondent", "person_id": str(uuid4()), "name": "孙大海"},
    ]
    mediators = [{"responder_id": it.police, "role": "police"}]
    dispute = {"kind": "neighbour", "matter": "打牌", "request_id": it.ids["mediation"]}
    opened = await head.post("/v1/mediations", json=dispute | {"parties": parties, "mediators": mediators})
    it.fill["mediation_id"] = [(await said(opened))["id"]]
    hurt = f"{URL}/{it.ids['category']}"
    await said(await head.post(f"{hurt}/resolve", json={"text": "已报警"}))
    reached = {"channel": "phone", "outcome": "reached", "solved": True, "satisfied": True}
    await head.post(f"{hurt}/call-back", json=reached)
    pennant = {"score": 5, "solved": True, "satisfied": True, "commendation": "pennant", "may_publish": True}
    await said(await elder.post(f"{hurt}/rating", json=pennant | {"text": "谢谢民警"}))
    it.secrets.add("谢谢民警")
    await _let_time_run_out(it)

    async def is_told_of_lateness() -> bool:
        told = (await head.get("/v1/notices", params={"limit": 200})).json()["items"]
        return {it.ids["transfer"], it.ids["mediation"]} <= {each["parameters"].get("request_id") for each in told}

    await eventually(is_told_of_lateness, 60)


async def _let_time_run_out(it: Closed) -> None:
    """As if nobody had done anything for long."""
    statement = text(
        "UPDATE service_request SET respond_by = created_at, resolve_by = now() - interval '1 hour',"
        " next_due_at = now() - interval '1 hour' WHERE state = 'dispatched' AND id = ANY(:ids)"
    )
    late = [UUID(it.ids[way]) for way in ("transfer", "mediation")]
    async with it.village.town.services["requests"].state.database.transaction(it.village.code) as session:
        await session.execute(statement, {"ids": late})


async def _remember(it: Closed, head: httpx.AsyncClient, elder: httpx.AsyncClient) -> None:
    """All that would say that there is something, as the head and the requester read it."""
    it.fill |= {name: [it.village.grid] for name in ("grid_code",)}
    it.fill |= {"request_id": list(it.ids.values()), "order_id": [], "reference": [], "attachment_id": []}
    for request_id in it.ids.values():
        request = await said(await elder.get(f"{URL}/{request_id}"))
        it.fill["reference"].append(request["reference"])
        orders = await said(await head.get("/v1/work-orders", params={"request_id": request_id}))
        it.fill["order_id"] += [each["id"] for each in orders["items"]]
        photos = await said(await elder.get(f"{URL}/{request_id}/attachments"))
        it.fill["attachment_id"] += [each["id"] for each in photos["items"]]
    assert len(it.fill["order_id"]) >= 3 and it.fill["attachment_id"], "there is something to find"
    for name in ("request_id", "order_id", "reference", "attachment_id", "mediation_id"):
        it.secrets |= {*it.fill[name]}
    it.secrets |= {each.replace("-", "") for each in it.fill["reference"]}


async def test_at_no_door_does_anybody_else_learn_of_it(town: Town, closed: Closed) -> None:
    async with town.client() as nobody:
        description = (await nobody.get("/openapi.json")).json()
    doors = closed.doors(description)
    assert len(doors) > 50
    leaks: list[tuple[str, str, set[str]]] = []
    open_seen: set[str] = set()

    async def try_doors(who: str, client: httpx.AsyncClient) -> None:
        async with client:
            for ways in doors:
                for way in ways:
                    if await look(who, client, way) in (401, 403):
                        break  # not for their role, whatever is asked

    async def look(who: str, client: httpx.AsyncClient, door: str) -> int:
        answer = await client.get(door)
        assert answer.status_code < 500, (who, door, answer.text)
        found = {each for each in closed.secrets if each in answer.text and each not in door}
        if found or (_names(closed, door) and answer.is_success):
            leaks.append((who, door, found or {"answered"}))
        if closed.open_id in answer.text:
            open_seen.add(who)
        return answer.status_code

    async with asyncio.TaskGroup() as group:
        for who, (role, claims) in closed.outsiders().items():
            client = await closed.village.client(role, **claims)
            group.create_task(try_doors(who, client))
        group.create_task(try_doors("nobody", town.client()))
    assert not leaks, "\n".join(map(str, leaks))
    assert {"staff", "grid worker", "supervisor"} <= open_seen, "what is open is seen: the doors were real"


def _names(closed: Closed, door: str) -> bool:
    """Whether the door itself is one to what is closed; a public one may say that there is nothing to be said."""
    path = door.partition("?")[0]
    return any(each in path for each in closed.secrets) and "/v1/public/" not in path and not path.startswith("/r/")


async def test_the_stream_tells_nobody_else_of_it(town: Town, closed: Closed) -> None:
    """Something happens to each of them, then to what is open: the others hear of the last alone."""
    async with AsyncExitStack() as stack:
        streams = {}
        for who, (role, claims) in closed.outsiders().items():
            if role not in ("merchant", "partner", "resident"):
                client = await stack.enter_async_context(await closed.village.client(role, **claims))
                streams[who] = await stack.enter_async_context(following(town, client))
        head = await stack.enter_async_context(await closed.village.staff())
        for request_id in (*closed.ids.values(), closed.open_id):
            await said(await head.post(f"{URL}/{request_id}/updates", json={"kind": "note", "text": "已联系"}))
        for who in ("staff", "grid worker", "supervisor"):
            event = await streams[who].next()
            assert event is not None and event.data["request_id"] == closed.open_id, who


async def test_events_name_neither_household_nor_followers(town: Town, closed: Closed) -> None:
    """What was told before it was closed stays told; nothing after."""
    others = [str(each) for each in (closed.supporter, closed.member, closed.village.household_id)]
    since = {
        "category": "request_submitted",
        "transfer": "request_transferred",
        "mediation": "request_made_confidential",
    }
    for way, first in since.items():
        rows = await _events(town, "requests", closed, f"service-requests/{closed.ids[way]}")
        names = [name for name, _ in rows]
        after = rows[names.index(f"requests.{first}.v1") :]
        assert not [data for _, data in after if any(each in data for each in others)], way
        assert not [data for _, data in rows if TITLES[way] in data]
    for order_id in closed.fill["order_id"]:
        rows = await _events(town, "dispatch", closed, f"work-orders/{order_id}")
        assert rows and not [data for _, data in rows if any(each in data for each in others)]


async def _events(town: Town, service: str, closed: Closed, subject: str) -> list[tuple[str, str]]:
    statement = text("SELECT type, data::text AS data FROM outbox WHERE subject = :subject ORDER BY id")
    async with town.services[service].state.database.transaction(closed.village.code) as session:
        return [(row.type, row.data) for row in await session.execute(statement, {"subject": subject})]

"""Deliberations and projects for tests: who asks, who sits at the table, and the way to a resolution."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx

from shared.clock import utc_now
from tests.requests.world import World

URL = "/v1/deliberations"
PARK = "livelihood.greenery"


def in_days(days: float) -> str:
    return (utc_now() + timedelta(days=days)).isoformat()


async def asked(world: World, count: int = 3, category: str = PARK) -> dict[str, UUID]:
    """Requests by so many residents, with who asked."""
    found: dict[str, UUID] = {}
    for _ in range(count):
        person = uuid4()
        body = {"category": category, "title": "空地想建小公园"}
        made = await world.post("resident", "", body, person=person, household=None)
        found[made["id"]] = person
    return found


@dataclass
class Table:
    """A deliberation of a world with a chair from the office, a unit and residents."""

    world: World
    requests: dict[str, UUID] = field(default_factory=dict)
    residents: list[UUID] = field(default_factory=lambda: [uuid4() for _ in range(3)])
    id: str = ""
    seats: dict[str, str] = field(default_factory=dict)
    """Participant id by person, responder or account."""

    @property
    def path(self) -> str:
        return f"{URL}/{self.id}"

    @property
    def chair(self) -> str:
        return f"head-{self.world.code}"

    async def propose(self) -> dict[str, Any]:
        body = {"title": "空地建口袋公园", "purpose": "多位居民提出空地闲置", "agenda": ["方案", "资金"]}
        made = await self.world.post("staff", URL, body | {"request_ids": list(self.requests)})
        self.id = made["id"]
        return made

    async def invite(self) -> dict[str, Any]:
        seats: list[dict[str, Any]] = [{"account": self.chair, "role": "chair", "capacity": "office"}]
        seats += [{"person_id": str(person), "capacity": "representative"} for person in self.residents]
        seats += [{"responder_id": str(self.world.responder), "role": "observer", "capacity": "unit"}]
        shown = await self.post("participants", {"participants": seats})
        for seat in shown["participants"]:
            self.seats[seat["person_id"] or seat["responder_id"] or seat["account"]] = seat["id"]
        return shown

    async def schedule(self, quorum: str = "majority", at: datetime | None = None) -> dict[str, Any]:
        begins_at = at.isoformat() if at else in_days(3)
        return await self.post("schedule", {"begins_at": begins_at, "venue": "党群驿家", "quorum": quorum})

    async def hold(self) -> dict[str, Any]:
        for who in (self.chair, *map(str, self.residents)):
            await self.post(f"participants/{self.seats[who]}/check-in")
        return await self.post("hold")

    async def decide(self, choice: str = "in_favour") -> dict[str, Any]:
        """One motion on which all vote alike, with approved minutes."""
        motion = await self.post("motions", {"words": "同意建口袋公园"})
        for person in self.residents:
            await self.vote(motion["id"], choice, person)
        closed = await self.post(f"motions/{motion['id']}/close")
        await self.post("minutes", {"text": "王大爷说孩子没处玩, 全体同意"})
        await self.post("approve-minutes", {}, role="head")
        return closed

    async def vote(self, motion: str, choice: str, person: UUID) -> dict[str, Any]:
        return await self.post(f"motions/{motion}/votes", {"choice": choice}, role="resident", person=person)

    async def post(self, verb: str, json: Any = None, *, role: str = "staff", **claims: Any) -> dict[str, Any]:
        return await self.world.post(role, f"{self.path}/{verb}", json, **claims)

    async def refused(self, verb: str, json: Any = None, *, role: str = "staff", **claims: Any) -> tuple[int, str]:
        answer: httpx.Response = await self.world.call(role, "POST", f"{self.path}/{verb}", json, **claims)
        return answer.status_code, answer.json().get("code", "")

    async def read(self, role: str = "staff", **claims: Any) -> dict[str, Any]:
        return await self.world.get(role, self.path, **claims)

    async def events(self) -> list[Any]:
        return [row for row in await self.world.published() if row.subject == f"deliberations/{self.id}"]

    async def event_names(self) -> list[str]:
        return [row.type.split(".")[1] for row in await self.events()]


async def resolved(world: World, requests: dict[str, UUID] | None = None) -> Table:
    """A deliberation that has resolved to build, not yet published."""
    table = Table(world, requests if requests is not None else await asked(world))
    await table.propose()
    await table.invite()
    await table.schedule()
    await table.hold()
    await table.decide()
    await table.post("resolve", {"text": "同意在空地建口袋公园"})
    return table

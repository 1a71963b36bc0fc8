"""A quarrel about noise, with two parties, two mediators and everybody else."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from httpx import Response

from services.requests.mediations.timers import remind_due
from shared.clock import china_today, utc_now
from shared.vault import Vault
from tests.requests.world import World

URL = "/v1/mediations"
SECRETS = ("夜里打牌", "各让一步", "十点以后", "安静条款", "孙大海", "回访记录")
"""Pieces of every text that is said in the mediation; nobody outside may ever read one."""


@dataclass
class Mediating:
    """The mediation of one test, with who is who in it."""

    world: World
    neighbour: UUID = field(default_factory=uuid4)
    police: UUID = field(default_factory=uuid4)
    judicial: UUID = field(default_factory=uuid4)
    id: str = ""
    request_id: str | None = None
    party_ids: list[str] = field(default_factory=list)

    @property
    def callers(self) -> dict[str, tuple[str, dict[str, Any]]]:
        """Everybody who is in it, and the head."""
        return {
            "applicant": ("resident", {}),
            "respondent": ("resident", {"person": self.neighbour, "household": uuid4()}),
            "police": ("responder", {"responder": self.police}),
            "judicial": ("responder", {"responder": self.judicial}),
            "head": ("head", {}),
        }

    @property
    def outsiders(self) -> list[tuple[str, dict[str, Any]]]:
        """Everybody who is not: among them who opened it, and who lives with a party."""
        return [
            ("staff", {}),
            ("staff", {"responder": uuid4()}),
            ("grid_worker", {}),
            ("responder", {}),
            ("resident", {"person": uuid4()}),
            ("resident", {"person": uuid4(), "household": uuid4()}),
            ("resident", {"person": None, "household": None}),
            ("supervisor", {"area": self.world.code[:6]}),
            ("supervisor", {}),
            ("partner", {}),
            ("merchant", {}),
            ("head", {"area": "150207999999"}),
            ("gateway", {}),
        ]

    async def call(self, who: str, path: str, json: Any = None, method: str = "POST") -> Response:
        role, claims = self.callers[who]
        return await self.world.call(role, method, f"{URL}/{self.id}{path}", json, **claims)

    async def do(self, who: str, path: str, json: Any = None) -> Any:
        response = await self.call(who, path, json)
        assert response.status_code in (200, 201), response.text
        return response.json()

    async def read(self, who: str = "head") -> Any:
        response = await self.call(who, "", method="GET")
        assert response.status_code == 200, response.text
        return response.json()

    # Steps

    async def open(self, *, from_request: bool = True, **more: Any) -> Any:
        if from_request:
            made = await self.world.submit(
                category="fairness.neighbour_noise", title="楼上太吵", description="夜里打牌"
            )
            self.request_id = made["id"]
        data = {
            "kind": "neighbour",
            "matter": "楼上夜里打牌",
            "request_id": self.request_id,
            "parties": [
                {"side": "applicant", "person_id": str(self.world.person), "name": "李四", "phone": "19900001111"},
                {"side": "respondent", "person_id": str(self.neighbour), "name": "孙大海"},
            ],
            "mediators": [
                {"responder_id": str(self.police), "role": "police"},
                {"responder_id": str(self.judicial), "role": "judicial_office"},
            ],
        }
        opened = await self.world.post("staff", URL, data | more)
        self.id = opened["id"]
        self.party_ids = [party["id"] for party in (await self.read())["parties"]]
        return opened

    async def accept(self) -> Any:
        """The mediators take it on; both parties want it."""
        for mediator in ("police", "judicial"):
            await self.do(mediator, "/accept", {"no_conflict_of_interest": True})
        answer = None
        for who, party in zip(("applicant", "respondent"), self.party_ids, strict=True):
            answer = await self.do(who, f"/parties/{party}/consent", {"willing": True})
        return answer

    async def meet(self) -> Any:
        starts_at = (utc_now() + timedelta(days=3)).isoformat()
        meeting = await self.do("judicial", "/sessions", {"starts_at": starts_at, "place": "社区二楼"})
        came = {"party_ids": self.party_ids, "responder_ids": [str(self.police), str(self.judicial)]}
        return await self.do("police", f"/sessions/{meeting['id']}/hold", {"minutes": "双方各让一步"} | came)

    async def propose(self, **more: Any) -> Any:
        terms = [
            {"party_id": self.party_ids[1], "text": "十点以后不打牌", "due_on": str(china_today())},
            {"party_id": self.party_ids[0], "text": "先敲门再投诉", "due_on": str(china_today() + timedelta(days=5))},
        ]
        return await self.do("judicial", "/agreement", {"text": "安静条款", "terms": terms} | more)

    async def confirm(self, number: int = 1) -> Any:
        answer = None
        for who, party in zip(("applicant", "respondent"), self.party_ids, strict=True):
            answer = await self.do(who, f"/parties/{party}/confirm-agreement", {"number": number})
        return answer

    async def agree(self) -> Any:
        """All the way from the opening to the agreement."""
        await self.open()
        await self.accept()
        await self.meet()
        await self.propose()
        return await self.confirm()

    async def keep(self) -> Any:
        answer = None
        for term in (await self.read())["terms"]:
            answer = await self.do("police", f"/terms/{term['id']}/settle", {"kept": True, "on": str(china_today())})
        return answer

    async def sweep(self) -> None:
        """What the timer does, within this community."""
        async with self.world.database.transaction(self.world.code) as session:
            while await remind_due(session, Vault(session, self.world.app.state.keyring)):
                pass

    async def told(self) -> list[str]:
        """The steps that parties and mediators were told of, in order."""
        rows = await self.world.published()
        return [row.data["step"] for row in rows if row.type.startswith("requests.mediation_")]

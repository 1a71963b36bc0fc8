"""A community that Open311 clients talk to through the gateway, on a socket."""

from dataclasses import dataclass
from itertools import count
from typing import Any
from uuid import uuid4
from xml.etree import ElementTree as ET

import httpx
from sqlalchemy import text

from gateway.accounts.service import create_client
from gateway.open311.keys import create_api_key
from gateway.tables import GLOBAL
from services.requests.categories.service import seed_categories
from shared.grid_directory import PublishedGrid, replace_grid
from tests.gateway.conftest import Town

LAMP, NOISE = "livelihood.street_lamp", "fairness.neighbour_noise"
HERE = {"lat": "40.625", "long": "109.975"}
_communities = count(1)


@dataclass
class Place:
    """One jurisdiction, and a client with its key."""

    town: Town
    code: str
    client_id: str
    key: str

    @property
    def base(self) -> str:
        return f"{self.town.url}/open311/v2"

    async def get(self, path: str, *, expect: int = 200, headers: Any = None, **params: Any) -> Any:
        """The JSON of one call; its XML must be readable too."""
        asked = {"jurisdiction_id": self.code} | params
        async with self.town.client() as client:
            told = await client.get(f"/open311/v2/{path}.json", params=asked, headers=headers)
            written = await client.get(f"/open311/v2/{path}.xml", params=asked, headers=headers)
        assert (told.status_code, written.status_code) == (expect, expect), told.text
        ET.fromstring(written.content)
        return told.json()

    async def xml(self, path: str, **params: Any) -> ET.Element:
        """The root of one call's XML."""
        async with self.town.client() as client:
            answer = await client.get(f"/open311/v2/{path}.xml", params={"jurisdiction_id": self.code} | params)
        assert answer.headers["content-type"] == "text/xml; charset=utf-8"
        return ET.fromstring(answer.content)

    async def post(self, path: str = "requests", *, expect: int = 200, **form: Any) -> Any:
        """The JSON of one form that was sent with the client's key; None leaves a usual field out."""
        usual = {"api_key": self.key, "jurisdiction_id": self.code}
        if path == "requests":
            usual |= {"service_code": LAMP, **HERE}
        sent = {name: value for name, value in (usual | form).items() if value is not None}
        async with self.town.client() as client:
            told = await client.post(f"/open311/v2/{path}.json", data=sent)
        assert told.status_code == expect, told.text
        return told.json()

    async def submit(self, **form: Any) -> str:
        [made] = await self.post(**form)
        return made["service_request_id"]

    async def staff(self) -> httpx.AsyncClient:
        return self.town.client(await self.town.token("staff", self.code))

    async def act(self, request_id: str, what: str, **body: Any) -> dict[str, Any]:
        """What the office does with a request."""
        async with await self.staff() as staff:
            answer = await staff.post(f"/v1/service-requests/{request_id}/{what}", json=body or None)
        assert answer.is_success, answer.text
        return answer.json()

    async def stored(self, request_id: str) -> dict[str, Any]:
        """The request as the office reads it."""
        async with await self.staff() as staff:
            answer = await staff.get(f"/v1/service-requests/{request_id}")
        assert answer.is_success, answer.text
        return answer.json()

    async def count(self) -> int:
        """How many requests there are."""
        statement = text("SELECT count(*) FROM service_request WHERE community_code = :code")
        async with self.town.services["requests"].state.database.transaction(self.code) as session:
            return (await session.execute(statement, {"code": self.code})).scalar_one()


async def open_place(town: Town, *, grants: tuple[str, ...] = ("requests:read", "requests:write")) -> Place:
    """A community with the usual categories and one grid, and a client that may send requests."""
    code = f"15020798{next(_communities):04d}"
    requests = town.services["requests"].state
    corners = [[109.97, 40.62], [109.98, 40.62], [109.98, 40.63], [109.97, 40.63], [109.97, 40.62]]
    grid = {
        "grid_code": f"{code}001",
        "kind": "comprehensive",
        "version": 1,
        "boundary": {"type": "Polygon", "coordinates": [corners]},
        "addresses": [{"compound": "桂花苑", "building": "1号楼"}, {"compound": "桂花苑", "building": "11号楼"}],
    }
    async with requests.database.transaction(code) as session:
        await seed_categories(session, code)
        await replace_grid(session, code, PublishedGrid.model_validate(grid))
    client_id, key = await add_client(town, code, grants=grants)
    return Place(town, code, client_id, key)


async def add_client(town: Town, area: str, *, grants: tuple[str, ...]) -> tuple[str, str]:
    """A client for an area and its key."""
    client_id = f"app-{uuid4().hex[:12]}"
    async with town.gateway.state.database.transaction(GLOBAL) as session:
        await create_client(session, client_id, area=area, grants=list(grants))
        return client_id, await create_api_key(session, client_id)

"""A grid worker's phone: it keeps what the feed says, page by page, and knows nothing else of the server."""

from dataclasses import dataclass, field
from typing import Any

from tests.principals import bearer
from tests.residents.registry import Registry

FEED = "/v1/sync/residents"


@dataclass
class Phone:
    registry: Registry
    grids: list[str]
    subject: str = "worker"
    purpose: str | None = None
    copy: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    since: str | None = None
    has_more: bool = True
    received: list[dict[str, Any]] = field(default_factory=list)
    """Items of the last `sync`."""

    @property
    def worker(self) -> dict[str, str]:
        return bearer("grid_worker", self.registry.community, grids=self.grids, sub=self.subject)

    async def page(self, limit: int = 200, *, is_kept: bool = True) -> dict[str, Any]:
        """Fetch the next page; one that is not kept was lost on its way."""
        parameters = {"since": self.since, "limit": limit, "purpose": self.purpose}
        given = {name: value for name, value in parameters.items() if value is not None}
        page = await self.registry.get(FEED, by=self.worker, params=given)
        if is_kept:
            for item in page["items"]:
                self._keep(item)
            self.since, self.has_more = page["next_since"], page["has_more"]
        return page

    async def sync(self, limit: int = 200) -> list[dict[str, Any]]:
        """Fetch pages until there are no more."""
        self.received = []
        while True:
            page = await self.page(limit)
            self.received += page["items"]
            if not page["has_more"]:
                return self.received

    def _keep(self, item: dict[str, Any]) -> None:
        if item["kind"] == "grid":
            assert item["is_removed"]
            self.copy = {key: each for key, each in self.copy.items() if each["grid_code"] != item["grid_code"]}
            return
        key = (item["kind"], item["id"])
        if not item["is_removed"]:
            self.copy[key] = item
        elif key in self.copy and self.copy[key]["grid_code"] == item["grid_code"]:
            del self.copy[key]

    async def edit(self, *edits: dict[str, Any]) -> list[dict[str, Any]]:
        answer = await self.registry.post(FEED, {"edits": list(edits)}, by=self.worker)
        return answer["results"]

    def households(self) -> dict[str, dict[str, Any]]:
        return {key[1]: item["household"] for key, item in self.copy.items() if key[0] == "household"}

    def people(self) -> dict[str, dict[str, Any]]:
        return {key[1]: item["person"] for key, item in self.copy.items() if key[0] == "person"}

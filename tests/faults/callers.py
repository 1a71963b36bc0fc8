"""People who use the system while parts of it die, and a ledger of what it acknowledged to them.

As an app should, each repeats a call under its Idempotency-Key until there is an answer.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx

from shared.backoff import jittered, pause

ANSWERED_WITHIN = 60.0
"""Seconds until the answer, however many repeats it takes: more than any restart that the tests cause."""
THINK_SECONDS = 0.12
"""Between two calls of one person, so that what is measured is recovery and not overload."""
IN_FLIGHT = "idempotency-key-in-flight"

SignIn = Callable[[], Awaitable[str]]
"""A fresh access token."""


class Caller:
    """One account, or a passer-by without one."""

    def __init__(self, client: httpx.AsyncClient, sign_in: SignIn | None = None) -> None:
        self._client, self._sign_in = client, sign_in
        self._headers: dict[str, str] = {}
        self.repeats = 0
        """Calls that had to be made again because no answer came."""

    async def post(self, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
        """The one answer to this call. 4xx is an answer, too; no answer within `ANSWERED_WITHIN` fails the test."""
        return await self._settle("POST", path, json=body or {}, headers={"Idempotency-Key": str(uuid4())})

    async def get(self, path: str, **parameters: Any) -> Any:
        """What is there, as JSON."""
        answer = await self._settle("GET", path, params=parameters)
        assert answer.is_success, f"GET {path} answered {answer.status_code}: {answer.text[:300]}"
        return answer.json()

    async def all_of(self, path: str, **parameters: Any) -> list[dict[str, Any]]:
        """Every page of a list."""
        page = await self.get(path, limit=200, **parameters)
        items = page["items"]
        while page["next_cursor"]:
            page = await self.get(path, limit=200, cursor=page["next_cursor"], **parameters)
            items += page["items"]
        return items

    async def try_once(self, method: str, path: str, **more: Any) -> httpx.Response | None:
        """One attempt; None if the connection broke or no answer came in time."""
        if self._sign_in is not None and not self._headers:
            self._headers = {"Authorization": f"Bearer {await self._sign_in()}"}
        headers = self._headers | more.pop("headers", {})
        try:
            return await self._client.request(method, path, headers=headers, **more)
        except httpx.TransportError:
            return None

    async def _settle(self, method: str, path: str, **more: Any) -> httpx.Response:
        failures = 0
        async with asyncio.timeout(ANSWERED_WITHIN):
            while True:
                answer = await self.try_once(method, path, **more)
                if answer is not None and answer.status_code == 401:
                    self._headers = {}
                elif answer is not None and _is_final(answer):
                    return answer
                await asyncio.sleep(jittered(failures, most=0.8))
                failures += 1
                self.repeats += 1


def _is_final(answer: httpx.Response) -> bool:
    if answer.status_code == 409:
        return answer.json()["code"] != IN_FLIGHT
    return answer.status_code < 500 and answer.status_code != 429


@dataclass
class Ledger:
    """What was acknowledged, by id."""

    requests: list[str] = field(default_factory=list)
    cases: list[str] = field(default_factory=list)
    """Cases that staff opened."""
    reports: list[tuple[str, str]] = field(default_factory=list)
    """(report, follow token) of finders."""
    reserved: list[str] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    refused: int = 0
    """Reservations that found the offer full."""

    @property
    def writes(self) -> int:
        kept = (self.requests, self.cases, self.reports, self.reserved, self.cancelled)
        return sum(map(len, kept))


def acknowledged(answer: httpx.Response) -> dict[str, Any]:
    assert answer.is_success, f"{answer.request.url.path} answered {answer.status_code}: {answer.text[:300]}"
    return answer.json()


async def submit_requests(caller: Caller, ledger: Ledger, place: dict[str, Any], stop: asyncio.Event) -> None:
    """A resident who finds something broken again and again."""
    while not await pause(stop, THINK_SECONDS):
        body = {"category": "livelihood.waste", "description": "垃圾没有清运", "place": place}
        ledger.requests.append(acknowledged(await caller.post("/v1/service-requests", body))["id"])


async def answer_the_phone(caller: Caller, ledger: Ledger, place: dict[str, Any], stop: asyncio.Event) -> None:
    """The office, which writes down requests for callers (each is put on the audit record) and opens cases."""
    while not await pause(stop, THINK_SECONDS):
        requester = {"name": "来电人", "phone": "19900008999"}
        body = {"category": "livelihood.waste", "channel": "phone", "requester": requester, "place": place}
        ledger.requests.append(acknowledged(await caller.post("/v1/service-requests", body))["id"])
        if not await pause(stop, THINK_SECONDS):
            found = {"channel": "phone", "note": "有位老人迷路", "address": place["address"]}
            ledger.cases.append(acknowledged(await caller.post("/v1/found-persons", found))["id"])


async def report_found_persons(caller: Caller, ledger: Ledger, codes: list[str], stop: asyncio.Event) -> None:
    """Passers-by who scan cards."""
    while not await pause(stop, THINK_SECONDS):
        path = f"/v1/public/contact-cards/{random.choice(codes)}/found-reports"
        report = acknowledged(await caller.post(path, {"place_text": "小区东门"}))
        ledger.reports.append((report["report_id"], report["follow_token"]))


async def use_offers(
    caller: Caller, ledger: Ledger, basket: dict[str, Any], chance: random.Random, stop: asyncio.Event
) -> None:
    """A buyer who reserves, and often thinks better of it."""
    held: list[str] = []
    while not await pause(stop, THINK_SECONDS):
        if held and chance.random() < 0.45:
            redemption = held.pop(0)
            answer = await caller.post(f"/v1/redemptions/{redemption}/cancel")
            if answer.status_code != 409:  # 409: its ten minutes are over
                ledger.cancelled.append(acknowledged(answer)["id"])
            continue
        quote = acknowledged(await caller.post("/v1/quotes", basket))["quote"]
        answer = await caller.post("/v1/redemptions", {"quote": quote}) if quote else None
        if answer is None or answer.status_code == 409:
            ledger.refused += 1
        else:
            held.append(acknowledged(answer)["id"])
            ledger.reserved.append(held[-1])

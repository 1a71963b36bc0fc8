"""People who talk to the gateway: each signs in as a real user would and keeps their own token."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

import httpx

from stack.demo.staff import PASSWORD

Json = dict[str, Any]
ReadText = Callable[[str], Awaitable[str]]
"""The text that was sent to a phone under a reference: a request for a code, a delivery."""


TRIES = 10
_AGAIN = {409, 502, 503, 504}
"""Too busy, or nobody knows whether it was done, or it is being done just now. With Retry-After an app asks again,
with the same Idempotency-Key.
"""
HEARD_SECONDS = 30
"""What one service did, the others have heard of by then, however busy the machine is."""


class StoryBroken(AssertionError):
    """The system did not do what the story says."""


def code_in(text: str) -> str:
    """The one-time code that a text brings."""
    code = re.search(r"\b\d{6}\b", text)
    if code is None:
        raise StoryBroken("the text holds no one-time code")
    return code.group()


class Actor:
    """One person or system with their token (or none)."""

    def __init__(self, client: httpx.AsyncClient, name: str, token: str | None = None) -> None:
        self._client = client
        self.name = name
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    async def get(self, path: str, **params: Any) -> Json:
        return _content(self.name, await self._ask("GET", path, params=params))

    async def post(self, path: str, body: Json | None = None, **headers: str) -> Json:
        """POST with an Idempotency-Key of its own, as an app should."""
        return _content(self.name, await self.try_post(path, body, **headers))

    async def try_post(self, path: str, body: Json | None = None, **headers: str) -> httpx.Response:
        """The same without minding a refusal."""
        headers = {"Idempotency-Key": str(uuid4())} | headers
        return await self._ask("POST", path, json=body or {}, headers=headers)

    async def send(self, path: str, data: bytes, content_type: str) -> Json:
        """POST a file as the whole body."""
        headers = {"Idempotency-Key": str(uuid4()), "Content-Type": content_type}
        return _content(self.name, await self._ask("POST", path, content=data, headers=headers))

    async def fetch(self, path: str, **headers: str) -> httpx.Response:
        """A page or a file as it comes."""
        return await self._client.get(path, headers=self._headers | headers)

    async def eventually(self, path: str, holds: Callable[[Json], Any], *, every: float = 0.05, **params: Any) -> Any:
        """Read until `holds` gives something, and return that; StoryBroken after `HEARD_SECONDS`.

        What is not there yet (404) may still come: one may see a thing only once another service has heard of it.
        """
        deadline = time.monotonic() + HEARD_SECONDS
        while True:
            response = await self._ask("GET", path, params=params)
            if response.status_code != httpx.codes.NOT_FOUND and (found := holds(_content(self.name, response))):
                return found
            if time.monotonic() > deadline:
                raise StoryBroken(f"{self.name}: {path} did not show it within {HEARD_SECONDS} s")
            await asyncio.sleep(every)
            every = min(every * 1.2, 1.0)

    async def _ask(
        self, method: str, path: str, *, headers: dict[str, str] | None = None, **more: Any
    ) -> httpx.Response:
        for _ in range(TRIES):
            response = await self._client.request(method, path, headers=self._headers | (headers or {}), **more)
            if response.status_code not in _AGAIN or "Retry-After" not in response.headers:
                return response
            await asyncio.sleep(float(response.headers["Retry-After"]))
        raise StoryBroken(f"{self.name}: {path} was too busy {TRIES} times")


def _content(name: str, response: httpx.Response) -> Json:
    """What the API answered; StoryBroken when it refused."""
    if response.is_error:
        request = response.request
        told = f"{request.method} {request.url.path} answered {response.status_code}: {response.text[:400]}"
        raise StoryBroken(f"{name}: {told}")
    return response.json() if response.content else {}


class City:
    """The running system as people meet it. Signs actors in; `read_text` stands for looking at one's phone."""

    def __init__(self, url: str, read_text: ReadText) -> None:
        self.url = url
        self.read_text = read_text
        self._signed_in: dict[str, Actor] = {}
        self._client = httpx.AsyncClient(base_url=url, timeout=30, limits=httpx.Limits(max_connections=50))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    def stranger(self, name: str) -> Actor:
        """Somebody without an account."""
        return Actor(self._client, name)

    async def with_password(self, username: str) -> Actor:
        """Staff, workers and shops sign in by password, once."""
        if username not in self._signed_in:
            secret = {"username": username, "password": PASSWORD}
            answer = await self.stranger(username).post("/v1/auth/login", secret)
            self._signed_in[username] = Actor(self._client, username, answer["access_token"])
        return self._signed_in[username]

    async def with_phone(self, name: str, phone: str) -> Actor:
        """Residents sign in by a code sent to their phone, once: codes are limited per phone and hour."""
        if phone in self._signed_in:
            return self._signed_in[phone]
        somebody = self.stranger(name)
        asked = await somebody.post("/v1/auth/otp", {"phone": phone})
        proof = {"request_id": asked["request_id"], "code": code_in(await self.read_text(asked["request_id"]))}
        answer = await somebody.post("/v1/auth/otp/verify", proof)
        self._signed_in[phone] = Actor(self._client, name, answer["access_token"])
        return self._signed_in[phone]

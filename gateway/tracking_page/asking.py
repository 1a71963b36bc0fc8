"""What the tracking page asks of the requests service, in the name of nobody but the browser's own secret."""

import hashlib
import json
from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

import httpx
from pydantic import BaseModel, StringConstraints
from starlette.datastructures import State

from gateway.public_page.talking import Key
from shared.errors import NotFound
from shared.http_client import UpstreamUnavailable

_KNOWN = frozenset({403, 409, 410, 413, 422, 429})


class NotAccepted(Exception):
    """Requests refused what was sent; `code` is that of its problem document."""

    def __init__(self, status: int, code: str = "") -> None:
        super().__init__(status)
        self.status = status
        self.code = code


class Verb(StrEnum):
    OPEN = "open"
    COMMENT = "comment"
    CONFIRM = "confirm"
    REOPEN = "reopen"
    RATING = "rating"
    WITHDRAW = "withdraw"
    ASK_FOR_LINK = "ask-for-link"


class TrackingForm(BaseModel):
    """Any form of the page."""

    key: Key
    token: Annotated[str, StringConstraints(max_length=100)] = ""
    code: Annotated[str, StringConstraints(max_length=60)] = ""
    text: Annotated[str, StringConstraints(max_length=5000)] = ""
    score: Annotated[str, StringConstraints(max_length=2)] = ""
    solved: Annotated[str, StringConstraints(max_length=5)] = ""
    satisfied: Annotated[str, StringConstraints(max_length=5)] = ""
    thanks: Annotated[str, StringConstraints(max_length=5)] = ""
    phone_end: Annotated[str, StringConstraints(max_length=10)] = ""

    def body(self, verb: Verb) -> dict[str, Any]:
        """What requests is sent; checking it is theirs."""
        text = {"text": self.text.strip()} if self.text.strip() else {}
        bodies: dict[Verb, dict[str, Any]] = {
            Verb.OPEN: {"code": self.code.strip()} if self.code else {"token": self.token},
            Verb.ASK_FOR_LINK: {"phone_end": self.phone_end.strip()},
            Verb.RATING: text
            | {"score": self.score, "solved": bool(self.solved), "satisfied": bool(self.satisfied)}
            | ({"commendation": "pennant"} if self.thanks else {}),
        }
        return bodies.get(verb, text)


def _path(reference: str) -> str:
    return f"/v1/public/tracked-requests/{quote(reference, safe='')}"


async def read(state: State, reference: str, browser: str) -> dict[str, Any]:
    """What may be known of a request. Raises NotFound, UpstreamUnavailable."""
    answer = await state.upstreams["requests"].get(_path(reference), headers=_session(browser))
    if answer.status_code in (404, 422):
        raise NotFound
    if not answer.is_success:
        raise UpstreamUnavailable("requests")
    return answer.json()


async def send(state: State, reference: str, verb: Verb, form: TrackingForm, browser: str) -> str:
    """Send a form, once however often it is sent; returns the browser's new secret after `open`.

    Raises NotAccepted, UpstreamUnavailable.
    """
    body = form.body(verb)
    written = hashlib.sha256(json.dumps([verb, body], sort_keys=True).encode()).hexdigest()[:16]
    headers = _session(browser) | {"Idempotency-Key": f"page-{form.key}-{written}"}
    answer = await state.upstreams["requests"].post(f"{_path(reference)}/{verb}", json=body, headers=headers)
    _check(answer)
    return answer.json()["session"] if verb is Verb.OPEN else ""


async def send_photo(state: State, reference: str, picture: bytes, key: str, browser: str) -> None:
    """Send a photo, once however often it is sent. Raises NotAccepted, UpstreamUnavailable."""
    once = f"page-{key}-{hashlib.sha256(picture).hexdigest()[:16]}"
    headers = _session(browser) | {"Idempotency-Key": once, "Content-Type": "image/jpeg"}
    upstream = state.upstreams["requests"]
    _check(await upstream.post(f"{_path(reference)}/photos", content=picture, headers=headers, deadline=20.0))


async def read_photo(state: State, reference: str, photo_id: UUID, browser: str) -> bytes:
    """A small picture of the page. Raises NotFound, UpstreamUnavailable."""
    path = f"{_path(reference)}/photos/{photo_id}?size=thumbnail"
    answer = await state.upstreams["requests"].get(path, headers=_session(browser))
    if answer.status_code in (404, 422):
        raise NotFound
    if not answer.is_success:
        raise UpstreamUnavailable("requests")
    return answer.content


def _check(answer: httpx.Response) -> None:
    if answer.is_success:
        return
    if answer.status_code == 404:
        raise NotAccepted(422)
    if answer.status_code in _KNOWN:
        raise NotAccepted(answer.status_code, answer.json().get("code", ""))
    raise UpstreamUnavailable("requests")


def _session(browser: str) -> dict[str, str]:
    return {"Tracking-Session": browser.encode("ascii", "ignore").decode()} if browser else {}

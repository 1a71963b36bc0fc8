"""What finder and family do on their pages after the report: read, write, say where they are, send a photo."""

import hashlib
import json
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

import httpx
from pydantic import BaseModel, StringConstraints
from starlette.datastructures import State

from gateway.calls import ask
from gateway.public_page.reporting import NotAccepted, position_of
from shared.errors import NotFound, Problem
from shared.http_client import UpstreamUnavailable

TOO_MANY = "发送太频繁, 请稍候, 紧急情况请拨打电话。 Too often; please wait, or call in an emergency."
NOT_SENT = "没有发出。请再试一次, 或直接拨打电话。 Not sent. Try again, or please call."
CLOSED = "这次协助已结束, 不再接收内容。 This case has ended; nothing more is taken."
CHECK = "请检查填写的内容。 Please check what you wrote."
NOWHERE = "请填写地点或附上位置。 Please write a place or add your position."
NO_PHOTO = "照片无法识别, 请换一张 (JPEG、PNG、WebP)。 Not a photo that can be read; try another."
TOO_LARGE = "照片太大, 最大 10 MB。 The photo is too large: 10 MB at most."
ENOUGH = "照片已经够了, 请用文字说明。 There are enough photos; please describe the rest in words."

Key = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{8,64}$")]


class MessageForm(BaseModel):
    key: Key
    token: str = ""
    text: str = ""


class MovedForm(BaseModel):
    key: Key
    token: str = ""
    place_text: str = ""
    longitude: str = ""
    latitude: str = ""

    def sighting(self) -> dict[str, Any]:
        body: dict[str, Any] = {"place_text": self.place_text.strip()} if self.place_text.strip() else {}
        position = position_of(self.longitude, self.latitude)
        return body | ({"position": position} if position else {})


def finder_path(report_id: UUID) -> str:
    return f"/v1/public/found-reports/{report_id}"


def family_path(token: str) -> str:
    return f"/v1/public/family-links/{quote(token, safe='')}"


def follow_header(token: str) -> dict[str, str]:
    return {"Follow-Token": token.encode("ascii", "ignore").decode()}


async def read(state: State, path: str, headers: dict[str, str]) -> dict[str, Any]:
    """What residents shows to the holder of a token. Raises NotFound, UpstreamUnavailable."""
    answer = await state.upstreams["residents"].get(path, headers=headers)
    if answer.status_code in (404, 410, 422):
        raise NotFound
    if not answer.is_success:
        raise UpstreamUnavailable("residents")
    return answer.json()


async def send(state: State, path: str, body: dict[str, Any], headers: dict[str, str], key: str) -> None:
    """One message or sighting, once however often the form is sent. Raises NotAccepted, UpstreamUnavailable."""
    written = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:16]
    once = {"Idempotency-Key": f"page-{key}-{written}"}
    _check(await state.upstreams["residents"].post(path, json=body, headers=headers | once))


async def send_photo(state: State, path: str, data: bytes, headers: dict[str, str], key: str) -> None:
    once = {"Idempotency-Key": f"page-{key}-{hashlib.sha256(data).hexdigest()[:16]}", "Content-Type": "image/jpeg"}
    _check(await state.upstreams["residents"].post(path, content=data, headers=headers | once, deadline=20.0))


_REASONS = {404: CLOSED, 409: CLOSED, 410: CLOSED, 413: TOO_LARGE, 422: CHECK, 429: TOO_MANY}
_BY_CODE = {"photo-unreadable": NO_PHOTO, "photo-too-large": TOO_LARGE, "too-many-photos": ENOUGH}


def _check(answer: httpx.Response) -> None:
    if answer.is_success:
        return
    if answer.status_code not in _REASONS:
        raise UpstreamUnavailable("residents")
    code = answer.json().get("code", "")
    raise NotAccepted(_BY_CODE.get(code, _REASONS[answer.status_code]))


async def hotline_of(state: State, token: str) -> str:
    """The hotline of the community that a family's token begins with; the number of last resort otherwise."""
    community_code = token.partition(".")[0]
    if len(community_code) != 12 or not community_code.isdecimal():
        return state.settings.fallback_hotline
    return await hotline_in(state, community_code)


async def hotline_in(state: State, community_code: str) -> str:
    """The community's own number; that of last resort where it is not known."""
    try:
        path = f"/v1/communities/{community_code}"
        community = await ask(state, "dispatch", "GET", path, area=community_code, deadline=2.0)
    except (Problem, UpstreamUnavailable):
        return state.settings.fallback_hotline
    return community.get("hotline") or state.settings.fallback_hotline

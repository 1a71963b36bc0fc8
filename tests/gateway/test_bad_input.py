"""Whatever is sent to the gateway's own routes is answered by a problem document or a page, never by a failure."""

from typing import Any
from xml.etree import ElementTree

import httpx
import pytest
from fastapi.routing import iter_route_contexts
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.gateway.conftest import Town

COMMUNITY = "150207007005"
BODIES: list[tuple[str, bytes]] = [
    ("application/json", b""),
    ("application/json", b"{"),
    ("application/json", b"[]"),
    ("application/json", b"null"),
    ("application/json", b'{"phone": 5, "username": {}, "request_id": "x", "code": [], "refresh_token": null}'),
    (
        "application/json",
        b'{"username": "\\ud800", "password": "\\u0000", "phone": "\\ud800", "refresh_token": "\\ud800"}',
    ),
    ("application/json", b"[" * 10_000),
    ("application/json", b"\xff\xfe"),
    ("application/x-www-form-urlencoded", b"grant_type=%00&key=%00&grant_type=b"),
    ("application/x-www-form-urlencoded", b"key=aaaaaaaaaa&place_text=%ff%00&longitude=nan&latitude=inf"),
    ("application/x-www-form-urlencoded", b"grant_type=client_credentials&client_id=%ED%A0%80&client_secret=%00"),
    (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="key"; filename="a"\r\n\r\nb\r\n--x--',
    ),
    ("multipart/form-data; boundary=x", b"--y"),
    ("text/plain", b"hello"),
]


def _own_routes(town: Town) -> list[tuple[str, str]]:
    """(method, path) of every route that the gateway answers itself."""
    found = []
    for route in iter_route_contexts(town.gateway.routes):
        if hasattr(route, "dependant") and route.path is not None:
            path = route.path
            path = path.replace("{response_format}", "xml")
            for name in ("{code}", "{name}"):
                path = path.replace(name, "x")
            for name in ("{card_id}", "{person_id}", "{report_id}"):
                path = path.replace(name, "01a20835-2d50-73f6-8b84-f90e0fbb0f8d")
            found += [(method, path) for method in sorted(route.methods or ()) if method != "HEAD"]
    return found


@pytest.mark.parametrize(("media_type", "body"), BODIES)
async def test_every_own_route_answers_anything_with_a_problem_or_a_page(lone: Town, media_type: str, body: bytes):
    headers = {"Content-Type": media_type, "Accept-Language": "\xe9;q=x", "Idempotency-Key": "\xe9"}
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    routes = _own_routes(lone)
    assert len(routes) > 15
    role = ("head", "resident", "grid_worker")[len(body) % 3]
    async with lone.client(await lone.token(role, COMMUNITY)) as client:
        for method, path in routes:
            answer = await client.request(method, path, content=body, headers=raw)
            _check(answer, f"{method} {path} as {role}")


def _check(answer: httpx.Response, asked: str) -> None:
    media_type = answer.headers.get("content-type", "")
    assert answer.status_code != 500, asked
    if "/open311/" in asked:
        # Clients of Open311 know its errors only.
        errors = ElementTree.fromstring(answer.content)
        assert errors.tag == "discovery" or {error.findtext("code") for error in errors} == {str(answer.status_code)}
    elif answer.status_code >= 400:
        assert media_type.startswith(("application/problem+json", "text/html")), asked
        if media_type.startswith("application/problem+json"):
            problem: dict[str, Any] = answer.json()
            assert (problem["status"], bool(problem["code"])) == (answer.status_code, True), asked


@settings(max_examples=60)
@given(username=st.text(max_size=80), password=st.text(max_size=300))
async def test_any_name_and_password_is_refused_without_repeating_them(
    anyone: httpx.AsyncClient, username: str, password: str
):
    answer = await anyone.post("/v1/auth/login", json={"username": username + "-nobody", "password": password})
    assert answer.status_code in (401, 422)
    assert username + "-nobody" not in answer.text


async def test_problems_come_in_the_language_that_was_asked_for(anyone: httpx.AsyncClient):
    zh = await anyone.get("/v1/people")
    en = await anyone.get("/v1/people", headers={"Accept-Language": "en"})
    assert (zh.json()["title"], en.json()["title"]) == ("请先登录", "Sign in first")


async def test_metrics_are_for_this_machine(lone: Town, anyone: httpx.AsyncClient):
    await anyone.get("/v1/me")
    shown = await anyone.get("/metrics")
    assert 'route="/v1/me"' in shown.text
    stranger = httpx.ASGITransport(lone.gateway, client=("203.0.113.5", 5))
    async with httpx.AsyncClient(transport=stranger, base_url="http://test") as elsewhere:
        assert (await elsewhere.get("/metrics")).status_code == 404

"""Problems say what to do, in the caller's language, and never repeat what was sent."""

import json
from typing import Any, Literal
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import AwareDatetime, BaseModel, TypeAdapter, ValidationError
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from shared.errors import (
    Conflict,
    Overloaded,
    Problem,
    ServerError,
    WrongState,
    both,
    document_of,
    invalid_part,
    language_of,
    problem_of,
)
from shared.states import NamedState
from tests.principals import a_community
from tests.shared.kit_app import KitApp

MARK = "Zq7mark"
"""Stands in everything that is sent, so that any echo shows."""

marked = st.text(max_size=10).map(lambda text: MARK + text)
values = st.recursive(
    marked | st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(marked, inner, max_size=3),
    max_leaves=6,
)
fields = st.sampled_from(["name", "phone", "size", "tags"])
bodies = st.dictionaries(fields | marked, values, max_size=5) | values


def is_problem(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    document = answer.json()
    assert {"type", "title", "status", "code"} <= document.keys()
    assert document["status"] == status
    assert document["type"] == f"urn:kaiyuan:problem:{document['code']}"
    return document


@settings(max_examples=150)
@given(body=bodies)
async def test_no_body_is_echoed(kit_app: KitApp, body: Any) -> None:
    # Broken refuses everything that validation lets through, so that every answer is a problem.
    async with kit_app.client(area="150299003003") as client:
        answer = await client.post("/v1/things/broken", json=body)
    document = is_problem(answer, 500 if answer.status_code == 500 else 422)
    assert MARK not in answer.text
    assert MARK not in json.dumps(document)


@settings(max_examples=60)
@given(raw=st.binary(max_size=40).map(lambda tail: MARK.encode() + tail))
async def test_no_malformed_body_is_echoed(kit_app: KitApp, raw: bytes) -> None:
    async with kit_app.client(area="150299003003") as client:
        for kind in ("application/json", "text/plain", MARK, "application/x-www-form-urlencoded"):
            answer = await client.post("/v1/things", content=raw, headers={"Content-Type": kind})
            is_problem(answer, 400 if answer.status_code == 400 else 422)
            assert MARK not in answer.text


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", f"/v1/things/{MARK}", {}, 422),
        ("GET", f"/v1/{MARK}", {}, 404),
        ("DELETE", "/v1/things", {"X-Mark": MARK}, 405),
        ("PATCH", f"/v1/things/{MARK}", {"If-Match": MARK}, 412),
        ("GET", "/v1/things", {"Authorization": f"Bearer {MARK}"}, 401),
        ("GET", f"/v1/things/{'0' * 8}-0000-0000-0000-{'0' * 12}?{MARK}={MARK}", {}, 422),
    ],
)
async def test_no_path_nor_header_is_echoed(
    kit_app: KitApp, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    async with kit_app.client(area=a_community()) as client:
        answer = await client.request(method, path, headers=headers)
    is_problem(answer, status)
    assert MARK not in answer.text
    assert MARK not in str({name: value for name, value in answer.headers.items() if name != "x-request-id"})


async def test_places_are_named(kit_app: KitApp) -> None:
    async with kit_app.client(area=a_community()) as client:
        body = {"phone": "1", "size": 12, "tags": ["ok", "NOT"], "more": 1}
        answer = await client.post("/v1/things", json=body, headers={"Accept-Language": "en"})
    errors = {error["pointer"]: error for error in is_problem(answer, 422)["errors"]}
    assert errors.keys() == {"/name", "/phone", "/size", "/tags/1", "/"}
    assert errors["/name"]["detail"] == "This is required"
    assert errors["/size"]["detail"] == "Too large (le 9)"
    assert errors["/phone"]["detail"].startswith("Not a phone number")


class Lamp(BaseModel):
    state: Literal["lit", "out"]
    since: AwareDatetime
    height: int
    id: UUID


def test_what_would_do_is_named() -> None:
    with pytest.raises(ValidationError) as refused:
        Lamp.model_validate({"state": MARK, "since": MARK, "height": MARK, "id": MARK})
    document = document_of(invalid_part(refused.value, (), "en"), "en")
    assert {error["pointer"]: error["detail"] for error in document["errors"]} == {
        "/state": "Not one of the allowed values (lit, out)",
        "/since": "Must be a time with its offset, e.g. 2026-11-23T09:00:00+08:00",
        "/height": "Must be a whole number",
        "/id": "Must be an identifier (UUID)",
    }


async def test_a_body_that_is_no_json_says_so(kit_app: KitApp) -> None:
    async with kit_app.client(area=a_community()) as client:
        broken = await client.post("/v1/things", content=b"{", headers={"Content-Type": "application/json"})
        plain = await client.post("/v1/things", content=b"{}", headers={"Content-Type": "text/plain"})
        other = await client.delete("/v1/things")
    assert is_problem(broken, 422)["errors"] == [{"pointer": "/", "code": "json_invalid", "detail": "不是合法的 JSON"}]
    assert "application/json" in is_problem(plain, 422)["errors"][0]["detail"]
    assert is_problem(other, 405)["detail"].startswith("此地址不支持这种请求方法")


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "zh"),
        ("", "zh"),
        ("en", "en"),
        ("en-GB,en;q=0.8", "en"),
        ("zh-CN,en;q=0.9", "zh"),
        ("en;q=0.3, zh;q=0.7", "zh"),
        ("fr, en;q=0.1", "en"),
        ("de", "zh"),
        ("en;q=nonsense", "zh"),
        ("en;q=0", "zh"),
        ("*", "zh"),
    ],
)
async def test_languages(kit_app: KitApp, header: str | None, language: str) -> None:
    assert language_of(header) == language
    async with kit_app.client(area=a_community()) as client:
        answer = await client.get("/v1/nowhere", headers={"Accept-Language": header} if header is not None else {})
    assert answer.headers["content-language"] == ("zh-CN" if language == "zh" else "en")
    assert answer.json()["title"] == ("没有找到" if language == "zh" else "Not found")


@given(st.text(max_size=60))
def test_any_header_has_a_language(header: str) -> None:
    assert language_of(header) in ("zh", "en")


class _Driver(Exception):
    def __init__(self, sqlstate: str) -> None:
        super().__init__("contains values")
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (IntegrityError("", {}, _Driver("23505")), Conflict),
        (IntegrityError("", {}, _Driver("23503")), Conflict),
        (IntegrityError("", {}, _Driver("23514")), ServerError),
        (OperationalError("", {}, _Driver("08006")), Overloaded),
        (DBAPIError("", {}, _Driver("55P03")), Overloaded),
        (DBAPIError("", {}, _Driver("40P01")), Overloaded),
        (DBAPIError("", {}, _Driver("22003")), ServerError),
        (PoolTimeout(), Overloaded),
        (ConnectionRefusedError(), Overloaded),
        (TimeoutError(), Overloaded),
        (RuntimeError("x"), ServerError),
        (Conflict(), Conflict),
    ],
)
def test_what_a_caller_may_know(error: Exception, kind: type[Problem]) -> None:
    assert type(problem_of(error)) is kind


class Life(NamedState):
    NEW = "new", "新建"
    OPEN = "open", "待处理"
    DONE = "done", "已完成"


@pytest.mark.parametrize(
    ("language", "detail"),
    [
        ("zh", "当前状态为“已完成”, 此操作只用于: 新建、待处理。"),
        ("en", "The state is done; this needs one of: new, open."),
    ],
)
def test_a_wrong_state_says_which_would_do(language: str, detail: str) -> None:
    document = WrongState(Life.DONE, [Life.OPEN, Life.NEW]).document(language)
    assert document["detail"] == detail
    assert json.loads(json.dumps([document["state"], document["allowed"]])) == ["done", ["new", "open"]]


def test_a_named_state_is_its_code() -> None:
    assert (Life.DONE, f"{Life.DONE}", Life("done")) == ("done", "done", Life.DONE)
    assert TypeAdapter(Life).json_schema() == {"enum": ["new", "open", "done"], "title": "Life", "type": "string"}


def test_own_words() -> None:
    assert Problem(both("甲", "a"), n=1).document("zh") == {
        "type": "urn:kaiyuan:problem:bad-request",
        "title": "请求有误",
        "status": 400,
        "code": "bad-request",
        "detail": "甲",
        "n": 1,
    }

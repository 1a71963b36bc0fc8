"""What holds of every parameter and every text: how a form is encoded does not matter, and no text breaks an answer."""

import json
from typing import Any
from urllib.parse import quote, urlencode
from xml.etree import ElementTree as ET

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.requests import Request

from gateway.open311.formats import speakable, to_json, to_xml
from gateway.open311.parameters import Parameters, read_parameters
from tests.gateway.conftest import Town
from tests.gateway.open311 import LAMP, Place, open_place

ANY_TEXT = st.text(max_size=60)
NAMES = st.sampled_from(["description", "service_code", "attribute[a]", "attribute[a][]", "media_url", "路"])
PAIRS = st.lists(st.tuples(NAMES, ANY_TEXT), max_size=12)
HOSTILE = st.one_of(
    ANY_TEXT,
    st.sampled_from(
        [
            "\x00",
            "]]>",
            "<!DOCTYPE x>",
            "&#0;",
            "' OR 1=1 --",
            "\ud800",
            "\ufffe",
            "../..",
            "1e999",
            "-0",
            "9" * 400,
            "%",
        ]
    ),
)
SUBMITTED = (
    *("jurisdiction_id", "service_code", "lat", "long", "crs", "address_string", "address_id", "description"),
    *("first_name", "last_name", "phone", "attribute[x]", "attribute[", "api_key\x00"),
)


async def read(method: str, *, query: bytes = b"", body: bytes = b"", media_type: str = "") -> Parameters:
    scope = {
        "type": "http",
        "method": method,
        "path": "/",
        "query_string": query,
        "headers": [(b"content-type", media_type.encode())],
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    return await read_parameters(Request(scope, receive))


@given(pairs=PAIRS)
async def test_query_form_and_multipart_say_the_same(pairs: list[tuple[str, str]]):
    pairs = [(name, text.encode("utf-8", "replace").decode()) for name, text in pairs]
    encoded = urlencode(pairs).encode()
    parts = httpx.Request("POST", "http://x", files=[(quote(name, safe="[]"), (None, text)) for name, text in pairs])
    from_query = await read("GET", query=encoded)
    from_form = await read("POST", body=encoded, media_type="application/x-www-form-urlencoded; charset=utf-8")
    assert from_query == from_form
    if pairs:
        named = {quote(name, safe="[]"): texts for name, texts in from_query.texts.items()}
        from_parts = await read("POST", body=parts.read(), media_type=parts.headers["content-type"])
        assert from_parts.texts == named


async def test_letters_that_were_not_escaped_are_utf8():
    sent = await read("POST", body="description=路灯".encode(), media_type="application/x-www-form-urlencoded")
    assert sent.first("description") == "路灯"
    assert (await read("GET", query="description=路灯".encode())).first("description") == "路灯"


@given(text=st.text())
def test_any_text_comes_back_out_of_xml_and_json(text: str):
    listed = [{"code": "1", "description": text}]
    [error] = ET.fromstring(to_xml("errors", listed))
    assert (error.findtext("description") or "") == speakable(text)
    assert len(json.loads(to_json(listed))) == 1
    assert speakable(speakable(text)) == speakable(text)


@given(text=st.text(alphabet=st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"])))
def test_nothing_that_people_write_is_taken_away(text: str):
    assert speakable(text) == text


@pytest.fixture(scope="module")
async def place(town: Town) -> Place:
    return await open_place(town)


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(form=st.dictionaries(st.sampled_from(SUBMITTED), HOSTILE, max_size=6))
async def test_whatever_is_sent_is_taken_whole_or_refused_whole(place: Place, form: dict[str, str]):
    plain = {name: text.encode("utf-8", "replace") for name, text in form.items()}
    before = await place.count()
    async with place.town.client() as client:
        sent = {"service_code": LAMP, "address_string": "桂花苑1号楼"} | plain | {"api_key": place.key}
        answer = await client.post("/open311/v2/requests.xml", content=urlencode(sent), headers=FORM)
    assert answer.status_code in (200, 400, 404)
    root = ET.fromstring(answer.content)
    assert root.tag == ("service_requests" if answer.status_code == 200 else "errors")
    assert await place.count() - before == (answer.status_code == 200)


@settings(max_examples=30, suppress_health_check=list(HealthCheck))
@given(
    path=st.sampled_from(["requests", "services", "servicerequestupdates", "tokens/x", "requests/x"]),
    asked=st.dictionaries(
        st.sampled_from(["service_request_id", "service_code", "status", "start_date", "end_date", "bbox", "page"]),
        HOSTILE,
        max_size=4,
    ),
)
async def test_whatever_is_asked_is_answered_in_xml(place: Place, path: str, asked: dict[str, str]):
    query = urlencode({name: text.encode("utf-8", "replace") for name, text in asked.items()})
    async with place.town.client() as client:
        answer = await client.get(f"/open311/v2/{path}.xml?jurisdiction_id={place.code}&{query}")
    assert answer.status_code in (200, 400, 404)
    assert (ET.fromstring(answer.content).tag == "errors") == (answer.status_code != 200)


FORM = {"Content-Type": "application/x-www-form-urlencoded"}

"""Clients that other people wrote talk to the gateway over a socket: georeport, civicbot, and schemathesis with the
OpenAPI document of SocietyWorks, which extends GeoReport v2 by updates.

The document is read where it lies, beside the repository or where OPEN311_OPENAPI says, and is no part of it.
"""

import asyncio
import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4
from xml.etree import ElementTree as ET

import pytest
from civicbot.http import HttpTransport, RateLimiter
from civicbot.open311 import Open311Client
from civicbot.registry import Endpoint
from georeport import GeoReport

from shared.clock import utc_now
from tests.gateway.conftest import Town
from tests.gateway.open311 import LAMP, Place, open_place

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = Path(os.environ.get("OPEN311_OPENAPI") or ROOT.parent / "shared/open311/societyworks-open311-openapi.json")
LISTS = ("services", "requests", "servicerequestupdates")


@pytest.fixture(scope="module")
async def place(town: Town) -> Place:
    """A community where something has been asked and answered."""
    place = await open_place(town)
    request_id = await place.submit(description="路灯不亮 <&> ]]> \u0007")
    await place.act(request_id, "accept")
    return place


def a_client(place: Place, **more: Any) -> Open311Client:
    endpoint = Endpoint(id="kaiyuan", name="Kaiyuan", base_url=place.base, write=True)
    transport = HttpTransport(rate_limiter=RateLimiter(min_interval=0))
    return Open311Client(endpoint, transport, jurisdiction_id=place.code, **more)


@pytest.mark.parametrize("output_format", ["json", "xml"])
async def test_georeport_reads(place: Place, output_format: str):
    client = GeoReport(place.base, jurisdiction=place.code, output_format=output_format)
    services = await asyncio.to_thread(client.get_service_list)
    codes = {each["service_code"] for each in services}
    assert LAMP in codes
    [asking, *_] = [each["service_code"] for each in services if each["metadata"] in (True, "true")]
    definition = await asyncio.to_thread(client.get_service_definition, asking)
    assert definition["service_code"] == asking
    assert definition["attributes"]
    found = await asyncio.to_thread(client.get_service_requests, status="open", service_code=LAMP)
    [first, *_] = found if isinstance(found, list) else [found]
    again = await asyncio.to_thread(client.get_service_request, first["service_request_id"])
    assert again["service_request_id"] == first["service_request_id"]
    assert again["status"] == "open"


async def test_civicbot_reads_submits_and_follows_its_token(place: Place):
    client = a_client(place)
    prepared = await asyncio.to_thread(
        client.create_request,
        LAMP,
        dry_run=False,
        confirm="SEND",
        api_key=place.key,
        validate_remote=True,
        lat=40.625,
        lng=109.975,
        description="A lamp is out",
        first_name="Wei",
        last_name="Li",
        phone="+8613900000000",
    )
    [made] = prepared.response
    number = made["service_request_id"]
    [token] = await asyncio.to_thread(client.get_token, number)
    assert token["service_request_id"] == number
    shown = await asyncio.to_thread(client.get_request, number)
    assert shown is not None
    assert (shown["service_code"], shown["lat"]) == (LAMP, 40.625)
    listed = await asyncio.to_thread(client.list_requests, page_size=200, status="open")
    assert number in {each["service_request_id"] for each in listed}
    named = await asyncio.to_thread(client.list_requests, service_request_ids=[number, str(uuid4())])
    assert [each["service_request_id"] for each in named] == [number]


@pytest.mark.timeout(180)
@pytest.mark.skipif(not DOCUMENT.exists(), reason=f"no OpenAPI document of SocietyWorks: {DOCUMENT.name} is not there")
async def test_schemathesis_finds_nothing_and_every_list_still_parses(place: Place, tmp_path: Path):
    [told, *_] = await place.get("servicerequestupdates")
    config = tmp_path / "schemathesis.toml"
    config.write_text(_configuration(place, told["service_request_id"], told["update_id"]))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(config), "run", str(DOCUMENT)),
        *("--url", place.base, "--mode", "positive", "--phases", "examples,coverage,fuzzing", "--no-shrink"),
        *("--max-examples", "15", "--seed", "365", "--suppress-health-check", "all", "--request-timeout", "20"),
        *("--checks", "response_schema_conformance,content_type_conformance,not_a_server_error"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=tmp_path,
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()[-6000:]
    assert len(await place.get("requests")) > 2, "what it sent was taken in"
    steps = await place.get("servicerequestupdates", service_request_id=told["service_request_id"], api_key=place.key)
    assert len(steps) > 1, "so were updates"
    async with place.town.client() as client:
        for name in LISTS:
            asked = {"jurisdiction_id": place.code, "api_key": place.key}
            answer = await client.get(f"/open311/v2/{name}.xml", params=asked)
            assert answer.headers["content-type"] == "text/xml; charset=utf-8"
            assert len(ET.fromstring(answer.content)) > 0


def _configuration(place: Place, request_id: str, update_id: str) -> str:
    """What a client would know: where, its key, what may be asked for, and which requests there are."""
    day = timedelta(days=1)
    dates = (
        f'start_date = "{(utc_now() - day):%Y-%m-%dT%H:%M:%SZ}"\nend_date = "{(utc_now() + day):%Y-%m-%dT%H:%M:%SZ}"'
    )
    known = {
        "tokens": ("token_id", request_id),
        "update_tokens": ("token_id", update_id),
        "requests": ("service_request_id", request_id),
    }
    operations = [
        f'[[operations]]\ninclude-path = "/{name}/{{{parameter}}}.{{response_format}}"\n'
        f'[operations.parameters]\n"path.{parameter}" = "{identifier}"\n'
        for name, (parameter, identifier) in known.items()
    ]
    return f"""
[parameters]
"path.response_format" = "json"
"path.service_code" = "{LAMP}"
"query.service_code" = "{LAMP}"
"query.service_request_id" = "{request_id}"
"query.jurisdiction_id" = "{place.code}"
"query.api_key" = "{place.key}"
"query.lat" = 40.625
"query.long" = 109.975
{dates}
"query.updated_datetime" = "{utc_now():%Y-%m-%dT%H:%M:%SZ}"

{"".join(operations)}
[[operations]]
include-name = "POST /requests.{{response_format}}"
[operations.parameters]
"query.phone" = "13900000000"
"""

"""What the README and the banner offer for pasting works as pasted, each block in one shell."""

import asyncio
import json
import re
from pathlib import Path

import pytest

from stack.demo import examples
from stack.demo.stories.actors import City
from tests.stories.conftest import Place

pytestmark = [pytest.mark.story, pytest.mark.xdist_group("stories"), pytest.mark.timeout(180)]

ROOT = Path(__file__).resolve().parents[2]
_BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)
_DOCUMENTED = "http://127.0.0.1:8365"


@pytest.mark.parametrize("page", ["README.md", "README.zh-CN.md"])
async def test_the_curl_lines_of_the_readme(place: Place, city: City, page: str) -> None:
    blocks = [block for block in _BLOCK.findall((ROOT / page).read_text()) if "curl" in block]
    assert len(blocks) == 1
    answers = await _pasted(blocks[0].replace(_DOCUMENTED, place.url))
    assert answers[0]["status"] == "ready"
    assert len(answers[1]["items"]) == 3


async def test_the_curl_lines_of_the_page_for_phones(place: Place, city: City) -> None:
    [block] = _BLOCK.findall((ROOT / "docs" / "sync.md").read_text())
    for outcome in ("applied", "already_applied"):
        page, edited, rest = await _pasted(block.replace(_DOCUMENTED, place.url))
        assert len(page["items"]) == 2
        assert [result["outcome"] for result in edited["results"]] == [outcome]
        assert rest["items"]


async def test_the_curl_lines_of_the_page_for_those_who_import(place: Place, city: City) -> None:
    bring_in, take_out = _BLOCK.findall((ROOT / "docs" / "import.md").read_text())
    uploaded, mapped, _checking, report, _running, done = await _pasted(bring_in.replace(_DOCUMENTED, place.url))
    assert (uploaded["missing"], mapped["missing"]) == (["room"], [])
    assert [row["row"] for row in report["items"]] == [4]
    assert (done["state"], done["counts"]["people_added"], done["counts"]["rows_skipped"]) == ("done", 2, 1)
    assert (await _pasted(take_out.replace(_DOCUMENTED, place.url)))[-1]["state"] == "ready"


async def test_the_curl_lines_of_the_page_on_open311(place: Place, city: City) -> None:
    [block] = _BLOCK.findall((ROOT / "docs" / "open311.md").read_text())
    discovery, services, definition, [made], listed, updates = await _pasted(block.replace(_DOCUMENTED, place.url))
    assert len(discovery["endpoints"]) == 2
    assert definition["service_code"] in {each["service_code"] for each in services}
    assert made["service_request_id"] in {each["service_request_id"] for each in listed}
    assert isinstance(updates, list)


async def test_the_lines_of_the_page_for_partners(place: Place, city: City) -> None:
    making, asking = _BLOCK.findall((ROOT / "docs" / "partners.md").read_text())
    made = await _run(f"cd {ROOT}\n{making.strip()} --data {place.data}")
    client_id, secret = re.findall(r"^client_(?:id|secret) (\S+)$", made, re.MULTILINE)
    signed_in = f"CLIENT_ID={client_id} CLIENT_SECRET={secret}\n"
    for _ in range(2):
        categories, request, theirs = await _pasted(signed_in + asking.replace(_DOCUMENTED, place.url))
        below = [each for parent in categories["items"] for each in parent["subcategories"]]
        assert request["category"] in {each["code"] for each in below}
        assert [each["reference"] for each in theirs["items"]] == [request["reference"]]


async def test_the_curl_lines_of_the_banner(place: Place, city: City) -> None:
    grids, found = await _pasted("\n".join(examples(place.url)))
    assert len(grids["items"]) == 3
    assert found["items"]
    assert all(person["name"].endswith("*") for person in found["items"])


async def _pasted(script: str) -> list[dict]:
    """Run the lines in one bash; every one that prints must print JSON."""
    lines = [line + ("; echo" if line.startswith("curl") else "") for line in script.strip().splitlines()]
    return [json.loads(line) for line in (await _run("\n".join(lines))).splitlines() if line.strip()]


async def _run(script: str) -> str:
    process = await asyncio.create_subprocess_exec(
        "bash", "-euo", "pipefail", "-c", script, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    return output.decode()

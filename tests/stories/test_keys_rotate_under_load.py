"""Every data key is wrapped anew while people register, read and report: nobody notices."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, STDOUT
from collections import Counter
from collections.abc import Awaitable, Callable

import httpx
import pytest

from stack.demo.stories.actors import City
from tests.stories.conftest import Place

pytestmark = [pytest.mark.story, pytest.mark.xdist_group("stories"), pytest.mark.timeout(240)]

FINDING = {"purpose": "registration", "name": "张"}


async def test_no_request_fails_while_keys_rotate(place: Place, city: City) -> None:
    if place.data is None:
        pytest.fail("this test needs the stack's own data folder; run it without STORIES_URL")
    staff = await city.with_password("staff")
    people = (await staff.post("/v1/people/search", FINDING))["items"]
    wish = {"category": "livelihood.walls", "description": "墙皮脱落", "channel": "visit"}
    wished = await staff.post("/v1/service-requests", wish)
    before = await _keys_in_use(place)

    async def register() -> httpx.Response:
        person = {"household_id": people[0]["household_id"], "name": "欧阳长青", "cautions": "怕高声"}
        return await staff.try_post("/v1/people", person)

    async def reveal() -> httpx.Response:
        ask = {"purpose": "registration", "fields": ["name", "address", "cautions"]}
        return await staff.try_post(f"/v1/people/{people[len(answers) % len(people)]['id']}/reveal", ask)

    async def write() -> httpx.Response:  # no further request: each would fill a worker's day before the next story
        note = {"kind": "note", "text": "已联系物业"}
        return await staff.try_post(f"/v1/service-requests/{wished['id']}/updates", note)

    answers: list[httpx.Response] = []
    rotated = asyncio.ensure_future(_command(place, "rotate"))
    await asyncio.gather(*(_repeat(do, answers, rotated) for do in (register, reveal, write, reveal)))
    said = rotated.result()

    statuses = Counter(answer.status_code for answer in answers)
    assert set(statuses) <= {200, 201}, f"{statuses}\n{said}"
    assert len(answers) > 40
    after = await _keys_in_use(place)
    for service, counts in after.items():
        assert len(counts) == len(before[service]) + 1, said
        newest, *older = counts.values()
        assert (newest > 0 or service in ("dispatch", "merchants")) and not any(older), after
    for answer in (answer for answer in answers if answer.request.url.path == "/v1/people"):
        shown = await staff.post(
            f"/v1/people/{answer.json()['id']}/reveal", {"purpose": "registration", "fields": ["name"]}
        )
        assert shown["name"] == "欧阳长青"


async def _repeat(
    do: Callable[[], Awaitable[httpx.Response]], answers: list[httpx.Response], until: asyncio.Future[str]
) -> None:
    while not until.done():
        answers.append(await do())


async def _command(place: Place, *arguments: str) -> str:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "stack.cli", "keys", *arguments, "--data", str(place.data), stdout=PIPE, stderr=STDOUT
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
    return output.decode()


async def _keys_in_use(place: Place) -> dict[str, dict[str, int]]:
    """service → key id, the active one first → how many data keys it wraps."""
    return json.loads(await _command(place, "list", "--json"))

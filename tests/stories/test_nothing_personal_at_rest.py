"""After a story has been lived, nobody's name, phone or identity number can be found in anything that was written.

A dump of every database is searched, and the whole data folder byte by byte: tables, indexes and write-ahead log of
PostgreSQL, JetStream, files, every log. Only the file that stands for people's phones holds what was sent to them.
"""

import asyncio
import re
from asyncio.subprocess import PIPE
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest

from stack.demo.people import demo_households
from stack.demo.places import HOTLINE
from stack.demo.staff import demo_workers
from stack.demo.stories.actors import City
from stack.postgres import Server
from stack.topology import APPLICATIONS, Application
from tests.stories.conftest import Place

pytestmark = [pytest.mark.story, pytest.mark.xdist_group("stories"), pytest.mark.timeout(240)]

_NUMBERS = re.compile(rb"(?<![0-9])(?:86)?(150299[0-9]{11}[0-9X]|1990000[0-9]{4})(?![0-9])")
"""Identity numbers and phones of the demo community, with or without the country's code."""
_BINARY = re.compile(rb"\\\\x([0-9a-f]+)")
_MESSAGES = "messages.log"


async def test_a_dump_of_everything_tells_of_nobody(place: Place, city: City) -> None:
    if place.data is None or place.environment is None:
        pytest.fail("this test needs the stack's own data folder; run it without STORIES_URL")
    names, numbers = _known_people()
    staff = await city.with_password("staff")
    case = await staff.post("/v1/found-persons", {"channel": "phone", "note": "自称单玉兰"})
    await staff.post(f"/v1/found-persons/{case['id']}/unfounded", {"note": "误报"})
    found: dict[str, set[str]] = {}
    searched = 0
    dumps = [(each.name, content) for each in APPLICATIONS for content in await _dumped(place.environment, each)]
    for name, content in chain(dumps, _written(place.data)):
        searched += len(content)
        hits = {match.decode() for match in _NUMBERS.findall(content)} & numbers
        hits |= {each for each in names if each.encode() in content}
        if hits:
            found[name] = hits
    assert searched > 50_000_000  # the registry of 8,000 people is in there
    assert (
        min(len(content) for name, content in dumps if name == "residents") > 5_000_000
    )  # sealed fields and indexes too
    assert found == {}


async def test_the_search_would_find_what_is_there(place: Place, city: City) -> None:
    """The same search does find people in the one file that is allowed to name them."""
    if place.data is None:
        pytest.fail("this test needs the stack's own data folder; run it without STORIES_URL")
    await city.with_phone("daughter", demo_households()[0].members[0].phone or "")
    content = (place.data / _MESSAGES).read_bytes()
    assert {match.decode() for match in _NUMBERS.findall(content)} & _known_people()[1]


def _known_people() -> tuple[set[str], set[str]]:
    """Names long enough not to occur by chance, and every phone and identity number."""
    people = [person for household in demo_households() for person in household.members]
    numbers = {person.identity_number for person in people} | {person.phone for person in people if person.phone}
    numbers |= {worker.phone for worker in demo_workers()} - {HOTLINE}
    names = {person.name for person in people[::40] if len(person.name) >= 3}
    return names | {person.name for person in people[:2]}, numbers


async def _dumped(environment: dict[str, str], application: Application) -> tuple[bytes, bytes]:
    """A dump as text, and what its binary columns hold: in the text they are written in hexadecimal."""
    server = Server.from_url(environment["OPERATOR_DATABASE_URL"])
    command = server.command("pg_dump", application.name, "--format=plain")
    process = await asyncio.create_subprocess_exec(*command, env=server.environment, stdout=PIPE)
    text, _ = await process.communicate()
    assert process.returncode == 0
    return text, b"\0".join(bytes.fromhex(found.decode()) for found in _BINARY.findall(text))


def _written(data: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(data.rglob("*")):
        if path.is_file() and path.name not in (_MESSAGES, "environment"):
            yield str(path.relative_to(data)), path.read_bytes()

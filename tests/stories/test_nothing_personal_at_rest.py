"""After a story has been lived, nobody's name, phone or identity number can be found in anything that was written.

The whole data folder is searched byte by byte: tables, indexes and write-ahead log of PostgreSQL, JetStream, every log.
Only the file that stands for people's phones holds what was sent to them.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from stack.demo.people import demo_households
from stack.demo.places import HOTLINE
from stack.demo.staff import demo_workers
from stack.demo.stories.actors import City
from tests.stories.conftest import Place

pytestmark = [pytest.mark.story, pytest.mark.xdist_group("stories"), pytest.mark.timeout(240)]

_NUMBERS = re.compile(rb"(?<![0-9])(?:86)?(150299[0-9]{11}[0-9X]|1990000[0-9]{4})(?![0-9])")
"""Identity numbers and phones of the demo community, with or without the country's code."""
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
    for path, content in _written(place.data):
        searched += len(content)
        hits = {match.decode() for match in _NUMBERS.findall(content)} & numbers
        hits |= {name for name in names if name.encode() in content}
        if hits:
            found[str(path.relative_to(place.data))] = hits
    assert searched > 50_000_000  # the registry of 8,000 people is in there
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


def _written(data: Path) -> Iterator[tuple[Path, bytes]]:
    for path in sorted(data.rglob("*")):
        if path.is_file() and path.name not in (_MESSAGES, "environment"):
            yield path, path.read_bytes()

"""The stories talk to a whole running system over a socket: one throw-away stack for all of them, or the one that
STORIES_URL names (STORIES_CODES is then a command that prints the messages that were sent).
"""

import os
import shlex
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from stack.demo.stories.actors import City, ReadText
from stack.demo.stories.texts import texts_from_command, texts_in_file
from stack.processes import free_port
from stack.supervisor import running_stack


@dataclass(frozen=True)
class Place:
    """Where the system is, how its one-time codes are read, and its data folder if it is ours."""

    url: str
    read_text: ReadText
    data: Path | None = None
    environment: dict[str, str] | None = None


@pytest.fixture(scope="session")
async def place(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Place]:
    url = os.environ.get("STORIES_URL")
    if url:
        yield Place(url, texts_from_command(*shlex.split(os.environ["STORIES_CODES"])))
        return
    data = tmp_path_factory.mktemp("stories") / "data"
    async with running_stack(data, free_port()) as stack:
        codes = texts_in_file(Path(stack.environment["GATEWAY_SENDER_FILE"]))
        yield Place(stack.gateway_url, codes, data, stack.environment)


@pytest.fixture(scope="session")
async def city(place: Place) -> AsyncIterator[City]:
    async with City(place.url, place.read_text) as opened:
        yield opened

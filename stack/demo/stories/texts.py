"""Where the stories read what phones are sent: the file that the embedded stack writes, or a command that prints it."""

import asyncio
import json
import time
from pathlib import Path

from stack.demo.stories.actors import ReadText, StoryBroken

_SECONDS = 10


def texts_in_file(path: Path) -> ReadText:
    """Texts from the console sender's file."""

    def read() -> str:
        return path.read_text() if path.exists() else ""

    async def messages() -> str:
        return await asyncio.to_thread(read)

    return _reader(messages)


def texts_from_command(*command: str) -> ReadText:
    """Texts from what a command prints, e.g. `docker compose exec gateway cat /messages/messages.log`."""

    async def messages() -> str:
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        return (await process.communicate())[0].decode()

    return _reader(messages)


def _reader(messages) -> ReadText:
    async def read_text(reference: str) -> str:
        deadline = time.monotonic() + _SECONDS
        while time.monotonic() < deadline:
            for line in (await messages()).splitlines():
                message = json.loads(line)
                if message.get("reference") == reference:
                    return message["text"]
            await asyncio.sleep(0.05)
        raise StoryBroken("no text arrived")

    return read_text

"""Where the stories read one-time codes: the file that the embedded stack writes, or a command that prints it."""

import asyncio
import json
import re
import time
from pathlib import Path

from stack.demo.stories.actors import ReadCode, StoryBroken

_SECONDS = 10


def codes_in_file(path: Path) -> ReadCode:
    """Codes from the console sender's file."""

    def read() -> str:
        return path.read_text() if path.exists() else ""

    async def messages() -> str:
        return await asyncio.to_thread(read)

    return _reader(messages)


def codes_from_command(*command: str) -> ReadCode:
    """Codes from what a command prints, e.g. `docker compose exec gateway cat /messages/messages.log`."""

    async def messages() -> str:
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        return (await process.communicate())[0].decode()

    return _reader(messages)


def _reader(messages) -> ReadCode:
    async def read_code(request_id: str) -> str:
        deadline = time.monotonic() + _SECONDS
        while time.monotonic() < deadline:
            for line in (await messages()).splitlines():
                message = json.loads(line)
                if message.get("reference") == request_id and (code := re.search(r"\b\d{6}\b", message["text"])):
                    return code.group()
            await asyncio.sleep(0.05)
        raise StoryBroken("no one-time code arrived")

    return read_code

"""How a text reaches a phone: an SMS or messaging gateway over HTTP, or a local file where none is at hand.

What is sent holds names, whereabouts and one-time codes. Nothing here logs it, and no error repeats it.
"""

import asyncio
import json
import os
import stat
import sys
from pathlib import Path
from typing import Protocol

import httpx

from shared.clock import utc_now
from shared.settings import CommonSettings

TIMEOUT_SECONDS = 5.0
_TRY_AGAIN = frozenset({408, 409, 425, 429})


class SendFailed(Exception):
    """Not sent, as far as is known. When `retryable`, send again with the same `reference`."""

    def __init__(self, reason: str, *, retryable: bool) -> None:
        super().__init__(reason)
        self.retryable = retryable


class Sender(Protocol):
    async def send(self, to: str, text: str, *, kind: str, reference: str) -> None:
        """Send `text` to the phone `to` (E.164). `kind` is a code of ours (`one-time-code`, `notice`).

        `reference` names this message: the same reference twice is one message. Raises SendFailed.
        """
        ...

    async def close(self) -> None: ...


class ConsoleSender:
    """Appends a JSON line per message to a file only its owner can read: the inbox of a stack without a gateway.

    Without a file the lines go to standard output. Not for production: whoever reads them can sign in as anybody.
    """

    def __init__(self, path: str | Path = "") -> None:
        self._path = Path(path) if str(path) else None

    async def send(self, to: str, text: str, *, kind: str, reference: str) -> None:
        message = {"at": utc_now().isoformat(), "to": to, "kind": kind, "text": text, "reference": reference}
        line = json.dumps(message, ensure_ascii=False) + "\n"
        try:
            await asyncio.to_thread(self._append, line)
        except OSError as error:
            raise SendFailed("the file of messages cannot be written", retryable=True) from error

    def _append(self, line: str) -> None:
        if self._path is None:
            sys.stdout.write(line)
            sys.stdout.flush()
            return
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
        descriptor = os.open(self._path, flags, stat.S_IRUSR | stat.S_IWUSR)
        try:
            os.write(descriptor, line.encode())  # one write: several processes append to the same file
        finally:
            os.close(descriptor)

    async def close(self) -> None:
        return None


class HttpSender:
    """Posts `{"to", "text", "kind", "reference"}` to a messaging gateway; `reference` is also the Idempotency-Key."""

    def __init__(self, url: str, token: str, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        if not url.startswith(("https://", "http://")):
            raise ValueError("sender_url: an http or https address is needed when the sender is http")
        self._url = url
        self._client = httpx.AsyncClient(
            timeout=TIMEOUT_SECONDS,
            transport=transport,
            follow_redirects=False,
            headers={"Authorization": f"Bearer {token}"} if token else {},
        )

    async def send(self, to: str, text: str, *, kind: str, reference: str) -> None:
        body = {"to": to, "text": text, "kind": kind, "reference": reference}
        try:
            response = await self._client.post(self._url, json=body, headers={"Idempotency-Key": reference})
        except httpx.HTTPError as error:
            raise SendFailed(type(error).__name__, retryable=True) from None
        status = response.status_code
        if not 200 <= status < 300:
            raise SendFailed(
                f"the messaging gateway answered {status}", retryable=status >= 500 or status in _TRY_AGAIN
            )

    async def close(self) -> None:
        await self._client.aclose()


def sender_from(settings: CommonSettings) -> Sender:
    """The sender that the settings name."""
    if settings.sender == "http":
        return HttpSender(settings.sender_url, settings.sender_token.get_secret_value())
    return ConsoleSender(settings.sender_file)

import asyncio
import json
import stat
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from shared.sender import ConsoleSender, HttpSender, SendFailed, sender_from
from shared.settings import CommonSettings

PHONE, TEXT = "+8619900000001", "验证码 123456"


class Gateway:
    """A messaging gateway on a socket that answers as told and remembers what it was sent."""

    def __init__(self) -> None:
        self.status = 202
        self.hang_up = False
        self.requests: list[tuple[dict[str, str], dict[str, str]]] = []
        self.url = ""

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        headers = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if line)
        body = json.loads(await reader.readexactly(int(headers["content-length"])))
        self.requests.append((headers, body))
        if not self.hang_up:
            location = "location: /elsewhere\r\n" if self.status == 302 else ""
            writer.write(
                f"HTTP/1.1 {self.status} X\r\n{location}content-length: 0\r\nconnection: close\r\n\r\n".encode()
            )
            await writer.drain()
        writer.close()
        await writer.wait_closed()


@pytest.fixture
async def gateway() -> AsyncIterator[Gateway]:
    running = Gateway()
    async with await asyncio.start_server(running.answer, "127.0.0.1", 0) as server:
        running.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/messages"
        yield running


@asynccontextmanager
async def sending(url: str) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    sender = HttpSender(url, "token-1")
    try:
        yield lambda: sender.send(PHONE, TEXT, kind="one-time-code", reference="r-1")
    finally:
        await sender.close()


async def test_lines_are_appended_to_a_private_file(tmp_path: Path) -> None:
    path = tmp_path / "messages.log"
    sender = ConsoleSender(path)
    await asyncio.gather(*(sender.send(PHONE, TEXT, kind="notice", reference=str(i)) for i in range(20)))
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert {line["reference"] for line in lines} == {str(i) for i in range(20)}
    assert all((line["to"], line["text"], line["kind"]) == (PHONE, TEXT, "notice") for line in lines)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_without_a_file_lines_go_to_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    await ConsoleSender().send(PHONE, TEXT, kind="notice", reference="r")
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]  # applications log there too
    assert [line["text"] for line in lines if line.get("reference") == "r"] == [TEXT]


async def test_an_unwritable_file_is_a_failure_to_retry(tmp_path: Path) -> None:
    with pytest.raises(SendFailed) as caught:
        await ConsoleSender(tmp_path / "missing" / "messages.log").send(PHONE, TEXT, kind="notice", reference="r")
    assert caught.value.retryable


async def test_a_symbolic_link_is_not_followed(tmp_path: Path) -> None:
    victim, link = tmp_path / "victim", tmp_path / "messages.log"
    victim.write_text("")
    link.symlink_to(victim)
    with pytest.raises(SendFailed):
        await ConsoleSender(link).send(PHONE, TEXT, kind="notice", reference="r")
    assert victim.read_text() == ""


async def test_the_gateway_is_told_everything_once(gateway: Gateway) -> None:
    async with sending(gateway.url) as send:
        await send()
    ((headers, body),) = gateway.requests
    assert body == {"to": PHONE, "text": TEXT, "kind": "one-time-code", "reference": "r-1"}
    assert headers["idempotency-key"] == "r-1" and headers["authorization"] == "bearer token-1"


@pytest.mark.parametrize(
    ("status", "retryable"),
    [(302, False), (400, False), (401, False), (408, True), (429, True), (500, True), (503, True)],
)
async def test_refusals_say_whether_to_try_again(gateway: Gateway, status: int, retryable: bool) -> None:
    gateway.status = status
    async with sending(gateway.url) as send:
        with pytest.raises(SendFailed) as caught:
            await send()
    assert caught.value.retryable is retryable
    assert PHONE not in str(caught.value) and TEXT not in str(caught.value)
    assert len(gateway.requests) == 1


async def test_a_lost_connection_is_a_failure_to_retry(gateway: Gateway) -> None:
    gateway.hang_up = True
    async with sending(gateway.url) as send:
        with pytest.raises(SendFailed) as caught:
            await send()
    assert caught.value.retryable


async def test_silence_is_a_failure_to_retry() -> None:
    def silent(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("", request=request)

    sender = HttpSender("http://127.0.0.1/messages", "", transport=httpx.MockTransport(silent))
    with pytest.raises(SendFailed) as caught:
        await sender.send(PHONE, TEXT, kind="notice", reference="r")
    assert caught.value.retryable
    await sender.close()


def settings(**changes: object) -> CommonSettings:
    secret = SecretStr("x")
    required = {
        "database_url": secret,
        "issuer": "x",
        "key_encryption_keys": secret,
        "index_key": secret,
        "signing_key": secret,
    }
    return CommonSettings(**(required | changes))  # type: ignore[arg-type]


async def test_settings_choose_the_sender(tmp_path: Path) -> None:
    assert isinstance(sender_from(settings(sender_file=str(tmp_path / "m"))), ConsoleSender)
    chosen = sender_from(settings(sender="http", sender_url="https://sms.example/send"))
    assert isinstance(chosen, HttpSender)
    await chosen.close()
    with pytest.raises(ValueError, match="sender_url"):
        sender_from(settings(sender="http"))

"""What the kit's middleware, logs, metrics and spans add to one request (the log line is formatted, not written)."""

import asyncio
import contextlib
import io
import sys

from bench.applications import plain, settings, wrapped
from bench.result import Result, microseconds
from shared.logs import configure_logging

SCOPE = {
    "type": "http",
    "asgi": {"version": "3.0"},
    "method": "GET",
    "path": "/v1/items/5",
    "raw_path": b"/v1/items/5",
    "query_string": b"",
    "headers": [(b"host", b"x"), (b"accept", b"*/*"), (b"user-agent", b"bench")],
    "scheme": "http",
    "server": ("127.0.0.1", 1),
    "client": ("127.0.0.1", 2),
    "root_path": "",
}


async def run() -> list[Result]:
    # Own loops: `microseconds` drives synchronous calls.
    return await asyncio.to_thread(_measure)


def _measure() -> list[Result]:
    runner = asyncio.Runner()
    inside, around = plain(), wrapped()
    configure_logging("bench", settings().log_level)
    logged = wrapped()

    def ask(app):
        async def once() -> None:
            await app(SCOPE | {"state": {}}, _receive, _send)

        return lambda: runner.run(once())

    def ask_with_log():
        configure_logging("bench", "INFO")
        with contextlib.redirect_stdout(io.StringIO()):
            call = ask(logged)
            result = microseconds(ask(inside), call)
        configure_logging("bench", "WARNING")
        return result

    without, with_all = microseconds(ask(inside), ask(around))
    bare, with_log = ask_with_log()
    runner.close()
    sys.stdout.flush()
    return [
        Result("request through the whole stack, no access log", with_all, "µs", "the same route bare", without),
        Result("request through the whole stack, access log", with_log, "µs", "the same route bare", bare),
    ]


async def _receive():
    return {"type": "http.request", "body": b""}


async def _send(message) -> None:
    pass

"""A server in a process of its own, so that a benchmark does not share its event loop with what it measures."""

import contextlib
import gc
import multiprocessing
import socket
import time
from collections.abc import Iterator

import uvicorn

from stack.serve import load


@contextlib.contextmanager
def serving(factory: str) -> Iterator[str]:
    """The base URL of the application that `factory` (`module:function`) makes, until the block ends."""
    listening = socket.create_server(("127.0.0.1", 0))
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(factory, listening), daemon=True)
    process.start()
    port = listening.getsockname()[1]
    try:
        _wait(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.join(5)
        listening.close()


def freeze() -> None:
    """As a server does once it is loaded: the cycle collector never searches what stands, for some 200 ms each time."""
    gc.collect()
    gc.freeze()


def _serve(factory: str, listening: socket.socket) -> None:
    config = uvicorn.Config(factory, factory=True, loop="uvloop", http="httptools", access_log=False, log_level="error")
    load(config)
    uvicorn.Server(config).run(sockets=[listening])


def _wait(port: int) -> None:
    """The socket listens from the start; the application answers once it is imported."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
            connection.sendall(b"GET /nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            if connection.recv(1):
                return
    raise TimeoutError("the benchmark's server did not start")

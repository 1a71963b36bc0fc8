"""One application under uvicorn: `python -m stack.serve residents --port 8001`.

Python's cycle collector is off while the application's modules load, because it would search a growing heap that holds
no garbage yet: that was a quarter of the start-up time. What is loaded is then frozen, i.e. never searched again.
"""

import argparse
import gc
import socket
import sys
from typing import Any

import uvicorn

from stack.topology import application

GRACE_SECONDS = 4
"""How long requests in flight may take to finish when the application is asked to stop."""


class Server(uvicorn.Server):
    """Asks answers that stay open to end before it waits for those that are under way."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        served: Any = self.config.loaded_app
        while not hasattr(served, "state"):
            served = served.app  # what uvicorn itself put around it
        served.state.draining.set()
        await super().shutdown(sockets)


def load(config: uvicorn.Config) -> None:
    """Make the application; the collector never searches what stands then."""
    gc.disable()
    config.load()
    gc.freeze()
    gc.enable()


def main() -> None:
    parser = argparse.ArgumentParser(description="Serve one application.")
    parser.add_argument("application")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    options = parser.parse_args()
    config = uvicorn.Config(
        application(options.application).factory,
        factory=True,
        host=options.host,
        port=options.port,
        loop="uvloop",
        http="httptools",
        ws="none",
        access_log=False,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    load(config)
    server = Server(config)
    server.run()
    if not server.started:
        sys.exit(1)


if __name__ == "__main__":
    main()

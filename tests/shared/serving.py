"""A real server on a real socket for an ASGI application, in the test's own event loop."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.types import ASGIApp


@asynccontextmanager
async def serving(app: ASGIApp, *, port: int = 0) -> AsyncIterator[str]:
    """The base URL of `app`, served on 127.0.0.1 until the block ends."""
    config = uvicorn.Config(
        app, host="127.0.0.1", port=port, lifespan="off", log_config=None, timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    config.load()
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    loop = asyncio.ensure_future(server.main_loop())
    try:
        bound = server.servers[0].sockets[0].getsockname()
        yield f"http://127.0.0.1:{bound[1]}"
    finally:
        server.should_exit = True
        await loop
        await server.shutdown()

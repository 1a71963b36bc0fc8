"""Whether the process lives, and whether it may be sent requests. Neither tells anything that is not ours to tell."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from shared.auth import PUBLIC
from shared.errors import Problem, both, render
from shared.telemetry import METRICS_TYPE, Telemetry

CHECK_SECONDS = 2.0

Check = Callable[[], Awaitable[bool]]


class NotReady(Problem):
    status = 503
    code = "not-ready"
    title = both("尚未就绪", "Not ready")
    detail = both(
        "failing 中的部分暂不可用, 请稍后重试。", "The parts named in failing are not available. Try again shortly."
    )

    def __init__(self, failing: list[str]) -> None:
        super().__init__(headers={"Retry-After": "2"}, failing=failing)


class Health:
    """The parts that a process needs, asked anew at each probe; `stopping` makes it not ready while answering."""

    def __init__(self) -> None:
        self.stopping = False
        self._checks: dict[str, Check] = {}
        self._tasks: list[asyncio.Task[Any]] = []

    def add(self, name: str, check: Check) -> None:
        """Ready only while `await check()` is true; false, an exception or more than two seconds are failures."""
        self._checks[name] = check

    def watch(self, task: asyncio.Task[Any]) -> None:
        """Ready only while `task` runs: a background loop that ended can only have crashed."""
        self._tasks.append(task)

    async def failing(self) -> list[str]:
        """Names of the parts that are not available now, in order; empty means ready."""
        if self.stopping:
            return ["stopping"]
        answers = await asyncio.gather(*map(_answers, self._checks.values()))
        failing = [name for name, well in zip(self._checks, answers, strict=True) if not well]
        return failing + (["workers"] if any(task.done() for task in self._tasks) else [])


async def _answers(check: Check) -> bool:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            return await check()
    except Exception:  # whatever went wrong, the part is not available; the next probe asks again
        return False


class Condition(BaseModel):
    status: Literal["live", "ready"]


def health_router(health: Health, telemetry: Telemetry) -> APIRouter:
    """`/health/live`, `/health/ready` and `/metrics`, which need no token and stand outside the public API."""
    router = APIRouter(tags=["health"], dependencies=[Depends(PUBLIC)], include_in_schema=False)

    @router.get("/health/live")
    async def show_live() -> Condition:
        return Condition(status="live")

    @router.get("/health/ready", response_model=Condition)
    async def show_ready(request: Request) -> Response | Condition:
        failing = await health.failing()
        if failing:
            # Rendered here rather than raised: a probe that fails while a process starts is no error to log.
            return render(NotReady(failing), request.headers.get("accept-language"))
        return Condition(status="ready")

    @router.get("/metrics")
    async def show_metrics() -> Response:
        return Response(telemetry.metrics(), media_type=METRICS_TYPE)

    return router

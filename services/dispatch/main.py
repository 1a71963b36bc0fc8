"""Dispatch: who does what. The only place where this service is wired."""

from fastapi import FastAPI

from services.dispatch.consumers import CONSUMERS
from services.dispatch.grids import endpoints as grids
from services.dispatch.settings import Settings
from shared.app import Service, build_app
from shared.grid_directory import BoundaryLocator


async def _prepare(app: FastAPI) -> None:
    app.state.locator = BoundaryLocator()


SERVICE = Service(
    name="dispatch",
    title="Dispatch",
    description="Grids, responders, work orders: who does what, and why they were asked.",
    routers=[grids.router],
    consumers=CONSUMERS,
    prepare=_prepare,
)


def create_app(settings: Settings | None = None) -> FastAPI:
    return build_app(SERVICE, settings or Settings())  # type: ignore[call-arg]

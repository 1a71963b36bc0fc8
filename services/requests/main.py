"""Requests: what residents want. The only place where this service is wired."""

from fastapi import FastAPI

from services.requests.categories import endpoints as categories
from services.requests.consumers import consumers
from services.requests.service_requests import closing_endpoints, endpoints, overdue
from services.requests.settings import Settings
from shared.app import Service, build_app
from shared.crypto import Keyring
from shared.grid_directory import BoundaryLocator


def create_app(settings: Settings | None = None) -> FastAPI:
    settings = settings or Settings.from_environment()
    keyring = Keyring.of(settings)

    async def prepare(app: FastAPI) -> None:
        app.state.locator = BoundaryLocator()

    service = Service(
        name="requests",
        title="Requests",
        description="What residents want, from the first word to the confirmation that it is solved.",
        routers=[categories.router, endpoints.router, closing_endpoints.router],
        consumers=consumers(keyring),
        timers=overdue.TIMERS,
        prepare=prepare,
    )
    return build_app(service, settings)

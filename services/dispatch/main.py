"""Dispatch: who does what. The only place where this service is wired."""

from fastapi import FastAPI

from services.dispatch.communities import endpoints as communities
from services.dispatch.consumers import CONSUMERS
from services.dispatch.contacts import endpoints as contacts
from services.dispatch.grids import endpoints as grids
from services.dispatch.objections import endpoints as objections
from services.dispatch.objections import service as objection_reviews
from services.dispatch.policies import endpoints as policies
from services.dispatch.responders import endpoints as responders
from services.dispatch.responders import roster
from services.dispatch.settings import Settings
from services.dispatch.work_orders import endpoints as work_orders
from services.dispatch.work_orders.sweep import TIMERS
from shared.app import Service, build_app
from shared.grid_directory import BoundaryLocator


async def _prepare(app: FastAPI) -> None:
    app.state.locator = BoundaryLocator()


SERVICE = Service(
    name="dispatch",
    title="Dispatch",
    description="Grids, responders, work orders: who does what, and why they were asked.",
    routers=[
        communities.router,
        grids.router,
        responders.router,
        roster.router,
        policies.router,
        work_orders.router,
        contacts.router,
        objections.router,
    ],
    consumers=CONSUMERS,
    timers=(*TIMERS, *objection_reviews.TIMERS),
    prepare=_prepare,
)


def create_app(settings: Settings | None = None) -> FastAPI:
    return build_app(SERVICE, settings or Settings.from_environment())

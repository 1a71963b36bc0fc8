"""The gateway: the one door. The only place where it is wired."""

from datetime import timedelta

from fastapi import FastAPI

from gateway import docs, metrics, openapi, proxy
from gateway.accounts import endpoints as accounts
from gateway.cards import endpoints as cards
from gateway.limits import Limits
from gateway.open311 import endpoints as open311
from gateway.public_page import conversations
from gateway.public_page import endpoints as public_page
from gateway.routes import LARGE_BODIES, SERVICES, STREAMS
from gateway.screens import home, quotes, worker_today
from gateway.settings import Settings
from gateway.sign_in import endpoints as sign_in
from gateway.sign_in.service import forget_expired
from gateway.tokens import endpoints as tokens
from gateway.tokens.service import Issuer
from gateway.tracking_page import endpoints as tracking_page
from shared.app import Service, build_app
from shared.auth import TokenVerifier
from shared.http_client import Upstream
from shared.timers import Timer


async def _prepare(app: FastAPI) -> None:
    settings: Settings = app.state.settings
    app.state.limits = Limits(settings.rate_limit_factor)
    app.state.issuer = Issuer(app.state.database, app.state.keyring, settings.issuer)
    # With its own keys the gateway asks itself without a round trip; with a provider's, like any service.
    app.state.verifier = TokenVerifier(settings.provider_jwks_url or app.state.issuer.key_set, settings.issuer)
    app.state.upstreams = {name: Upstream(name, getattr(settings, f"{name}_url")) for name in SERVICES}
    app.state.documents = openapi.Documents(app, app.state.upstreams)
    for upstream in app.state.upstreams.values():
        app.state.closing.push_async_callback(upstream.close)


SERVICE = Service(
    name="gateway",
    title="Kaiyuan",
    description="Everyday governance of a Chinese urban community: one API in front of four services.",
    routers=[
        tokens.router,
        sign_in.router,
        accounts.router,
        cards.router,
        public_page.router,
        conversations.router,
        tracking_page.router,
        home.router,
        worker_today.router,
        quotes.router,
        open311.router,
        openapi.router,
        docs.router,
        metrics.router,
    ],
    timers=[Timer("forget_expired_sign_ins", timedelta(minutes=10), forget_expired)],
    large_bodies=LARGE_BODIES,
    streams=STREAMS,
    prepare=_prepare,
)


def create_app(settings: Settings | None = None) -> FastAPI:
    app = build_app(SERVICE, settings or Settings.from_environment())
    # FastAPI's own page of the gateway alone gives way to the merged one.
    app.router.routes[:] = [route for route in app.router.routes if getattr(route, "name", "") != "openapi"]
    app.router.redirect_slashes = False
    proxy.install(app)
    return app

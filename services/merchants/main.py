"""Merchants: the life circle. The only place where this service is wired."""

from datetime import timedelta

from fastapi import FastAPI

from services.merchants.alliance import endpoints as alliance
from services.merchants.consumers import consumers
from services.merchants.items import endpoints as items
from services.merchants.offers import endpoints as offers
from services.merchants.offers.service import expire_offers
from services.merchants.quotes import endpoints as quotes
from services.merchants.quotes.tokens import QuoteSigner
from services.merchants.redemptions import endpoints as redemptions
from services.merchants.redemptions.service import expire_reservations
from services.merchants.settings import Settings
from shared.app import Service, build_app
from shared.crypto import AttestationVerifier, Keyring
from shared.timers import Timer

TIMERS = (
    Timer("expire_reservations", timedelta(seconds=5), expire_reservations),
    Timer("expire_offers", timedelta(minutes=5), expire_offers),
)


def create_app(settings: Settings | None = None) -> FastAPI:
    settings = settings or Settings.from_environment()
    keyring = Keyring.of(settings)

    async def prepare(app: FastAPI) -> None:
        app.state.attestations = AttestationVerifier(settings.attestation_key)
        app.state.quotes = QuoteSigner(app.state.signing_key)

    service = Service(
        name="merchants",
        title="Merchants",
        description="The life circle: shops of the alliance, what they offer, and how offers are used.",
        routers=[alliance.router, items.router, offers.router, quotes.router, redemptions.router],
        consumers=consumers(keyring),
        timers=TIMERS,
        prepare=prepare,
    )
    return build_app(service, settings)

"""Residents: the registry. The only place where this service is wired."""

from dataclasses import replace

from fastapi import FastAPI

from services.residents.addresses import endpoints as addresses
from services.residents.consents import endpoints as consents
from services.residents.consumers import CONSUMERS
from services.residents.contact_cards import endpoints as contact_cards
from services.residents.contact_cards import public as contact_cards_public
from services.residents.contact_cards.scans import scan_timer
from services.residents.duplicates import endpoints as duplicates
from services.residents.duplicates.timers import duplicate_timers
from services.residents.exports import endpoints as exports
from services.residents.exports.timers import export_timers
from services.residents.found_persons import endpoints as found_persons
from services.residents.found_persons import evidence as found_persons_evidence
from services.residents.found_persons import public as found_persons_public
from services.residents.found_persons.timers import case_timers
from services.residents.guardians import endpoints as guardians
from services.residents.household_cards import editor, schemes
from services.residents.household_cards import endpoints as household_cards
from services.residents.household_cards.timers import card_timers
from services.residents.households import endpoints as households
from services.residents.households import owner_endpoints as home_owners
from services.residents.imports import endpoints as imports
from services.residents.imports.timers import import_timers
from services.residents.imports.workers import Workers
from services.residents.memberships import endpoints as memberships
from services.residents.merges import endpoints as merges
from services.residents.merges.errors import PersonWasMerged
from services.residents.notices import endpoints as notices
from services.residents.notices.deliveries import delivery_timer
from services.residents.people import endpoints as people
from services.residents.people import internal as people_internal
from services.residents.people import parts as people_parts
from services.residents.photos import endpoints as photos
from services.residents.photos.timers import photo_timers
from services.residents.retention import endpoints as retention
from services.residents.retention.timers import retention_timer
from services.residents.reviews import endpoints as reviews
from services.residents.rights import endpoints as rights
from services.residents.rights import requests as rights_requests
from services.residents.rights.timers import rights_timers
from services.residents.search import endpoints as search
from services.residents.settings import Settings
from services.residents.sync import endpoints as sync
from services.residents.sync.timers import sync_timers
from shared import audit
from shared.app import Service, build_app
from shared.crypto import Attestor, Keyring
from shared.files import FileStore
from shared.grid_directory import BoundaryLocator
from shared.photos import PHOTO_MIB
from shared.sender import sender_from

SERVICE = Service(
    name="residents",
    title="Residents",
    description="Households, people, cards, found persons, notices: who lives here and how they are looked after.",
    routers=[
        addresses.router,
        households.router,
        search.router,
        home_owners.router,
        people.router,
        memberships.household_router,
        memberships.person_router,
        guardians.router,
        people_parts.router,
        people_internal.router,
        photos.router,
        editor.router,
        duplicates.router,
        merges.router,
        schemes.router,
        household_cards.router,
        household_cards.overrides,
        contact_cards.router,
        contact_cards_public.public_router,
        contact_cards_public.internal_router,
        found_persons.router,
        found_persons_evidence.router,
        found_persons_public.router,
        notices.router,
        rights.router,
        rights_requests.asking,
        rights_requests.router,
        sync.router,
        reviews.router,
        retention.router,
        consents.catalogue_router,
        consents.router,
        imports.router,
        exports.router,
    ],
    consumers=CONSUMERS,
    large_bodies={
        "/v1/people/{person_id}/photo": PHOTO_MIB,
        "/v1/found-persons/{case_id}/photos": PHOTO_MIB,
        "/v1/public/found-reports/{report_id}/photos": PHOTO_MIB,
        "/v1/imports": imports.SHEET_MIB,
    },
)


def create_app(settings: Settings | None = None) -> FastAPI:
    settings = settings or Settings.from_environment()
    keyring = Keyring.of(settings)

    files = FileStore.from_url(settings.files_url, settings.files_options.get_secret_value())
    workers = Workers(settings)

    async def prepare(app: FastAPI) -> None:
        app.state.files = files
        app.state.workers = workers
        app.state.closing.push_async_callback(workers.close)
        app.state.attestor = Attestor.from_settings(settings.attestation_key.get_secret_value())
        app.state.locator = BoundaryLocator()

    sender = sender_from(settings)
    signer = audit.signer_from(settings.signing_key.get_secret_value())
    timers = [
        *card_timers(keyring),
        *case_timers(keyring, settings),
        delivery_timer(keyring, sender, settings.public_url),
        *photo_timers(files),
        *sync_timers(),
        *import_timers(keyring, signer, files, workers, settings.import_retention),
        scan_timer(settings),
        *rights_timers(keyring, signer),
        retention_timer(keyring, signer, settings.retention_days),
        *export_timers(keyring, signer, files, workers, settings.export_retention, settings.export_downloads),
        *duplicate_timers(keyring),
    ]
    app = build_app(replace(SERVICE, timers=timers, prepare=prepare), settings)
    app.add_exception_handler(PersonWasMerged, merges.lead_to_kept)
    return app

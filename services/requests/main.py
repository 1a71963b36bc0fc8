"""Requests: what residents want. The only place where this service is wired."""

from fastapi import FastAPI

from services.requests.abuse import endpoints as abuse
from services.requests.anonymity.service import TIMERS as ANONYMITY_TIMERS
from services.requests.area_days import endpoints as area_days
from services.requests.area_days.service import TIMERS as AREA_DAY_TIMERS
from services.requests.attachments import endpoints as attachments
from services.requests.attachments.timers import attachment_timers
from services.requests.calendars import endpoints as calendars
from services.requests.callbacks import endpoints as callbacks
from services.requests.callbacks.sweep import TIMERS as CALLBACK_TIMERS
from services.requests.categories import endpoints as categories
from services.requests.closing import endpoints as closing
from services.requests.clusters import endpoints as clusters
from services.requests.commendations import endpoints as commendations
from services.requests.consumers import consumers
from services.requests.deliberations import endpoints as deliberations
from services.requests.deliberations import meeting_endpoints as meetings
from services.requests.deliberations import photo_endpoints as meeting_photos
from services.requests.deliberations import timers as deliberation_timers
from services.requests.following import endpoints as following
from services.requests.knowledge import editing_endpoints as articles_editing
from services.requests.knowledge import endpoints as articles
from services.requests.knowledge.finding import load_dictionary
from services.requests.knowledge.timers import TIMERS as ARTICLE_TIMERS
from services.requests.mediations import conduct_endpoints as mediations_conduct
from services.requests.mediations import endpoints as mediations
from services.requests.mediations.timers import mediation_timers
from services.requests.merges import endpoints as merges
from services.requests.moderation import endpoints as moderation
from services.requests.open311 import endpoints as open311
from services.requests.overdue import sweep
from services.requests.projects import endpoints as projects
from services.requests.projects import timers as project_timers
from services.requests.projects import work_endpoints as project_work
from services.requests.ratings import endpoints as ratings
from services.requests.search import endpoints as search
from services.requests.search import filing
from services.requests.service_requests import endpoints
from services.requests.settings import Settings
from services.requests.similar import endpoints as similar
from services.requests.splits import endpoints as splits
from services.requests.statistics import endpoints as statistics
from services.requests.statistics import rollup
from services.requests.stream import endpoints as stream
from services.requests.stream.feed import Feed
from services.requests.templates import endpoints as templates
from services.requests.tracking import endpoints as tracking
from services.requests.tracking import public as tracking_public
from services.requests.tracking.timers import tracking_timers
from services.requests.transfers import endpoints as transfers
from services.requests.views import endpoints as views
from shared.app import Service, build_app
from shared.crypto import Keyring
from shared.files import FileStore
from shared.grid_directory import BoundaryLocator
from shared.photos import PHOTO_MIB
from shared.sender import sender_from

ROUTERS = [
    abuse.router,
    categories.router,
    area_days.router,
    calendars.router,
    clusters.router,
    views.lists,  # before what is named by its id
    following.followed,
    views.views,
    similar.router,
    search.router,
    stream.router,
    endpoints.router,
    closing.router,
    ratings.router,
    attachments.router,
    open311.router,
    moderation.router,
    templates.router,
    following.router,
    tracking.router,
    tracking_public.router,
    deliberations.router,
    meetings.router,
    meeting_photos.router,
    projects.router,
    projects.of_deliberation,
    project_work.router,
    merges.router,
    callbacks.router,
    commendations.router,
    splits.router,
    transfers.router,
    mediations.router,
    articles_editing.router,  # before what is named by its id
    articles.router,
    mediations_conduct.router,
    statistics.router,
]

LARGE_BODIES = {
    "/v1/service-requests/{request_id}/attachments": PHOTO_MIB,
    "/v1/public/tracked-requests/{reference}/photos": PHOTO_MIB,
    "/v1/projects/{project_id}/photos": PHOTO_MIB,
    "/v1/deliberations/{deliberation_id}/photos": PHOTO_MIB,
    "/internal/open311/requests": open311.MOST_PHOTOS * PHOTO_MIB + 1,
}


def create_app(settings: Settings | None = None) -> FastAPI:
    settings = settings or Settings.from_environment()
    keyring = Keyring.of(settings)
    files = FileStore.from_url(settings.files_url, settings.files_options.get_secret_value())

    async def prepare(app: FastAPI) -> None:
        app.state.files = files
        app.state.locator = BoundaryLocator()
        await load_dictionary()
        app.state.feed = Feed(app.state.bus)
        app.state.closing.push_async_callback(app.state.feed.close)
        app.state.intake_limits = settings.intake_limits

    service = Service(
        name="requests",
        title="Requests",
        description="What residents want, from the first word to the confirmation that it is solved.",
        routers=ROUTERS,
        consumers=consumers(keyring),
        timers=[
            *ANONYMITY_TIMERS,
            *AREA_DAY_TIMERS,
            *sweep.TIMERS,
            *rollup.TIMERS,
            *CALLBACK_TIMERS,
            *deliberation_timers.TIMERS,
            *mediation_timers(keyring),
            *ARTICLE_TIMERS,
            *project_timers.TIMERS,
            *attachment_timers(files),
            *tracking_timers(keyring, sender_from(settings), settings.public_url),
            *filing.timers(keyring),
        ],
        large_bodies=LARGE_BODIES,
        streams=[stream.STREAM],
        prepare=prepare,
    )
    return build_app(service, settings)

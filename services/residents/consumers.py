"""What residents listens to, by source service and event type."""

from services.residents.found_persons.consumers import WORK_ORDER_HANDLERS
from services.residents.households.consumers import follow_published_grid
from services.residents.notices.articles import ARTICLE_HANDLERS
from services.residents.notices.consumers import REMINDER_HANDLERS, REQUEST_HANDLERS
from services.residents.notices.deliberations import DELIBERATION_HANDLERS
from services.residents.notices.mediations import MEDIATION_HANDLERS
from shared.consumer import Handlers

CONSUMERS: dict[str, Handlers] = {
    "dispatch": {
        "dispatch.grid_published.v1": follow_published_grid,
        **WORK_ORDER_HANDLERS,
        **REMINDER_HANDLERS,
    },
    "requests": {**REQUEST_HANDLERS, **MEDIATION_HANDLERS, **DELIBERATION_HANDLERS, **ARTICLE_HANDLERS},
}

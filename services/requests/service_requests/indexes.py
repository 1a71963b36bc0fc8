"""The indexes of lists. Those of a community begin with it; those of an area with the order, so that a page of a whole
city costs no more: rows of other areas, and rows that do not fit, are passed over."""

from sqlalchemy import Index, text

from services.requests.service_requests.states import OPEN

_STATES = ", ".join(sorted(repr(state.value) for state in OPEN))
IS_OPEN = f"state IN ({_STATES})"
IS_CLOSED = f"state NOT IN ({_STATES})"
IS_URGENT = "urgency = 'urgent'"
WAS_REOPENED = "reopened_count > 0"


def _index(name: str, *columns: str, where: str | None = None) -> Index:
    return Index(f"ix_service_request_{name}", *columns, postgresql_where=None if where is None else text(where))


OF_LISTS = (
    _index("open_by_deadline", "community_code", "resolve_by", "id", where=IS_OPEN),
    _index("community_code_updated_at_id", "community_code", "updated_at", "id"),
    _index("area_newest", "id", "community_code"),
    _index("area_by_deadline", "resolve_by", "id", "community_code", where=IS_OPEN),
    _index("area_by_update", "updated_at", "id", "community_code"),
    _index("area_closed", "id", "community_code", where=IS_CLOSED),
    _index("area_urgent", "id", "community_code", where=IS_URGENT),
    _index("area_reopened", "id", "community_code", where=WAS_REOPENED),
    _index("area_channel", "channel", "id", "community_code"),
    _index("area_category", "category_code", "id", "community_code"),
)

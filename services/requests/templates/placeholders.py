"""What a template may leave open, and what a request puts in its place. A closed list, checked when it is saved."""

from string import Formatter

from services.requests.categories.models import Category
from services.requests.service_requests.models import ServiceRequest
from services.requests.service_requests.references import REFERENCE
from services.requests.service_requests.states import State
from shared.clock import CHINA
from shared.errors import Bilingual, both

_FORMATTER = Formatter()
_ENGLISH = {State.RESOLVED: "answered", State.CONFIRMED: "closed", State.REJECTED: "declined"}
"""Where it is not the code's own words."""


def state_name(state: State) -> Bilingual:
    return both(state.zh, _ENGLISH.get(state, state.replace("_", " ")))


def values_of(request: ServiceRequest, category: Category) -> dict[str, Bilingual]:
    """Every placeholder's value for one request. Days are those of the China Standard Time calendar."""
    submitted = request.created_at.astimezone(CHINA)
    reference = REFERENCE.grouped(request.reference)
    due = request.resolve_by.astimezone(CHINA)
    return {
        "reference": both(reference, reference),
        "category": both(category.name_zh, category.name_en),
        "state": state_name(request.state),
        "submitted_on": both(f"{submitted.month}月{submitted.day}日", f"{submitted:%-d %B}"),
        "resolve_by": both(f"{due.month}月{due.day}日 {due:%H:%M}", f"{due:%-d %B, %H:%M}"),
        "grid": both(request.grid_code or "社区", request.grid_code or "the community"),
    }


PLACEHOLDERS = ("reference", "category", "state", "submitted_on", "resolve_by", "grid")


def check(text: str) -> str:
    """The text, if it leaves open only what a request can fill; ValueError names what may stand in braces."""
    try:
        parts = list(_FORMATTER.parse(text))
    except ValueError:
        raise ValueError(_unclear()) from None
    if any(
        name is not None and (name not in PLACEHOLDERS or spec or conversion) for _, name, spec, conversion in parts
    ):
        raise ValueError(_unclear())
    return text


def fill(text: str, values: dict[str, str]) -> str:
    """`text` with its placeholders filled. What is filled in is not read again."""
    return _FORMATTER.vformat(text, (), values)


def _unclear() -> Bilingual:
    allowed = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
    return both(f"花括号中只能是: {allowed}", f"Only these may stand in braces: {allowed}")

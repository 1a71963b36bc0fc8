from typing import Any, NamedTuple


class Links(NamedTuple):
    """The table that ties requests to one kind of thing that came of them."""

    table: Any
    owner: str
    """Its column that names the deliberation or project."""
    type: str
    """What the timeline of a request calls it (`detail.type`)."""

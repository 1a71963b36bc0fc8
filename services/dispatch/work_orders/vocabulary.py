"""The words of work orders, and which state follows which."""

from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from shared.states import NamedState


class Urgency(StrEnum):
    NORMAL = "normal"
    URGENT = "urgent"


class State(NamedState):
    CREATED = "created", "待派单"
    """Nobody could be asked yet; tried again, soon and then more seldom."""
    ASSIGNED = "assigned", "已派单"
    ACKNOWLEDGED = "acknowledged", "已接单"
    """Accepted (接单): exactly one responder answers for it from now on."""
    IN_PROGRESS = "in_progress", "办理中"
    HANDED_BACK = "handed_back", "已退单"
    """退单, and nobody else could be asked yet."""
    COMPLETED = "completed", "已完成"
    CANCELLED = "cancelled", "已取消"


OPEN = frozenset(State) - {State.COMPLETED, State.CANCELLED}

TRANSITIONS: dict[str, frozenset[State]] = {
    "assign": OPEN,
    "acknowledge": frozenset({State.ASSIGNED}),
    "start": frozenset({State.ACKNOWLEDGED}),
    "complete": frozenset({State.ACKNOWLEDGED, State.IN_PROGRESS}),
    "hand_back": frozenset({State.ASSIGNED, State.ACKNOWLEDGED, State.IN_PROGRESS}),
    "cancel": OPEN,
}
"""From which states each action is possible."""


class Tier(StrEnum):
    """In what role a responder was asked."""

    FIRST = "first"
    """The grid's own worker."""
    BACKUP = "backup"
    DUTY = "duty"
    """The community's duty desk."""
    OTHER = "other"


class Cause(StrEnum):
    """What made somebody be asked."""

    ARRIVAL = "arrival"
    RETRY = "retry"
    ESCALATION = "escalation"
    HAND_BACK = "hand_back"
    MANUAL = "manual"
    TRANSFER = "transfer"
    """The request went to another category, grid or unit."""
    OBJECTION = "objection"
    """An objection of whoever was asked before was upheld."""


class Ending(StrEnum):
    """Why somebody is no longer asked."""

    ACCEPTED_BY_OTHER = "accepted_by_other"
    HANDED_BACK = "handed_back"
    REASSIGNED = "reassigned"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class Outcome(StrEnum):
    DONE = "done"
    PARTLY_DONE = "partly_done"
    NOT_POSSIBLE = "not_possible"
    UNFOUNDED = "unfounded"


class HandBackReason(StrEnum):
    WRONG_PLACE = "wrong_place"
    LACKS_SKILL = "lacks_skill"
    UNAVAILABLE = "unavailable"
    CONFLICT_OF_INTEREST = "conflict_of_interest"
    NOT_RESPONSIBLE = "not_responsible"


class EscalatedTo(StrEnum):
    """Who hears of it besides whoever was asked, from the grid upwards."""

    BACKUP = "backup"
    DUTY_DESK = "duty_desk"
    HEAD = "head"
    """The head of the community, of orders that nobody above may know of."""
    SUBDISTRICT = "subdistrict"
    """Under supervision (督办): the request was not solved in time."""


class Origin(BaseModel):
    """What a request came from, e.g. `{"type": "found_person", "id": …}`."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    type: str
    id: UUID

"""The life of a project as one table: which verb is possible in which states, and where it leads."""

from enum import StrEnum

from shared.errors import WrongState
from shared.states import NamedState


class ProjectState(NamedState):
    PLANNED = "planned", "待立项"
    APPROVED = "approved", "已立项"
    IN_PROGRESS = "in_progress", "实施中"
    COMPLETED = "completed", "已完工"
    """Built; whoever asked for it and whoever pays has yet to inspect it."""
    ACCEPTED = "accepted", "已验收"
    CLOSED = "closed", "已归档"
    SUSPENDED = "suspended", "已暂停"
    CANCELLED = "cancelled", "已取消"


class Verb(StrEnum):
    PLAN = "plan"
    """Words, place, dates, budget, milestones, the requests it answers."""
    APPROVE = "approve"
    START = "start"
    WORK = "work"
    """Reach milestones, tell how it goes, spend."""
    COMPLETE = "complete"
    INSPECT = "inspect"
    REWORK = "rework"
    """An inspection failed: it goes on."""
    ACCEPT = "accept"
    SETTLE = "settle"
    """Book what is left to pay."""
    CLOSE = "close"
    SUSPEND = "suspend"
    RESUME = "resume"
    CANCEL = "cancel"


_S = ProjectState
RUNNING = frozenset({_S.APPROVED, _S.IN_PROGRESS})
VISIBLE = frozenset(_S) - {_S.PLANNED}
"""What residents read."""

TRANSITIONS: dict[Verb, tuple[frozenset[ProjectState], ProjectState | None]] = {
    Verb.PLAN: (frozenset({_S.PLANNED, _S.APPROVED, _S.IN_PROGRESS}), None),
    Verb.APPROVE: (frozenset({_S.PLANNED}), _S.APPROVED),
    Verb.START: (frozenset({_S.APPROVED}), _S.IN_PROGRESS),
    Verb.WORK: (RUNNING, None),
    Verb.COMPLETE: (frozenset({_S.IN_PROGRESS}), _S.COMPLETED),
    Verb.INSPECT: (frozenset({_S.COMPLETED}), None),
    Verb.REWORK: (frozenset({_S.COMPLETED}), _S.IN_PROGRESS),
    Verb.ACCEPT: (frozenset({_S.COMPLETED}), _S.ACCEPTED),
    Verb.SETTLE: (RUNNING | {_S.COMPLETED, _S.ACCEPTED}, None),
    Verb.CLOSE: (frozenset({_S.ACCEPTED}), _S.CLOSED),
    Verb.SUSPEND: (RUNNING, _S.SUSPENDED),
    # Where it goes on is where it stood.
    Verb.RESUME: (frozenset({_S.SUSPENDED}), None),
    Verb.CANCEL: (RUNNING | {_S.PLANNED, _S.SUSPENDED}, _S.CANCELLED),
}
"""Verb → (the states in which it is possible, the state after; None: the same)."""


def after(state: ProjectState, verb: Verb) -> ProjectState:
    """The state that `verb` leads to; WrongState where the table does not allow it."""
    possible_in, leads_to = TRANSITIONS[verb]
    if state not in possible_in:
        raise WrongState(state, possible_in)
    return leads_to or state

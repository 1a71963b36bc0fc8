"""The life of a project as one table: which verb is possible in which states, and where it leads."""

from enum import StrEnum

from shared.errors import WrongState


class ProjectState(StrEnum):
    PLANNED = "planned"
    APPROVED = "approved"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    """Built; whoever asked for it and whoever pays has yet to inspect it."""
    ACCEPTED = "accepted"
    CLOSED = "closed"
    SUSPENDED = "suspended"
    CANCELLED = "cancelled"


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
        raise WrongState(state.value, (each.value for each in possible_in))
    return leads_to or state

"""The life of a membership: which use case leads from where to where."""

from enum import StrEnum

from shared.errors import WrongState


class State(StrEnum):
    APPLIED = "applied"
    APPROVED = "approved"
    SUSPENDED = "suspended"
    LEFT = "left"
    REJECTED = "rejected"


TRANSITIONS: dict[str, tuple[frozenset[State], State]] = {
    "approve": (frozenset({State.APPLIED}), State.APPROVED),
    "reject": (frozenset({State.APPLIED}), State.REJECTED),
    "suspend": (frozenset({State.APPROVED}), State.SUSPENDED),
    "reinstate": (frozenset({State.SUSPENDED}), State.APPROVED),
    "leave": (frozenset({State.APPLIED, State.APPROVED, State.SUSPENDED}), State.LEFT),
}
MEMBERS = frozenset({State.APPLIED, State.APPROVED, State.SUSPENDED})
"""Profile, items and offers may be worked on in these."""


def move(state: State, action: str) -> State:
    """The state after `action`; WrongState if it is not possible now."""
    allowed, target = TRANSITIONS[action]
    if state not in allowed:
        raise WrongState(state, allowed)
    return target


class Reason(StrEnum):
    """Why an application was rejected or a shop suspended."""

    INCOMPLETE = "incomplete"
    LICENCE = "licence"
    """The licence is missing, expired or not this shop's."""
    PLEDGE_BROKEN = "pledge_broken"
    COMPLAINTS = "complaints"
    SAFETY = "safety"
    OTHER = "other"

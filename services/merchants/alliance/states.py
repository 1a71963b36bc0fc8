"""The life of a membership: which use case leads from where to where."""

from enum import StrEnum

from shared.errors import WrongState
from shared.states import NamedState


class State(NamedState):
    APPLIED = "applied", "已申请"
    APPROVED = "approved", "已加入"
    SUSPENDED = "suspended", "已暂停"
    LEFT = "left", "已退出"
    REJECTED = "rejected", "未通过"


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

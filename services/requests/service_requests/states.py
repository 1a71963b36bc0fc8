"""The life of a request as one table: which action is possible in which states, and where it leads."""

from enum import StrEnum

from shared.errors import WrongState
from shared.states import NamedState


class State(NamedState):
    SUBMITTED = "submitted", "已提交"
    ACCEPTED = "accepted", "已受理"
    DISPATCHED = "dispatched", "已派单"
    IN_PROGRESS = "in_progress", "办理中"
    RESOLVED = "resolved", "已答复"
    CONFIRMED = "confirmed", "已办结"
    REJECTED = "rejected", "不予受理"
    WITHDRAWN = "withdrawn", "已撤回"
    REOPENED = "reopened", "重新办理"
    MERGED = "merged", "已并案"


class Action(StrEnum):
    ACCEPT = "accept"
    REJECT = "reject"
    DISPATCH = "dispatch"
    START = "start"
    HAND_BACK = "hand_back"
    WAIT = "wait"
    RESOLVE = "resolve"
    CONFIRM = "confirm"
    REOPEN = "reopen"
    WITHDRAW = "withdraw"
    RATE = "rate"
    MERGE = "merge"
    UNMERGE = "unmerge"
    SPLIT = "split"
    TRANSFER = "transfer"
    CALL_BACK = "call_back"


_S = State
UNDER_WAY = frozenset({_S.DISPATCHED, _S.IN_PROGRESS})
OPEN = frozenset({_S.SUBMITTED, _S.ACCEPTED, _S.REOPENED}) | UNDER_WAY
"""Somebody still owes the requester an answer."""

TRANSITIONS: dict[Action, tuple[frozenset[State], State | None]] = {
    Action.ACCEPT: (frozenset({_S.SUBMITTED}), _S.ACCEPTED),
    Action.REJECT: (frozenset({_S.SUBMITTED, _S.ACCEPTED, _S.DISPATCHED}), _S.REJECTED),
    Action.DISPATCH: (OPEN, _S.DISPATCHED),
    Action.START: (OPEN, _S.IN_PROGRESS),
    Action.HAND_BACK: (UNDER_WAY, _S.DISPATCHED),
    Action.WAIT: (UNDER_WAY, None),
    Action.RESOLVE: (OPEN - {_S.SUBMITTED}, _S.RESOLVED),
    Action.CONFIRM: (frozenset({_S.RESOLVED}), _S.CONFIRMED),
    Action.REOPEN: (frozenset({_S.RESOLVED, _S.CONFIRMED}), _S.REOPENED),
    Action.WITHDRAW: (OPEN, _S.WITHDRAWN),
    Action.MERGE: (OPEN, _S.MERGED),
    Action.UNMERGE: (frozenset({_S.MERGED}), None),
    Action.SPLIT: (OPEN, None),
    Action.TRANSFER: (OPEN, None),
    Action.CALL_BACK: (frozenset({_S.RESOLVED, _S.CONFIRMED}), None),
    Action.RATE: (frozenset({_S.RESOLVED, _S.CONFIRMED}), None),
}
"""Action → (the states in which it is possible, the state after; None: the same). Dispatch accepts what it takes up.

An undone merge leads back to the state before it, which the timeline keeps.
"""


def is_possible(state: State, action: Action) -> bool:
    return state in TRANSITIONS[action][0]


def after(state: State, action: Action) -> State:
    """The state that `action` leads to; WrongState where the table does not allow it."""
    possible_in, leads_to = TRANSITIONS[action]
    if state not in possible_in:
        raise WrongState(state, possible_in)
    return leads_to or state

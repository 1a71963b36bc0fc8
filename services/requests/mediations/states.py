"""The life of a mediation as one table: which action is possible in which states, and where it leads."""

from enum import StrEnum

from shared.errors import WrongState
from shared.states import NamedState


class State(NamedState):
    OPENED = "opened", "待各方同意"
    """The parties have been asked whether they want it."""
    ACCEPTED = "accepted", "已受理"
    """All parties want it (People's Mediation Law, art. 3 and 17); the month runs."""
    IN_SESSION = "in_session", "调解中"
    AGREED = "agreed", "已达成协议"
    FULFILLED = "fulfilled", "已履行"
    """Every term of the agreement has been kept."""
    CLOSED = "closed", "已结案"
    """The follow-up visit found that it holds."""
    FAILED = "failed", "调解不成"
    WITHDRAWN = "withdrawn", "已撤回"


class Action(StrEnum):
    CONSENT = "consent"
    ACCEPT = "accept"
    SCHEDULE = "schedule"
    HOLD = "hold"
    EXTEND = "extend"
    PROPOSE = "propose"
    AGREE = "agree"
    APPLY = "apply"
    SETTLE = "settle"
    FULFIL = "fulfil"
    FOLLOW_UP = "follow_up"
    RELAPSE = "relapse"
    FAIL = "fail"
    EXPIRE = "expire"
    WITHDRAW = "withdraw"
    STAFF = "staff"


_S = State
TALKING = frozenset({_S.ACCEPTED, _S.IN_SESSION})
BEFORE_AGREEMENT = frozenset({_S.OPENED}) | TALKING
LIVE = BEFORE_AGREEMENT | {_S.AGREED, _S.FULFILLED}
ENDED = frozenset(State) - LIVE

TRANSITIONS: dict[Action, tuple[frozenset[State], State | None]] = {
    Action.CONSENT: (frozenset({_S.OPENED}), None),
    Action.ACCEPT: (frozenset({_S.OPENED}), _S.ACCEPTED),
    Action.SCHEDULE: (TALKING, None),
    Action.HOLD: (TALKING, _S.IN_SESSION),
    Action.EXTEND: (TALKING, None),
    Action.PROPOSE: (frozenset({_S.IN_SESSION}), None),
    Action.AGREE: (frozenset({_S.IN_SESSION}), _S.AGREED),
    Action.APPLY: (frozenset({_S.AGREED, _S.FULFILLED}), None),
    Action.SETTLE: (frozenset({_S.AGREED}), None),
    Action.FULFIL: (frozenset({_S.AGREED}), _S.FULFILLED),
    Action.FOLLOW_UP: (frozenset({_S.FULFILLED}), _S.CLOSED),
    Action.RELAPSE: (frozenset({_S.FULFILLED}), _S.FAILED),
    Action.FAIL: (BEFORE_AGREEMENT | {_S.AGREED}, _S.FAILED),
    Action.EXPIRE: (TALKING, _S.FAILED),
    Action.WITHDRAW: (BEFORE_AGREEMENT, _S.WITHDRAWN),
    Action.STAFF: (LIVE, None),
}
"""Action → (the states in which it is possible, the state after; None: the same)."""


def after(state: State, action: Action) -> State:
    """The state that `action` leads to; WrongState where the table does not allow it."""
    possible_in, leads_to = TRANSITIONS[action]
    if state not in possible_in:
        raise WrongState(state, possible_in)
    return leads_to or state

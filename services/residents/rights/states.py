"""The machine of a request about one's own data: which verb leads from where to where."""

from enum import StrEnum
from typing import NamedTuple

from shared.errors import WrongState
from shared.states import NamedState


class RequestKind(StrEnum):
    CORRECTION = "correction"
    """更正、补充 (PIPL, art. 46)"""
    ERASURE = "erasure"
    """删除 (PIPL, art. 47)"""


class RequestState(NamedState):
    OPEN = "open", "待决定"
    APPROVED = "approved", "已同意"
    """An erasure that waits until the person can no longer change their mind."""
    DONE = "done", "已办理"
    DECLINED = "declined", "未予办理"
    WITHDRAWN = "withdrawn", "已撤回"


class Verb(StrEnum):
    ACCEPT = "accept"
    """A correction is made at once."""
    APPROVE = "approve"
    """An erasure is made when its time for reflection has passed."""
    EXECUTE = "execute"
    DECLINE = "decline"
    WITHDRAW = "withdraw"


class Transition(NamedTuple):
    sources: frozenset[RequestState]
    target: RequestState


_S = RequestState
PENDING = frozenset({_S.OPEN, _S.APPROVED})
TRANSITIONS: dict[Verb, Transition] = {
    Verb.ACCEPT: Transition(frozenset({_S.OPEN}), _S.DONE),
    Verb.APPROVE: Transition(frozenset({_S.OPEN}), _S.APPROVED),
    Verb.EXECUTE: Transition(frozenset({_S.APPROVED}), _S.DONE),
    Verb.DECLINE: Transition(frozenset({_S.OPEN}), _S.DECLINED),
    Verb.WITHDRAW: Transition(PENDING, _S.WITHDRAWN),
}


def after(state: RequestState, verb: Verb) -> RequestState:
    """Where the verb leads; WrongState if it leads nowhere from here."""
    transition = TRANSITIONS[verb]
    if state not in transition.sources:
        raise WrongState(state, transition.sources)
    return transition.target

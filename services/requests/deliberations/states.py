"""The life of a deliberation as one table: which verb is possible in which states, and where it leads."""

from enum import StrEnum

from shared.errors import WrongState
from shared.states import NamedState


class DeliberationState(NamedState):
    PROPOSED = "proposed", "已提出"
    SCHEDULED = "scheduled", "已定会期"
    HELD = "held", "会议中"
    """The meeting was opened with a quorum; motions are put to the vote."""
    RESOLVED = "resolved", "已形成决议"
    REJECTED = "rejected", "已否决"
    PUBLISHED = "published", "已公布"
    CANCELLED = "cancelled", "已取消"


class Verb(StrEnum):
    PREPARE = "prepare"
    """Words, agenda, requests."""
    INVITE = "invite"
    SCHEDULE = "schedule"
    """Again while scheduled: to move it."""
    REPLY = "reply"
    REMIND = "remind"
    CHECK_IN = "check_in"
    HOLD = "hold"
    VOTE = "vote"
    """Move motions, cast votes, count them."""
    WRITE_MINUTES = "write_minutes"
    SHOW = "show"
    """Attach photos: the signed list of who came, the minutes by hand, what the meeting saw."""
    RESOLVE = "resolve"
    REJECT = "reject"
    PUBLISH = "publish"
    CANCEL = "cancel"
    CARRY_OUT = "carry_out"
    """Report that what was resolved has been done."""
    OPEN_PROJECT = "open_project"


_S = DeliberationState
BEFORE = frozenset({_S.PROPOSED, _S.SCHEDULED})
DECIDED = frozenset({_S.RESOLVED, _S.REJECTED})

TRANSITIONS: dict[Verb, tuple[frozenset[DeliberationState], DeliberationState | None]] = {
    Verb.PREPARE: (BEFORE, None),
    Verb.INVITE: (BEFORE, None),
    Verb.SCHEDULE: (BEFORE, _S.SCHEDULED),
    Verb.REPLY: (frozenset({_S.SCHEDULED}), None),
    Verb.REMIND: (frozenset({_S.SCHEDULED}), None),
    Verb.CHECK_IN: (frozenset({_S.SCHEDULED, _S.HELD}), None),
    Verb.HOLD: (frozenset({_S.SCHEDULED}), _S.HELD),
    Verb.VOTE: (frozenset({_S.HELD}), None),
    Verb.WRITE_MINUTES: (frozenset({_S.HELD}), None),
    Verb.SHOW: (frozenset({_S.SCHEDULED, _S.HELD}) | DECIDED, None),
    Verb.RESOLVE: (frozenset({_S.HELD}), _S.RESOLVED),
    Verb.REJECT: (frozenset({_S.HELD}), _S.REJECTED),
    Verb.PUBLISH: (DECIDED, _S.PUBLISHED),
    Verb.CANCEL: (BEFORE, _S.CANCELLED),
    Verb.CARRY_OUT: (frozenset({_S.RESOLVED, _S.PUBLISHED}), None),
    Verb.OPEN_PROJECT: (frozenset({_S.RESOLVED, _S.PUBLISHED}), None),
}
"""Verb → (the states in which it is possible, the state after; None: the same)."""


def after(state: DeliberationState, verb: Verb) -> DeliberationState:
    """The state that `verb` leads to; WrongState where the table does not allow it."""
    possible_in, leads_to = TRANSITIONS[verb]
    if state not in possible_in:
        raise WrongState(state, possible_in)
    return leads_to or state

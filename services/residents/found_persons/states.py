"""The machine of a found-person case: which verb leads from where to where. Nothing else changes a case's state."""

from enum import StrEnum
from typing import NamedTuple

from shared.states import NamedState


class CaseState(NamedState):
    REPORTED = "reported", "已报告"
    IDENTIFIED = "identified", "已确认身份"
    FAMILY_NOTIFIED = "family_notified", "已通知家属"
    HANDED_OVER = "handed_over", "已交接"
    CLOSED = "closed", "已结案"
    UNFOUNDED = "unfounded", "不属实"
    """Nobody was lost, or nobody was there."""


class Verb(StrEnum):
    IDENTIFY = "identify"
    CALL_FAMILY = "call_family"
    """A call that nobody answered: the attempt counts, the family does not know yet."""
    NOTIFY_FAMILY = "notify_family"
    HAND_OVER = "hand_over"
    """To the family."""
    HAND_OVER_TO_AUTHORITY = "hand_over_to_authority"
    """To the police or a rescue station, which may take who could not be identified."""
    ESCALATE = "escalate"
    LOOK_FOR = "look_for"
    """Describe, photograph, sight, suggest: whatever helps to find out who and where."""
    WRITE = "write"
    """Through the relay; once more after the handover, to thank."""
    PROVE_HAND_OVER = "prove_hand_over"
    CLOSE = "close"
    DISMISS = "dismiss"


class Transition(NamedTuple):
    sources: frozenset[CaseState]
    target: CaseState | None
    """None: the state stays."""


_S = CaseState
OPEN = frozenset({_S.REPORTED, _S.IDENTIFIED, _S.FAMILY_NOTIFIED})
"""Somebody is still out there."""

TRANSITIONS: dict[Verb, Transition] = {
    # Again while open: who was taken for somebody else is identified anew, and another family is called.
    Verb.IDENTIFY: Transition(OPEN, _S.IDENTIFIED),
    Verb.CALL_FAMILY: Transition(frozenset({_S.IDENTIFIED, _S.FAMILY_NOTIFIED}), None),
    Verb.NOTIFY_FAMILY: Transition(frozenset({_S.IDENTIFIED, _S.FAMILY_NOTIFIED}), _S.FAMILY_NOTIFIED),
    Verb.HAND_OVER: Transition(frozenset({_S.FAMILY_NOTIFIED}), _S.HANDED_OVER),
    Verb.HAND_OVER_TO_AUTHORITY: Transition(OPEN, _S.HANDED_OVER),
    Verb.ESCALATE: Transition(OPEN, None),
    Verb.LOOK_FOR: Transition(OPEN, None),
    Verb.WRITE: Transition(OPEN | {_S.HANDED_OVER}, None),
    Verb.PROVE_HAND_OVER: Transition(OPEN | {_S.HANDED_OVER}, None),
    Verb.CLOSE: Transition(frozenset({_S.HANDED_OVER}), _S.CLOSED),
    Verb.DISMISS: Transition(OPEN, _S.UNFOUNDED),
}

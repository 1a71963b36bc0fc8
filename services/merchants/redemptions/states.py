"""The life of a redemption: which use case leads from where to where."""

from enum import StrEnum

from shared.errors import WrongState
from shared.states import NamedState


class State(NamedState):
    RESERVED = "reserved", "已预订"
    REDEEMED = "redeemed", "已核销"
    REVERSED = "reversed", "已撤销"
    CANCELLED = "cancelled", "已取消"
    EXPIRED = "expired", "已过期"


TRANSITIONS: dict[str, tuple[State, State]] = {
    "redeem": (State.RESERVED, State.REDEEMED),
    "cancel": (State.RESERVED, State.CANCELLED),
    "expire": (State.RESERVED, State.EXPIRED),
    "reverse": (State.REDEEMED, State.REVERSED),
}
LIVE = frozenset({State.RESERVED, State.REDEEMED})
"""These hold a place of every offer they use; every other has given it back."""


def wrong_state(state: State, action: str) -> WrongState:
    return WrongState(state, [TRANSITIONS[action][0]])


class ReverseReason(StrEnum):
    """Why a use was undone."""

    MISTAKE = "mistake"
    RETURNED = "returned"
    NOT_PROVIDED = "not_provided"
    FRAUD = "fraud"
    OTHER = "other"

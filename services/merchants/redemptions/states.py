"""The life of a redemption: which use case leads from where to where."""

from enum import StrEnum

from shared.errors import WrongState


class State(StrEnum):
    RESERVED = "reserved"
    REDEEMED = "redeemed"
    REVERSED = "reversed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


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

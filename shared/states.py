"""The states of a state machine: a code for programs, a name for people."""

from enum import StrEnum
from typing import Self


class NamedState(StrEnum):
    """Base of every state machine's states: `OPEN = "open", "待处理"`.

    A member is its code, to the database, in schemas, events and documents; `zh` is what a Chinese reader is told.
    """

    zh: str

    def __new__(cls, code: str, zh: str) -> Self:
        state = str.__new__(cls, code)
        state._value_ = code
        state.zh = zh
        return state

"""The machine of a person's whereabouts: which verb leads from where to where. Nothing else changes it."""

from enum import StrEnum
from typing import NamedTuple

from services.residents.memberships.models import EndReason
from services.residents.people.models import PersonState


class Verb(StrEnum):
    MOVE = "move"
    """To another household of the community."""
    MOVE_OUT = "move_out"
    RETURN = "return"
    DIE = "die"


class Transition(NamedTuple):
    sources: frozenset[PersonState]
    target: PersonState
    ends: EndReason | None
    """How the open membership ends, if there is one."""


_S = PersonState

TRANSITIONS: dict[Verb, Transition] = {
    Verb.MOVE: Transition(frozenset({_S.RESIDING}), _S.RESIDING, EndReason.MOVED_WITHIN),
    Verb.MOVE_OUT: Transition(frozenset({_S.RESIDING}), _S.MOVED_OUT, EndReason.MOVED_OUT),
    Verb.RETURN: Transition(frozenset({_S.MOVED_OUT}), _S.RESIDING, None),
    # Who has left may be heard to have died.
    Verb.DIE: Transition(frozenset({_S.RESIDING, _S.MOVED_OUT}), _S.DIED, EndReason.DIED),
}
"""A departure that never happened is corrected: the state before it follows from the memberships."""

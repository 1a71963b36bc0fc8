"""The life of an article as one table. What was published stays readable while its next version is written."""

from enum import StrEnum

from shared.errors import WrongState
from shared.states import NamedState


class State(NamedState):
    DRAFT = "draft", "草稿"
    IN_REVIEW = "in_review", "审核中"
    PUBLISHED = "published", "已发布"
    RETIRED = "retired", "已停用"


class Action(StrEnum):
    EDIT = "edit"
    SUBMIT = "submit"
    RETURN = "return"
    PUBLISH = "publish"
    RETIRE = "retire"


_S = State
TRANSITIONS: dict[Action, tuple[frozenset[State], State]] = {
    Action.EDIT: (frozenset({_S.DRAFT, _S.PUBLISHED, _S.RETIRED}), _S.DRAFT),
    Action.SUBMIT: (frozenset({_S.DRAFT}), _S.IN_REVIEW),
    Action.RETURN: (frozenset({_S.IN_REVIEW}), _S.DRAFT),
    Action.PUBLISH: (frozenset({_S.IN_REVIEW}), _S.PUBLISHED),
    Action.RETIRE: (frozenset(State) - {_S.RETIRED}, _S.RETIRED),
}


def after(state: State, action: Action) -> State:
    """The state that `action` leads to; WrongState where the table does not allow it."""
    possible_in, leads_to = TRANSITIONS[action]
    if state not in possible_in:
        raise WrongState(state, possible_in)
    return leads_to

"""Our states in the words of Open311: `open` or `closed` of a request, a dozen finer ones of its updates.

The finer ones are those of FixMyStreet and SocietyWorks, which extend GeoReport v2 by updates.
"""

from enum import StrEnum

from services.requests.service_requests.models import Step
from services.requests.service_requests.refusals import Reason
from services.requests.service_requests.states import OPEN, State
from shared.errors import Bilingual, both


class Status(StrEnum):
    """The status of an update."""

    OPEN = "OPEN"
    INVESTIGATING = "INVESTIGATING"
    FOR_TRIAGE = "FOR_TRIAGE"
    PLANNED = "PLANNED"
    ACTION_SCHEDULED = "ACTION_SCHEDULED"
    IN_PROGRESS = "IN_PROGRESS"
    FIXED = "FIXED"
    CLOSED = "CLOSED"
    NO_FURTHER_ACTION = "NO_FURTHER_ACTION"
    NOT_COUNCILS_RESPONSIBILITY = "NOT_COUNCILS_RESPONSIBILITY"
    DUPLICATE = "DUPLICATE"
    INTERNAL_REFERRAL = "INTERNAL_REFERRAL"
    CANCELLED = "CANCELLED"
    REOPEN = "REOPEN"


_OF_STATE = {
    State.SUBMITTED: Status.OPEN,
    State.ACCEPTED: Status.INVESTIGATING,
    State.DISPATCHED: Status.ACTION_SCHEDULED,
    State.IN_PROGRESS: Status.IN_PROGRESS,
    State.RESOLVED: Status.FIXED,
    State.CONFIRMED: Status.CLOSED,
    State.REJECTED: Status.NO_FURTHER_ACTION,
    State.WITHDRAWN: Status.CANCELLED,
    State.REOPENED: Status.REOPEN,
    State.MERGED: Status.DUPLICATE,
}
_OF_STEP = {Step.TRANSFERRED: Status.INTERNAL_REFERRAL}
"""Steps that say more than the state after them."""
_OF_REFUSAL = {
    Reason.NOT_OUR_TASK: Status.NOT_COUNCILS_RESPONSIBILITY,
    Reason.OUT_OF_AREA: Status.NOT_COUNCILS_RESPONSIBILITY,
    Reason.DUPLICATE: Status.DUPLICATE,
}

SAID: dict[Step, Bilingual] = {
    Step.ACCEPTED: both("社区已受理", "Accepted by the community"),
    Step.REJECTED: both("不予受理", "Declined"),
    Step.DISPATCHED: both("已派单", "Somebody was asked to do it"),
    Step.ACKNOWLEDGED: both("承办人已接单", "Taken up"),
    Step.STARTED: both("正在办理", "Work has begun"),
    Step.PROGRESS: both("有新的进展", "There is progress"),
    Step.WAITING: both("等待诉求人补充信息", "Waiting for the requester's answer"),
    Step.TRANSFERRED: both("已转办", "Handed to whoever is responsible"),
    Step.MERGED: both("已与同类诉求合并办理", "Handled together with the same request of others"),
    Step.SPLIT: both("已拆分办理", "Handled in parts"),
    Step.RESOLVED: both("已办理答复", "Resolved"),
    Step.CONFIRMED: both("诉求人确认解决", "Confirmed as solved"),
    Step.REOPENED: both("诉求人表示未解决, 重新办理", "Not solved; reopened"),
    Step.WITHDRAWN: both("已撤回", "Taken back"),
}
"""The steps that are told as updates, and the words of those whose own words are not public."""
SAID_BY_REQUESTER: dict[Step, Bilingual] = {
    Step.COMMENT: both("诉求人补充说明", "The requester added something"),
    Step.ANSWERED: both("诉求人已答复", "The requester answered"),
}
"""Told besides to the client that the request came from."""


def status_of(state: State, step: Step, reason: str | None = None) -> Status:
    """The status of an update whose step led to `state`; a refusal has a reason."""
    if step is Step.REJECTED and reason is not None:
        return _OF_REFUSAL.get(Reason(reason), _OF_STATE[state])
    return _OF_STEP.get(step) or _OF_STATE[state]


def is_open(state: State) -> bool:
    return state in OPEN


def states_of(status: Status) -> frozenset[State]:
    """The states that a filter by `status` means; none for a status that we never have."""
    if status is Status.OPEN:
        return OPEN
    if status is Status.CLOSED:
        return frozenset(State) - OPEN
    return frozenset(state for state, ours in _OF_STATE.items() if ours is status)

"""What requests are chosen by, the same in lists, counts, searches and saved views; each condition has its index."""

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import Boolean, ColumnElement, Select, and_, literal_column, or_
from sqlmodel import col, select

from services.requests.attachments.models import Attachment
from services.requests.categories.models import Urgency
from services.requests.categories.schemas import CategoryCode
from services.requests.following.models import RequestWatcher
from services.requests.service_requests import indexes, repository
from services.requests.service_requests.auth import WORKERS
from services.requests.service_requests.deadlines import Deadline
from services.requests.service_requests.models import Channel, RequestFollower, ServiceRequest, Visibility
from services.requests.service_requests.presentation import sees_internal
from services.requests.service_requests.states import OPEN, State
from shared.auth import Principal, Role
from shared.clock import CHINA, utc_now
from shared.codes import CommunityCode, GridCode, community_of
from shared.conditions import in_area
from shared.dates import Instant

_SEVERAL = 50
_SLACK = timedelta(hours=1)
"""An id is made when its row is, give or take a clock's correction."""

IS_OPEN, _IS_CLOSED, _IS_URGENT, _WAS_REOPENED = (
    literal_column(f"service_request.{condition}", Boolean)
    for condition in (indexes.IS_OPEN, indexes.IS_CLOSED, indexes.IS_URGENT, indexes.WAS_REOPENED)
)
"""Written out, not bound: only so PostgreSQL knows that an index of some requests holds all that are meant."""


class Sort(StrEnum):
    NEWEST = "newest"
    DEADLINE = "deadline"
    """Open requests only, the earliest first."""
    UPDATED = "updated"
    """What moved last comes first."""


class Due(StrEnum):
    """When a deadline that is still to be met comes."""

    OVERDUE = "overdue"
    TODAY = "today"
    """Until midnight in China; what is overdue is not among them."""
    THIS_WEEK = "this_week"
    """Within seven days; what is overdue is not among them."""


class RequestFilter(BaseModel):
    """Conditions that all have to hold; of several values any."""

    state: list[State] = Field(default=[], max_length=len(State))
    open: bool | None = None
    """Whether somebody still owes the requester an answer."""
    category: list[CategoryCode] = Field(default=[], max_length=_SEVERAL)
    """A class stands for all below it."""
    grid_code: list[GridCode] = Field(default=[], max_length=_SEVERAL)
    responder_id: UUID | None = None
    """Who answers for it."""
    assigned: bool | None = None
    """Whether anybody answers for it."""
    urgency: Urgency | None = None
    channel: list[Channel] = Field(default=[], max_length=len(Channel))
    household_id: UUID | None = None
    """What concerns this household."""
    community_code: CommunityCode | None = None
    deadline: Deadline = Deadline.RESOLUTION
    """Which deadline `due`, `due_after`, `due_before` speak of."""
    due: Due | None = None
    due_after: Instant | None = None
    due_before: Instant | None = None
    breached: Deadline | None = None
    """A deadline that was missed, whatever happened since."""
    overdue: bool | None = None
    """Whether any deadline was missed."""
    waiting: bool | None = None
    """Whether the clock stands because the requester was asked something."""
    submitted_after: Instant | None = None
    submitted_before: Instant | None = None
    submitted_within_days: Annotated[int, Field(ge=1, le=3660)] | None = None
    followed: bool | None = None
    """By oneself."""
    supported: bool | None = None
    """Whether anybody besides the requester follows it or has the same concern."""
    reopened: bool | None = None
    has_photos: bool | None = None
    mine: bool = False
    """A resident's own; what a worker was asked to do; what staff wrote down."""

    def statement(self, principal: Principal) -> Select[Any]:
        """The requests in the caller's reach that are meant."""
        conditions = [*self._equal(), *self._any_of(), *self._clock(), *self._period(), *self._told(principal)]
        return repository.readable(principal).where(*conditions)

    def _equal(self) -> list[ColumnElement[bool]]:
        wanted = {
            ServiceRequest.household_id: self.household_id,
            ServiceRequest.community_code: self.community_code,
            ServiceRequest.responder_id: self.responder_id,
        }
        found = [col(column) == value for column, value in wanted.items() if value is not None]
        if self.urgency is not None:
            found.append(_IS_URGENT if self.urgency is Urgency.URGENT else ~_IS_URGENT)
        if len(self.grid_code) == 1:
            found.append(col(ServiceRequest.community_code) == community_of(self.grid_code[0]))
        return found

    def _any_of(self) -> list[ColumnElement[bool]]:
        found = []
        for column, values in (
            (ServiceRequest.state, self.state),
            (ServiceRequest.grid_code, self.grid_code),
            (ServiceRequest.channel, self.channel),
        ):
            if values:
                found.append(_among(col(column), values))
        if self.state:
            found += [kind for kind, members in _KINDS if members.issuperset(self.state)]
        if self.category:
            classes = [code for code in self.category if "." not in code]
            codes = [code for code in self.category if "." in code]
            by = ((col(ServiceRequest.category_class), classes), (col(ServiceRequest.category_code), codes))
            found.append(or_(*(_among(column, values) for column, values in by if values)))
        return found

    def _clock(self) -> list[ColumnElement[bool]]:
        by = DEADLINES[self.deadline]
        found = [] if self.due is None else [coming(self.deadline, self.due, utc_now())]
        if self.due_after is not None:
            found.append(by >= self.due_after)
        if self.due_before is not None:
            found.append(by < self.due_before)
        if self.breached is not None:
            found.append(_BREACHES[self.breached].is_not(None))
        if self.overdue is not None:
            missed = or_(*(column.is_not(None) for column in _BREACHES.values()))
            found.append(missed if self.overdue else ~missed)
        return found

    def _period(self) -> list[ColumnElement[bool]]:
        """By the time of submission, and by the ids that were made around it, which the index is ordered by."""
        after, before = self.submitted_after, self.submitted_before
        if self.submitted_within_days is not None:
            since = utc_now() - timedelta(days=self.submitted_within_days)
            after = since if after is None else max(after, since)
        found = []
        if after is not None:
            found += [col(ServiceRequest.created_at) >= after, col(ServiceRequest.id) >= _id_of(after - _SLACK)]
        if before is not None:
            found += [col(ServiceRequest.created_at) < before, col(ServiceRequest.id) < _id_of(before + _SLACK)]
        return found

    def _told(self, principal: Principal) -> list[ColumnElement[bool]]:
        """Conditions that are true or not."""
        truths = (
            (IS_OPEN, self.open),
            (col(ServiceRequest.responder_id).is_not(None), self.assigned),
            (col(ServiceRequest.paused_at).is_not(None), self.waiting),
            (_WAS_REOPENED, self.reopened),
            (is_followed(principal), self.followed),
            (col(ServiceRequest.follower_count) > 0, self.supported),
            (_has_photos(principal), self.has_photos),
            (_is_mine(principal), self.mine or None),
        )
        return [condition if wanted else ~condition for condition, wanted in truths if wanted is not None]


def in_order(statement: Select[Any], sort: Sort) -> tuple[Select[Any], tuple[Any, ...]]:
    """The statement and the columns that it is paged by."""
    newest = col(ServiceRequest.id).desc()
    if sort is Sort.DEADLINE:
        return statement.where(IS_OPEN), (col(ServiceRequest.resolve_by), col(ServiceRequest.id))
    return statement, (col(ServiceRequest.updated_at).desc(), newest) if sort is Sort.UPDATED else (newest,)


def coming(deadline: Deadline, due: Due, now: datetime) -> ColumnElement[bool]:
    """Requests whose `deadline` is still to be met, and comes then."""
    by = DEADLINES[deadline]
    if due is Due.OVERDUE:
        return and_(_OUTSTANDING[deadline], by < now)
    midnight = datetime.combine(now.astimezone(CHINA).date() + timedelta(days=1), time.min, CHINA)
    end = midnight if due is Due.TODAY else now + timedelta(days=7)
    return and_(_OUTSTANDING[deadline], by >= now, by < end)


DEADLINES = {
    Deadline.ACCEPT: col(ServiceRequest.accept_by),
    Deadline.FIRST_RESPONSE: col(ServiceRequest.respond_by),
    Deadline.RESOLUTION: col(ServiceRequest.resolve_by),
}
_BREACHES = {
    Deadline.ACCEPT: col(ServiceRequest.accept_breached_at),
    Deadline.FIRST_RESPONSE: col(ServiceRequest.respond_breached_at),
    Deadline.RESOLUTION: col(ServiceRequest.resolve_breached_at),
}
_RUNS = and_(IS_OPEN, col(ServiceRequest.paused_at).is_(None))
_OUTSTANDING: dict[Deadline, ColumnElement[bool]] = {
    Deadline.ACCEPT: and_(_RUNS, col(ServiceRequest.state) == State.SUBMITTED),
    Deadline.FIRST_RESPONSE: and_(_RUNS, col(ServiceRequest.responded_at).is_(None)),
    Deadline.RESOLUTION: _RUNS,
}


_KINDS = ((IS_OPEN, OPEN), (_IS_CLOSED, frozenset(State) - OPEN))


def _among(column: Any, values: Sequence[Any]) -> ColumnElement[bool]:
    """Equality for one value, so that an index gives its rows in order."""
    if len(values) == 1:
        return column == values[0]
    return column.in_(values)


def _id_of(moment: datetime) -> UUID:
    """The smallest id (UUID version 7) that can have been made then."""
    return UUID(int=max(0, int(moment.timestamp() * 1000)) << 80)


def is_followed(principal: Principal) -> ColumnElement[bool]:
    """Whether the caller follows it, muted or not."""
    if principal.role is Role.RESIDENT:
        table, own = RequestFollower, col(RequestFollower.person_id) == principal.person_id
    else:
        table, own = RequestWatcher, col(RequestWatcher.account) == principal.subject
    follows = select(col(table.request_id)).where(in_area(col(table.community_code), principal.area), own)
    return col(ServiceRequest.id).in_(follows)


def _has_photos(principal: Principal) -> ColumnElement[bool]:
    """Photos that the caller may know of."""
    seen = (
        col(Attachment.community_code) == col(ServiceRequest.community_code),
        col(Attachment.subject_id) == col(ServiceRequest.id),
        col(Attachment.request_id).is_not(None),
        col(Attachment.withdrawn_at).is_(None),
    )
    photos = select(col(Attachment.id)).where(*seen).correlate(ServiceRequest)
    if not sees_internal(principal):
        photos = photos.where(col(Attachment.visibility) == Visibility.PUBLIC)
    return photos.exists()


def _is_mine(principal: Principal) -> ColumnElement[bool]:
    if principal.role is Role.RESIDENT:
        return col(ServiceRequest.requester_person_id) == principal.person_id
    if principal.role in WORKERS:
        return repository.asked(principal)
    return col(ServiceRequest.created_by) == principal.subject

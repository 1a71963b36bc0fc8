from datetime import date, datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field, StringConstraints, model_validator

from services.requests.contributions.service import MOST
from services.requests.deliberations.models import Ballot, Capacity, Choice, ParticipantRole, Reply
from services.requests.deliberations.rules import OWNERS_RULES, Majority, Outcome, Quorum
from services.requests.deliberations.states import DeliberationState
from services.requests.service_requests.schemas import Schema
from shared.dates import Day, Instant
from shared.errors import both
from shared.identity import FreeText, PersonName, normalise_text

MinutesText = Annotated[str, StringConstraints(min_length=1, max_length=20_000), AfterValidator(normalise_text)]
"""Several pages."""
Agenda = Annotated[list[PersonName], Field(max_length=20)]
Account = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:-]{1,120}$")]
Area = Annotated[int, Field(gt=0, le=100_000_000)]
"""Square decimetres; up to one square kilometre."""
RequestIds = Annotated[list[UUID], Field(max_length=MOST)]


class DeliberationCreate(Schema):
    title: PersonName
    purpose: FreeText
    """What is to be decided, and why. Everybody will read it: name nobody."""
    agenda: Agenda = Field(default_factory=list)
    request_ids: RequestIds = Field(default_factory=list)
    """What residents asked, e.g. the requests of a cluster; each requester is told."""


class DeliberationChange(Schema):
    title: PersonName | None = None
    purpose: FreeText | None = None
    agenda: Agenda | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if any(getattr(self, name) is None for name in self.model_fields_set):
            raise ValueError(both("不能清空", "Cannot be emptied"))
        return self


class Contributing(Schema):
    request_ids: Annotated[list[UUID], Field(min_length=1, max_length=MOST)]


class Schedule(Schema):
    begins_at: Instant
    venue: PersonName
    quorum: Quorum = Quorum.MAJORITY
    """Of the voting members, the chair among them."""


class Seat(Schema):
    """Exactly one of `person_id` (a resident), `responder_id` (a unit, a worker, a mediator) and `account` (staff)."""

    person_id: UUID | None = None
    responder_id: UUID | None = None
    account: Account | None = None
    """The account's id, as the `sub` of its token."""
    role: ParticipantRole = ParticipantRole.MEMBER
    capacity: Capacity
    area_dm2: Area | None = None
    """Of owners who vote by floor area: square decimetres, the deed's square metres times 100."""

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if sum(each is not None for each in (self.person_id, self.responder_id, self.account)) != 1:
            raise ValueError(both("居民、办理人、账号三者填一", "Exactly one of person_id, responder_id and account"))
        return self


class Invitation(Schema):
    participants: Annotated[list[Seat], Field(min_length=1, max_length=200)]


class ReplyBody(Schema):
    reply: Literal[Reply.ACCEPTED, Reply.DECLINED]


class MotionCreate(Schema):
    words: FreeText
    """What is put to the vote. Everybody will read it: name nobody."""
    ballot: Ballot = Ballot.OPEN
    majority: Majority = Majority.MAJORITY
    electorate: Annotated[int, Field(gt=0, le=100_000)] | None = None
    """With an owners' rule: how many owners the matter concerns, there or not."""
    electorate_area_dm2: Annotated[int, Field(gt=0, le=2_000_000_000)] | None = None

    @model_validator(mode="after")
    def _electorate(self) -> Self:
        given = self.electorate is not None and self.electorate_area_dm2 is not None
        absent = self.electorate is None and self.electorate_area_dm2 is None
        if not (given if self.majority in OWNERS_RULES else absent):
            raise ValueError(
                both(
                    "业主表决须写明业主总人数和专有部分总面积, 其他表决不填",
                    "A vote of owners needs their number and floor area; any other has neither",
                )
            )
        return self


class VoteCreate(Schema):
    choice: Choice
    participant_id: UUID | None = None
    """Only the office, of an open ballot: whose hand was raised."""


class MinutesWrite(Schema):
    text: MinutesText


class MinutesApproval(Schema):
    signed_on_paper: bool = False
    """The office says that the chair has signed them on paper."""


class MinutesRead(BaseModel):
    text: str | None
    approved_at: datetime | None


class Resolution(Schema):
    text: FreeText
    """What was resolved, for everybody to read: name nobody."""
    carry_out_by: Day | None = None


class Reason(Schema):
    text: FreeText
    """Why, for everybody to read."""


class Attendance(BaseModel):
    """Of those who vote."""

    members: int
    present: int
    is_quorate: bool


class ParticipantRead(BaseModel):
    id: UUID
    person_id: UUID | None
    responder_id: UUID | None
    account: str | None
    role: ParticipantRole
    capacity: Capacity
    area_dm2: int | None
    reply: Reply
    checked_in_at: datetime | None


class TallyRead(BaseModel):
    in_favour: int
    against: int
    abstained: int


class MotionRead(BaseModel):
    id: UUID
    words: str
    ballot: Ballot
    majority: Majority
    electorate: int | None
    electorate_area_dm2: int | None
    votes_cast: int
    heads: TallyRead | None
    """Null until the motion is closed: nobody votes by how it stands."""
    area_dm2: TallyRead | None
    """The same by floor area; only where owners vote."""
    outcome: Outcome | None
    closed_at: datetime | None


class CastVote(BaseModel):
    participant_id: UUID
    choice: Choice | None
    """Null: the ballot is secret."""
    is_by_hand: bool


class Votes(BaseModel):
    items: list[CastVote]


class DeliberationSummary(BaseModel):
    id: UUID
    community_code: str
    state: DeliberationState
    title: str
    begins_at: datetime | None
    venue: str | None
    is_resolved: bool | None
    carry_out_by: date | None
    carried_out_at: datetime | None
    published_at: datetime | None
    created_at: datetime
    updated_at: datetime
    version: int


class DeliberationRead(DeliberationSummary):
    purpose: str
    agenda: list[str]
    quorum: Quorum | None
    held_at: datetime | None
    decided_at: datetime | None
    resolution: str | None
    minutes_approved_at: datetime | None
    request_count: int
    attendance: Attendance
    motions: list[MotionRead]
    participants: list[ParticipantRead] | None
    """Null for whoever neither has a seat nor works in the office."""
    request_ids: list[UUID] | None
    """The office's."""
    seat_id: UUID | None
    """The caller's own seat, to reply and vote with."""

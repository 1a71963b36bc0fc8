from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, ForeignKeyConstraint, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, Relationship

from services.requests.calendars.models import CommunityCalendar
from services.requests.categories.models import Privacy, Urgency
from services.requests.service_requests.indexes import OF_LISTS
from services.requests.service_requests.references import REFERENCE
from services.requests.service_requests.states import State
from services.requests.service_requests.vocabulary import (
    Channel,
    FollowReason,
    Step,
    Visibility,
)
from services.requests.tables import Base
from shared.clock import utc_now
from shared.conditions import one_of
from shared.db import Tenant, text_enum
from shared.ids import new_id

_CALENDAR = "[ServiceRequest.community_code, ServiceRequest.calendar_version]"
REQUEST_KEY = ["service_request.community_code", "service_request.id"]


class ServiceRequest(Base, Tenant, table=True):
    """A service request (居民诉求): what a resident wants, from its submission to its confirmation.

    What the requester wrote, the address and the position are sealed: under the requester's key if they have an
    account, else under the request's own (`key_subject_id`). Only of matters of public space is the position kept in
    the clear. It is always the position of the matter, never of whoever reports it.
    """

    __tablename__ = "service_request"
    __table_args__ = (
        one_of("state", State),
        one_of("urgency", Urgency),
        one_of("channel", Channel),
        one_of("privacy", Privacy),
        CheckConstraint("NOT is_anonymous OR num_nonnulls(requester_person_id, household_id) = 0", name="anonymous"),
        CheckConstraint("grid_code IS NULL OR starts_with(grid_code, community_code)", name="grid_in_community"),
        CheckConstraint("(origin_type IS NULL) = (origin_id IS NULL)", name="origin"),
        CheckConstraint("category_class = split_part(category_code, '.', 1)", name="category_class"),
        CheckConstraint("external_id IS NULL OR client_id IS NOT NULL", name="external_id"),
        CheckConstraint("(longitude IS NULL) = (latitude IS NULL)", name="position"),
        CheckConstraint("(state = 'merged') = (merged_into_id IS NOT NULL)", name="merged_into"),
        ForeignKeyConstraint(
            ["community_code", "policy_category_code", "policy_version", "urgency"],
            [
                "deadline_policy.community_code",
                "deadline_policy.category_code",
                "deadline_policy.policy_version",
                "deadline_policy.urgency",
            ],
            name="fk_service_request_policy",
        ),
        ForeignKeyConstraint(
            ["community_code", "category_code", "category_version"],
            ["category_version.community_code", "category_version.category_code", "category_version.version"],
            name="fk_service_request_category_version",
        ),
        ForeignKeyConstraint(
            ["community_code", "calendar_version"],
            ["community_calendar.community_code", "community_calendar.calendar_version"],
            name="fk_service_request_calendar",
        ),
        *OF_LISTS,
        Index(None, "community_code", "created_at", "id"),
        Index("uq_service_request_reference", "community_code", "reference", unique=True),
        Index(None, "community_code", "state", "id"),
        Index(None, "community_code", "grid_code", "id"),
        Index(
            None,
            "community_code",
            "responder_id",
            "id",
            postgresql_where=text("responder_id IS NOT NULL"),
        ),
        Index(
            None,
            "community_code",
            "merged_into_id",
            postgresql_where=text("merged_into_id IS NOT NULL"),
        ),
        Index(
            None,
            "community_code",
            "split_from_id",
            postgresql_where=text("split_from_id IS NOT NULL"),
        ),
        Index(
            None,
            "community_code",
            "requester_person_id",
            "id",
            postgresql_where=text("requester_person_id IS NOT NULL"),
        ),
        Index(None, "community_code", "household_id", "id", postgresql_where=text("household_id IS NOT NULL")),
        Index(None, "community_code", "concerned_person_id", postgresql_where=text("concerned_person_id IS NOT NULL")),
        Index(
            None,
            "community_code",
            "requester_phone_index",
            postgresql_where=text("requester_phone_index IS NOT NULL"),
        ),
        Index(
            "uq_service_request_external_id",
            "community_code",
            "client_id",
            "external_id",
            unique=True,
            postgresql_where=text("external_id IS NOT NULL"),
        ),
        Index(
            "uq_service_request_origin",
            "community_code",
            "origin_type",
            "origin_id",
            unique=True,
            postgresql_where=text("origin_id IS NOT NULL"),
        ),
        Index(
            "ix_service_request_client",
            "community_code",
            "client_id",
            "id",
            postgresql_where=text("client_id IS NOT NULL"),
        ),
        Index(
            "ix_service_request_building",
            "community_code",
            "building_index",
            "category_code",
            postgresql_where=text("building_index IS NOT NULL"),
        ),
        Index(
            "ix_service_request_place",
            "community_code",
            "category_code",
            "latitude",
            "longitude",
            postgresql_where=text("latitude IS NOT NULL"),
        ),
        Index(
            "uq_service_request_follow_up",
            "community_code",
            "follow_up_index",
            unique=True,
            postgresql_where=text("follow_up_index IS NOT NULL"),
        ),
        Index("ix_service_request_next_due_at", "next_due_at", postgresql_where=text("next_due_at IS NOT NULL")),
        Index("ix_service_request_confirm_by", "confirm_by", postgresql_where=text("confirm_by IS NOT NULL")),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    reference: str = Field(default_factory=REFERENCE.new, max_length=10)
    """What the requester keeps (诉求编号); `references.REFERENCE`."""
    state: State = Field(default=State.SUBMITTED, sa_type=text_enum(State))
    category_code: str = Field(max_length=60)
    category_class: str = Field(max_length=60)
    """One of the five classes: what the category's code begins with."""
    category_version: int | None = None
    """The version of the category whose form was answered; None: from before versions were kept."""
    privacy: Privacy = Field(default=Privacy.PRIVATE, sa_type=text_enum(Privacy))
    """As the category said at submission: what was promised in confidence stays so."""
    urgency: Urgency = Field(sa_type=text_enum(Urgency))
    channel: Channel = Field(sa_type=text_enum(Channel))
    origin_type: str | None = None
    origin_id: UUID | None = None
    grid_code: str | None = Field(default=None, max_length=15)

    requester_person_id: UUID | None = None
    """Who asked, if they have a record; None: a caller, a passer-by, a partner."""
    household_id: UUID | None = None
    """The household concerned; its members may follow, confirm and rate."""
    concerned_person_id: UUID | None = None
    """The person a case is about, when somebody else reported it."""
    client_id: str | None = None
    external_id: str | None = None
    """The partner's own number for it, unique per client."""
    created_by: str
    is_anonymous: bool = False
    """A resident asked without being named: nothing here says who."""
    follow_up_index: bytes | None = None
    """Of the code by which an anonymous requester comes back; the code itself is kept nowhere."""

    confidential: bool = False
    """It went into a mediation: only its requester, the mediators and the community's head read it from then on."""
    key_subject_id: UUID
    content_sealed: bytes | None = None
    """`texts.Content` as JSON."""
    released_sealed: bytes | None = None
    """What the office lets everybody read: `moderation.public_texts`."""
    released_at: datetime | None = None
    requester_sealed: bytes | None = None
    """`texts.Contact` as JSON."""
    requester_phone_index: bytes | None = None
    building_index: bytes | None = None
    """Blind index of compound and building: what lies in one building is found without reading an address."""
    longitude: float | None = None
    latitude: float | None = None
    """WGS 84; of public requests only."""

    policy_category_code: str = Field(max_length=60)
    """Whose policy it keeps: the category that it was submitted under, wherever it was transferred."""
    policy_version: int
    calendar_version: int | None = None
    """The calendar that what was promised is counted by; None: the standard one."""
    accept_by: datetime
    respond_by: datetime
    resolve_by: datetime
    resolve_minutes: int
    """The whole time of the resolution clock that `resolve_by` ends, of which warnings are shares."""
    accepted_at: datetime | None = None
    responded_at: datetime | None = None
    first_dispatched_at: datetime | None = None
    """When the clock started. Nothing resets it."""
    promise_left: timedelta | None = None
    """While the term of a mediation stands in place of the promise: the working time that was left of it."""
    paused_at: datetime | None = None
    """Since when the office waits for the requester; None: it does not."""
    resolved_at: datetime | None = None
    confirm_by: datetime | None = None
    """While it is resolved: when it counts as confirmed if nobody says otherwise."""
    confirmed_at: datetime | None = None
    unreached_count: int = 0
    """How often the office called back in vain since it was last resolved."""
    accept_breached_at: datetime | None = None
    respond_breached_at: datetime | None = None
    resolve_breached_at: datetime | None = None
    accept_warned: int = 0
    """The share of the time, in per cent, whose passing was told last; 0: none was."""
    respond_warned: int = 0
    resolve_warned: int = 0
    next_due_at: datetime | None = None
    """The earliest warning or end of a deadline that is neither met nor breached nor paused; the timer sweeps by it."""
    reopened_count: int = 0

    responder_id: UUID | None = None
    """Who answers for it: the first asked until another has accepted (首接负责)."""
    merged_into_id: UUID | None = None
    """The request that this one went into; its requester follows that one."""
    split_from_id: UUID | None = None
    requester_muted_at: datetime | None = None
    """Since when the requester wants to hear nothing of it; they read it all the same."""
    follower_count: int = 0
    """How many `RequestFollower` there are, so that most requests need no query to tell nobody."""
    watcher_count: int = 0

    version: int = 1
    created_at: datetime = Field(default_factory=utc_now)
    updated_at: datetime = Field(default_factory=utc_now)

    calendar: CommunityCalendar | None = Relationship(
        sa_relationship_kwargs={"lazy": "selectin", "viewonly": True, "foreign_keys": _CALENDAR}
    )
    """Loaded with every request that has one, for no step of a request can be counted without it."""

    @property
    def is_closed_to_others(self) -> bool:
        """Its category or a mediation keeps it from everybody whom it does not need: `repository.not_confidential`."""
        return self.confidential or self.privacy is Privacy.CONFIDENTIAL


class TimelineEntry(Base, Tenant, table=True):
    """One step of a request and when it happened. Entries are added, never changed."""

    __tablename__ = "timeline_entry"
    __table_args__ = (
        one_of("step", Step),
        one_of("visibility", Visibility),
        one_of("state", State),
        ForeignKeyConstraint(["community_code", "request_id"], REQUEST_KEY),
        Index(None, "community_code", "request_id", "id"),
        Index(None, "community_code", "key_subject_id", postgresql_where=text("key_subject_id IS NOT NULL")),
        Index("ix_timeline_entry_excluded", "community_code", "id", postgresql_where=text("step = 'excluded'")),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    request_id: UUID
    step: Step = Field(sa_type=text_enum(Step))
    visibility: Visibility = Field(sa_type=text_enum(Visibility))
    state: State = Field(sa_type=text_enum(State))
    """The request's state after the step."""
    actor: str
    """The account's subject, or the name of the service whose event it was."""
    actor_role: str
    responder_id: UUID | None = None
    detail: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSONB, nullable=False))
    """Codes and numbers only."""
    key_subject_id: UUID | None = None
    """Whose key seals the text: the writer's if they are a resident, else the request's."""
    text_sealed: bytes | None = None
    released_at: datetime | None = None
    """Since when everybody may read the text."""
    created_at: datetime = Field(default_factory=utc_now)


class RequestFollower(Base, Tenant, table=True):
    """A person besides the requester who hears of every public step of a request, until they mute it."""

    __tablename__ = "request_follower"
    __table_args__ = (
        one_of("reason", FollowReason),
        ForeignKeyConstraint(["community_code", "request_id"], REQUEST_KEY),
        Index(None, "community_code", "person_id", "request_id"),
    )

    request_id: UUID = Field(primary_key=True)
    person_id: UUID = Field(primary_key=True)
    reason: FollowReason = Field(sa_type=text_enum(FollowReason))
    muted_at: datetime | None = None
    created_at: datetime = Field(default_factory=utc_now)

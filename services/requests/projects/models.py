from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKeyConstraint, Index, text
from sqlmodel import Field

from services.requests.projects.states import ProjectState
from services.requests.tables import Base
from shared.clock import utc_now
from shared.conditions import one_of
from shared.db import Tenant, text_enum
from shared.ids import new_id
from shared.themes import Theme

_PROJECT = ["project.community_code", "project.id"]


class FundingSource(StrEnum):
    """Who pays."""

    GOVERNMENT = "government"
    """财政资金."""
    COMMUNITY = "community"
    """社区经费: the community's own means for its residents."""
    UNIT = "unit"
    """共建单位: a partner unit, named by its responder."""
    MAINTENANCE_FUND = "maintenance_fund"
    """住宅专项维修资金: the owners' fund; its use is a matter of art. 278 of the Civil Code."""
    DONATION = "donation"
    RESIDENTS = "residents"


class InspectorCapacity(StrEnum):
    """For whom somebody inspects."""

    REPRESENTATIVE = "representative"
    """居民代表."""
    REQUESTER = "requester"
    COMMUNITY = "community"
    SPONSOR = "sponsor"
    EXPERT = "expert"


OF_RESIDENTS = frozenset({InspectorCapacity.REPRESENTATIVE, InspectorCapacity.REQUESTER})


class Project(Base, Tenant, table=True):
    """A livelihood project (民生实事项目): a wall, lamps, greenery, a pocket park, from the plan to its acceptance.

    Everything in it is public: what is built, where, by whom, for how much. What inspectors write is sealed.
    """

    __tablename__ = "project"
    __table_args__ = (
        one_of("state", ProjectState),
        one_of("suspended_from", ProjectState),
        one_of("theme", Theme),
        CheckConstraint("(state = 'suspended') = (suspended_from IS NOT NULL)", name="suspended"),
        CheckConstraint("(longitude IS NULL) = (latitude IS NULL)", name="position"),
        CheckConstraint("grid_code IS NULL OR starts_with(grid_code, community_code)", name="grid_in_community"),
        CheckConstraint("budget_fen >= 0 AND spent_fen >= 0 AND spent_fen <= budget_fen", name="budget"),
        CheckConstraint("end_on >= start_on", name="dates"),
        CheckConstraint("progress BETWEEN 0 AND 100", name="progress"),
        CheckConstraint("(state IN ('accepted', 'closed')) = (result IS NOT NULL)", name="result"),
        ForeignKeyConstraint(["community_code", "deliberation_id"], ["deliberation.community_code", "deliberation.id"]),
        Index(None, "community_code", "state", "id"),
        Index(None, "community_code", "deliberation_id", postgresql_where=text("deliberation_id IS NOT NULL")),
        Index(
            None, "community_code", "sponsor_responder_id", postgresql_where=text("sponsor_responder_id IS NOT NULL")
        ),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    state: ProjectState = Field(default=ProjectState.PLANNED, sa_type=text_enum(ProjectState))
    suspended_from: ProjectState | None = Field(default=None, sa_type=text_enum(ProjectState))
    title: str
    description: str
    theme: Theme = Field(sa_type=text_enum(Theme))
    deliberation_id: UUID | None = None
    """The deliberation whose resolution opened it."""
    sponsor_responder_id: UUID | None = None
    """The unit (共建单位) that builds it; None: the community itself."""
    grid_code: str | None = Field(default=None, max_length=15)
    place: str | None = None
    """Where it is, in words."""
    longitude: float | None = None
    latitude: float | None = None
    """WGS 84."""
    budget_fen: int = Field(default=0, sa_type=BigInteger)
    spent_fen: int = Field(default=0, sa_type=BigInteger)
    start_on: date
    end_on: date
    progress: int = 0
    """Percent, as last told."""
    round: int = 1
    """How often it has been handed in for inspection, counting the present time."""
    result: str | None = None
    """What came of it, as every contributing requester reads it."""
    created_by: str
    started_at: datetime | None = None
    completed_at: datetime | None = None
    accepted_at: datetime | None = None
    version: int = 1
    created_at: datetime = Field(default_factory=utc_now)
    updated_at: datetime = Field(default_factory=utc_now)


class ProjectRequest(Base, Tenant, table=True):
    """A request that a project answers."""

    __tablename__ = "project_request"
    __table_args__ = (
        ForeignKeyConstraint(["community_code", "project_id"], _PROJECT),
        ForeignKeyConstraint(
            ["community_code", "request_id"], ["service_request.community_code", "service_request.id"]
        ),
        Index(None, "community_code", "request_id"),
    )

    project_id: UUID = Field(primary_key=True)
    request_id: UUID = Field(primary_key=True)
    created_at: datetime = Field(default_factory=utc_now)


class Funding(Base, Tenant, table=True):
    """A part of a project's budget and where it comes from. The budget is their sum."""

    __tablename__ = "project_funding"
    __table_args__ = (
        one_of("source", FundingSource),
        CheckConstraint("amount_fen > 0", name="amount"),
        ForeignKeyConstraint(["community_code", "project_id"], _PROJECT),
        Index(None, "community_code", "project_id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    project_id: UUID
    source: FundingSource = Field(sa_type=text_enum(FundingSource))
    responder_id: UUID | None = None
    amount_fen: int = Field(sa_type=BigInteger)
    created_by: str
    created_at: datetime = Field(default_factory=utc_now)


class Spending(Base, Tenant, table=True):
    """Money spent. Lines are added, never changed: a wrong one is taken back by another."""

    __tablename__ = "project_spending"
    __table_args__ = (
        CheckConstraint("amount_fen <> 0", name="amount"),
        ForeignKeyConstraint(["community_code", "project_id"], _PROJECT),
        Index(None, "community_code", "project_id", "id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    project_id: UUID
    amount_fen: int = Field(sa_type=BigInteger)
    """Negative: taken back."""
    spent_on: date
    words: str
    """What for; public."""
    created_by: str
    created_at: datetime = Field(default_factory=utc_now)


class Milestone(Base, Tenant, table=True):
    """A step of a project that can be seen: ground broken, paths laid, trees planted."""

    __tablename__ = "project_milestone"
    __table_args__ = (
        ForeignKeyConstraint(["community_code", "project_id"], _PROJECT),
        Index(None, "community_code", "project_id", "planned_on", "id"),
        Index("ix_project_milestone_warn_on", "warn_on", postgresql_where=text("warn_on IS NOT NULL")),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    project_id: UUID
    title: str
    planned_on: date
    reached_on: date | None = None
    warn_on: date | None = None
    """The day after it was planned for; None: it was reached, or the delay was told."""
    version: int = 1
    created_at: datetime = Field(default_factory=utc_now)
    updated_at: datetime = Field(default_factory=utc_now)


class ProjectUpdate(Base, Tenant, table=True):
    """How it goes, for everybody to read."""

    __tablename__ = "project_update"
    __table_args__ = (
        CheckConstraint("progress BETWEEN 0 AND 100", name="progress"),
        ForeignKeyConstraint(["community_code", "project_id"], _PROJECT),
        Index(None, "community_code", "project_id", "id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    project_id: UUID
    state: ProjectState = Field(sa_type=text_enum(ProjectState))
    progress: int
    words: str
    created_by: str
    created_at: datetime = Field(default_factory=utc_now)


class PhotoStage(StrEnum):
    BEFORE = "before"
    DURING = "during"
    AFTER = "after"


class ProjectPhoto(Base, Tenant, table=True):
    """When a photo of a project was taken; the photo itself is an attachment."""

    __tablename__ = "project_photo"
    __table_args__ = (
        one_of("stage", PhotoStage),
        ForeignKeyConstraint(["community_code", "project_id"], _PROJECT),
        ForeignKeyConstraint(
            ["community_code", "attachment_id"], ["attachment.community_code", "attachment.id"], ondelete="CASCADE"
        ),
        Index(None, "community_code", "project_id"),
    )

    attachment_id: UUID = Field(primary_key=True)
    project_id: UUID
    stage: PhotoStage = Field(sa_type=text_enum(PhotoStage))


class Inspection(Base, Tenant, table=True):
    """What one named person found when a completed project was inspected (验收); named first, signed then."""

    __tablename__ = "project_inspection"
    __table_args__ = (
        one_of("capacity", InspectorCapacity),
        CheckConstraint("num_nonnulls(person_id, responder_id, account) <= 1", name="one_identity"),
        CheckConstraint("num_nulls(passed, signed_at, signed_by) IN (0, 3)", name="signed"),
        ForeignKeyConstraint(["community_code", "project_id"], _PROJECT),
        Index(None, "community_code", "project_id", "round"),
        Index(None, "community_code", "person_id", postgresql_where=text("person_id IS NOT NULL")),
        *(
            Index(
                f"uq_project_inspection_{column}",
                "community_code",
                "project_id",
                "round",
                column,
                unique=True,
                postgresql_where=text(f"{column} IS NOT NULL"),
            )
            for column in ("person_id", "responder_id", "account")
        ),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    project_id: UUID
    round: int
    person_id: UUID | None = None
    """All three are null once a person was erased; what they found stays counted."""
    responder_id: UUID | None = None
    account: str | None = None
    capacity: InspectorCapacity = Field(sa_type=text_enum(InspectorCapacity))
    passed: bool | None = None
    """None: not signed yet."""
    signed_at: datetime | None = None
    signed_by: str | None = None
    """The account: the inspector's own, or the office's before whom it was signed on paper."""
    key_subject_id: UUID | None = None
    """Whose key seals the note: the inspector's if they have a record, else the project's."""
    note_sealed: bytes | None = None
    created_at: datetime = Field(default_factory=utc_now)

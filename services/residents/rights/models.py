from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, ForeignKeyConstraint, Index, String, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from services.residents.rights.states import RequestKind, RequestState
from services.residents.tables import Base
from shared.clock import utc_now
from shared.conditions import one_of
from shared.db import Tenant, text_enum
from shared.ids import new_id


class MadeBy(StrEnum):
    SELF = "self"
    GUARDIAN = "guardian"


class Refusal(StrEnum):
    """Why a request is declined; the person is told, with a note in words."""

    ACCURATE = "accurate"
    """What is kept was checked and is right."""
    UNVERIFIABLE = "unverifiable"
    """What is asked could not be confirmed."""
    LEGAL_DUTY = "legal_duty"
    """A law asks that it be kept (PIPL, art. 47, paragraph 2)."""
    ONGOING_CARE = "ongoing_care"
    """The person lives here and the community's duties towards them rest on it."""
    OPEN_CASE = "open_case"
    """A case or dispute about the person is still open."""


class RightsRequest(Base, Tenant, table=True):
    """A person asks that what is kept about them be corrected, or erased (个人信息权利请求).

    What they want and what they were answered is sealed under their own key. At most one of a kind is pending.
    """

    __tablename__ = "rights_request"
    __table_args__ = (
        one_of("kind", RequestKind),
        one_of("state", RequestState),
        one_of("made_by", MadeBy),
        one_of("refusal", Refusal),
        CheckConstraint("(state = 'declined') = (refusal IS NOT NULL)", name="declined_why"),
        CheckConstraint("(state IN ('done', 'declined', 'withdrawn')) = (ended_at IS NOT NULL)", name="ended"),
        ForeignKeyConstraint(
            ["community_code", "person_id"], ["person.community_code", "person.id"], name="fk_rights_request_person"
        ),
        Index("ix_rights_request_queue", "community_code", "state", "due_at", "id"),
        Index(
            "uq_rights_request_pending",
            "community_code",
            "person_id",
            "kind",
            unique=True,
            postgresql_where=text("state IN ('open', 'approved')"),
        ),
        Index("ix_rights_request_person", "community_code", "person_id", "id"),
        Index("ix_rights_request_effective", "effective_at", postgresql_where=text("state = 'approved'")),
        Index("ix_rights_request_ended", "ended_at", postgresql_where=text("content IS NOT NULL")),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    person_id: UUID
    kind: RequestKind = Field(sa_type=text_enum(RequestKind))
    state: RequestState = Field(default=RequestState.OPEN, sa_type=text_enum(RequestState))
    made_by: MadeBy = Field(sa_type=text_enum(MadeBy))
    requested_by: str
    fields: list[str] = Field(default_factory=list, sa_column=Column(ARRAY(String), nullable=False))
    """Names of the fields to correct."""
    content: bytes | None = None
    """Sealed JSON: the proposed values, and why."""
    note: bytes | None = None
    """What staff answered, sealed."""
    refusal: Refusal | None = Field(default=None, sa_type=text_enum(Refusal))
    due_at: datetime
    """By when staff should have decided."""
    effective_at: datetime | None = None
    """When an approved erasure is made; until then the person may take it back."""
    decided_at: datetime | None = None
    decided_by: str | None = None
    ended_at: datetime | None = None
    version: int = 1
    created_at: datetime = Field(default_factory=utc_now)
    updated_at: datetime = Field(default_factory=utc_now)

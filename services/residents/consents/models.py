from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlmodel import Field

from services.residents.tables import Base
from shared.audit import Purpose
from shared.clock import utc_now
from shared.conditions import one_of
from shared.db import Tenant, text_enum
from shared.ids import new_id
from shared.states import NamedState


class ConsentChannel(StrEnum):
    APP = "app"
    PAPER = "paper"
    """Signed on paper or said at the counter, and recorded by somebody of the community."""


class GivenBy(StrEnum):
    SELF = "self"
    GUARDIAN = "guardian"


class ConsentState(NamedState):
    """Whether a consent still holds."""

    GIVEN = "given", "已同意"
    WITHDRAWN = "withdrawn", "已撤回"


class Consent(Base, Tenant, table=True):
    """A person's consent to one purpose (个人同意): informed, separate, and withdrawable at any time.

    At most one is current per person and purpose; those withdrawn stay, since what was done under them was lawful
    (PIPL, art. 13 to 15; the proof of it is ours to give, art. 69).
    """

    __tablename__ = "consent"
    __table_args__ = (
        one_of("channel", ConsentChannel),
        one_of("given_by", GivenBy),
        CheckConstraint("(given_by = 'guardian') = (guardianship_id IS NOT NULL)", name="guardian_is_named"),
        ForeignKeyConstraint(
            ["community_code", "person_id"], ["person.community_code", "person.id"], name="fk_consent_person"
        ),
        Index("ix_consent_person", "community_code", "person_id", "id"),
        Index(
            "uq_consent_current",
            "community_code",
            "person_id",
            "purpose",
            unique=True,
            postgresql_where=text("withdrawn_at IS NULL"),
        ),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    person_id: UUID
    purpose: Purpose = Field(sa_type=text_enum(Purpose))
    text_version: int
    """Of the text that was shown. A new version of the text asks anew (PIPL, art. 14)."""
    channel: ConsentChannel = Field(sa_type=text_enum(ConsentChannel))
    given_by: GivenBy = Field(default=GivenBy.SELF, sa_type=text_enum(GivenBy))
    guardianship_id: UUID | None = None
    is_separate: bool = False
    """Asked and answered on its own, after being told why it is needed and what it means (PIPL, art. 29 and 30)."""
    evidence: bytes | None = None
    """Where the paper is, sealed under the person's key."""
    recorded_by: str
    given_at: datetime = Field(default_factory=utc_now)
    withdrawn_at: datetime | None = None
    withdrawn_by: str | None = None
    version: int = 1
    created_at: datetime = Field(default_factory=utc_now)
    updated_at: datetime = Field(default_factory=utc_now)

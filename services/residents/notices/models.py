from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, ForeignKeyConstraint, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.residents.tables import Base
from shared.clock import utc_now
from shared.conditions import one_of
from shared.db import Tenant, text_enum
from shared.ids import new_id


class NoticeKind(StrEnum):
    REQUEST_ACCEPTED = "request_accepted"
    REQUEST_PROGRESSED = "request_progressed"
    REQUEST_RESOLVED = "request_resolved"
    REQUEST_CONFIRMED = "request_confirmed"
    REQUEST_REOPENED = "request_reopened"
    REQUEST_REJECTED = "request_rejected"
    REQUEST_WAITING = "request_waiting"
    """The requester was asked something; the clock stands until they answer."""
    REQUEST_WITHDRAWN = "request_withdrawn"
    REQUEST_MERGED = "request_merged"
    REQUEST_UNMERGED = "request_unmerged"
    REQUEST_TRANSFERRED = "request_transferred"
    REQUEST_FOLLOWED = "request_followed"
    """For whoever follows a request, whatever happens to it."""
    REQUEST_DUE_SOON = "request_due_soon"
    """For who holds the work: little time is left."""
    REQUEST_OVERDUE = "request_overdue"
    """For who holds the work, and the duty desk: a deadline was missed."""
    OBJECTION_RAISED = "objection_raised"
    """For the duty desk: somebody who was asked holds that the work is not theirs."""
    OBJECTION_OVERDUE = "objection_overdue"
    """For the head: nobody decided in time, so the head does."""
    WORK_LEFT_TO_HEAD = "work_left_to_head"
    """For the head: nobody can be asked who may know of the matter."""
    MEDIATION_OPENED = "mediation_opened"
    """For parties and mediators, as the next three: they are asked whether they want a mediation."""
    MEDIATION_NEWS = "mediation_news"
    MEDIATION_AGREED = "mediation_agreed"
    MEDIATION_ENDED = "mediation_ended"
    DELIBERATION_INVITED = "deliberation_invited"
    """For whoever is invited, as the next two."""
    DELIBERATION_REMINDED = "deliberation_reminded"
    DELIBERATION_CANCELLED = "deliberation_cancelled"
    DELIBERATION_OVERDUE = "deliberation_overdue"
    """For the duty desk: what was resolved has not been carried out in time."""
    PROJECT_INSPECTION = "project_inspection"
    """For whoever is asked to inspect a project."""
    ARTICLE_ENDING = "article_ending"
    """For the duty desk, as the next: what an article says holds for two weeks more."""
    ARTICLE_ENDED = "article_ended"
    PROJECT_DELAYED = "project_delayed"
    """For the duty desk and the unit that builds: a milestone was not reached on its day."""
    FOUND_PERSON_OVERDUE = "found_person_overdue"
    """For the duty desk: nobody was identified or handed over in time."""
    FOUND_PERSON_MESSAGE = "found_person_message"
    """For whoever was sent, or the duty desk: the finder or the family wrote."""
    FOUND_PERSON_FAMILY = "found_person_family"
    """For the family of a found person; goes to their phone only, with the address of their page."""
    FOUND_PERSON_FAMILY_NEWS = "found_person_family_news"
    """The same, when there is something new on their page."""
    RIGHTS_REQUEST_RECEIVED = "rights_request_received"
    """For the duty desk: somebody asks that their data be corrected or erased."""
    RIGHTS_REQUEST_DECIDED = "rights_request_decided"
    ACCESS_UNJUSTIFIED = "access_unjustified"
    """For whoever was read about without a good reason (PIPL, art. 57)."""


class DeliveryState(StrEnum):
    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"
    """Refused for good, or not taken for a day."""
    UNDELIVERABLE = "undeliverable"
    """Who should get it has no phone, or was erased."""


class Recipient(StrEnum):
    PERSON = "person"
    FAMILY_CONTACT = "family_contact"


class Notice(Base, Tenant, table=True):
    """One message in a resident's inbox (通知), in a responder's, an account's, or the duty desk's.

    It holds a kind and codes; the words come from templates when it is read, so no text of anyone is stored.
    """

    __tablename__ = "notice"
    __table_args__ = (
        one_of("kind", NoticeKind),
        CheckConstraint("num_nonnulls(person_id, responder_id, account) <= 1", name="one_reader"),
        CheckConstraint("NOT for_head OR num_nonnulls(person_id, responder_id) = 0", name="for_head"),
        Index("ix_notice_person", "community_code", "person_id", "id"),
        Index("ix_notice_responder", "community_code", "responder_id", "id"),
        Index("ix_notice_account", "community_code", "account", "id", postgresql_where=text("account IS NOT NULL")),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    person_id: UUID | None = None
    responder_id: UUID | None = None
    account: str | None = None
    """One account of the office or of who is sent, for what it follows. None of the three: the duty desk."""
    for_head: bool = Field(default=False, sa_column_kwargs={"server_default": text("false")})
    """Of the duty desk's: the head of the community alone reads it."""
    kind: NoticeKind = Field(sa_type=text_enum(NoticeKind))
    parameters: dict[str, str] = Field(sa_column=Column(JSONB, nullable=False))
    """Ids and codes only."""
    read_at: datetime | None = None
    version: int = 1
    created_at: datetime = Field(default_factory=utc_now)


class Delivery(Base, Tenant, table=True):
    """A text on its way to a phone. Whose phone it is, is looked up when it is sent and never stored here."""

    __tablename__ = "delivery"
    __table_args__ = (
        one_of("kind", NoticeKind),
        one_of("state", DeliveryState),
        one_of("recipient", Recipient),
        ForeignKeyConstraint(
            ["community_code", "notice_id"],
            ["notice.community_code", "notice.id"],
            name="fk_delivery_notice",
            ondelete="CASCADE",
        ),
        Index("ix_delivery_due", "due_at", postgresql_where=text("state = 'pending'")),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    """Also the reference under which a messaging gateway recognises a repetition."""
    notice_id: UUID | None = None
    kind: NoticeKind = Field(sa_type=text_enum(NoticeKind))
    recipient: Recipient = Field(sa_type=text_enum(Recipient))
    recipient_id: UUID
    parameters: dict[str, str] = Field(sa_column=Column(JSONB, nullable=False))
    state: DeliveryState = Field(default=DeliveryState.PENDING, sa_type=text_enum(DeliveryState))
    attempts: int = 0
    due_at: datetime = Field(default_factory=utc_now)
    sent_at: datetime | None = None
    created_at: datetime = Field(default_factory=utc_now)

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, ForeignKeyConstraint, Index, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSVECTOR
from sqlmodel import Field

from services.requests.knowledge.states import State
from services.requests.tables import Base
from shared.clock import utc_now
from shared.conditions import one_of
from shared.db import Tenant, text_enum
from shared.ids import new_id

CONTENT = (
    "title_zh",
    "title_en",
    "summary_zh",
    "summary_en",
    "body_zh",
    "body_en",
    "category_code",
    "tags",
    "sources",
    "valid_from",
    "valid_to",
)
"""What an article says, and what each of its published versions keeps."""


class Article(Base, Tenant, table=True):
    """An answer to a question about law and policy (政策法规), as it is being written. Nothing in it is personal.

    What everybody reads is its current `ArticleVersion`.
    """

    __tablename__ = "article"
    __table_args__ = (
        one_of("state", State),
        CheckConstraint("valid_to IS NULL OR valid_from <= valid_to", name="validity"),
        ForeignKeyConstraint(
            ["community_code", "from_request_id"], ["service_request.community_code", "service_request.id"]
        ),
        Index(None, "community_code", "state", "id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    state: State = Field(default=State.DRAFT, sa_type=text_enum(State))
    title_zh: str
    title_en: str | None = None
    summary_zh: str
    summary_en: str | None = None
    body_zh: str
    body_en: str | None = None
    category_code: str | None = Field(default=None, max_length=60)
    tags: list[str] = Field(default_factory=list, sa_column=Column(ARRAY(Text), nullable=False))
    sources: list[dict[str, Any]] = Field(default_factory=list, sa_column=Column(JSONB, nullable=False))
    """What it rests on: document number (文号), issuing body, title, date, address."""
    valid_from: date
    valid_to: date | None = None
    """The last day; None: until it is changed."""
    edited_by: list[str] = Field(default_factory=list, sa_column=Column(ARRAY(Text), nullable=False))
    """Who has written in it since it was last published; none of them may publish it."""
    review_note: str | None = None
    """Why a reviewer gave it back."""
    from_request_id: UUID | None = None
    """The enquiry whose answer it was made of."""
    published_number: int = 0
    helpful_count: int = 0
    unhelpful_count: int = 0
    version: int = 1
    created_at: datetime = Field(default_factory=utc_now)
    updated_at: datetime = Field(default_factory=utc_now)


class ArticleVersion(Base, Tenant, table=True):
    """What was published, when, and by whom. Never changed; at most one of an article is current."""

    __tablename__ = "article_version"
    __table_args__ = (
        ForeignKeyConstraint(["community_code", "article_id"], ["article.community_code", "article.id"]),
        Index(
            "uq_article_version_current",
            "community_code",
            "article_id",
            unique=True,
            postgresql_where=text("is_current"),
        ),
        Index(None, "community_code", "published_at", "article_id", postgresql_where=text("is_current")),
        Index(
            "ix_article_version_ends",
            "valid_to",
            postgresql_where=text("is_current AND valid_to IS NOT NULL AND ended_at IS NULL"),
        ),
    )

    article_id: UUID = Field(primary_key=True)
    number: int = Field(primary_key=True)
    title_zh: str
    title_en: str | None = None
    summary_zh: str
    summary_en: str | None = None
    body_zh: str
    body_en: str | None = None
    category_code: str | None = Field(default=None, max_length=60)
    tags: list[str] = Field(default_factory=list, sa_column=Column(ARRAY(Text), nullable=False))
    sources: list[dict[str, Any]] = Field(default_factory=list, sa_column=Column(JSONB, nullable=False))
    valid_from: date
    valid_to: date | None = None
    search: Any = Field(sa_column=Column(TSVECTOR, nullable=False))
    is_current: bool = True
    edited_by: list[str] = Field(default_factory=list, sa_column=Column(ARRAY(Text), nullable=False))
    published_by: str
    published_at: datetime = Field(default_factory=utc_now)
    reminded_at: datetime | None = None
    """When the office was told that its validity ends soon."""
    ended_at: datetime | None = None
    """When the office was told that it has ended."""


class ArticleVote(Base, Tenant, table=True):
    """Whether an article helped one person; they may change their mind."""

    __tablename__ = "article_vote"
    __table_args__ = (
        ForeignKeyConstraint(["community_code", "article_id"], ["article.community_code", "article.id"]),
        Index("uq_article_vote_article_id_person_id", "community_code", "article_id", "person_id", unique=True),
        Index(None, "community_code", "person_id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    article_id: UUID
    person_id: UUID
    helpful: bool
    created_at: datetime = Field(default_factory=utc_now)

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Index
from sqlmodel import Field

from services.requests.tables import Base
from shared.clock import utc_now
from shared.conditions import one_of
from shared.db import Tenant, text_enum
from shared.ids import new_id


class TemplatePurpose(StrEnum):
    """At which step of a request the words are used."""

    ACCEPTANCE = "acceptance"
    REFUSAL = "refusal"
    WAIT = "wait"
    """A question to the requester."""
    PROGRESS = "progress"
    RESOLUTION = "resolution"
    CALLBACK = "callback"


class AnswerTemplate(Base, Tenant, table=True):
    """A canned answer (答复模板) of a community, in both languages, with placeholders that a request fills.

    It is a draft for whoever answers: nothing is sent before a person has read it.
    """

    __tablename__ = "answer_template"
    __table_args__ = (
        one_of("purpose", TemplatePurpose),
        Index("uq_answer_template_code", "community_code", "code", unique=True),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    code: str = Field(max_length=60)
    """What the timeline keeps of an answer that was made from it."""
    purpose: TemplatePurpose = Field(sa_type=text_enum(TemplatePurpose))
    category_code: str | None = Field(default=None, max_length=60)
    """Only for this category, or for all of this class; None: for every request."""
    name_zh: str
    name_en: str
    text_zh: str
    text_en: str
    active: bool = True
    version: int = 1
    created_at: datetime = Field(default_factory=utc_now)
    updated_at: datetime = Field(default_factory=utc_now)

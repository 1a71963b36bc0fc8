from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Index, String, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field

from services.residents.tables import Base
from shared.audit import Purpose
from shared.auth import Role
from shared.clock import utc_now
from shared.conditions import one_of
from shared.db import Tenant, text_enum
from shared.ids import new_id


class ExportState(StrEnum):
    REQUESTED = "requested"
    READY = "ready"
    FAILED = "failed"
    DESTROYED = "destroyed"


class ExportFormat(StrEnum):
    XLSX = "xlsx"
    CSV = "csv"


class ExportField(StrEnum):
    """What can be put into a column."""

    NAME = "name"
    SEX = "sex"
    IDENTITY_NUMBER = "identity_number"
    BIRTH_ON = "birth_on"
    PHONE = "phone"
    ADDRESS = "address"
    RELATION = "relation"
    TAGS = "tags"
    COLOUR = "colour"
    CAUTIONS = "cautions"
    FAMILY_CONTACTS = "family_contacts"


class ExportJob(Base, Tenant, table=True):
    """A list of residents that somebody takes out of the registry (导出), for a purpose and a reason.

    The file is sealed under a data key of the job's own, which is destroyed when its time is up or it has been
    downloaded often enough.
    """

    __tablename__ = "export_job"
    __table_args__ = (
        one_of("state", ExportState),
        one_of("format", ExportFormat),
        Index("ix_export_job_requested", "created_at", postgresql_where=text("state = 'requested'")),
        Index("ix_export_job_kept", "expires_at", postgresql_where=text("forgotten_at IS NULL")),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    state: ExportState = Field(default=ExportState.REQUESTED, sa_type=text_enum(ExportState))
    requested_by: str
    requested_role: Role = Field(sa_type=text_enum(Role))
    grids: list[str] = Field(default_factory=list, sa_column=Column(ARRAY(String(15)), nullable=False))
    """Those of the grid worker who asked."""
    purpose: Purpose = Field(sa_type=text_enum(Purpose))
    reason: bytes
    """Sealed: free text."""
    format: ExportFormat = Field(sa_type=text_enum(ExportFormat))
    fields: list[str] = Field(sa_column=Column(ARRAY(String()), nullable=False))
    in_the_clear: list[str] = Field(sa_column=Column(ARRAY(String()), nullable=False))
    filter: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    people: int | None = None
    """How many people the file names."""
    downloads: int = 0
    attempts: int = 0
    ended_at: datetime | None = None
    expires_at: datetime
    forgotten_at: datetime | None = None
    """When key and file were destroyed."""
    version: int = 1
    created_at: datetime = Field(default_factory=utc_now)
    updated_at: datetime = Field(default_factory=utc_now)

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, ForeignKeyConstraint, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.residents.imports.problems import ProblemCode, Severity
from services.residents.tables import Base
from shared.auth import Role
from shared.clock import utc_now
from shared.conditions import one_of
from shared.db import Tenant, text_enum
from shared.ids import new_id
from shared.states import NamedState


class ImportState(NamedState):
    UPLOADED = "uploaded", "已上传"
    CHECKING = "checking", "检查中"
    CHECKED = "checked", "已检查"
    RUNNING = "running", "导入中"
    DONE = "done", "已完成"
    FAILED = "failed", "已失败"
    CANCELLED = "cancelled", "已取消"


class SheetKind(StrEnum):
    XLSX = "xlsx"
    CSV = "csv"


_UNDER_WAY = "state IN ('checking', 'running')"


class ImportJob(Base, Tenant, table=True):
    """A sheet of residents on its way into the registry (导入): the row says how far it is.

    The sheet itself is kept as sealed files of `PART_ROWS` rows each, under a data key of the job's own that is
    destroyed when the job's time is up. A part is dealt with in one transaction that also moves `next_part` on.
    """

    __tablename__ = "import_job"
    __table_args__ = (
        one_of("state", ImportState),
        one_of("kind", SheetKind),
        CheckConstraint("next_part BETWEEN 0 AND parts", name="next_part"),
        Index("ix_import_job_under_way", "updated_at", postgresql_where=text(_UNDER_WAY)),
        Index("ix_import_job_kept", "expires_at", postgresql_where=text("forgotten_at IS NULL")),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    state: ImportState = Field(default=ImportState.UPLOADED, sa_type=text_enum(ImportState))
    requested_by: str
    requested_role: Role = Field(sa_type=text_enum(Role))
    kind: SheetKind = Field(sa_type=text_enum(SheetKind))
    encoding: str | None = None
    heading_row: int
    headings: bytes
    """Sealed: what stands where headings are expected may be anything."""
    mapping: dict[str, int] = Field(sa_column=Column(JSONB, nullable=False))
    """Column of the registry → position in the sheet."""
    compound: str | None = None
    """Stands for a compound column where the sheet has none."""
    skip_invalid: bool = False
    parts: int
    next_part: int = 0
    rows_total: int
    rows_done: int = 0
    """Of the phase that is under way, or was the last."""
    counts: dict[str, Any] = Field(default_factory=dict, sa_column=Column(JSONB, nullable=False))
    """What came of the rows, by `Count`."""
    attempts: int = 0
    """How often the next part has failed; it is given up after a few."""
    phase_began_at: datetime | None = None
    phase_ended_at: datetime | None = None
    expires_at: datetime
    forgotten_at: datetime | None = None
    """When key and files were destroyed."""
    version: int = 1
    created_at: datetime = Field(default_factory=utc_now)
    updated_at: datetime = Field(default_factory=utc_now)


class ImportProblem(Base, Tenant, table=True):
    """What is wrong with a row of a sheet, without what the row says."""

    __tablename__ = "import_problem"
    __table_args__ = (
        one_of("severity", Severity),
        ForeignKeyConstraint(
            ["community_code", "import_id"],
            ["import_job.community_code", "import_job.id"],
            name="fk_import_problem_import_job",
        ),
    )

    import_id: UUID = Field(primary_key=True)
    row_number: int = Field(primary_key=True)
    id: UUID = Field(default_factory=new_id, primary_key=True)
    column_position: int | None = None
    code: ProblemCode = Field(sa_type=text_enum(ProblemCode))
    severity: Severity = Field(sa_type=text_enum(Severity))
    other_row: int | None = None


class ImportKey(Base, Tenant, table=True):
    """The first row of a sheet that claims something only one row can: a person, a household's head.

    A blind index, kept while the sheet is checked.
    """

    __tablename__ = "import_key"
    __table_args__ = (
        ForeignKeyConstraint(
            ["community_code", "import_id"],
            ["import_job.community_code", "import_job.id"],
            name="fk_import_key_import_job",
        ),
    )

    import_id: UUID = Field(primary_key=True)
    key: bytes = Field(primary_key=True)
    row_number: int

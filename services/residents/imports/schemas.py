from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, StringConstraints, model_validator

from services.residents.households.schemas import PlaceName
from services.residents.imports.headings import Column
from services.residents.imports.models import ImportState, SheetKind
from services.residents.imports.problems import ProblemCode, Severity
from shared.errors import both

Letter = Annotated[str, StringConstraints(pattern=r"^[A-Z]{1,2}$")]
"""A column as the spreadsheet names it."""


class Schema(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SheetColumn(BaseModel):
    """A column that was found in the sheet."""

    letter: str
    heading: str
    column: Column | None
    """What it is taken for; null: ignored."""


class ImportCounts(BaseModel):
    """What came of the rows. The first two are the check's, the others the run's."""

    rows_with_errors: int = 0
    rows_with_warnings: int = 0
    rows_skipped: int = 0
    people_added: int = 0
    people_changed: int = 0
    people_unchanged: int = 0
    households_added: int = 0


class Progress(BaseModel):
    """Of the phase that is under way, or was the last."""

    rows_done: int
    rows_total: int
    rows_per_second: float | None
    began_at: datetime | None
    ended_at: datetime | None


class ImportRead(BaseModel):
    id: UUID
    state: ImportState
    kind: SheetKind
    encoding: str | None
    heading_row: int
    columns: list[SheetColumn]
    """Empty once the sheet was destroyed."""
    missing: list[Column]
    """Columns without which nothing can be imported."""
    compound: str | None
    skip_invalid: bool
    progress: Progress
    counts: ImportCounts
    created_at: datetime
    expires_at: datetime
    """When the sheet is destroyed."""
    version: int


class ImportUpdate(Schema):
    """Merge patch. A mapping is given as a whole: what it does not name is ignored."""

    mapping: dict[Column, Letter] | None = None
    compound: PlaceName | None = None
    """For a sheet of one compound that has no column for it."""

    @model_validator(mode="after")
    def _one_column_each(self) -> "ImportUpdate":
        if "mapping" in self.model_fields_set and self.mapping is None:
            raise ValueError(both("对应关系不能为空。", "The mapping cannot be removed."))
        letters = list((self.mapping or {}).values())
        if len(set(letters)) < len(letters):
            raise ValueError(both("同一列被用了两次。", "A column of the sheet is used twice."))
        return self


class ImportRun(Schema):
    skip_invalid: bool = False
    """Import the rows without errors; otherwise nothing is imported while a row has one."""


class ProblemRead(BaseModel):
    """One problem, in the sheet's own terms."""

    row: int
    """As the spreadsheet numbers it."""
    column: str | None
    """The sheet's letter; null: the row as a whole."""
    heading: str | None
    code: ProblemCode
    severity: Severity
    message: str
    other_row: int | None
    """The earlier row that says the same or the contrary."""

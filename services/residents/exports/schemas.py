from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from services.residents.exports.models import ExportField, ExportFormat, ExportState
from services.residents.people.models import PersonState, TagKind
from shared.audit import Purpose
from shared.codes import GridCode
from shared.errors import both
from shared.identity import FreeText

_ORDINARY = [ExportField.NAME, ExportField.SEX, ExportField.BIRTH_ON, ExportField.PHONE, ExportField.ADDRESS]


class Schema(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ExportFilter(Schema):
    """Who is to be in the list: all of it must fit."""

    grid_code: GridCode | None = None
    tag: TagKind | None = None
    """Whom it holds of today."""
    colour: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,19}$")] | None = None
    """Of the household's card."""
    state: PersonState = PersonState.RESIDING


class ExportCreate(Schema):
    purpose: Purpose
    reason: FreeText
    """What it is for, in a sentence that will stand an audit."""
    format: ExportFormat = ExportFormat.XLSX
    fields: Annotated[list[ExportField], Field(min_length=1, max_length=len(ExportField))] = _ORDINARY
    """Columns in this order, masked where they are personal."""
    in_the_clear: list[ExportField] = []
    """Those of the columns that must not be masked."""
    filter: ExportFilter = ExportFilter()

    @model_validator(mode="after")
    def _of_the_fields(self) -> "ExportCreate":
        if len(set(self.fields)) < len(self.fields):
            raise ValueError(both("同一列写了两次。", "A column is named twice."))
        if not set(self.in_the_clear) <= set(self.fields):
            raise ValueError(both("明文列须在所选列之内。", "What is in the clear must be among the fields."))
        return self


class ExportRead(BaseModel):
    id: UUID
    state: ExportState
    requested_by: str
    purpose: Purpose
    format: ExportFormat
    fields: list[ExportField]
    in_the_clear: list[ExportField]
    filter: ExportFilter
    people: int | None
    """How many people the file names; null until it is ready."""
    downloads: int
    expires_at: datetime
    created_at: datetime
    version: int

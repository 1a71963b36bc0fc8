from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from shared.codes import GridCode
from shared.geo import Boundary, GridKind, Position

Name = Annotated[str, StringConstraints(min_length=1, max_length=60, strip_whitespace=True)]


class Schema(BaseModel):
    model_config = ConfigDict(extra="forbid")


class GridCreate(Schema):
    code: GridCode
    name: Name
    kind: GridKind = GridKind.COMPREHENSIVE


class GridUpdate(Schema):
    name: Name | None = None


class AddressLine(Schema):
    compound: Name
    building: Name
    unit: Annotated[str, StringConstraints(max_length=20, strip_whitespace=True)] = ""
    """Empty: the whole building."""


class GridPublish(Schema):
    """A new boundary and address table; both replace what was published before."""

    boundary: Boundary
    addresses: Annotated[list[AddressLine], Field(max_length=2000)] = []


class WorkerAssign(Schema):
    responder_id: UUID
    backup_responder_id: UUID | None = None


class GridRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    code: str
    name: str
    kind: GridKind
    boundary_version: int
    responder_id: UUID | None
    backup_responder_id: UUID | None
    version: int


class GridBoundaryRead(BaseModel):
    grid_code: str
    number: int
    boundary: dict[str, Any]
    addresses: list[AddressLine]


class LocateQuery(Schema):
    """An address, a position, or both; the address is tried first."""

    compound: Name | None = None
    building: Name | None = None
    unit: str = ""
    position: Position | None = None

    @model_validator(mode="after")
    def _names_a_place(self) -> "LocateQuery":
        if not (self.compound and self.building) and self.position is None:
            raise ValueError
        return self


class Location(BaseModel):
    grid_code: str | None
    """None: no published grid answers for the place."""
    found_by: str | None
    """`address` or `position`."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.dispatch.schemas import LineOrNothing, PatchField, Schema
from shared.codes import GridCode
from shared.errors import both
from shared.geo import Boundary, GridKind, Position
from shared.identity import PersonName as Name


class GridCreate(Schema):
    code: GridCode
    name: Name
    kind: GridKind = GridKind.COMPREHENSIVE


class GridUpdate(Schema):
    name: Name = PatchField


class AddressLine(Schema):
    compound: Name
    building: Name
    unit: LineOrNothing = ""
    """Empty: the whole building."""


class GridPublish(Schema):
    """A new boundary and address table; both replace what was published before."""

    boundary: Boundary
    addresses: Annotated[list[AddressLine], Field(max_length=2000)] = Field(default_factory=list)


class WorkerAssign(Schema):
    responder_id: UUID
    backup_responder_id: UUID | None = None

    @model_validator(mode="after")
    def _backup_is_another(self) -> "WorkerAssign":
        if self.responder_id == self.backup_responder_id:
            raise ValueError(both("替补不能是同一个人", "The backup must be someone else"))
        return self


class GridRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    code: str
    name: str
    kind: GridKind
    boundary_version: int
    responder_id: UUID | None
    backup_responder_id: UUID | None
    version: int


class GridFeature(BaseModel):
    """A published grid as GeoJSON (RFC 7946); `properties` are those of the grid itself."""

    type: Literal["Feature"] = "Feature"
    id: str
    geometry: dict[str, Any]
    properties: GridRead


class GridCollection(BaseModel):
    type: Literal["FeatureCollection"] = "FeatureCollection"
    features: list[GridFeature]


class GridBoundaryRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    grid_code: str
    number: int
    boundary: dict[str, Any]
    addresses: list[AddressLine]


class LocateQuery(Schema):
    """An address, a position, or both; the address is tried first."""

    compound: Name | None = None
    building: Name | None = None
    unit: LineOrNothing = ""
    position: Position | None = None

    @model_validator(mode="after")
    def _names_a_place(self) -> "LocateQuery":
        if not (self.compound and self.building) and self.position is None:
            raise ValueError(both("请给出小区和楼栋, 或位置", "Give a compound and building, or a position"))
        return self


class Location(BaseModel):
    grid_code: str | None
    """None: no published grid answers for the place."""
    found_by: str | None
    """`address` or `position`."""

from pydantic import BaseModel


class UnitRead(BaseModel):
    unit: str
    """Empty: the building has one entrance, or the whole building is one line of the table."""
    grid_code: str | None
    households: int
    """Registered there and not ended, as far as the caller may see."""


class BuildingRead(BaseModel):
    building: str
    units: list[UnitRead]


class CompoundRead(BaseModel):
    """A residential compound (小区) of the community's address table, for pick lists."""

    compound: str
    buildings: list[BuildingRead]

from typing import Annotated

from pydantic import BaseModel, Field

from services.dispatch.schemas import Schema
from shared.codes import GridCode


class GridContact(BaseModel):
    """What a contact card (民情联系卡) shows: the grid and whom to call, never anything about a resident."""

    grid_code: str
    grid_name: str
    worker_name: str | None
    """The grid's worker, or the backup while the worker is absent; null: call the hotline."""
    worker_phone: str | None
    hotline: str | None
    longitude: float | None
    latitude: float | None
    """Of the grid's centre, WGS 84; null until its boundary is published."""
    community_code: str
    community_name: str | None
    community_name_en: str | None


class ContactsQuery(Schema):
    grid_codes: Annotated[list[GridCode], Field(min_length=1, max_length=200)]


class Contacts(BaseModel):
    items: list[GridContact]
    """Grids that do not exist are left out."""

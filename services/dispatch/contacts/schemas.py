from typing import Annotated

from pydantic import BaseModel, Field

from services.dispatch.responders.models import ResponderKind
from services.dispatch.schemas import Schema
from shared.codes import GridCode


class TeamMember(BaseModel):
    """Somebody who serves in the grid (进网格) and agreed to be public."""

    role: ResponderKind
    name: str
    phone: str


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
    team: list[TeamMember]
    """One of each profession at most, the grid's own before those of the whole community."""


class ContactsQuery(Schema):
    grid_codes: Annotated[list[GridCode], Field(min_length=1, max_length=200)]


class Contacts(BaseModel):
    items: list[GridContact]
    """Grids that do not exist are left out."""

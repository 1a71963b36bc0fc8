from uuid import UUID

from pydantic import BaseModel, ConfigDict

from services.merchants.schemas import Category, Fen, PatchField, Schema
from shared.identity import PersonName


class ItemCreate(Schema):
    name: PersonName
    unit: PersonName
    price_fen: Fen
    category: Category
    active: bool = True


class ItemUpdate(Schema):
    name: PersonName = PatchField
    unit: PersonName = PatchField
    price_fen: Fen = PatchField
    category: Category = PatchField
    active: bool = PatchField


class ItemRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    merchant_id: UUID
    name: str
    unit: str
    price_fen: int
    category: str
    active: bool
    version: int

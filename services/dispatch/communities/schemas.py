from uuid import UUID

from pydantic import BaseModel, ConfigDict

from services.dispatch.schemas import PatchField, Schema
from shared.codes import CommunityCode
from shared.identity import PersonName, PhoneText


class CommunityCreate(Schema):
    community_code: CommunityCode
    name: PersonName
    name_en: PersonName
    hotline: PhoneText


class CommunityUpdate(Schema):
    name: PersonName = PatchField
    name_en: PersonName = PatchField
    hotline: PhoneText = PatchField
    duty_desk_id: UUID | None = None
    """A responder of this community; null: nobody sits there."""


class CommunityRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    community_code: str
    name: str
    name_en: str
    hotline: str
    duty_desk_id: UUID | None
    version: int

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict

from services.requests.categories.schemas import CategoryCode
from services.requests.service_requests.schemas import Schema, TemplateCode
from services.requests.templates.models import TemplatePurpose
from services.requests.templates.placeholders import check
from shared.identity import FreeText, PersonName

TemplateText = Annotated[FreeText, AfterValidator(check)]
"""Words with placeholders: `{reference}`, `{category}`, `{state}`, `{submitted_on}`, `{resolve_by}`, `{grid}`."""


class TemplateCreate(Schema):
    code: TemplateCode
    purpose: TemplatePurpose
    category_code: CategoryCode | None = None
    """Only for this category, or for all of this class; absent: for every request."""
    name_zh: PersonName
    name_en: PersonName
    text_zh: TemplateText
    text_en: TemplateText
    active: bool = True


class TemplateUpdate(Schema):
    purpose: TemplatePurpose = TemplatePurpose.PROGRESS
    category_code: CategoryCode | None = None
    name_zh: PersonName = ""
    name_en: PersonName = ""
    text_zh: TemplateText = ""
    text_en: TemplateText = ""
    active: bool = True


class TemplateRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    code: str
    purpose: TemplatePurpose
    category_code: str | None
    name_zh: str
    name_en: str
    text_zh: str
    text_en: str
    active: bool
    version: int
    created_at: datetime
    updated_at: datetime


class Render(Schema):
    request_id: UUID


class Rendered(BaseModel):
    """A draft for the answer to one request. Send it with `template`, so that statistics know where it came from."""

    template: str
    text_zh: str
    text_en: str


class UsualAdded(BaseModel):
    added: list[str]
    """Codes that the community did not have."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from services.requests.categories.forms import Answer
from services.requests.categories.models import Urgency
from services.requests.categories.schemas import AttributeCode, CategoryCode
from services.requests.service_requests.schemas import Schema, ServiceRequestRead
from shared.identity import FreeText, PersonName


class Part(Schema):
    """One matter that was asked together with another. It is of the same requester, and about the same place."""

    category: CategoryCode
    title: PersonName | None = None
    description: FreeText | None = None
    urgency: Urgency | None = None
    """Default: the category's."""
    attributes: Annotated[dict[AttributeCode, Answer], Field(max_length=30)] = Field(default_factory=dict)


class Split(Schema):
    parts: Annotated[list[Part], Field(min_length=1, max_length=10)]
    """What becomes a request of its own; the rest stays with this one."""
    text: FreeText
    """What the requester reads."""


class SplitRead(BaseModel):
    request: ServiceRequestRead
    part_ids: list[UUID]

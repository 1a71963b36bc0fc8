from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, model_validator

from services.requests.categories.forms import Answer
from services.requests.categories.schemas import AttributeCode, CategoryCode
from services.requests.service_requests.schemas import Schema
from shared.codes import GridCode
from shared.errors import both
from shared.identity import FreeText


class Transfer(Schema):
    """Where the request goes: another category, another grid, somebody whom staff choose, or several of these."""

    category: CategoryCode | None = None
    attributes: Annotated[dict[AttributeCode, Answer], Field(max_length=30)] = Field(default_factory=dict)
    """Answers to the new category's questions; earlier ones that fit it are kept."""
    grid_code: GridCode | None = None
    responder_id: UUID | None = None
    """Whom dispatch asks; default: whom its rules choose."""
    text: FreeText
    """Why; the requester reads it."""

    @model_validator(mode="after")
    def goes_somewhere(self) -> Self:
        if self.category is None and self.grid_code is None and self.responder_id is None:
            raise ValueError(both("请填写类别、网格或办理人之一", "Name a category, a grid or a responder"))
        if self.attributes and self.category is None:
            raise ValueError(both("只有换类别时才填写 attributes", "Attributes belong to a new category"))
        return self

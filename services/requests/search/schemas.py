from typing import Annotated

from pydantic import ConfigDict, StringConstraints, model_validator

from services.requests.views.filters import RequestFilter
from shared.audit import Purpose
from shared.errors import both
from shared.identity import PhoneText

SearchText = Annotated[
    str, StringConstraints(min_length=1, max_length=60, strip_whitespace=True, pattern=r"^[^\x00-\x1f]+$")
]


class RequestSearch(RequestFilter):
    """What is looked for, which stands in the body because it may name a person: a text, or a caller's phone."""

    model_config = ConfigDict(extra="forbid")

    q: SearchText | None = None
    """Words of the title, the description, the answers, the place or any update."""
    phone: PhoneText | None = None
    """Of whoever called or came in, whole. The latest 20 of theirs; other conditions are not looked at."""
    purpose: Purpose | None = None
    """Needed with a phone, and put on record."""

    @model_validator(mode="after")
    def _one_of_two(self) -> "RequestSearch":
        if (self.q is None) == (self.phone is None):
            raise ValueError(both("请填写关键词或电话之一。", "Give either words or a phone."))
        if self.phone is not None and self.purpose is None:
            raise ValueError(both("按电话查找须说明用途。", "Searching by phone needs a purpose."))
        return self

"""Types that several modules' schemas share."""

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from shared.dates import Instant
from shared.errors import both
from shared.identity import normalise_name

MAX_INTEGER = 2_147_483_647
"""PostgreSQL's integer; what a path or query may ask for is bounded by it."""

LineOrNothing = Annotated[
    str, StringConstraints(max_length=20), AfterValidator(lambda text: normalise_name(text) if text.strip() else "")
]
Skill = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,39}$")]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})?$")]
"""A BCP 47 tag, e.g. `zh`, `mn`, `zh-Hant`."""


class Schema(BaseModel):
    """What a caller sends: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


class Span(Schema):
    """From `starts_at` until just before `ends_at`."""

    starts_at: Instant
    ends_at: Instant

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> "Span":
        if self.ends_at <= self.starts_at:
            raise ValueError(both("结束时间必须晚于开始时间", "The end must lie after the start"))
        return self


PatchField: Any = Field(default=None)
"""A field of a merge patch that may be left out but not be null: without a default it would be required."""

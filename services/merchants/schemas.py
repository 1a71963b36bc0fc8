"""Types that several modules' schemas share."""

import re
from datetime import time
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
)

from shared.errors import both

MAX_FEN = 10_000_000
"""¥100,000: the dearest single thing a neighbourhood shop sells, and the largest amount an offer may name."""

Fen = Annotated[int, Field(ge=0, le=MAX_FEN)]
"""Money in fen (分), 1/100 yuan."""
Category = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,39}$")]
"""A trade or a kind of goods or service: fruit, haircut, meat_slicing."""

_CLOCK = r"([01]\d|2[0-3]):[0-5]\d(:00)?"


def _clock_time(value: object) -> time:
    if isinstance(value, time) and value.tzinfo is None:
        return value
    if isinstance(value, str) and re.fullmatch(_CLOCK, value):
        return time.fromisoformat(value)
    raise ValueError(both("写到分钟, 不带时区, 如 09:30", "Write minutes without an offset, e.g. 09:30"))


ClockTime = Annotated[
    time,
    BeforeValidator(_clock_time),
    WithJsonSchema({"type": "string", "pattern": f"^{_CLOCK}$", "examples": ["09:30"]}),
]
"""Local time in Asia/Shanghai; 00:00 as an end is the midnight that closes the day."""


class Schema(BaseModel):
    """What a caller sends: unknown fields are refused."""

    model_config = ConfigDict(extra="forbid")


PatchField: Any = Field(default=None)
"""A field of a merge patch that may be left out but not be null: without a default it would be required."""

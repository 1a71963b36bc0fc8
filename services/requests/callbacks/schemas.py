from typing import Self

from pydantic import model_validator

from services.requests.service_requests.schemas import Schema
from services.requests.service_requests.vocabulary import CallbackChannel
from shared.errors import both
from shared.identity import FreeText


class CallBack(Schema):
    """One attempt of the office to ask the requester how it went (回访)."""

    how: CallbackChannel
    reached: bool
    solved: bool | None = None
    """What they said; needed when they were reached."""
    satisfied: bool | None = None
    text: FreeText | None = None

    @model_validator(mode="after")
    def says_what_was_heard(self) -> Self:
        if self.reached != (self.solved is not None) or (self.satisfied is not None and not self.reached):
            raise ValueError(both("联系到时必须填写是否解决, 未联系到时不填", "Say `solved` if, and only if, reached"))
        return self

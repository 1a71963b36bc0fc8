"""What travels on the wire: CloudEvents 1.0, JSON structured mode, so that webhooks can carry the same document."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class Event(BaseModel):
    """Base of a service's published payloads.

    A payload carries ids, codes and states, never names, phones, addresses of people or free text: erasing a person
    must not leave them in a log of events. A change that an old reader cannot take is a new class with a new version.
    """

    model_config = ConfigDict(frozen=True)

    type: ClassVar[str]
    """`<service>.<what_happened>.v<n>`, e.g. `residents.household_colour_changed.v1`."""


class Payload(BaseModel):
    """Base of a consumer's own copy of a payload: reads what it needs, ignores the rest."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Envelope(BaseModel):
    """One event. `aggregateversion` lets a projection ignore what is older than what it has."""

    specversion: str = "1.0"
    id: UUID
    source: str
    type: str
    subject: str
    time: datetime
    datacontenttype: str = "application/json"
    community: str
    traceparent: str | None = None
    aggregateversion: int
    data: dict[str, Any]

    @property
    def wire_subject(self) -> str:
        """`kaiyuan.<service>.<community_code>.<event>`"""
        service, name, _version = self.type.split(".")
        return f"kaiyuan.{service}.{self.community}.{name}"

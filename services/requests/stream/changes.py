"""What is told of a change: codes, states and ids of matters, nothing of people."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from services.requests.events import RequestChanged, RequestSubmitted
from shared.auth import Principal, Role
from shared.envelope import Envelope

_SUBJECT = "service-requests/"
_TOLD = ("state", "step", "category", "urgency", "grid_code", "resolve_by", "deadline", "due_at")
_TO_EVERYBODY = (RequestSubmitted, RequestChanged)
"""Of other events the office and its workers hear, and supervisors: those who read internal lines."""
_OUTSIDE = frozenset({Role.RESIDENT, Role.PARTNER})


@dataclass(frozen=True, slots=True)
class Change:
    """One event about a request, and its place in the stream of all events."""

    sequence: int
    name: str
    """The event's, e.g. `request_accepted`."""
    event_id: UUID
    community_code: str
    request_id: UUID
    version: int
    at: datetime
    is_public: bool
    told: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, sequence: int, payload: bytes) -> Self | None:
        """None for an event of something else than a request, and for what is no event."""
        try:
            event = Envelope.model_validate_json(payload)
            request_id = UUID(event.subject.removeprefix(_SUBJECT))
        except ValueError:
            return None
        if not event.subject.startswith(_SUBJECT):
            return None
        return cls(
            sequence=sequence,
            name=event.type.split(".")[1],
            event_id=event.id,
            community_code=event.community,
            request_id=request_id,
            version=event.aggregateversion,
            at=event.time,
            is_public=event.type in _public_types(),
            told={name: event.data[name] for name in _TOLD if name in event.data},
        )

    def may_concern(self, principal: Principal) -> bool:
        """Whether it is worth asking if the caller may read the request."""
        return principal.may_see(self.community_code) and (self.is_public or principal.role not in _OUTSIDE)

    def as_data(self) -> dict[str, Any]:
        """What a client is sent."""
        return {
            "event_id": self.event_id,
            "request_id": self.request_id,
            "community_code": self.community_code,
            "version": self.version,
            "at": self.at,
            **self.told,
        }


def _public_types() -> frozenset[str]:
    kinds = [*_TO_EVERYBODY, *RequestChanged.__subclasses__()]
    return frozenset(kind.type for kind in kinds if hasattr(kind, "type"))

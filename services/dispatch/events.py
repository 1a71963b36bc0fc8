"""What dispatch publishes. Payloads carry ids, codes and states only."""

from typing import Any, ClassVar
from uuid import UUID

from shared.envelope import Event
from shared.geo import GridKind


class PublishedAddress(Event):
    """One line of a grid's address table: public, of no person."""

    compound: str
    building: str
    unit: str = ""


class GridPublished(Event):
    type: ClassVar[str] = "dispatch.grid_published.v1"

    grid_code: str
    kind: GridKind
    version: int
    boundary: dict[str, Any]
    """GeoJSON geometry, WGS 84."""
    addresses: list[PublishedAddress]


class GridWorkerAssigned(Event):
    type: ClassVar[str] = "dispatch.grid_worker_assigned.v1"

    grid_code: str
    responder_id: UUID
    backup_responder_id: UUID | None = None

"""What projects publish. Payloads carry ids, codes and dates only."""

from datetime import date
from typing import ClassVar
from uuid import UUID

from shared.envelope import Event


class ProjectChanged(Event):
    """Base of all of them."""

    project_id: UUID
    state: str
    theme: str
    deliberation_id: UUID | None
    sponsor_responder_id: UUID | None
    grid_code: str | None


class ProjectApproved(ProjectChanged):
    type: ClassVar[str] = "requests.project_approved.v1"


class ProjectStarted(ProjectChanged):
    type: ClassVar[str] = "requests.project_started.v1"


class ProjectCompleted(ProjectChanged):
    """Built, and to be inspected."""

    type: ClassVar[str] = "requests.project_completed.v1"


class ProjectInspectionAsked(ProjectChanged):
    """These are asked to inspect it."""

    type: ClassVar[str] = "requests.project_inspection_asked.v1"

    person_ids: list[UUID]
    responder_ids: list[UUID]


class ProjectAccepted(ProjectChanged):
    """Found good by all who inspected it; the requests that it answers are resolved."""

    type: ClassVar[str] = "requests.project_accepted.v1"

    resolved_count: int


class ProjectCancelled(ProjectChanged):
    type: ClassVar[str] = "requests.project_cancelled.v1"


class ProjectDelayed(ProjectChanged):
    """A milestone was not reached on the day it was planned for; told once for each plan."""

    type: ClassVar[str] = "requests.project_delayed.v1"

    milestone_id: UUID
    planned_on: date

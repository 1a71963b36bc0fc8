"""What deliberations publish. Payloads carry ids, codes and times only."""

from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from shared.envelope import Event


class DeliberationChanged(Event):
    """Base of all of them."""

    deliberation_id: UUID
    state: str


class MeetingChanged(DeliberationChanged):
    """Base of what the invited are told."""

    begins_at: datetime
    person_ids: list[UUID]
    responder_ids: list[UUID]


class DeliberationScheduled(MeetingChanged):
    """These are invited, or invited anew because the meeting was moved."""

    type: ClassVar[str] = "requests.deliberation_scheduled.v1"


class DeliberationReminded(MeetingChanged):
    """These have not declined, and the meeting is near."""

    type: ClassVar[str] = "requests.deliberation_reminded.v1"


class DeliberationCancelled(MeetingChanged):
    """These need not come."""

    type: ClassVar[str] = "requests.deliberation_cancelled.v1"


class DeliberationResolved(DeliberationChanged):
    type: ClassVar[str] = "requests.deliberation_resolved.v1"

    carry_out_by: date | None


class DeliberationRejected(DeliberationChanged):
    type: ClassVar[str] = "requests.deliberation_rejected.v1"


class DeliberationPublished(DeliberationChanged):
    """The result stands on the community's board; whoever asked is told by the events of their requests."""

    type: ClassVar[str] = "requests.deliberation_published.v1"

    is_resolved: bool
    request_count: int


class DeliberationOverdue(DeliberationChanged):
    """The term of a resolution has passed, and nobody has reported that it was carried out."""

    type: ClassVar[str] = "requests.deliberation_overdue.v1"

    carry_out_by: date


class DeliberationCarriedOut(DeliberationChanged):
    type: ClassVar[str] = "requests.deliberation_carried_out.v1"

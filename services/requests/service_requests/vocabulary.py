"""The words of requests besides their states, as codes."""

from enum import StrEnum


class Channel(StrEnum):
    """Where a request came in (受理渠道)."""

    APP = "app"
    PHONE = "phone"
    CARD = "card"
    VISIT = "visit"
    PARTNER = "partner"
    OPEN311 = "open311"


class Visibility(StrEnum):
    PUBLIC = "public"
    """The requester sees it."""
    INTERNAL = "internal"


class Step(StrEnum):
    """What a line of the timeline records; the three rates (三率) are computed from these and their times."""

    SUBMITTED = "submitted"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    DISPATCHED = "dispatched"
    ACKNOWLEDGED = "acknowledged"
    STARTED = "started"
    HANDED_BACK = "handed_back"
    ESCALATED = "escalated"
    PROGRESS = "progress"
    NOTE = "note"
    COMMENT = "comment"
    WAITING = "waiting"
    ANSWERED = "answered"
    RESOLVED = "resolved"
    CONFIRMED = "confirmed"
    REOPENED = "reopened"
    WITHDRAWN = "withdrawn"
    RATED = "rated"
    IDENTIFIED = "identified"
    HANDED_OVER = "handed_over"
    DEADLINE_WARNED = "deadline_warned"
    DEADLINE_BREACHED = "deadline_breached"
    MERGED = "merged"
    """The request went into another; or another into it (`detail.role`)."""
    UNMERGED = "unmerged"
    """The merge was a mistake; the request goes on where it stood."""
    SPLIT = "split"
    """Something else that was asked with it became a request of its own."""
    TRANSFERRED = "transferred"
    """Another category or unit; the clock runs on."""
    OBJECTED = "objected"
    """Whoever was asked says that it is not theirs to do (退单异议)."""
    OBJECTION_DECIDED = "objection_decided"
    CALLED_BACK = "called_back"
    """The office asked the requester how it went (回访), whatever they said."""
    SUPPORTED = "supported"
    ATTACHED = "attached"
    REDACTED = "redacted"
    EXCLUDED = "excluded"
    """Left out of the three rates, or taken in again."""
    LINKED = "linked"
    """A mediation, deliberation, project or article came of it (`detail.type`, `detail.id`)."""


class CallbackChannel(StrEnum):
    """How the office asked the requester whether it is solved (回访)."""

    PHONE = "phone"
    VISIT = "visit"
    MESSAGE = "message"


class Commendation(StrEnum):
    """Thanks that are more than a score."""

    THANKS = "thanks"
    PENNANT = "pennant"
    """锦旗: a silk pennant, given to whoever helped."""


class FollowReason(StrEnum):
    SUPPORTS = "supports"
    """Has the same concern, and supported this request instead of repeating it."""
    MERGED = "merged"
    """Asked the same; their request went into this one."""
    FOLLOWS = "follows"

"""What screens show of each service's records: no more than a phone needs, and stable when a service learns more.

Codes are plain text here: what they may be is said by the service that owns them.
"""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel


class Screen(BaseModel):
    """A part that its service could not give is null, and the service is named in `unavailable`."""

    unavailable: list[str]


class HomeRequest(BaseModel):
    id: UUID
    state: str
    category: str
    title: str | None
    urgency: str
    mine: bool
    """False: another's request about this household."""
    resolve_by: datetime | None
    created_at: datetime


class ColourName(BaseModel):
    zh: str
    en: str


class HomeCard(BaseModel):
    """The household's card (三色卡、五色卡): its colour, and what the community means by it."""

    colour: str | None
    name: ColourName | None
    meaning: ColourName | None


class HomeWorker(BaseModel):
    """Whom the household calls: its grid's worker, or who stands in today."""

    grid_code: str
    grid_name: str
    worker_name: str | None
    worker_phone: str | None
    hotline: str
    community_name: str | None
    community_name_en: str | None


class HomeOffer(BaseModel):
    id: UUID
    title: str
    title_en: str
    theme: str | None
    merchant_id: UUID
    merchant_name: str
    distance_m: int | None
    """From the centre of the household's grid: where exactly somebody lives is nobody's business here."""
    next_valid_at: datetime | None


class HomeNotice(BaseModel):
    id: UUID
    kind: str
    title: str
    text: str
    parameters: dict[str, str]
    created_at: datetime


class HomeScreen(Screen):
    requests: list[HomeRequest] | None
    """The newest ten: one's own, and those about one's household."""
    card: HomeCard | None
    worker: HomeWorker | None
    """Null also when no grid answers for the address yet."""
    offers: list[HomeOffer] | None
    """Ten that hold today, the nearest first."""
    notices: list[HomeNotice] | None
    """The newest ten that are unread."""


class OrderRequest(BaseModel):
    id: UUID
    state: str
    category: str
    title: str | None
    waiting_since: datetime | None
    """Since when the requester has been asked something; the clock stands."""


class OrderOrigin(BaseModel):
    type: str
    id: UUID


class DayOrder(BaseModel):
    id: UUID
    request_id: UUID
    state: str
    category: str
    urgency: str
    grid_code: str | None
    origin: OrderOrigin | None
    """What it came from, e.g. a case of a found person."""
    tier: str | None
    due_at: datetime
    escalation_level: int
    request: OrderRequest | None
    """Null while requests is away, or has not heard of the assignment yet."""


class DayFoundPerson(BaseModel):
    """An open case. Names are shown by the case itself, masked, to who may open it."""

    id: UUID
    state: str
    channel: str
    grid_code: str | None
    due_at: datetime
    hand_over_by: datetime
    escalated_at: datetime | None
    created_at: datetime


class DaySpan(BaseModel):
    id: UUID
    starts_at: datetime
    ends_at: datetime


class DayShift(DaySpan):
    grid_code: str | None
    """Null: for the whole community."""


class DayDuty(BaseModel):
    pattern: str
    """`standing`: on duty unless absent. `rostered`: on duty during shifts only."""
    capacity: int
    open_orders: int
    shifts: list[DayShift]
    absences: list[DaySpan]
    """Of both, the next five that are not over."""


class DayScreen(Screen):
    work_orders: list[DayOrder]
    """What the caller holds, the earliest deadline first, at most 200."""
    found_persons: list[DayFoundPerson] | None
    """Open cases in the caller's grids or assigned to them, the newest first, at most 50."""
    duty: DayDuty | None
    """Null also for an account that is no responder's."""

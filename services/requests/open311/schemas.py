"""What the gateway passes on of an Open311 call: parameters as texts, lists where a parameter may be repeated."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from services.requests.categories.schemas import AttributeCode
from services.requests.open311.statuses import Status
from services.requests.service_requests.schemas import PlaceCreate, ServiceRequestCreate
from services.requests.service_requests.texts import Address
from shared.clock import CHINA
from shared.errors import both
from shared.geo import Crs, Latitude, Longitude
from shared.identity import PersonName, PhoneText, normalise_name, normalise_text

MOST = 1_000
"""Requests or updates in one answer."""

_TIME_TEXT = both("应为 W3C 时间, 如 2026-11-24T08:00:00+08:00", "A W3C time, e.g. 2026-11-24T08:00:00+08:00")
_BBOX_TEXT = both("应为 西,南,东,北 四个数", "Four numbers: west,south,east,north")
_ADDRESS_TEXT = both("应为 小区/楼栋 或 小区/楼栋/单元", "compound/building or compound/building/unit")
_STATUS_TEXT = both("没有这个状态", "No such status")
_FIRST, _LAST = datetime(1970, 1, 2, tzinfo=UTC), datetime(2199, 12, 31, tzinfo=UTC)
_LOST_PLUS = re.compile(r" (?=\d\d:?\d\d$)")


def _read_time(said: Any) -> Any:
    """A W3C time; one without an offset is China's, and a `+` that became a space in a query string is one again."""
    if not isinstance(said, str):
        return said
    try:
        at = datetime.fromisoformat(_LOST_PLUS.sub("+", said.strip()) if "T" in said else said.strip())
        at = at if at.tzinfo else at.replace(tzinfo=CHINA)
        if _FIRST <= at <= _LAST:
            return at
    except (ValueError, OverflowError):
        pass
    raise ValueError(_TIME_TEXT)


def _check_bbox(said: str) -> str:
    _corners(said)
    return said


def _corners(said: str) -> tuple[float, float, float, float]:
    try:
        west, south, east, north = (float(each) for each in said.split(","))
    except ValueError:
        raise ValueError(_BBOX_TEXT) from None
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise ValueError(_BBOX_TEXT)
    return west, south, east, north


def _read_address_id(said: Any) -> Any:
    if not isinstance(said, str):
        return said
    compound, building, unit, *more = (*said.split("/"), "", "")[: max(3, said.count("/") + 1)]
    if more:
        raise ValueError(_ADDRESS_TEXT)
    return {"compound": compound, "building": building, "unit": unit}


def _read_status(said: Any) -> Any:
    """Either case is meant by clients, and `open` and `Open` are sent."""
    if isinstance(said, str) and said.strip().upper() in Status.__members__:
        return Status(said.strip().upper())
    raise ValueError(_STATUS_TEXT)


When = Annotated[datetime, BeforeValidator(_read_time)]
AddressId = Annotated[Address, BeforeValidator(_read_address_id)]
"""`compound/building` or `compound/building/unit`, as in a grid's address table."""
AnyStatus = Annotated[Status, BeforeValidator(_read_status)]
Bbox = Annotated[str, StringConstraints(max_length=200), AfterValidator(_check_bbox)]
Jurisdiction = Annotated[str, StringConstraints(max_length=100)]
Description = Annotated[str, StringConstraints(max_length=4_000), AfterValidator(normalise_text)]
Link = Annotated[str, StringConstraints(max_length=500, pattern=r"^https?://[!-~]+$")]
Links = Annotated[list[Link], Field(max_length=5)]
Line = Annotated[str, StringConstraints(max_length=255), AfterValidator(normalise_name)]
Texts = Annotated[list[Annotated[str, StringConstraints(max_length=2_000)]], Field(min_length=1, max_length=50)]
Codes = Annotated[list[Annotated[str, StringConstraints(max_length=60)]], Field(max_length=100)]


class Paged(BaseModel):
    """`page` and `page_size` are extensions that several cities share; without them an answer holds up to 1,000."""

    model_config = ConfigDict(extra="forbid")

    jurisdiction_id: Jurisdiction | None = None
    start_date: When | None = None
    end_date: When | None = None
    page: Annotated[int, Field(ge=1, le=10_000)] = 1
    page_size: Annotated[int, Field(ge=1, le=MOST)] = MOST


class RequestQuery(Paged):
    service_request_id: Codes = []
    """Overrides the other filters."""
    service_code: Codes = []
    status: Annotated[list[AnyStatus], Field(max_length=20)] = []
    updated_after: When | None = None
    updated_before: When | None = None
    bbox: Bbox | None = None

    @property
    def corners(self) -> tuple[float, float, float, float] | None:
        """West, south, east and north of `bbox`."""
        return _corners(self.bbox) if self.bbox else None


class UpdateQuery(Paged):
    service_request_id: Codes = []


class Submission(BaseModel):
    """`POST requests`. What a client says of its user's email, device and account is not passed on: the answer goes
    back through the client, which knows them (PIPL, article 6)."""

    model_config = ConfigDict(extra="forbid")

    jurisdiction_id: Jurisdiction | None = None
    service_code: Annotated[str, StringConstraints(max_length=60)]
    lat: Latitude | None = None
    long: Longitude | None = None
    crs: Crs = Crs.WGS84
    """An extension: what `lat` and `long` are in. The standard says WGS 84; Chinese maps speak `gcj02` or `bd09`."""
    address_string: Line | None = None
    address_id: AddressId | None = None
    description: Description | None = None
    first_name: PersonName | None = None
    last_name: PersonName | None = None
    phone: PhoneText | None = None
    media_url: Links = []
    attributes: Annotated[dict[AttributeCode, Texts], Field(max_length=60)] = {}

    @model_validator(mode="after")
    def _has_a_place(self) -> Self:
        if (self.lat is None) != (self.long is None):
            raise ValueError(both("lat 与 long 须同时给出", "lat and long belong together"))
        if self.lat is None and self.address_string is None and self.address_id is None:
            raise ValueError(
                both(
                    "须给出 lat 和 long、address_string 或 address_id",
                    "Give lat and long, address_string or address_id",
                )
            )
        return self


class Open311Place(PlaceCreate):
    note: Line | None = None
    """The `address_string`, which is longer than our own notes on a place."""


class Open311Request(ServiceRequestCreate):
    """A submission in our own words, as long as Open311 allows, with the addresses of its photos."""

    description: Annotated[str, StringConstraints(max_length=8_000)] | None = None
    # Read by nobody who could put a shorter note there.
    place: Open311Place | None = None  # pyright: ignore[reportIncompatibleVariableOverride]


class UpdateSubmission(BaseModel):
    """`POST servicerequestupdates`."""

    model_config = ConfigDict(extra="forbid")

    jurisdiction_id: Jurisdiction | None = None
    service_request_id: Annotated[str, StringConstraints(max_length=60)]
    update_id: Annotated[str, StringConstraints(min_length=1, max_length=100), AfterValidator(normalise_name)]
    updated_datetime: When
    status: AnyStatus
    description: Description | None = None
    media_url: Links = []

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from services.merchants.offers.evaluation import EffectKind
from services.merchants.offers.models import OfferState, Period
from services.merchants.offers.schedule import OnHolidays, normalise_recurrence
from services.merchants.schemas import MAX_FEN, Category, ClockTime, Fen, PatchField, Schema
from shared.clock import china_today
from shared.dates import Day
from shared.errors import both
from shared.identity import PersonName
from shared.themes import Theme

Units = Annotated[int, Field(ge=1, le=1000)]


class PercentOff(Schema):
    """`percent` per cent off each line in scope."""

    kind: Literal[EffectKind.PERCENT_OFF]
    percent: Annotated[int, Field(ge=1, le=100)]
    max_units: Units | None = None
    """How many units of one basket, the dearest first; null: all."""


class AmountOff(Schema):
    """`amount_fen` off, once a basket, if what is in scope comes to `minimum_fen`."""

    kind: Literal[EffectKind.AMOUNT_OFF]
    amount_fen: Annotated[int, Field(ge=1, le=MAX_FEN)]
    minimum_fen: Fen = 0


class FixedPrice(Schema):
    """Each unit in scope at `price_fen`."""

    kind: Literal[EffectKind.FIXED_PRICE]
    price_fen: Fen
    max_units: Units | None = None


class FreeService(Schema):
    """Each unit in scope for nothing."""

    kind: Literal[EffectKind.FREE_SERVICE]
    max_units: Units | None = None


class Gift(Schema):
    """Something extra, if what is in scope comes to `minimum_fen`."""

    kind: Literal[EffectKind.GIFT]
    gift: PersonName
    gift_en: PersonName
    minimum_fen: Fen = 0


OfferEffect = Annotated[PercentOff | AmountOff | FixedPrice | FreeService | Gift, Field(discriminator="kind")]


class OfferScope(Schema):
    """Items and categories, either being enough; both empty: everything in the shop."""

    item_ids: Annotated[list[UUID], Field(max_length=100)] = Field(default=[])
    categories: Annotated[list[Category], Field(max_length=20)] = Field(default=[])


Condition = Annotated[
    str,
    StringConstraints(
        pattern=r"^(tag:[a-z][a-z0-9_]{0,39}|colour:[a-z][a-z0-9_]{0,19}|age(>=|<=|>|<)\d{1,3}|age:\d{1,3}-\d{1,3})$"
    ),
]
"""What residents can attest: `tag:veteran`, `age>=80`, `age:60-69`, `colour:red`."""


class OfferEligibility(Schema):
    """Who may use the offer; no conditions: everyone."""

    match: Literal["any", "all"] = "any"
    conditions: Annotated[list[Condition], Field(max_length=10)] = Field(default=[])


class OfferHours(Schema):
    opens: ClockTime
    closes: ClockTime
    """Later than `opens`, or 00:00 for the midnight that ends the day."""

    @model_validator(mode="after")
    def _closes_later(self) -> "OfferHours":
        if self.closes <= self.opens and self.closes.isoformat() != "00:00:00":
            raise ValueError(both("结束须晚于开始", "The end must be later than the start"))
        return self


class PerPerson(Schema):
    count: Annotated[int, Field(ge=1, le=100)]
    period: Period


class OfferLimits(Schema):
    per_person: PerPerson | None = None
    total: Annotated[int | None, Field(ge=1, le=1_000_000)] = None
    """Uses by all."""
    budget_fen: Annotated[int | None, Field(ge=1, le=1_000_000_000)] = None
    """What all uses together may save."""


Recurrence = Annotated[
    str,
    StringConstraints(max_length=120),
    AfterValidator(normalise_recurrence),
    Field(json_schema_extra={"format": "recurrence-rule"}),
]
"""A subset of RFC 5545: `FREQ=WEEKLY;BYDAY=SA`."""
HourList = Annotated[list[OfferHours], Field(max_length=6)]
Group = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Priority = Annotated[int, Field(ge=-100, le=100)]


class OfferCreate(Schema):
    """A draft. Times are those of Asia/Shanghai."""

    merchant_id: UUID
    title: PersonName
    title_en: PersonName
    theme: Theme | None = None
    effect: OfferEffect
    scope: OfferScope = OfferScope()
    eligibility: OfferEligibility = OfferEligibility()
    valid_from: Day = Field(default_factory=china_today)
    valid_to: Day | None = None
    recurrence: Recurrence | None = None
    hours: HourList = Field(default=[])
    on_holidays: OnHolidays = OnHolidays.ANY
    limits: OfferLimits = OfferLimits()
    exclusivity_group: Group | None = None
    priority: Priority = 0

    @model_validator(mode="after")
    def _fits_together(self) -> "OfferCreate":
        check_fit(self.valid_from, self.valid_to, self.effect.kind, self.limits)
        return self


class OfferUpdate(Schema):
    """Merge patch of a draft; effect, scope, eligibility, hours and limits are replaced whole."""

    title: PersonName = PatchField
    title_en: PersonName = PatchField
    theme: Theme | None = None
    effect: OfferEffect = PatchField
    scope: OfferScope = PatchField
    eligibility: OfferEligibility = PatchField
    valid_from: Day = PatchField
    valid_to: Day | None = None
    recurrence: Recurrence | None = None
    hours: HourList = PatchField
    on_holidays: OnHolidays = PatchField
    limits: OfferLimits = PatchField
    exclusivity_group: Group | None = None
    priority: Priority = PatchField


def check_fit(valid_from: date, valid_to: date | None, kind: EffectKind, limits: OfferLimits) -> None:
    """ValueError (bilingual) when parts of an offer contradict each other."""
    if valid_to is not None and valid_to < valid_from:
        raise ValueError(both("有效期的结束不能早于开始", "The last day cannot lie before the first"))
    if kind is EffectKind.GIFT and limits.budget_fen is not None:
        raise ValueError(both("赠品不计入预算, 请用总量限制", "A gift spends no budget; limit its total instead"))


class LimitsRead(OfferLimits):
    remaining: int | None = None
    """Places left now; null: no total limit, or not published."""


class OfferRead(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: UUID
    community_code: str
    merchant_id: UUID
    state: OfferState
    title: str
    title_en: str
    theme: Theme | None
    effect: OfferEffect
    scope: OfferScope
    eligibility: OfferEligibility
    valid_from: date
    valid_to: date | None
    recurrence: str | None
    hours: list[OfferHours]
    on_holidays: OnHolidays
    limits: LimitsRead
    exclusivity_group: str | None
    priority: int
    next_valid_at: datetime | None
    """Now, if it holds now; null: not within 400 days, or not published."""
    version: int


class OfferListed(OfferRead):
    merchant_name: str
    distance_m: int | None = None
    """From the position that was asked for."""


def columns_from(data: OfferCreate | OfferUpdate) -> dict[str, Any]:
    """What was sent, as columns of `Offer`."""
    values = data.model_dump(mode="json", include=data.model_fields_set & _AS_JSON)
    values |= data.model_dump(include=data.model_fields_set - _AS_JSON - {"limits"})
    if "limits" in data.model_fields_set:
        values |= limit_columns(data.limits)
    return values


def limit_columns(limits: OfferLimits) -> dict[str, Any]:
    return {
        "per_person_count": limits.per_person.count if limits.per_person else None,
        "per_person_period": limits.per_person.period if limits.per_person else None,
        "total_limit": limits.total,
        "budget_fen": limits.budget_fen,
    }


_AS_JSON = frozenset({"effect", "scope", "eligibility", "hours"})

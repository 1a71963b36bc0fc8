from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from services.residents.household_cards.models import ChangeCause, ColourScheme, SchemeState
from services.residents.household_cards.rules import BoundedRule, ColourCode
from services.residents.households.schemas import HouseholdRead
from shared.audit import Purpose
from shared.errors import both
from shared.identity import FreeText, PersonName


class Schema(BaseModel):
    model_config = ConfigDict(extra="forbid")


class BothNames(Schema):
    zh: PersonName
    en: PersonName


class BothTexts(Schema):
    zh: FreeText
    en: FreeText


class Colour(Schema):
    """One colour of a scheme: what it means, how often it asks for a visit, and whom it is for."""

    code: ColourCode
    name: BothNames
    meaning: BothTexts
    visit_interval_days: Annotated[int | None, Field(ge=1, le=366)] = None
    """None: no regular visit."""
    rule: BoundedRule | None = None


def _in_precedence(colours: list[Colour]) -> list[Colour]:
    codes = [colour.code for colour in colours]
    if len(set(codes)) < len(codes):
        raise ValueError(both("颜色编码不能重复。", "Each colour needs a code of its own."))
    *ruled, rest = colours
    if rest.rule is not None or any(colour.rule is None for colour in ruled):
        raise ValueError(
            both(
                "除最后一种颜色外都要有规则; 最后一种没有规则, 收纳其余住户。",
                "Every colour but the last needs a rule; the last has none and takes all other households.",
            )
        )
    return colours


_COLOURS = TypeAdapter(list[Colour])


def colours_of(scheme: ColourScheme) -> list[Colour]:
    return _COLOURS.validate_python(scheme.colours)


MOST_COLOURS = 12
Colours = Annotated[list[Colour], Field(min_length=1, max_length=MOST_COLOURS), AfterValidator(_in_precedence)]


class ColourSchemeCreate(Schema):
    """Colours in order of precedence, the most urgent first. Usually five; what they mean is the community's choice."""

    colours: Colours


class ColourSchemeUpdate(Schema):
    """A draft's colours, replaced as a whole."""

    colours: Colours


class Recolouring(BaseModel):
    """How far the cards of the inhabited households have followed a published scheme."""

    total: int
    done: int
    started_at: datetime
    finished_at: datetime | None
    """When the last card followed; None while some do not."""


class ColourSchemeRead(BaseModel):
    id: UUID
    number: int
    state: SchemeState
    colours: list[Colour]
    published_at: datetime | None
    households_pending: int
    """Households whose card does not follow this published scheme yet; 0 when all do."""
    recolouring: Recolouring | None
    """Of the published scheme only."""
    version: int


class Explain(Schema):
    """One rule, or the colours of a scheme."""

    rule: BoundedRule | None = None
    colours: Colours | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.rule is None) is (self.colours is None):
            raise ValueError(both("rule 与 colours 填其中一个", "Give either rule or colours"))
        return self


class ColourExplained(BaseModel):
    code: str
    text: str
    """Which households it is for, in words."""
    never_holds: bool
    """Its rule contradicts itself: no household can be so."""
    shadowed_by: list[str]
    """Colours before it that leave no household to it; empty as far as is known."""


class Explained(BaseModel):
    """What rules say, in the language of the request."""

    text: str | None
    """The rule in words; None for a scheme."""
    never_holds: bool | None
    colours: list[ColourExplained]


class Label(BaseModel):
    """A code of the vocabulary and what people call it."""

    code: str
    zh: str
    en: str


class ConditionKind(BaseModel):
    """One kind of condition: its key, what stands behind the key, and when it holds."""

    kind: str
    takes: str
    zh: str
    en: str


class Limits(BaseModel):
    levels: int
    """How deep conditions may lie in one another."""
    conditions: int
    """How many conditions one rule may have."""
    side_by_side: int
    """How many conditions one `any` or `all` may have."""
    highest: int
    """The largest limit of a range."""
    colours: int
    """How many colours a scheme may have."""


class Vocabulary(BaseModel):
    """Everything an editor of rules has to know."""

    tags: list[Label]
    relations: list[Label]
    tenures: list[Label]
    conditions: list[ConditionKind]
    limits: Limits
    rule_schema: dict[str, Any]
    """JSON Schema of a rule, as of draft 2020-12."""


class DryRunCell(BaseModel):
    """So many households show one colour now and would show the other."""

    colour_before: str | None
    """None: no scheme was published yet."""
    colour_after: str
    visit_interval_days_before: int | None
    visit_interval_days_after: int | None
    households: int


class DryRunHousehold(BaseModel):
    """A household whose colour or visit interval would change, and why."""

    household: HouseholdRead
    colour_before: str | None
    colour_after: str
    visit_interval_days_before: int | None
    visit_interval_days_after: int | None
    facts: list[str]
    """Which of the scheme's conditions would decide."""
    is_overridden: bool
    """Staff's own colour goes on; only its interval would change."""


class DryRun(BaseModel):
    """What publishing the scheme would change if it were done now."""

    scheme_number: int
    published_number: int | None
    households: int
    """All that are inhabited."""
    changed: int
    """How many of them would change colour or visit interval."""
    matrix: list[DryRunCell]
    """From which colour to which, also where nothing changes; the largest first."""
    items: list[DryRunHousehold]
    """A page of those that would change."""
    next_cursor: str | None


class OverriddenCard(BaseModel):
    """A card that staff have set."""

    household: HouseholdRead
    colour: str
    derived_colour: str | None
    """What the scheme says."""
    override_until: date
    overridden_by: str


class CardOverride(Schema):
    colour: ColourCode
    reason: FreeText
    until: date
    """The last day, in Asia/Shanghai; at most a year ahead."""


class CardRead(BaseModel):
    """The household's card as it is now."""

    household_id: UUID
    colour: str | None
    """None until the community has published a scheme."""
    name: BothNames | None
    meaning: BothTexts | None
    visit_interval_days: int | None
    scheme_number: int | None
    derived_colour: str | None
    """What the scheme says, where staff have overridden it."""
    facts: list[str]
    """Which of the rule's conditions hold, e.g. `tag:dementia`, `age>=80`; empty for those who may not know."""
    override_until: date | None
    version: int


class CardChangeRead(BaseModel):
    """What the card said from `began_at` to `ended_at`, and why."""

    id: UUID
    cause: ChangeCause
    scheme_number: int | None
    colour: str | None
    derived_colour: str | None
    rule: dict[str, Any] | None
    facts: list[str]
    made_by: str | None
    """The subject of the account that overrode or cleared; None for what was derived."""
    override_until: date | None
    began_at: datetime
    ended_at: datetime | None


class Disagreement(StrEnum):
    """Why a card said something else than its replay."""

    OVERRIDDEN = "overridden"
    """Staff had set it; the replay agrees with what the scheme said."""
    RECOLOURING = "recolouring"
    """A scheme had just been published and the card did not follow it yet."""
    NOT_RECORDED = "not_recorded"
    """The card said nothing yet."""
    PERSON_ERASED = "person_erased"
    """What decided then was erased since."""
    CORRECTED_LATER = "corrected_later"
    """A birth date, relation, tenure or membership was put right since, and its former value is not kept."""
    UNEXPLAINED = "unexplained"
    """Nothing on record explains it, as when somebody was erased after they had moved to another household."""


class ReplayedCard(BaseModel):
    """What the scheme says of facts that are put together anew."""

    colour: str
    facts: list[str]
    members: int


class CardReplay(BaseModel):
    """A card of the past, derived anew, beside the record."""

    on: date
    at: datetime
    """The end of that day in Asia/Shanghai, or now."""
    scheme_number: int | None
    as_known_then: ReplayedCard | None
    """From what had been entered by then. None while there was no scheme."""
    as_known_today: ReplayedCard | None
    """From what was entered since, too: tags and moves with an earlier date."""
    recorded: CardChangeRead | None
    agrees: bool
    """Whether the record shows the colour that follows from what was known then."""
    because: Disagreement | None


class ReasonsReveal(Schema):
    purpose: Purpose


class RevealedReason(BaseModel):
    """Why staff overrode the card, in their own words."""

    change_id: UUID
    began_at: datetime
    reason: str

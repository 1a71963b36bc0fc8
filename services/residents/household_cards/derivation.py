"""Which colour a household gets, from facts alone. Pure: total, deterministic, no clock, no database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from services.residents.household_cards.evaluation import Home, compile_rule
from services.residents.household_cards.models import ChangeCause
from services.residents.household_cards.rules import stored_rule, uses_ages
from services.residents.household_cards.schemas import Colour


@dataclass(frozen=True, slots=True)
class Derivation:
    """What the scheme says of a household, and why."""

    colour: str
    rule: dict[str, Any] | None
    """The rule that matched; None for the colour that takes the rest."""
    facts: list[str]
    """The rule's conditions that were true, sorted; kinds and limits only."""


class Deriver:
    """A scheme's colours, ready to be asked of thousands of households."""

    def __init__(self, colours: Sequence[Colour]) -> None:
        *ruled, rest = colours
        if rest.rule is not None:
            raise ValueError("a scheme ends with a colour without a rule")
        self._ruled = [
            (each.code, compile_rule(each.rule), stored_rule(each.rule)) for each in ruled if each.rule is not None
        ]
        self._rest = Derivation(rest.code, None, [])
        self.intervals = {colour.code: colour.visit_interval_days for colour in colours}
        """Days between visits by colour; None: it asks for none."""
        self.uses_ages = any(colour.rule is not None and uses_ages(colour.rule) for colour in colours)
        """Whether birth dates must be opened at all."""

    def derive(self, home: Home) -> Derivation:
        """The first colour, in order of precedence, whose rule holds; the last one has none and takes the rest."""
        for code, check, rule in self._ruled:
            facts: set[str] = set()
            if check(home.members, home, facts):
                return Derivation(code, rule, sorted(facts))
        return self._rest


@dataclass(frozen=True, slots=True)
class Override:
    """What staff set instead, up to and including a day."""

    colour: str
    until: date


@dataclass(slots=True)
class Card:
    """A household's card as it is written down, and what is about to be."""

    household_id: UUID
    grid_code: str | None
    has_ended: bool
    """Nobody belongs to the household any more: its card stays as it was."""
    scheme_number: int | None
    derived_colour: str | None
    facts: list[str]
    override_colour: str | None
    override_until: date | None
    overridden_by: str | None
    colour: str | None
    version: int

    @property
    def follows(self) -> tuple[int, str]:
        """The scheme and the colour in it by which visits go; (0, "") before the first."""
        return self.scheme_number or 0, self.colour or ""

    @property
    def override(self) -> Override | None:
        if self.override_colour is None or self.override_until is None:
            return None
        return Override(self.override_colour, self.override_until)


def settle_override(override: Override | None, deriver: Deriver, today: date) -> ChangeCause | None:
    """None while the override holds (or there is none); otherwise why it ends today."""
    if override is None:
        return None
    if override.until < today:
        return ChangeCause.OVERRIDE_EXPIRED
    if override.colour not in deriver.intervals:
        return ChangeCause.OVERRIDE_CLEARED
    return None

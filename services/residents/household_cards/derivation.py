"""Which colour a household gets, from facts alone. Pure: total, deterministic, no clock, no database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.residents.household_cards.models import ChangeCause
from services.residents.household_cards.rules import Member, holds, uses_ages
from services.residents.household_cards.schemas import Colour


@dataclass(frozen=True, slots=True)
class Derivation:
    """What the scheme says of a household, and why."""

    colour: str
    rule: dict[str, Any] | None
    """The rule that matched; None for the colour that takes the rest."""
    facts: list[str]
    """The rule's conditions that were true, sorted; kinds and limits only."""


def derive(colours: Sequence[Colour], members: Sequence[Member]) -> Derivation:
    """The first colour, in order of precedence, whose rule holds; the last one has none and takes the rest."""
    for colour in colours:
        facts: set[str] = set()
        if colour.rule is None:
            return Derivation(colour.code, None, [])
        if holds(colour.rule, members, facts):
            return Derivation(
                colour.code, colour.rule.model_dump(mode="json", by_alias=True, exclude_none=True), sorted(facts)
            )
    raise ValueError("a scheme ends with a colour without a rule")


def ages_matter(colours: Sequence[Colour]) -> bool:
    """Whether birth dates must be opened at all to derive from this scheme."""
    return any(colour.rule is not None and uses_ages(colour.rule) for colour in colours)


@dataclass(frozen=True, slots=True)
class Override:
    """What staff set instead, up to and including a day."""

    colour: str
    until: date


def settle_override(override: Override | None, colours: Sequence[Colour], today: date) -> ChangeCause | None:
    """None while the override holds (or there is none); otherwise why it ends today."""
    if override is None:
        return None
    if override.until < today:
        return ChangeCause.OVERRIDE_EXPIRED
    if override.colour not in {colour.code for colour in colours}:
        return ChangeCause.OVERRIDE_CLEARED
    return None

"""Writing cards: what each says next, what is remembered of it, and what is told. Touches no database."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from services.residents.events import HouseholdColourChanged
from services.residents.household_cards.derivation import Card, Derivation, Deriver, Override, settle_override
from services.residents.household_cards.models import ChangeCause
from shared import outbox
from shared.clock import utc_now
from shared.ids import new_id

ToldIntervals = Mapping[tuple[int, str], int | None]
"""Days between visits as they were told, by number of the scheme and colour."""


@dataclass(frozen=True, slots=True)
class Said:
    """Why a card is written anew, where it is not for its facts alone."""

    cause: ChangeCause = ChangeCause.DERIVED
    by: str | None = None
    reason: bytes | None = None
    change_id: UUID | None = None
    override: Override | None = None
    """What staff set instead; None: nothing any more."""


BY_FACTS = Said()


class Pen:
    """Writes cards of one community by one scheme; keeps the cards that changed, the changes, and the events."""

    def __init__(
        self, community_code: str, scheme_number: int, deriver: Deriver, told: ToldIntervals, today: date, said: Said
    ) -> None:
        self._community_code = community_code
        self._scheme_number = scheme_number
        self._deriver = deriver
        self._told = told
        self._today = today
        self._said = said
        self.at = utc_now()
        """When what is written begins, and what was said until then ends."""
        self.cards: list[Card] = []
        self.changes: list[dict[str, Any]] = []
        self.events: list[dict[str, Any]] = []

    def write(self, card: Card, derivation: Derivation) -> None:
        """Of a household that has ended, nothing is written any more."""
        if card.has_ended:
            return
        if self._said.cause is not ChangeCause.DERIVED:
            self._override(card)
        ended = settle_override(card.override, self._deriver, self._today)
        if ended is not None:
            card.override_colour = card.override_until = card.overridden_by = None
        before = (card.scheme_number, card.derived_colour, card.facts, card.colour)
        colour = card.override_colour or derivation.colour
        after = (self._scheme_number, derivation.colour, derivation.facts, colour)
        if before == after and ended is None and self._said.cause is ChangeCause.DERIVED:
            return
        told = (card.colour, self._told.get(card.follows))
        card.scheme_number, card.derived_colour, card.facts, card.colour = after
        card.version += 1
        self.cards.append(card)
        self.changes.append(self._change(card, derivation, ended or self._said.cause))
        if told != (colour, self._deriver.intervals[colour]):
            self.events.append(self._event(card, colour))

    def _override(self, card: Card) -> None:
        override = self._said.override
        card.override_colour = override.colour if override else None
        card.override_until = override.until if override else None
        card.overridden_by = self._said.by if override else None

    def _change(self, card: Card, derivation: Derivation, cause: ChangeCause) -> dict[str, Any]:
        return {
            "community_code": self._community_code,
            "id": self._said.change_id or new_id(),
            "household_id": card.household_id,
            "cause": cause,
            "scheme_number": card.scheme_number,
            "colour": card.colour,
            "derived_colour": card.derived_colour,
            "rule": derivation.rule,
            "facts": derivation.facts,
            "reason": self._said.reason,
            "made_by": self._said.by,
            "override_until": card.override_until,
            "began_at": self.at,
        }

    def _event(self, card: Card, colour: str) -> dict[str, Any]:
        event = HouseholdColourChanged(
            household_id=card.household_id,
            grid_code=card.grid_code,
            colour=colour,
            visit_interval_days=self._deriver.intervals[colour],
        )
        return outbox.row(
            event,
            community_code=self._community_code,
            subject=f"household-cards/{card.household_id}",
            version=card.version,
        )

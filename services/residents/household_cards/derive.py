"""Deriving cards: the facts of households are read, the scheme decides, and what changed is remembered and told.

Whoever derives shares the community's scheme lock and then locks the cards, in this order: a scheme published meanwhile
waits, and a card is never written by an older scheme after a newer one.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from pydantic import TypeAdapter

from services.residents.events import HouseholdColourChanged
from services.residents.household_cards import repository
from services.residents.household_cards.derivation import (
    Derivation,
    Override,
    ages_matter,
    derive,
    settle_override,
)
from services.residents.household_cards.models import ChangeCause, ColourScheme, HouseholdCard, HouseholdCardChange
from services.residents.household_cards.repository import CardInGrid
from services.residents.household_cards.rules import Member
from services.residents.household_cards.schemas import Colour
from services.residents.households.models import Household
from services.residents.locks import Lock, share
from services.residents.people.ages import age_on
from services.residents.people.records import open_birth_date
from shared import outbox
from shared.clock import china_today, utc_now
from shared.db import AsyncSession
from shared.vault import Vault

BATCH = 500
"""Cards that a sweep derives in one transaction."""

_COLOURS = TypeAdapter(list[Colour])


@dataclass(frozen=True, slots=True)
class Said:
    """Why a card is written anew, where it is not for its facts alone."""

    cause: ChangeCause = ChangeCause.DERIVED
    by: str | None = None
    reason: bytes | None = None
    change_id: UUID | None = None


BY_FACTS = Said()


def colours_of(scheme: ColourScheme) -> list[Colour]:
    return _COLOURS.validate_python(scheme.colours)


async def derive_one(session: AsyncSession, vault: Vault, household: Household) -> None:
    """Derive the card of one household now; its first time, make it."""
    community_code = household.community_code
    await share(session, Lock.SCHEME, community_code)
    cards = await repository.lock_cards(session, community_code, [household.id])
    if not cards:
        card = HouseholdCard(community_code=community_code, household_id=household.id)
        session.add(card)
        await session.flush()
        cards = [(card, household.grid_code)]
    await write_cards(session, vault, community_code, cards)


async def derive_households(
    session: AsyncSession, vault: Vault, community_code: str, household_ids: Iterable[UUID]
) -> None:
    """Derive the cards of these households now, because a tag, a member or a birth date changed."""
    await share(session, Lock.SCHEME, community_code)
    cards = await repository.lock_cards(session, community_code, set(household_ids))
    await write_cards(session, vault, community_code, cards)


async def derive_due(session: AsyncSession, vault: Vault) -> int:
    """Derive up to `BATCH` cards of one community that are due today. Returns how many; 0 when none is left."""
    today = china_today()
    community_code = await repository.find_due_community(session, today)
    if community_code is None:
        return 0
    await share(session, Lock.SCHEME, community_code)
    cards = await repository.lock_due_cards(session, community_code, today, BATCH)
    await write_cards(session, vault, community_code, cards)
    return len(cards)


async def write_cards(
    session: AsyncSession,
    vault: Vault,
    community_code: str,
    cards: Sequence[CardInGrid],
    said: Said = BY_FACTS,
) -> None:
    """Make these locked cards say what the published scheme and their overrides say today."""
    today = china_today()
    scheme = await repository.find_published(session, community_code)
    ids = [card.household_id for card, _ in cards]
    if scheme is not None:
        colours = colours_of(scheme)
        members = await _members(session, vault, community_code, ids, today, with_ages=ages_matter(colours))
        pen = _Pen(scheme, colours, today, said)
        for card, grid_code in cards:
            pen.write(card, grid_code, derive(colours, members[card.household_id]))
        await session.flush()
        await repository.end_changes(session, community_code, [change.household_id for change in pen.changes], pen.at)
        session.add_all(pen.changes)
        await session.flush()
        await outbox.add_many(session, pen.events)
    await repository.mark_derived(session, community_code, ids, today)


class _Pen:
    """Writes cards of one community by one scheme; keeps the changes and the events that follow."""

    def __init__(self, scheme: ColourScheme, colours: Sequence[Colour], today: date, said: Said) -> None:
        self._scheme = scheme
        self._colours = colours
        self._intervals = {colour.code: colour.visit_interval_days for colour in colours}
        self._today = today
        self._said = said
        self.at = utc_now()
        """When what is written begins, and what was said until then ends."""
        self.changes: list[HouseholdCardChange] = []
        self.events: list[dict[str, object]] = []

    def write(self, card: HouseholdCard, grid_code: str | None, derivation: Derivation) -> None:
        ended = settle_override(_override_of(card), self._colours, self._today)
        if ended is not None:
            card.override_colour = card.override_until = card.overridden_by = None
        before = (card.scheme_number, card.derived_colour, card.facts, card.colour)
        colour = card.override_colour or derivation.colour
        after = (self._scheme.number, derivation.colour, derivation.facts, colour)
        if before == after and ended is None and self._said.cause is ChangeCause.DERIVED:
            return
        card.scheme_number, card.derived_colour, card.facts, card.colour = after
        card.version += 1
        card.updated_at = self.at
        self.changes.append(self._change(card, derivation, ended or self._said.cause))
        if colour != before[3]:
            self.events.append(self._event(card, grid_code, colour))

    def _change(self, card: HouseholdCard, derivation: Derivation, cause: ChangeCause) -> HouseholdCardChange:
        change = HouseholdCardChange(
            community_code=card.community_code,
            household_id=card.household_id,
            cause=cause,
            scheme_number=card.scheme_number,
            colour=card.colour,
            derived_colour=card.derived_colour,
            rule=derivation.rule,
            facts=derivation.facts,
            reason=self._said.reason,
            made_by=self._said.by,
            override_until=card.override_until,
            began_at=self.at,
        )
        if self._said.change_id is not None:
            change.id = self._said.change_id
        return change

    def _event(self, card: HouseholdCard, grid_code: str | None, colour: str) -> dict[str, object]:
        event = HouseholdColourChanged(
            household_id=card.household_id,
            grid_code=grid_code,
            colour=colour,
            visit_interval_days=self._intervals[colour],
        )
        return outbox.row(
            event,
            community_code=card.community_code,
            subject=f"household-cards/{card.household_id}",
            version=card.version,
        )


def _override_of(card: HouseholdCard) -> Override | None:
    if card.override_colour is None or card.override_until is None:
        return None
    return Override(card.override_colour, card.override_until)


async def _members(
    session: AsyncSession,
    vault: Vault,
    community_code: str,
    household_ids: Sequence[UUID],
    today: date,
    *,
    with_ages: bool,
) -> dict[UUID, list[Member]]:
    """What rules may know of everybody in these households. Birth dates are opened only if the scheme asks for ages."""
    people = await repository.members_of(session, community_code, household_ids)
    tags: dict[UUID, set] = defaultdict(set)
    for person_id, kind in await repository.tags_of(session, community_code, [row[0] for row in people], today):
        tags[person_id].add(kind)
    born = {person_id: sealed for person_id, _, sealed in people if sealed is not None} if with_ages else {}
    keys = await vault.keys_for(community_code, born)
    members: dict[UUID, list[Member]] = defaultdict(list)
    for person_id, household_id, _ in people:
        key = keys.get(person_id)
        age = age_on(open_birth_date(key, person_id, born[person_id]), today) if key else None
        members[household_id].append(Member(frozenset(tags[person_id]), age))
    return members

"""Deriving cards: the facts of households are read, the scheme decides, and what changed is remembered and told.

Whoever derives shares the community's scheme lock and then locks the cards, in this order: a scheme published meanwhile
waits, and a card is never written by an older scheme after a newer one. Facts are read after the cards are locked.
"""

from collections.abc import Iterable, Sequence
from uuid import UUID

from services.residents.household_cards import repository
from services.residents.household_cards.derivation import Card, Deriver
from services.residents.household_cards.facts import read_homes
from services.residents.household_cards.models import ColourScheme
from services.residents.household_cards.pen import BY_FACTS, Pen, Said, ToldIntervals
from services.residents.household_cards.schemas import colours_of
from services.residents.households.models import Household
from services.residents.locks import Lock, share
from shared import outbox
from shared.clock import china_today
from shared.db import AsyncSession
from shared.vault import Vault

BATCH = 500
"""Cards that a sweep derives in one transaction."""


async def derive_one(session: AsyncSession, vault: Vault, household: Household) -> None:
    """Derive the card of one household now; its first time, make it."""
    await repository.add_card(session, household.community_code, household.id)
    await derive_households(session, vault, household.community_code, [household.id])


async def derive_households(
    session: AsyncSession, vault: Vault, community_code: str, household_ids: Iterable[UUID], said: Said = BY_FACTS
) -> None:
    """Derive the cards of these households now: a tag, a member or a birth date changed, or staff have `said` so."""
    await share(session, Lock.SCHEME, community_code)
    locked = await repository.lock_cards(session, community_code, set(household_ids))
    await _write_cards(session, vault, community_code, locked, said)


async def derive_due(session: AsyncSession, vault: Vault) -> int:
    """Derive up to `BATCH` cards of one community that are due today. Returns how many; 0 when none is left."""
    today = china_today()
    community_code = await repository.find_due_community(session, today)
    if community_code is None:
        await repository.finish_recolouring(session)
        return 0
    await share(session, Lock.SCHEME, community_code)
    locked = await repository.lock_due_cards(session, community_code, today, BATCH)
    await _write_cards(session, vault, community_code, locked, BY_FACTS)
    await repository.finish_recolouring(session, community_code)
    return len(locked)


async def _write_cards(
    session: AsyncSession, vault: Vault, community_code: str, household_ids: Sequence[UUID], said: Said
) -> None:
    """Make these locked cards say what the published scheme and their overrides say today."""
    today = china_today()
    unchanged = set(household_ids)
    scheme = await repository.find_published(session, community_code)
    if scheme is not None:
        deriver = Deriver(colours_of(scheme))
        homes = read_homes(
            session, vault, community_code, today, household_ids=household_ids, with_ages=deriver.uses_ages
        )
        derived = [(card, deriver.derive(home)) async for card, home in homes]
        told = await intervals_told(session, scheme, [card for card, _ in derived])
        pen = Pen(community_code, scheme.number, deriver, told, today, said)
        for card, derivation in derived:
            pen.write(card, derivation)
        await repository.keep_written(session, community_code, pen.cards, pen.changes, pen.at, today)
        await outbox.add_many(session, pen.events)
        unchanged -= {card.household_id for card in pen.cards}
    await repository.mark_derived(session, community_code, unchanged, today)


async def intervals_told(session: AsyncSession, scheme: ColourScheme, cards: Sequence[Card]) -> ToldIntervals:
    """The visit intervals of the older schemes that some of these cards still follow, as they were told then."""
    numbers = {card.scheme_number for card in cards if card.scheme_number is not None} - {scheme.number}
    older = await repository.schemes_by_number(session, scheme.community_code, numbers) if numbers else []
    return {
        (each.number, colour.code): colour.visit_interval_days
        for each in (*older, scheme)
        for colour in colours_of(each)
    }

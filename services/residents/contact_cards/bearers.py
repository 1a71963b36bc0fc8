"""Cards follow whoever carries them: to another home, and out of use when they leave, die or prove to be another.

A card that the registry itself revoked still takes reports. It may be in the pocket of somebody who walked back to
where they used to live, or of the widow who kept it: whoever finds them must be able to call.
"""

from collections.abc import Collection
from uuid import UUID

from services.residents.contact_cards import bearer_repository
from services.residents.contact_cards.models import ACTIVE, RevokedBecause
from services.residents.people.models import Person
from shared.clock import utc_now
from shared.db import AsyncSession

LEFT = {"moved_out": RevokedBecause.MOVED_OUT, "died": RevokedBecause.DIED}


async def follow_person(session: AsyncSession, person: Person) -> None:
    """The person is filed in another household: their cards answer with its grid."""
    await bearer_repository.move_cards_of(session, person)


async def revoke_cards_of(session: AsyncSession, person: Person, because: RevokedBecause) -> None:
    """Nobody carries these cards on behalf of the community any more."""
    await bearer_repository.revoke_of_person(session, person, because)


async def revoke_cards_of_household(session: AsyncSession, community_code: str, household_id: UUID) -> None:
    """The household is no more; the cards of its members are theirs."""
    await bearer_repository.revoke_of_household(session, community_code, household_id)


async def revoke_second_cards(session: AsyncSession, merged: Person, kept: Person) -> list[UUID]:
    """Two records are one person: of two cards in use the kept record's stays. Returns which were revoked."""
    return await bearer_repository.revoke_beside(session, merged, kept)


async def reinstate_cards(
    session: AsyncSession, person: Person, because: RevokedBecause, among_ids: Collection[UUID] | None = None
) -> None:
    """The reason proved wrong: the cards are what they were, unless the person was given another meanwhile."""
    held = await bearer_repository.kinds_in_use(session, person)
    for card in await bearer_repository.lock_revoked(session, person, because, among_ids):
        if card.revoked_from is None:
            continue
        if card.revoked_from in ACTIVE:
            if card.kind in held:
                continue
            held.add(card.kind)
        card.state, card.revoked_from, card.revoked_because = card.revoked_from, None, None
        card.version += 1
        card.updated_at = utc_now()
    await session.flush()

"""What a person has once, a card in use and a portrait: the kept record's stays, else the merged one's goes over."""

from collections.abc import Mapping
from uuid import UUID

from services.residents.consents.repository import has_consented
from services.residents.contact_cards import bearers
from services.residents.contact_cards.models import RevokedBecause
from services.residents.people.models import Person
from services.residents.photos.repository import find_portrait
from services.residents.photos.service import hand_on_portrait
from shared.audit import Purpose
from shared.db import AsyncSession
from shared.files import FileStore
from shared.vault import Vault

CARDS = "contact_card.revoked"
PORTRAIT = "photo.subject_id"


async def free_places(session: AsyncSession, merged: Person, kept: Person) -> dict[str, list[str]]:
    """Before everything moves: cards that cannot stand beside one of the kept record's are revoked. Says which."""
    revoked = await bearers.revoke_second_cards(session, merged, kept)
    return {CARDS: [str(card_id) for card_id in revoked]} if revoked else {}


async def take_over(
    session: AsyncSession, vault: Vault, files: FileStore, merged: Person, kept: Person
) -> dict[str, list[str]]:
    """After everything has moved: the cards answer for the kept record's home, and its missing portrait is supplied.

    Not where they who are kept have not consented to a portrait.
    """
    await bearers.follow_person(session, kept)
    if not await has_consented(session, kept, Purpose.PORTRAIT):
        return {}
    portrait = await hand_on_portrait(session, vault, files, kept.community_code, merged.id, kept.id)
    return {PORTRAIT: [str(portrait.id)]} if portrait else {}


async def give_back(
    session: AsyncSession,
    vault: Vault,
    files: FileStore,
    moved: Mapping[str, list[str]],
    kept: Person,
    merged: Person,
) -> None:
    """Undo both, as far as nothing else has taken their place."""
    await bearers.follow_person(session, merged)
    cards = [UUID(card_id) for card_id in moved.get(CARDS, ())]
    await bearers.reinstate_cards(session, merged, RevokedBecause.MERGED, cards)
    portrait = await find_portrait(session, kept.community_code, kept.id)
    if portrait is not None and str(portrait.id) in moved.get(PORTRAIT, ()):
        await hand_on_portrait(session, vault, files, kept.community_code, kept.id, merged.id)

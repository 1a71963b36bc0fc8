"""What is printed: cards with the contacts of today, and the list that goes with them from door to door."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from services.residents.contact_cards import repository
from services.residents.contact_cards.doors import Door
from services.residents.contact_cards.errors import ContactMissing
from services.residents.contact_cards.layout import PrintedCard
from services.residents.contact_cards.models import ContactCard
from services.residents.contact_cards.schemas import GridCards, Print
from services.residents.households.models import Household
from services.residents.households.service import open_rooms
from shared import audit
from shared.audit import Purpose
from shared.auth import Principal
from shared.crypto import Signer
from shared.db import AsyncSession
from shared.errors import NotFound
from shared.vault import Vault


class CardAtDoor(NamedTuple):
    card: ContactCard
    household_id: UUID | None
    door: Door | None
    """None for a spare card of the grid."""


async def printed_cards(
    session: AsyncSession, vault: Vault, principal: Principal, data: Print, public_url: str
) -> list[PrintedCard]:
    """What the cards look like today; a grid's cards in the order of their doors, so that they can be handed out."""
    if data.grid is None:
        cards: Sequence[ContactCard] = await repository.cards_by_id(session, principal, data.card_ids or ())
    else:
        cards = [each.card for each in await cards_by_door(session, vault, principal, data.grid)]
    if any(card.grid_code not in data.contacts for card in cards):
        raise ContactMissing
    base = public_url.rstrip("/")
    return [PrintedCard(card.code, f"{base}/c/{card.code}", card.kind, data.contacts[card.grid_code]) for card in cards]


async def delivery_list(
    session: AsyncSession, vault: Vault, signer: Signer, principal: Principal, wanted: GridCards
) -> list[CardAtDoor]:
    """Which card goes to which door: whose address is shown here can find out that it was."""
    cards = await cards_by_door(session, vault, principal, wanted)
    await audit.record_many(
        session,
        signer,
        principal,
        community_code=principal.community_code,
        action="contact_cards.delivery_list",
        purpose=Purpose.SERVICE_DELIVERY,
        subject_type="household",
        subject_ids=dict.fromkeys(each.household_id for each in cards if each.household_id),
        fields=["address"],
    )
    return cards


async def cards_by_door(
    session: AsyncSession, vault: Vault, principal: Principal, wanted: GridCards
) -> list[CardAtDoor]:
    """Cards in use of one grid as one walks past their doors, spare ones last; NotFound when there is none."""
    found = await repository.cards_of_grid(session, principal, wanted)
    if not found:
        raise NotFound
    homes = {household.id: household for _, household in found if household is not None}
    rooms = await open_rooms(vault, list(homes.values()))
    cards = [
        CardAtDoor(card, household.id, _door(household, rooms)) if household else CardAtDoor(card, None, None)
        for card, household in found
    ]
    return sorted(cards, key=lambda each: (each.door is None, each.door.on_the_way() if each.door else ()))


def _door(household: Household, rooms: dict[UUID, str]) -> Door:
    return Door(household.compound, household.building, household.unit, rooms.get(household.id, ""))

"""Use cases of contact cards. They flush and never commit: the edge does."""

from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

from services.residents.contact_cards import repository
from services.residents.contact_cards.codes import new_code, read_code
from services.residents.contact_cards.errors import CardExists, CodeMistyped, CodeUnknown, HouseholdWithoutGrid
from services.residents.contact_cards.models import CardKind, CardState, ContactCard
from services.residents.contact_cards.scans import record_scan
from services.residents.contact_cards.schemas import (
    ContactCardCreate,
    Delivered,
    Deliveries,
    GridIssue,
    GridIssued,
    PublicContactCard,
    Skipped,
)
from services.residents.events import ContactCardIssued
from services.residents.people.models import PersonState
from services.residents.settings import Settings
from shared import outbox
from shared.auth import Principal
from shared.clock import utc_now
from shared.codes import community_of
from shared.db import AsyncSession, set_scope
from shared.errors import NotFound, WrongState
from shared.ids import new_id

TRANSITIONS: dict[str, tuple[frozenset[CardState], CardState]] = {
    "deliver": (frozenset({CardState.ISSUED}), CardState.DELIVERED),
    "confirm": (frozenset({CardState.ISSUED, CardState.DELIVERED}), CardState.DELIVERED),
    "report_lost": (frozenset({CardState.ISSUED, CardState.DELIVERED}), CardState.LOST),
    "replace": (frozenset({CardState.ISSUED, CardState.DELIVERED, CardState.LOST}), CardState.REPLACED),
    "revoke": (frozenset({CardState.ISSUED, CardState.DELIVERED, CardState.LOST}), CardState.REVOKED),
}
"""Verb → states it starts from, state it ends in."""


class CardWanted(NamedTuple):
    """A card to be issued; its bearer's household or person, if any."""

    grid_code: str
    household_id: UUID | None = None
    person_id: UUID | None = None
    kind: CardKind = CardKind.WORKER


async def issue_card(session: AsyncSession, principal: Principal, data: ContactCardCreate) -> ContactCard:
    wanted = await _wanted(session, principal, data)
    if not principal.may_see(wanted.grid_code):
        raise NotFound
    cards = await issue_cards(session, community_of(wanted.grid_code), [wanted], issued_by=principal.subject)
    if not cards:
        raise CardExists
    return cards[0]


async def issue_cards(
    session: AsyncSession, community_code: str, wanted: Iterable[CardWanted], *, issued_by: str
) -> list[ContactCard]:
    """Issue many in three statements; who holds a valid card already is passed over."""
    now = utc_now()
    rows = [
        {
            "community_code": community_code,
            "id": new_id(),
            "code": new_code(),
            "state": CardState.ISSUED,
            "issued_by": issued_by,
            "is_explained": False,
            "version": 1,
            "created_at": now,
            "updated_at": now,
            **card._asdict(),
        }
        for card in wanted
    ]
    if not rows:
        return []
    cards = await repository.insert_cards(session, rows)
    await outbox.add_many(session, (_issued(card) for card in cards))
    return cards


async def issue_for_grid(session: AsyncSession, principal: Principal, data: GridIssue) -> GridIssued:
    """A card for every household of the grid that has none of this kind."""
    if not principal.may_see(data.grid_code):
        raise NotFound
    community_code = community_of(data.grid_code)
    households = await repository.households_without_card(session, community_code, data.grid_code, data.kind)
    wanted = [CardWanted(data.grid_code, household_id, kind=data.kind) for household_id in households]
    cards = await issue_cards(session, community_code, wanted, issued_by=principal.subject)
    return GridIssued(issued=len(cards), card_ids=[card.id for card in cards])


async def deliver_card(
    session: AsyncSession, principal: Principal, card_id: UUID, *, is_explained: bool
) -> ContactCard:
    card = await _advance(session, principal, card_id, "deliver")
    card.delivered_at, card.delivered_by, card.is_explained = utc_now(), principal.subject, is_explained
    await session.flush()
    return card


async def deliver_cards(session: AsyncSession, principal: Principal, data: Deliveries) -> Delivered:
    """Hand over many: those that wait are delivered, the others are named with the state that they are in."""
    wanted = [each.card_id for each in data.deliveries]
    explained = [each.card_id for each in data.deliveries if each.is_explained]
    done = set(await repository.deliver_cards(session, principal, wanted, explained))
    others = [card_id for card_id in wanted if card_id not in done]
    states = await repository.states_of(session, principal, others) if others else {}
    skipped = [Skipped(card_id=card_id, state=states.get(card_id)) for card_id in others]
    return Delivered(delivered=[card_id for card_id in wanted if card_id in done], skipped=skipped)


async def confirm_card(session: AsyncSession, principal: Principal, card_id: UUID) -> ContactCard:
    """The bearer's household has it. A card that nobody marked as delivered is delivered by that."""
    card = await repository.get_card(session, principal, card_id, lock=True)
    if card.confirmed_at is not None:
        return card
    arrived = card.state is CardState.ISSUED
    card = await _advance(session, principal, card_id, "confirm")
    card.confirmed_at = utc_now()
    if arrived:
        card.delivered_at, card.delivered_by = card.confirmed_at, principal.subject
    await session.flush()
    return card


async def report_lost(session: AsyncSession, principal: Principal, card_id: UUID) -> ContactCard:
    """The bearer lost it. Its code still resolves: whoever finds a person with it must be able to call."""
    card = await _advance(session, principal, card_id, "report_lost")
    await session.flush()
    return card


async def replace_card(session: AsyncSession, principal: Principal, card_id: UUID) -> ContactCard:
    """A new code for the same bearer; the old one says that it was replaced, and still whom to call."""
    old = await _advance(session, principal, card_id, "replace")
    new = ContactCard(
        community_code=old.community_code,
        kind=old.kind,
        code=new_code(),
        grid_code=old.grid_code,
        household_id=old.household_id,
        person_id=old.person_id,
        issued_by=principal.subject,
    )
    old.replaced_by = new.id
    await session.flush()  # the old card gives up its place before the new one takes it
    await repository.add_card(session, new)
    await outbox.add_many(session, [_issued(new)])
    return new


async def revoke_card(session: AsyncSession, principal: Principal, card_id: UUID) -> ContactCard:
    """Withdraw a card that is misused; it takes no more reports."""
    card = await _advance(session, principal, card_id, "revoke")
    await session.flush()
    return card


async def open_by_code(session: AsyncSession, text: str, *, lock: bool = False) -> ContactCard:
    """The card behind a public code; moves the transaction to its community. Also for cards that are no longer valid.

    CodeMistyped when the check symbol does not fit, CodeUnknown when it does and nothing was issued under it.
    """
    code = read_code(text)
    if code is None:
        raise CodeMistyped
    lookup = await repository.find_lookup(session, code)
    if lookup is None:
        raise CodeUnknown
    await set_scope(session, lookup.community_code)
    return await repository.get_by_id(session, lookup.community_code, lookup.card_id, lock=lock)


async def scan_card(session: AsyncSession, text: str, settings: Settings) -> PublicContactCard:
    """What a code tells whoever holds the card; that it was read is counted, never by whom."""
    card = await open_by_code(session, text)
    await record_scan(session, card, most=settings.card_scans_per_minute)
    return shown_publicly(card)


def shown_publicly(card: ContactCard) -> PublicContactCard:
    return PublicContactCard(
        community_code=card.community_code,
        grid_code=card.grid_code,
        kind=card.kind,
        state=card.state,
        takes_reports=card.takes_reports,
    )


async def _wanted(session: AsyncSession, principal: Principal, data: ContactCardCreate) -> CardWanted:
    community_code = principal.community_code
    household_id = data.household_id
    if data.person_id is not None:
        person = await repository.find_person(session, community_code, data.person_id)
        if person is None or person.erased_at is not None or person.merged_into is not None:
            raise NotFound
        if person.state is not PersonState.RESIDING:
            raise WrongState(person.state, [PersonState.RESIDING])
        household_id = person.household_id
    if household_id is None:
        assert data.grid_code is not None
        return CardWanted(data.grid_code, kind=data.kind)
    household = await repository.find_household(session, community_code, household_id)
    if household is None or household.ended_on is not None:
        raise NotFound
    if household.grid_code is None:
        raise HouseholdWithoutGrid
    return CardWanted(household.grid_code, household_id, data.person_id, data.kind)


async def _advance(session: AsyncSession, principal: Principal, card_id: UUID, verb: str) -> ContactCard:
    card = await repository.get_card(session, principal, card_id, lock=True)
    sources, target = TRANSITIONS[verb]
    if card.state not in sources:
        raise WrongState(card.state, sources)
    card.state = target
    card.version += 1
    card.updated_at = utc_now()
    return card


def _issued(card: ContactCard) -> dict[str, object]:
    event = ContactCardIssued(card_id=card.id, household_id=card.household_id, grid_code=card.grid_code)
    return outbox.row(
        event, community_code=card.community_code, subject=f"contact-cards/{card.id}", version=card.version
    )


async def follow_households(session: AsyncSession, community_code: str, household_id: UUID | None = None) -> int:
    """One household moved, or grids were published anew: the cards concerned answer with the new grid from now on."""
    return await repository.move_cards(session, community_code, household_id)

"""The contact cards that a person carries, or that hang in their household."""

from sqlalchemy import or_, select
from sqlmodel import col

from services.residents.contact_cards.models import ContactCard
from services.residents.people.models import Person
from services.residents.sections import Section, coded, section_of
from services.residents.words import CARD_KINDS, CARD_STATES
from shared.db import AsyncSession
from shared.errors import both
from shared.vault import Vault


async def contact_cards_section(session: AsyncSession, vault: Vault, person: Person) -> Section:
    of_household = col(ContactCard.person_id).is_(None) & (col(ContactCard.household_id) == person.household_id)
    statement = (
        select(ContactCard)
        .where(
            col(ContactCard.community_code) == person.community_code,
            or_(col(ContactCard.person_id) == person.id, of_household),
        )
        .order_by(col(ContactCard.id))
    )
    cards = (await session.execute(statement)).scalars()
    return section_of(
        "contact_cards",
        both("民情联系卡", "Contact cards"),
        {
            "code": both("卡号", "Code"),
            "kind": both("种类", "Kind"),
            "state": both("状态", "State"),
            "is_own": both("本人携带", "Carried by the person"),
            "issued_at": both("制发时间", "Issued"),
            "delivered_at": both("送达时间", "Delivered"),
            "confirmed_at": both("住户确认", "Confirmed"),
            "scanned_at": both("最近扫码", "Last scanned"),
        },
        [
            {
                "code": card.code,
                "kind": coded(card.kind, CARD_KINDS),
                "state": coded(card.state, CARD_STATES),
                "is_own": card.person_id is not None,
                "issued_at": card.created_at,
                "delivered_at": card.delivered_at,
                "confirmed_at": card.confirmed_at,
                "scanned_at": card.scanned_at,
            }
            for card in cards
        ],
    )

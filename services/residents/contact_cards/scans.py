"""How often cards are read: counted by the minute, never by whom, limited per card, and forgotten in time."""

from datetime import date, datetime, time, timedelta

from services.residents.contact_cards import scan_repository
from services.residents.contact_cards.errors import PeriodInvalid
from services.residents.contact_cards.models import ContactCard
from services.residents.contact_cards.schemas import ScanStatistics
from services.residents.events import ContactCardScanned
from services.residents.settings import Settings
from shared import outbox
from shared.auth import Principal
from shared.clock import CHINA, utc_now
from shared.db import AsyncSession
from shared.limits import TooManyRequests
from shared.timers import HOURLY, Timer

BATCH = 1000
LONGEST = timedelta(days=366)
_MINUTE = 60


async def record_scan(session: AsyncSession, card: ContactCard, *, most: int) -> None:
    """Somebody read the card. TooManyRequests beyond `most` in one minute, whichever gateway they came through."""
    scans = await scan_repository.count_scan(session, card, most=most)
    if scans is None:
        raise TooManyRequests(_MINUTE - utc_now().second, {})
    if scans == 1:
        version = await scan_repository.note_scan(session, card)
        event = ContactCardScanned(card_id=card.id, grid_code=card.grid_code)
        subject = f"contact-cards/{card.id}"
        await outbox.add(session, event, community_code=card.community_code, subject=subject, version=version)


async def record_report(session: AsyncSession, card: ContactCard) -> None:
    """A report of a found person came by this card: it counts for the scan that led to it."""
    if not await scan_repository.note_report(session, card):
        # The code was read off the card by eye: that is a scan too.
        await scan_repository.count_scan(session, card, most=1)
        await scan_repository.note_report(session, card)


async def count_scans(
    session: AsyncSession, principal: Principal, first_on: date, last_on: date, grid_code: str | None
) -> ScanStatistics:
    if not timedelta(0) <= last_on - first_on < LONGEST:
        raise PeriodInvalid
    begins = datetime.combine(first_on, time(), CHINA)
    ends = datetime.combine(last_on + timedelta(days=1), time(), CHINA)
    grids = await scan_repository.scans_by_grid(session, principal, begins, ends, grid_code)
    return ScanStatistics(first_on=first_on, last_on=last_on, grids=grids)


def scan_timer(settings: Settings) -> Timer:
    async def forget(session: AsyncSession) -> int:
        return await scan_repository.forget_scans(session, utc_now() - settings.card_scan_retention, BATCH)

    return Timer("contact_card_scans_forgotten", HOURLY, forget)

from datetime import datetime, timedelta

from sqlalchemy import Select, Table, delete, func, select, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlmodel import col

from services.residents.contact_cards.models import ContactCard, ContactCardScan
from services.residents.contact_cards.schemas import GridScans
from shared.auth import Principal, Role
from shared.clock import utc_now
from shared.conditions import in_area
from shared.db import AsyncSession, count_changed

REPORT_FOLLOWS = timedelta(hours=1)
"""A report belongs to the last scan of its card within this time."""


def full_minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)


async def count_scan(session: AsyncSession, card: ContactCard, *, most: int) -> int | None:
    """Count one scan in this minute. How many there were with it, or None if there were `most` already."""
    statement = (
        upsert(ContactCardScan)
        .values(
            community_code=card.community_code,
            card_id=card.id,
            scanned_at=full_minute(utc_now()),
            grid_code=card.grid_code,
            scans=1,
            reports=0,
        )
        .on_conflict_do_update(
            constraint="pk_contact_card_scan",
            set_={"scans": col(ContactCardScan.scans) + 1},
            where=col(ContactCardScan.scans) < most,
        )
        .returning(col(ContactCardScan.scans))
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def note_scan(session: AsyncSession, card: ContactCard) -> int:
    """The card was read in this minute; returns its new version."""
    now = utc_now()
    statement = (
        update(ContactCard)
        .where(col(ContactCard.community_code) == card.community_code, col(ContactCard.id) == card.id)
        .values(scanned_at=full_minute(now), updated_at=now, version=col(ContactCard.version) + 1)
        .returning(col(ContactCard.version))
        .execution_options(synchronize_session=False)
    )
    return (await session.execute(statement)).scalar_one()


async def note_report(session: AsyncSession, card: ContactCard) -> bool:
    """Put a report to the card's last scan; False if there was none of late."""
    now = utc_now()
    of_card = (
        col(ContactCardScan.community_code) == card.community_code,
        col(ContactCardScan.card_id) == card.id,
    )
    last = (
        select(func.max(col(ContactCardScan.scanned_at)))
        .where(*of_card, col(ContactCardScan.scanned_at) > now - REPORT_FOLLOWS)
        .scalar_subquery()
    )
    statement = (
        update(ContactCardScan)
        .where(*of_card, col(ContactCardScan.scanned_at) == last)
        .values(reports=col(ContactCardScan.reports) + 1)
        .execution_options(synchronize_session=False)
    )
    return await count_changed(session, statement) > 0


def scans_of(card: ContactCard) -> Select[ContactCardScan]:
    return select(ContactCardScan).where(
        col(ContactCardScan.community_code) == card.community_code, col(ContactCardScan.card_id) == card.id
    )


async def scans_by_grid(
    session: AsyncSession, principal: Principal, begins: datetime, ends: datetime, grid_code: str | None
) -> list[GridScans]:
    """Sums of the grids that this principal may count, from `begins` until before `ends`."""
    statement = (
        select(
            col(ContactCardScan.grid_code),
            func.count(func.distinct(col(ContactCardScan.card_id))).label("cards_scanned"),
            func.sum(col(ContactCardScan.scans)).label("scans"),
            func.sum(col(ContactCardScan.reports)).label("reports"),
        )
        .where(
            in_area(col(ContactCardScan.community_code), principal.area),
            col(ContactCardScan.scanned_at) >= begins,
            col(ContactCardScan.scanned_at) < ends,
        )
        .group_by(col(ContactCardScan.grid_code))
        .order_by(col(ContactCardScan.grid_code))
    )
    if principal.role is Role.GRID_WORKER:
        statement = statement.where(col(ContactCardScan.grid_code).in_(principal.grids))
    if grid_code is not None:
        statement = statement.where(col(ContactCardScan.grid_code) == grid_code)
    return [GridScans(**row) for row in (await session.execute(statement)).mappings()]


async def forget_scans(session: AsyncSession, before: datetime, batch: int) -> int:
    """Delete scans from before, at most `batch`; returns how many."""
    table: Table = ContactCardScan.__table__  # type: ignore[attr-defined]
    key = [table.c.community_code, table.c.card_id, table.c.scanned_at]
    old = select(*key).where(table.c.scanned_at < before).order_by(table.c.scanned_at).limit(batch)
    return await count_changed(session, delete(table).where(tuple_(*key).in_(old)))

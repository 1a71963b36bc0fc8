from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, func, or_, select, text, update
from sqlmodel import col

from services.merchants.offers.models import OfferCounter
from services.merchants.redemptions.models import OfferUse, Redemption, RedemptionOffer
from services.merchants.redemptions.states import State
from shared.auth import Principal, Role
from shared.clock import utc_now
from shared.conditions import among, in_area
from shared.db import AsyncSession
from shared.outbox import outbox
from shared.statements import NewRow, adding, together


def readable(principal: Principal, holder: bytes | None) -> Select[Redemption]:
    """The redemptions that this principal may see; `holder` is a resident's pseudonym."""
    statement = select(Redemption).where(in_area(Redemption.community_code, principal.area))
    if principal.role is Role.RESIDENT:
        return statement.where(col(Redemption.holder) == holder)
    if principal.role is Role.MERCHANT:
        return statement.where(col(Redemption.merchant_id) == principal.merchant_id)
    return statement


async def add_redemption(
    session: AsyncSession, redemption: Redemption, offers: Sequence[RedemptionOffer], event_row: dict[str, Any]
) -> None:
    """The redemption, what it uses and its event, in one round trip."""
    await together(session, adding(redemption), *map(adding, offers), NewRow(outbox, event_row))


_TAKE_SLOT = text("""
    INSERT INTO offer_use (community_code, offer_id, holder, period, slot, redemption_id)
    SELECT CAST(:community_code AS varchar), CAST(:offer_id AS uuid), CAST(:holder AS bytea),
           CAST(:period AS varchar), free.slot, CAST(:redemption_id AS uuid)
    FROM generate_series(0, CAST(:count AS integer) - 1) AS free (slot)
    WHERE CAST(:count AS integer) > (
        SELECT count(*) FROM offer_use AS held
        WHERE held.community_code = :community_code AND held.offer_id = :offer_id AND held.holder = :holder
          AND held.period = :period)
      AND NOT EXISTS (
        SELECT FROM offer_use AS taken
        WHERE taken.community_code = :community_code AND taken.offer_id = :offer_id AND taken.holder = :holder
          AND taken.period = :period AND taken.slot = free.slot)
    ORDER BY free.slot
    LIMIT 1
    ON CONFLICT DO NOTHING
    RETURNING slot
""")


async def take_slot(
    session: AsyncSession,
    *,
    community_code: str,
    offer_id: UUID,
    holder: bytes,
    period: str,
    count: int,
    redemption_id: UUID,
) -> bool:
    """Take the holder's lowest free place of `count`; False when none is free.

    Somebody who reserves twice at once may meet themself at a place: the second waits for the first, then tries again.
    """
    values = {
        "community_code": community_code,
        "offer_id": offer_id,
        "holder": holder,
        "period": period,
        "count": count,
        "redemption_id": redemption_id,
    }
    for _ in range(count + 1):
        if (await session.execute(_TAKE_SLOT, values)).first() is not None:
            return True
        if await _slots_taken(session, community_code, offer_id, holder, period) >= count:
            return False
    return False


async def _slots_taken(session: AsyncSession, community_code: str, offer_id: UUID, holder: bytes, period: str) -> int:
    statement = (
        select(func.count())
        .select_from(OfferUse)
        .where(
            col(OfferUse.community_code) == community_code,
            col(OfferUse.offer_id) == offer_id,
            col(OfferUse.holder) == holder,
            col(OfferUse.period) == period,
        )
    )
    return (await session.execute(statement)).scalar_one()


async def take_place(session: AsyncSession, community_code: str, offer_id: UUID, saving_fen: int) -> bool:
    """Count one use more if the offer is open and its limits have room: one conditional update, so never one too many.

    The row stays locked until the transaction ends; take several in the order of their ids.
    """
    counter = OfferCounter
    statement = (
        update(counter)
        .where(
            col(counter.community_code) == community_code,
            col(counter.offer_id) == offer_id,
            col(counter.is_open),
            or_(col(counter.total_limit).is_(None), col(counter.used_count) < col(counter.total_limit)),
            or_(col(counter.budget_fen).is_(None), col(counter.used_fen) + saving_fen <= col(counter.budget_fen)),
        )
        .values(used_count=counter.used_count + 1, used_fen=counter.used_fen + saving_fen)
        .returning(col(counter.offer_id))
        .execution_options(synchronize_session=False)
    )
    return (await session.execute(statement)).first() is not None


async def get_counter(session: AsyncSession, community_code: str, offer_id: UUID) -> OfferCounter:
    """As it is committed now, not as this transaction has seen it before."""
    statement = (
        select(OfferCounter)
        .where(col(OfferCounter.community_code) == community_code, col(OfferCounter.offer_id) == offer_id)
        .execution_options(populate_existing=True)
    )
    return (await session.scalars(statement)).one()


async def give_back(session: AsyncSession, redemptions: Sequence[Redemption]) -> None:
    """Free the places that these redemptions held, which the caller has just ended and holds locked."""
    by_community: dict[str, list[UUID]] = defaultdict(list)
    for redemption in redemptions:
        by_community[redemption.community_code].append(redemption.id)
    for community_code in sorted(by_community):
        ids = by_community[community_code]
        await session.execute(
            delete(OfferUse)
            .where(col(OfferUse.community_code) == community_code, among(OfferUse.redemption_id, ids))
            .execution_options(synchronize_session=False)
        )
        held = await session.execute(
            select(col(RedemptionOffer.offer_id), func.count(), func.sum(RedemptionOffer.saving_fen))
            .where(col(RedemptionOffer.community_code) == community_code, among(RedemptionOffer.redemption_id, ids))
            .group_by(col(RedemptionOffer.offer_id))
            .order_by(col(RedemptionOffer.offer_id))
        )
        for offer_id, count, fen in held.all():
            await session.execute(
                update(OfferCounter)
                .where(col(OfferCounter.community_code) == community_code, col(OfferCounter.offer_id) == offer_id)
                .values(used_count=OfferCounter.used_count - count, used_fen=OfferCounter.used_fen - int(fen))
                .execution_options(synchronize_session=False)
            )


async def redeem(
    session: AsyncSession, community_code: str, merchant_id: UUID, code: str, redemption_id: UUID | None = None
) -> Redemption | None:
    """Use the code up, if it is this shop's and still good; None otherwise."""
    now = utc_now()
    statement = update(Redemption).where(
        col(Redemption.community_code) == community_code,
        col(Redemption.merchant_id) == merchant_id,
        col(Redemption.code) == code,
        col(Redemption.state) == State.RESERVED,
        col(Redemption.expires_at) > now,
    )
    if redemption_id is not None:
        statement = statement.where(col(Redemption.id) == redemption_id)
    changed = statement.values(
        state=State.REDEEMED, code=None, redeemed_at=now, updated_at=now, version=Redemption.version + 1
    ).returning(Redemption)
    return (await session.scalars(changed)).one_or_none()


async def lock_redemption(
    session: AsyncSession, principal: Principal, holder: bytes | None, redemption_id: UUID
) -> Redemption | None:
    statement = readable(principal, holder).where(col(Redemption.id) == redemption_id)
    return (await session.scalars(statement.with_for_update())).one_or_none()


async def lock_due(session: AsyncSession, now: datetime, limit: int) -> Sequence[Redemption]:
    """Reservations whose time is over, of all communities in scope."""
    statement = (
        select(Redemption)
        .where(col(Redemption.state) == State.RESERVED, col(Redemption.expires_at) <= now)
        .order_by(col(Redemption.expires_at))
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return (await session.scalars(statement)).all()


async def offers_of(session: AsyncSession, redemptions: Iterable[Redemption]) -> dict[UUID, list[RedemptionOffer]]:
    """What each redemption uses, the largest saving first."""
    found: dict[UUID, list[RedemptionOffer]] = {redemption.id: [] for redemption in redemptions}
    communities = {redemption.community_code for redemption in redemptions}
    if found:
        statement = (
            select(RedemptionOffer)
            .where(col(RedemptionOffer.community_code).in_(communities), among(RedemptionOffer.redemption_id, found))
            .order_by(col(RedemptionOffer.saving_fen).desc(), col(RedemptionOffer.offer_id))
        )
        for used in await session.scalars(statement):
            found[used.redemption_id].append(used)
    return found


async def rename_holder(session: AsyncSession, community_code: str, holder: bytes, stranger: bytes) -> None:
    """Give everything of one holder to a pseudonym that leads to nobody, with or without keys."""
    for table in (Redemption, OfferUse):
        await session.execute(
            update(table)
            .where(col(table.community_code) == community_code, col(table.holder) == holder)
            .values(holder=stranger)
            .execution_options(synchronize_session=False)
        )

"""Every select and update of holders."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ARRAY, LargeBinary, Uuid, bindparam, delete, or_, select, text, update
from sqlmodel import col

from services.merchants.holders.models import SameHolder
from services.merchants.redemptions.models import Redemption
from shared.conditions import among
from shared.db import AsyncSession

_HOLD = text("SELECT pg_advisory_xact_lock(hashtextextended('holder:' || encode(:holder, 'hex'), 0))").bindparams(
    bindparam("holder", type_=LargeBinary)
)
_SHARE = text(
    "SELECT pg_advisory_xact_lock_shared(hashtextextended('holder:' || encode(:holder, 'hex'), 0))"
).bindparams(bindparam("holder", type_=LargeBinary))


async def hold(session: AsyncSession, holder: bytes) -> None:
    """Nobody reserves as this holder until the transaction ends."""
    await session.execute(_HOLD, {"holder": holder})


async def share(session: AsyncSession, holder: bytes) -> None:
    """This holder becomes nobody else until the transaction ends."""
    await session.execute(_SHARE, {"holder": holder})


async def find_kept(session: AsyncSession, community_code: str, holder: bytes) -> bytes | None:
    """The pseudonym that this one became, or None."""
    statement = select(col(SameHolder.kept)).where(
        col(SameHolder.community_code) == community_code,
        col(SameHolder.merged) == holder,
        ~col(SameHolder.is_undone),
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def lock_merge(session: AsyncSession, community_code: str, merge_id: UUID) -> SameHolder | None:
    return await session.get(SameHolder, (community_code, merge_id), with_for_update=True)


async def forget(session: AsyncSession, community_code: str, holder: bytes) -> None:
    """That two pseudonyms were one is forgotten with the person."""
    statement = delete(SameHolder).where(
        col(SameHolder.community_code) == community_code,
        or_(col(SameHolder.kept) == holder, col(SameHolder.merged) == holder),
    )
    await session.execute(statement.execution_options(synchronize_session=False))


async def move_redemptions(
    session: AsyncSession, community_code: str, source: bytes, target: bytes, among_ids: Sequence[UUID] | None = None
) -> list[UUID]:
    """Redemptions of `source`, or those of them that are named, are `target`'s, with their places; which those are."""
    statement = (
        update(Redemption)
        .where(col(Redemption.community_code) == community_code, col(Redemption.holder) == source)
        .values(holder=target, version=col(Redemption.version) + 1)
        .returning(col(Redemption.id))
        .execution_options(synchronize_session=False)
    )
    if among_ids is not None:
        statement = statement.where(among(col(Redemption.id), among_ids))
    moved = list((await session.execute(statement)).scalars())
    if moved:
        values = {"community_code": community_code, "source": source, "target": target, "moved": moved}
        await session.execute(_MOVE_PLACES, values)
    return moved


_MOVE_PLACES = text("""
    WITH leaving AS (
        SELECT offer_id, period, slot,
               row_number() OVER (PARTITION BY offer_id, period ORDER BY slot) AS n,
               count(*) OVER (PARTITION BY offer_id, period) AS many
        FROM offer_use
        WHERE community_code = :community_code AND holder = :source AND redemption_id = ANY(:moved)
    ), free AS (
        SELECT wanted.offer_id, wanted.period, place.slot,
               row_number() OVER (PARTITION BY wanted.offer_id, wanted.period ORDER BY place.slot) AS n
        FROM (SELECT DISTINCT offer_id, period, many FROM leaving) AS wanted
        CROSS JOIN LATERAL (
            SELECT count(*) AS taken FROM offer_use AS own
            WHERE own.community_code = :community_code AND own.offer_id = wanted.offer_id
              AND own.holder = :target AND own.period = wanted.period
        ) AS held
        CROSS JOIN LATERAL generate_series(0, wanted.many + held.taken - 1) AS place (slot)
        WHERE NOT EXISTS (
            SELECT FROM offer_use AS own
            WHERE own.community_code = :community_code AND own.offer_id = wanted.offer_id
              AND own.holder = :target AND own.period = wanted.period AND own.slot = place.slot)
    )
    UPDATE offer_use AS place
    SET holder = :target, slot = free.slot
    FROM leaving JOIN free USING (offer_id, period, n)
    WHERE place.community_code = :community_code AND place.holder = :source
      AND place.offer_id = leaving.offer_id AND place.period = leaving.period AND place.slot = leaving.slot
""").bindparams(
    bindparam("source", type_=LargeBinary),
    bindparam("target", type_=LargeBinary),
    bindparam("moved", type_=ARRAY(Uuid())),
)
"""Each place becomes the target's lowest free one. Two who each used an offer may hold more together than one may take:
such places lie beyond the offer's count, and none is added to them.
"""

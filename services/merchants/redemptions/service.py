"""Use cases of redemptions. They flush and never commit: the edge does.

Locks are always taken in one order, so that no two wait for each other: redemption, the holder's places, the offers'
counters by id.
"""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from uuid import UUID

from services.merchants.alliance.errors import NotAMember
from services.merchants.alliance.repository import find_approved
from services.merchants.events import RedemptionEvent, RedemptionRedeemed, RedemptionReserved, RedemptionReversed
from services.merchants.offers.models import Offer, Period
from services.merchants.offers.reasons import Reason
from services.merchants.offers.terms import period_key
from services.merchants.quotes.service import Priced, price_basket
from services.merchants.quotes.tokens import Promise
from services.merchants.redemptions import repository
from services.merchants.redemptions.codes import WRONG_CODES, new_code, refuse_guessing
from services.merchants.redemptions.errors import CodeUnknown, QuoteChanged, ReversalTooLate
from services.merchants.redemptions.models import Redemption, RedemptionOffer
from services.merchants.redemptions.states import TRANSITIONS, ReverseReason, wrong_state
from shared import outbox
from shared.auth import Principal, Role
from shared.clock import utc_now
from shared.db import AsyncSession, before_commit
from shared.errors import NotFound

RESERVED_FOR = timedelta(minutes=10)
REVERSIBLE_BY_SHOP_FOR = timedelta(hours=24)
EXPIRE_BATCH = 200


async def reserve(
    session: AsyncSession, promise: Promise, attested: frozenset[str]
) -> tuple[Redemption, list[RedemptionOffer]]:
    """Take the places that the quote promised, for ten minutes; QuoteChanged, with nothing taken, otherwise.

    Also the commit may end with QuoteChanged, when the last place went to somebody else meanwhile.
    """
    priced = await price_basket(
        session,
        community_code=promise.community_code,
        merchant_id=promise.merchant_id,
        basket=promise.basket,
        at=utc_now(),
        attested=attested,
        holder=promise.holder,
    )
    _check_kept(promise, priced)
    redemption = _redemption(priced, promise.holder)
    used = _used(redemption, priced)
    row = outbox.row(
        _event(RedemptionReserved, redemption, used),
        community_code=redemption.community_code,
        subject=f"redemptions/{redemption.id}",
        version=redemption.version,
    )
    await repository.add_redemption(session, redemption, used, row)
    for each in sorted(used, key=lambda each: each.offer_id):
        await _take_slot(session, priced.offers[each.offer_id], redemption, priced)
    before_commit(session).append(partial(_take_places, used=used))
    return redemption, used


async def _take_places(session: AsyncSession, used: Sequence[RedemptionOffer]) -> None:
    """The last thing before the commit: the counter of a hot offer is locked for two round trips and no longer."""
    for each in sorted(used, key=lambda each: each.offer_id):
        if not await repository.take_place(session, each.community_code, each.offer_id, each.saving_fen):
            raise QuoteChanged({each.offer_id: await _why_full(session, each)})


async def redeem(
    session: AsyncSession, principal: Principal, code: str, redemption_id: UUID | None = None
) -> Redemption:
    """The shop hands over what was reserved. CodeUnknown unless the code is its own and still good."""
    if principal.merchant_id is None:
        raise NotFound
    shop = str(principal.merchant_id)
    refuse_guessing(shop)
    if await find_approved(session, principal.community_code, principal.merchant_id) is None:
        raise NotAMember
    redemption = await repository.redeem(session, principal.community_code, principal.merchant_id, code, redemption_id)
    if redemption is None:
        WRONG_CODES.hit(shop)
        raise CodeUnknown
    used = (await repository.offers_of(session, [redemption]))[redemption.id]
    await _tell(session, redemption, _event(RedemptionRedeemed, redemption, used))
    return redemption


async def reverse(
    session: AsyncSession, principal: Principal, redemption_id: UUID, reason: ReverseReason
) -> Redemption:
    """Undo a use and give its places back: the shop within a day, staff at any time."""
    redemption = await _lock(session, principal, None, redemption_id, "reverse")
    assert redemption.redeemed_at is not None
    if principal.role is Role.MERCHANT and utc_now() - redemption.redeemed_at > REVERSIBLE_BY_SHOP_FOR:
        raise ReversalTooLate
    redemption.reverse_reason = reason
    await _end(session, [redemption], "reverse")
    used = (await repository.offers_of(session, [redemption]))[redemption.id]
    await _tell(session, redemption, _event(RedemptionReversed, redemption, used))
    return redemption


async def cancel(session: AsyncSession, principal: Principal, holder: bytes, redemption_id: UUID) -> Redemption:
    """The holder gives a reservation back."""
    redemption = await _lock(session, principal, holder, redemption_id, "cancel")
    await _end(session, [redemption], "cancel")
    return redemption


async def expire_reservations(session: AsyncSession) -> int:
    """Timer: give back the places of reservations whose ten minutes are over. Returns how many."""
    due = await repository.lock_due(session, utc_now(), EXPIRE_BATCH)
    await _end(session, due, "expire")
    return len(due)


async def _lock(
    session: AsyncSession, principal: Principal, holder: bytes | None, redemption_id: UUID, action: str
) -> Redemption:
    redemption = await repository.lock_redemption(session, principal, holder, redemption_id)
    if redemption is None:
        raise NotFound
    if redemption.state is not TRANSITIONS[action][0]:
        raise wrong_state(redemption.state, action)
    return redemption


async def _end(session: AsyncSession, redemptions: Sequence[Redemption], action: str) -> None:
    now = utc_now()
    for redemption in redemptions:
        redemption.state, redemption.code = TRANSITIONS[action][1], None
        redemption.ended_at = redemption.updated_at = now
        redemption.version += 1
    await session.flush()
    await repository.give_back(session, redemptions)


def _check_kept(promise: Promise, priced: Priced) -> None:
    """The same offers save the same now; else say of each what became of it."""
    now = {applied.offer_id: applied.saving_fen for applied in priced.quote.applied}
    if now == dict(promise.applied) and priced.quote.total_after_fen == promise.total_after_fen:
        return
    why = {refusal.offer_id: refusal.reason for refusal in priced.quote.not_applied}
    changed = [offer_id for offer_id, saving in promise.applied if now.get(offer_id) != saving]
    raise QuoteChanged(
        {offer_id: why.get(offer_id, Reason.NO_LONGER_OFFERED) for offer_id in changed or dict(promise.applied)}
    )


def _redemption(priced: Priced, holder: bytes) -> Redemption:
    lines = [
        {
            "item_id": str(line.item_id),
            "name": item.name,
            "unit": item.unit,
            "quantity": line.quantity,
            "before_fen": line.before_fen,
            "after_fen": line.after_fen,
        }
        for line, item in zip(priced.quote.lines, priced.items, strict=True)
    ]
    return Redemption(
        community_code=priced.merchant.community_code,
        merchant_id=priced.merchant.id,
        holder=holder,
        code=new_code(),
        lines=lines,
        total_before_fen=priced.quote.total_before_fen,
        total_after_fen=priced.quote.total_after_fen,
        expires_at=priced.at + RESERVED_FOR,
    )


def _used(redemption: Redemption, priced: Priced) -> list[RedemptionOffer]:
    """The largest saving first."""
    return [
        RedemptionOffer(
            community_code=redemption.community_code,
            redemption_id=redemption.id,
            offer_id=applied.offer_id,
            saving_fen=applied.saving_fen,
        )
        for applied in sorted(priced.quote.applied, key=lambda applied: (-applied.saving_fen, applied.offer_id))
    ]


async def _take_slot(session: AsyncSession, offer: Offer, redemption: Redemption, priced: Priced) -> None:
    if offer.per_person_count is None:
        return
    taken = await repository.take_slot(
        session,
        community_code=offer.community_code,
        offer_id=offer.id,
        holder=redemption.holder,
        period=period_key(Period(offer.per_person_period), priced.at),
        count=offer.per_person_count,
        redemption_id=redemption.id,
    )
    if not taken:
        raise QuoteChanged({offer.id: Reason.PERSON_LIMIT})


async def _why_full(session: AsyncSession, used: RedemptionOffer) -> Reason:
    counter = await repository.get_counter(session, used.community_code, used.offer_id)
    if not counter.is_open:
        return Reason.NO_LONGER_OFFERED
    if counter.total_limit is not None and counter.used_count >= counter.total_limit:
        return Reason.TOTAL_LIMIT
    return Reason.BUDGET_SPENT


def _event(kind: type[RedemptionEvent], redemption: Redemption, used: Sequence[RedemptionOffer]) -> RedemptionEvent:
    offer_ids = [each.offer_id for each in used]
    return kind(
        redemption_id=redemption.id, offer_id=offer_ids[0], offer_ids=offer_ids, merchant_id=redemption.merchant_id
    )


async def _tell(session: AsyncSession, redemption: Redemption, event: RedemptionEvent) -> None:
    await outbox.add(
        session,
        event,
        community_code=redemption.community_code,
        subject=f"redemptions/{redemption.id}",
        version=redemption.version,
    )

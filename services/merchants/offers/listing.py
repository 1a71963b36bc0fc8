"""Today's offers, or those of another day: which hold is decided here, from a few columns of each."""

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import Select, or_
from sqlmodel import col

from services.merchants.alliance.models import Merchant
from services.merchants.nearness import NearQuery
from services.merchants.offers import repository
from services.merchants.offers.models import Offer, OfferCounter, OfferState
from services.merchants.offers.terms import schedule_of
from shared.clock import CHINA, utc_now
from shared.conditions import among
from shared.db import AsyncSession, columns_of
from shared.pagination import Page, PageQuery, paginate


async def list_offers(
    session: AsyncSession,
    statement: Select[Offer],
    *,
    page: PageQuery,
    near: NearQuery,
    on: date | None,
) -> Page[Any]:
    """A page of `statement`, of those that hold on the day `on` if one is given; the nearest first if near a place."""
    if on is not None:
        statement = statement.where(among(Offer.id, await _holding_on(session, statement, on)))
    statement = statement.add_columns(col(Merchant.name).label("merchant_name"))
    order: tuple[Any, ...] = (col(Offer.community_code), col(Offer.id))
    if near.place is not None:
        distance = near.distance(Merchant.longitude, Merchant.latitude)
        if near.within_m is not None:
            statement = statement.where(distance <= near.within_m)
        statement = statement.add_columns(distance.label("distance_m"))
        order = (distance, *order)
    found = await paginate(session, statement, order_by=order, page=page)
    taken = await _taken(session, [row["Offer"] for row in found.items])
    looked_at = utc_now() if on is None else max(utc_now(), datetime.combine(on, time(0), CHINA))
    found.items = [
        shown(row["Offer"], taken.get(row["Offer"].id), looked_at)
        | {"merchant_name": row["merchant_name"], "distance_m": row.get("distance_m")}
        for row in found.items
    ]
    return found


def shown(offer: Offer, taken: OfferCounter | None, at: datetime) -> dict[str, Any]:
    """An offer as callers see it; `next_valid_at` counts from `at`."""
    remaining = None
    if taken is not None and taken.total_limit is not None:
        remaining = taken.total_limit - taken.used_count
    schedule = schedule_of(offer.valid_from, offer.valid_to, offer.recurrence, offer.hours, offer.on_holidays)
    per_person = {"count": offer.per_person_count, "period": offer.per_person_period}
    return columns_of(offer) | {
        "limits": {
            "per_person": per_person if offer.per_person_count else None,
            "total": offer.total_limit,
            "budget_fen": offer.budget_fen,
            "remaining": remaining,
        },
        "next_valid_at": schedule.next_valid_at(at) if offer.state is OfferState.PUBLISHED else None,
    }


async def _holding_on(session: AsyncSession, statement: Select[Offer], day: date) -> list[UUID]:
    """Those of the statement's offers that hold at some hour of the day."""
    rows = await session.execute(
        statement.with_only_columns(
            col(Offer.id),
            col(Offer.valid_from),
            col(Offer.valid_to),
            col(Offer.recurrence),
            col(Offer.on_holidays),
            maintain_column_froms=True,
        ).where(col(Offer.valid_from) <= day, or_(col(Offer.valid_to).is_(None), col(Offer.valid_to) >= day))
    )
    return [
        offer_id
        for offer_id, valid_from, valid_to, recurrence, on_holidays in rows
        if schedule_of(valid_from, valid_to, recurrence, [], on_holidays).occurs_on(day)
    ]


async def _taken(session: AsyncSession, offers: list[Offer]) -> Mapping[UUID, OfferCounter]:
    """Counters of the offers on a page, which may be of several communities."""
    taken: dict[UUID, OfferCounter] = {}
    for community_code in {offer.community_code for offer in offers}:
        ids = [offer.id for offer in offers if offer.community_code == community_code]
        taken |= await repository.counters(session, community_code, ids)
    return taken

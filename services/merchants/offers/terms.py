"""From rows to the terms that the evaluation reads."""

from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from services.merchants.offers.evaluation import Effect, EffectKind, Eligibility, OfferTerms, Scope
from services.merchants.offers.models import Offer, Period
from services.merchants.offers.schedule import Hours, OnHolidays, Schedule
from shared.clock import CHINA


def terms_of(offer: Offer) -> OfferTerms:
    return OfferTerms(
        id=offer.id,
        effect=effect_of(offer.effect),
        schedule=schedule_of(offer.valid_from, offer.valid_to, offer.recurrence, offer.hours, offer.on_holidays),
        scope=Scope(frozenset(map(UUID, offer.scope["item_ids"])), frozenset(offer.scope["categories"])),
        eligibility=Eligibility(
            frozenset(offer.eligibility["conditions"]), needs_all=offer.eligibility["match"] == "all"
        ),
        per_person=offer.per_person_count,
        total_limit=offer.total_limit,
        budget_fen=offer.budget_fen,
        exclusivity_group=offer.exclusivity_group,
        priority=offer.priority,
    )


def effect_of(stored: dict[str, Any]) -> Effect:
    kind = EffectKind(stored["kind"])
    amount = stored.get("percent") or stored.get("amount_fen") or stored.get("price_fen") or 0
    return Effect(kind, amount, stored.get("minimum_fen", 0), stored.get("max_units"))


def schedule_of(
    valid_from: date,
    valid_to: date | None,
    recurrence: str | None,
    hours: list[dict[str, str]],
    on_holidays: OnHolidays,
) -> Schedule:
    spells = (Hours(time.fromisoformat(spell["opens"]), time.fromisoformat(spell["closes"])) for spell in hours)
    return Schedule(valid_from, valid_to, recurrence, tuple(spells), on_holidays)


def period_key(period: Period, when: datetime) -> str:
    """The name of the period in which a use at `when` counts, e.g. `week:2026-W48`."""
    day = when.astimezone(CHINA).date()
    if period is Period.DAY:
        return f"day:{day.isoformat()}"
    if period is Period.WEEK:
        year, week, _ = day.isocalendar()
        return f"week:{year}-W{week:02d}"
    return f"month:{day:%Y-%m}" if period is Period.MONTH else "offer"

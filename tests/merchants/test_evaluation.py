"""The rules that hold for every basket, every set of offers and every moment."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.merchants.offers.evaluation import (
    BasketLine,
    Effect,
    EffectKind,
    Eligibility,
    OfferTerms,
    Quote,
    Scope,
    Usage,
    evaluate,
)
from services.merchants.offers.reasons import Reason, explain
from services.merchants.offers.schedule import Schedule
from shared.clock import CHINA

ITEMS = [UUID(int=n) for n in range(1, 5)]
CATEGORIES = ["fruit", "haircut"]
ALWAYS = Schedule(date(2026, 1, 1))
SATURDAYS = Schedule(date(2026, 1, 1), recurrence="FREQ=WEEKLY;BYDAY=SA")
SATURDAY = datetime(2026, 11, 21, 10, 0, tzinfo=CHINA)

lines = st.builds(
    BasketLine,
    item_id=st.sampled_from(ITEMS),
    category=st.sampled_from(CATEGORIES),
    unit_price_fen=st.integers(0, 10_000_000),
    quantity=st.integers(1, 100),
)
baskets = st.lists(lines, min_size=1, max_size=5, unique_by=lambda line: line.item_id)
effects = st.one_of(
    st.builds(Effect, st.just(EffectKind.PERCENT_OFF), st.integers(1, 100), max_units=st.none() | st.integers(1, 9)),
    st.builds(Effect, st.just(EffectKind.FIXED_PRICE), st.integers(0, 10_000_000)),
    st.builds(Effect, st.just(EffectKind.FREE_SERVICE), max_units=st.none() | st.integers(1, 9)),
    st.builds(Effect, st.just(EffectKind.AMOUNT_OFF), st.integers(1, 10_000_000), st.integers(0, 10_000_000)),
    st.builds(Effect, st.just(EffectKind.GIFT), minimum_fen=st.integers(0, 10_000)),
)
offers = st.builds(
    OfferTerms,
    id=st.uuids(version=4),
    effect=effects,
    schedule=st.sampled_from([ALWAYS, SATURDAYS]),
    scope=st.builds(
        Scope, st.frozensets(st.sampled_from(ITEMS), max_size=2), st.frozensets(st.sampled_from(CATEGORIES), max_size=1)
    ),
    eligibility=st.sampled_from([Eligibility(), Eligibility(frozenset({"tag:veteran"}))]),
    total_limit=st.none() | st.just(3),
    budget_fen=st.none() | st.integers(1, 10_000),
    exclusivity_group=st.sampled_from([None, None, "a", "b"]),
    priority=st.integers(-3, 3),
)
offer_lists = st.lists(offers, max_size=7, unique_by=lambda offer: offer.id)
moments = st.datetimes(
    datetime.fromisoformat("2026-01-01"), datetime.fromisoformat("2027-01-01"), timezones=st.just(CHINA)
)
attested = st.sampled_from([frozenset[str](), frozenset({"tag:veteran"})])


@given(baskets, offer_lists, moments, attested)
def test_no_line_below_zero_or_above_its_price_and_the_sums_agree(
    basket: list[BasketLine], candidates: list[OfferTerms], when: datetime, conditions: frozenset[str]
) -> None:
    quote = evaluate(basket, candidates, when, conditions)
    assert [(line.item_id, line.before_fen) for line in quote.lines] == [(b.item_id, b.total_fen) for b in basket]
    assert all(0 <= line.after_fen <= line.before_fen for line in quote.lines)
    assert sum(applied.saving_fen for applied in quote.applied) == quote.total_before_fen - quote.total_after_fen
    accounted = [each.offer_id for each in (*quote.applied, *quote.not_applied)]
    assert sorted(accounted) == sorted(offer.id for offer in candidates), "every candidate is accounted for, once"


@given(baskets, offer_lists, moments, attested, st.randoms())
def test_the_order_of_offers_is_irrelevant(
    basket: list[BasketLine], candidates: list[OfferTerms], when: datetime, conditions: frozenset[str], random: object
) -> None:
    shuffled = list(candidates)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert evaluate(basket, shuffled, when, conditions) == evaluate(basket, candidates, when, conditions)


@given(baskets, offer_lists, offers, moments)
def test_an_offer_for_others_changes_nothing(
    basket: list[BasketLine], candidates: list[OfferTerms], other: OfferTerms, when: datetime
) -> None:
    other = replace(other, id=UUID(int=99), eligibility=Eligibility(frozenset({"age>=80"})))
    without, beside = evaluate(basket, candidates, when), evaluate(basket, [*candidates, other], when)
    assert (beside.lines, beside.applied) == (without.lines, without.applied)
    assert [refusal for refusal in beside.not_applied if refusal.offer_id != other.id] == list(without.not_applied)


@given(baskets, offer_lists, moments, attested)
def test_never_worse_than_the_best_single_offer_nor_two_of_a_group(
    basket: list[BasketLine], candidates: list[OfferTerms], when: datetime, conditions: frozenset[str]
) -> None:
    quote = evaluate(basket, candidates, when, conditions)
    for offer in candidates:
        assert quote.total_after_fen <= evaluate(basket, [offer], when, conditions).total_after_fen
    by_id = {offer.id: offer for offer in candidates}
    groups = [by_id[a.offer_id].exclusivity_group for a in quote.applied]
    named = [group for group in groups if group is not None]
    assert len(named) == len(set(named))


@given(baskets, offer_lists, moments, attested)
def test_a_budget_always_holds_what_is_saved(
    basket: list[BasketLine], candidates: list[OfferTerms], when: datetime, conditions: frozenset[str]
) -> None:
    budgets = {offer.id: offer.budget_fen for offer in candidates}
    for applied in evaluate(basket, candidates, when, conditions).applied:
        budget = budgets[applied.offer_id]
        assert budget is None or applied.saving_fen <= budget


@given(st.lists(offers, min_size=12, max_size=16, unique_by=lambda offer: offer.id), baskets)
def test_with_many_offers_one_is_never_better_alone(candidates: list[OfferTerms], basket: list[BasketLine]) -> None:
    candidates = [
        replace(offer, schedule=ALWAYS, eligibility=Eligibility(), exclusivity_group=None) for offer in candidates
    ]
    quote = evaluate(basket, candidates, SATURDAY)
    for offer in candidates:
        assert quote.total_after_fen <= evaluate(basket, [offer], SATURDAY).total_after_fen


@given(st.integers(0, 10_000_000), st.integers(1, 100), st.integers(1, 100))
def test_a_percentage_is_exact_to_half_a_fen_in_the_customers_favour(price: int, quantity: int, percent: int) -> None:
    quote = priced(price, Effect(EffectKind.PERCENT_OFF, percent), quantity)
    saving = quote.total_before_fen - quote.total_after_fen
    assert -50 < saving * 100 - price * quantity * percent <= 50


@pytest.mark.parametrize(("price", "after"), [(1280, 1024), (999, 799), (3, 2), (2, 2), (5, 4)])
def test_twenty_per_cent_off(price: int, after: int) -> None:
    assert priced(price, Effect(EffectKind.PERCENT_OFF, 20)).total_after_fen == after


def test_half_a_fen_is_the_customers() -> None:
    assert priced(1, Effect(EffectKind.PERCENT_OFF, 50)).total_after_fen == 0


def test_a_haircut_costs_9_yuan_90_and_a_cheaper_one_stays_cheaper() -> None:
    assert priced(3800, Effect(EffectKind.FIXED_PRICE, 990)).total_after_fen == 990
    cheap = priced(900, Effect(EffectKind.FIXED_PRICE, 990))
    assert (cheap.total_after_fen, reasons(cheap)) == (900, [Reason.NO_SAVING])


def test_limited_units_go_to_the_dearest() -> None:
    basket = [BasketLine(ITEMS[0], "fruit", 100, 3), BasketLine(ITEMS[1], "fruit", 300, 1)]
    offer = OfferTerms(UUID(int=9), Effect(EffectKind.FREE_SERVICE, max_units=2), ALWAYS)
    assert [line.after_fen for line in evaluate(basket, [offer], SATURDAY).lines] == [200, 0]


def test_an_amount_off_is_spread_to_the_last_fen_and_needs_its_minimum() -> None:
    basket = [BasketLine(item, "fruit", 333, 1) for item in ITEMS[:3]]
    off = OfferTerms(UUID(int=9), Effect(EffectKind.AMOUNT_OFF, 100, minimum_fen=999), ALWAYS)
    assert [line.after_fen for line in evaluate(basket, [off], SATURDAY).lines] == [299, 300, 300]
    assert reasons(evaluate(basket[:2], [off], SATURDAY)) == [Reason.MINIMUM_NOT_MET]


def test_the_minimum_is_weighed_against_the_percentage() -> None:
    """¥100 with ¥50 off from ¥100 on, and 5 % off: both do not go together, and the ¥50 are worth more."""
    basket = [BasketLine(ITEMS[0], "fruit", 10_000, 1)]
    off = OfferTerms(UUID(int=1), Effect(EffectKind.AMOUNT_OFF, 5_000, minimum_fen=10_000), ALWAYS)
    percent = OfferTerms(UUID(int=2), Effect(EffectKind.PERCENT_OFF, 5), ALWAYS)
    quote = evaluate(basket, [percent, off], SATURDAY)
    assert quote.total_after_fen == 5_000
    assert [(r.reason, r.better_offer_id) for r in quote.not_applied] == [(Reason.BETTER_OFFER, off.id)]


@pytest.mark.parametrize(
    ("offer", "when", "usage", "reason"),
    [
        ({"scope": Scope(categories=frozenset({"haircut"}))}, SATURDAY, Usage(), Reason.NOT_IN_SCOPE),
        ({"schedule": SATURDAYS}, SATURDAY + timedelta(days=1), Usage(), Reason.WRONG_DAY),
        ({"schedule": Schedule(date(2027, 1, 1))}, SATURDAY, Usage(), Reason.NOT_STARTED),
        ({"schedule": Schedule(date(2026, 1, 1), date(2026, 11, 20))}, SATURDAY, Usage(), Reason.ENDED),
        ({"eligibility": Eligibility(frozenset({"tag:veteran"}))}, SATURDAY, Usage(), Reason.NOT_ELIGIBLE),
        ({"per_person": 2}, SATURDAY, Usage(by_person=2), Reason.PERSON_LIMIT),
        ({"total_limit": 100}, SATURDAY, Usage(total=100), Reason.TOTAL_LIMIT),
        ({"budget_fen": 1000}, SATURDAY, Usage(spent_fen=801), Reason.BUDGET_SPENT),
    ],
)
def test_why_not(offer: dict[str, object], when: datetime, usage: Usage, reason: Reason) -> None:
    terms = replace(OfferTerms(UUID(int=9), Effect(EffectKind.PERCENT_OFF, 20), ALWAYS), **offer)
    basket = [BasketLine(ITEMS[0], "fruit", 1000, 1)]
    assert reasons(evaluate(basket, [terms], when, usage={terms.id: usage})) == [reason]


def test_all_or_any_condition() -> None:
    both = frozenset({"tag:veteran", "age>=80"})
    assert Eligibility(both).admits(frozenset({"age>=80"}))
    assert not Eligibility(both, needs_all=True).admits(frozenset({"age>=80"}))
    assert Eligibility(both, needs_all=True).admits(both)


@pytest.mark.parametrize(
    ("when", "applies"),
    [
        (datetime(2026, 11, 20, 15, 59, 59, tzinfo=UTC), False),  # Friday 23:59:59 in Shanghai
        (datetime(2026, 11, 20, 16, 0, tzinfo=UTC), True),  # Saturday 00:00
        (datetime(2026, 11, 21, 15, 59, 59, tzinfo=UTC), True),
        (datetime(2026, 11, 21, 16, 0, tzinfo=UTC), False),  # Sunday 00:00
    ],
)
def test_the_day_is_shanghais(when: datetime, applies: bool) -> None:
    offer = OfferTerms(UUID(int=9), Effect(EffectKind.PERCENT_OFF, 20), SATURDAYS)
    quote = evaluate([BasketLine(ITEMS[0], "fruit", 1000, 1)], [offer], when)
    assert bool(quote.applied) == applies
    if not applies:
        refusal = quote.not_applied[0]
        assert refusal.next_valid_at is not None
        next_day = refusal.next_valid_at.astimezone(CHINA)
        assert (next_day.weekday(), next_day.hour) == (5, 0)
        assert "周六" in explain(refusal.reason, refusal.next_valid_at).zh


def priced(price: int, effect: Effect, quantity: int = 1) -> Quote:
    offer = OfferTerms(UUID(int=9), effect, ALWAYS)
    return evaluate([BasketLine(ITEMS[0], "fruit", price, quantity)], [offer], SATURDAY)


def reasons(quote: Quote) -> list[Reason]:
    return [refusal.reason for refusal in quote.not_applied]

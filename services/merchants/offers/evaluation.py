"""What a basket costs with which offers, and why each other offer was not applied. Pure: no I/O, no clock.

Rules, in this order:

1. A *line offer* (percentage, fixed price, free service) changes the price of lines in its scope. A line takes at most
   one of them: the one that saves most there, then the higher priority, then the lower id.
2. An *amount off* takes its sum, once, from what is left of all lines in its scope, if that reaches its minimum;
   several do so by priority, then id. What it takes is spread over the lines in proportion, largest remainders first.
3. A *gift* costs nothing and comes with lines in its scope whose rest reaches its minimum.
4. Of the offers in one exclusivity group at most one applies. Among all choices the one with the lowest total wins;
   then most gifts, highest sum of priorities, fewest offers, lowest ids. With up to 256 choices all are tried; beyond
   that, offers are added or exchanged one at a time as long as that is better.

Money is whole fen. A saving of a fraction of a fen is rounded half up, i.e. half a fen is the customer's. No line falls
below zero, and nothing costs more than without offers. An offer's remaining budget must hold the most it could save on
this basket, so a budget is never overdrawn.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import product
from math import prod
from uuid import UUID

from services.merchants.offers.reasons import Reason
from services.merchants.offers.schedule import Schedule
from shared.clock import CHINA

MOST_CHOICES = 256


class EffectKind(StrEnum):
    PERCENT_OFF = "percent_off"
    AMOUNT_OFF = "amount_off"
    FIXED_PRICE = "fixed_price"
    FREE_SERVICE = "free_service"
    GIFT = "gift"


LINE_EFFECTS = frozenset({EffectKind.PERCENT_OFF, EffectKind.FIXED_PRICE, EffectKind.FREE_SERVICE})


@dataclass(frozen=True, slots=True)
class BasketLine:
    item_id: UUID
    category: str
    unit_price_fen: int
    quantity: int

    @property
    def total_fen(self) -> int:
        return self.unit_price_fen * self.quantity


@dataclass(frozen=True, slots=True)
class Effect:
    kind: EffectKind
    amount: int = 0
    """Per cent off, fen off, or the fixed unit price in fen, by kind."""
    minimum_fen: int = 0
    """For an amount off or a gift: what the lines in scope must come to."""
    max_units: int | None = None
    """For a line offer: how many units of a basket it changes, the dearest first."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Items and categories, either being enough; both empty: everything in the shop."""

    item_ids: frozenset[UUID] = frozenset()
    categories: frozenset[str] = frozenset()

    def holds(self, line: BasketLine) -> bool:
        everything = not self.item_ids and not self.categories
        return everything or line.item_id in self.item_ids or line.category in self.categories


@dataclass(frozen=True, slots=True)
class Eligibility:
    """Conditions that residents attest; none: everyone."""

    conditions: frozenset[str] = frozenset()
    needs_all: bool = False

    def admits(self, attested: frozenset[str]) -> bool:
        if not self.conditions:
            return True
        return self.conditions <= attested if self.needs_all else bool(self.conditions & attested)


@dataclass(frozen=True, slots=True)
class OfferTerms:
    """All of an offer that decides what it does."""

    id: UUID
    effect: Effect
    schedule: Schedule
    scope: Scope = Scope()
    eligibility: Eligibility = Eligibility()
    per_person: int | None = None
    """Uses by one person in the current period."""
    total_limit: int | None = None
    budget_fen: int | None = None
    exclusivity_group: str | None = None
    """None: may be combined with any other offer."""
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Usage:
    """How much of an offer is taken: by this person in the current period, and by all."""

    by_person: int = 0
    total: int = 0
    spent_fen: int = 0


@dataclass(frozen=True, slots=True)
class QuotedLine:
    item_id: UUID
    quantity: int
    before_fen: int
    after_fen: int
    offer_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class Applied:
    offer_id: UUID
    saving_fen: int
    """0 for a gift."""


@dataclass(frozen=True, slots=True)
class NotApplied:
    offer_id: UUID
    reason: Reason
    next_valid_at: datetime | None = None
    better_offer_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Quote:
    lines: tuple[QuotedLine, ...]
    applied: tuple[Applied, ...]
    """By offer id."""
    not_applied: tuple[NotApplied, ...]
    """By offer id: every other candidate."""

    @property
    def total_before_fen(self) -> int:
        return sum(line.before_fen for line in self.lines)

    @property
    def total_after_fen(self) -> int:
        return sum(line.after_fen for line in self.lines)


def evaluate(
    basket: Sequence[BasketLine],
    offers: Iterable[OfferTerms],
    when: datetime,
    attested_conditions: frozenset[str] = frozenset(),
    usage: Mapping[UUID, Usage] | None = None,
) -> Quote:
    """The best price of `basket` at the aware instant `when`; the order of `offers` makes no difference."""
    refused: list[NotApplied] = []
    candidates: list[_Candidate] = []
    for offer in sorted(offers, key=lambda offer: offer.id):
        candidate = _Candidate.of(offer, basket)
        refusal = _refusal(candidate, when, attested_conditions, (usage or {}).get(offer.id, Usage()))
        if refusal is None:
            candidates.append(candidate)
        else:
            refused.append(refusal)
    best = _best(basket, candidates)
    beaten = [candidate for candidate in candidates if candidate.offer.id not in best.saved]
    refused += [_beaten(candidate, candidates, best) for candidate in beaten]
    return Quote(
        lines=tuple(
            QuotedLine(line.item_id, line.quantity, line.total_fen, left, tuple(sorted(touched)))
            for line, left, touched in zip(basket, best.left, best.touched, strict=True)
        ),
        applied=tuple(Applied(offer_id, best.saved[offer_id]) for offer_id in sorted(best.saved)),
        not_applied=tuple(sorted(refused, key=lambda refusal: refusal.offer_id)),
    )


@dataclass(frozen=True, slots=True)
class _Candidate:
    offer: OfferTerms
    indexes: tuple[int, ...]
    """The lines in scope."""
    savings: Mapping[int, int]
    """Of a line offer: what it saves on each line, whatever else applies."""
    most_fen: int
    """The most it can save on this basket."""
    reaches_minimum: bool

    @classmethod
    def of(cls, offer: OfferTerms, basket: Sequence[BasketLine]) -> "_Candidate":
        indexes = tuple(index for index, line in enumerate(basket) if offer.scope.holds(line))
        worth = sum(basket[index].total_fen for index in indexes)
        savings: dict[int, int] = {}
        most = 0
        if offer.effect.kind in LINE_EFFECTS:
            savings = _line_savings(offer.effect, basket, indexes)
            most = sum(savings.values())
        elif offer.effect.kind is EffectKind.AMOUNT_OFF:
            most = min(offer.effect.amount, worth)
        return cls(offer, indexes, savings, most, worth >= offer.effect.minimum_fen)


@dataclass(slots=True)
class _Outcome:
    left: list[int]
    touched: list[set[UUID]]
    saved: dict[UUID, int] = field(default_factory=dict)
    gifts: int = 0
    priorities: int = 0

    @property
    def rank(self) -> tuple[int, int, int, int]:
        return (-sum(self.left), self.gifts, self.priorities, -len(self.saved))


def _line_savings(effect: Effect, basket: Sequence[BasketLine], indexes: Sequence[int]) -> dict[int, int]:
    """What the effect saves on each line; limited units go to the dearest first, then to the lowest item id."""
    units_left = effect.max_units
    savings = {}
    for index in sorted(indexes, key=lambda index: (-basket[index].unit_price_fen, basket[index].item_id, index)):
        line = basket[index]
        units = line.quantity if units_left is None else min(line.quantity, units_left)
        if units_left is not None:
            units_left -= units
        if effect.kind is EffectKind.PERCENT_OFF:
            saving = (line.unit_price_fen * units * effect.amount + 50) // 100
        else:
            price = effect.amount if effect.kind is EffectKind.FIXED_PRICE else 0
            saving = max(0, line.unit_price_fen - price) * units
        if saving > 0:
            savings[index] = saving
    return savings


def _refusal(candidate: _Candidate, when: datetime, attested: frozenset[str], usage: Usage) -> NotApplied | None:
    """Why the offer cannot apply to this basket, person and time, whatever other offers do; None if it can."""
    offer = candidate.offer
    if not candidate.indexes:
        return NotApplied(offer.id, Reason.NOT_IN_SCOPE)
    if not offer.schedule.is_open_at(when):
        return _untimely(offer, when)
    reason = None
    if not offer.eligibility.admits(attested):
        reason = Reason.NOT_ELIGIBLE
    elif offer.per_person is not None and usage.by_person >= offer.per_person:
        reason = Reason.PERSON_LIMIT
    elif offer.total_limit is not None and usage.total >= offer.total_limit:
        reason = Reason.TOTAL_LIMIT
    elif offer.budget_fen is not None and usage.spent_fen + candidate.most_fen > offer.budget_fen:
        reason = Reason.BUDGET_SPENT
    elif not candidate.reaches_minimum:
        reason = Reason.MINIMUM_NOT_MET
    elif candidate.most_fen == 0 and offer.effect.kind is not EffectKind.GIFT:
        reason = Reason.NO_SAVING
    return None if reason is None else NotApplied(offer.id, reason)


def _untimely(offer: OfferTerms, when: datetime) -> NotApplied:
    schedule, day = offer.schedule, when.astimezone(CHINA).date()
    if schedule.valid_to is not None and day > schedule.valid_to:
        return NotApplied(offer.id, Reason.ENDED)
    if day < schedule.valid_from:
        reason = Reason.NOT_STARTED
    else:
        reason = Reason.WRONG_HOURS if schedule.occurs_on(day) else Reason.WRONG_DAY
    return NotApplied(offer.id, reason, schedule.next_valid_at(when))


def _best(basket: Sequence[BasketLine], candidates: Sequence[_Candidate]) -> _Outcome:
    options = _options(candidates)
    if prod(len(choices) for choices in options) <= MOST_CHOICES:
        outcomes = [_price(basket, choice) for choice in product(*options)]
        return max(outcomes, key=lambda outcome: outcome.rank)  # the first of equals, and they come by id
    return _climb(basket, options)


def _options(candidates: Sequence[_Candidate]) -> list[list[_Candidate | None]]:
    """For each group (an offer without one is alone in its own): its offers by id, then none of them."""
    groups: dict[str | UUID, list[_Candidate | None]] = {}
    for candidate in candidates:
        groups.setdefault(candidate.offer.exclusivity_group or candidate.offer.id, []).append(candidate)
    return [[*choices, None] for choices in groups.values()]


def _climb(basket: Sequence[BasketLine], options: Sequence[Sequence[_Candidate | None]]) -> _Outcome:
    """From no offer at all, take the best single change until none is better. Every step is better, so it ends."""
    choice: list[_Candidate | None] = [None] * len(options)
    best = _price(basket, choice)
    while True:
        steps = [
            [*choice[:group], option, *choice[group + 1 :]]
            for group, choices in enumerate(options)
            for option in choices
            if option is not choice[group]
        ]
        outcomes = [(_price(basket, changed), changed) for changed in steps]
        outcome, changed = max(outcomes, key=lambda pair: pair[0].rank)
        if outcome.rank <= best.rank:
            return best
        best, choice = outcome, changed


def _price(basket: Sequence[BasketLine], choice: Sequence["_Candidate | None"]) -> _Outcome:
    """The basket with exactly these offers, which no group excludes from each other."""
    outcome = _Outcome([line.total_fen for line in basket], [set() for _ in basket])
    chosen = sorted(
        (candidate for candidate in choice if candidate is not None),
        key=lambda candidate: (-candidate.offer.priority, candidate.offer.id),
    )
    for index in range(len(basket)):
        saving, winner = _best_of_line(chosen, index)
        if winner is not None:
            _take(outcome, winner, index, saving)
    for candidate in chosen:
        if candidate.offer.effect.kind not in LINE_EFFECTS:
            _take_once(outcome, candidate)
    outcome.priorities = sum(each.offer.priority for each in chosen if each.offer.id in outcome.saved)
    return outcome


def _best_of_line(chosen: Sequence[_Candidate], index: int) -> tuple[int, OfferTerms | None]:
    best, winner = 0, None
    for candidate in chosen:
        if candidate.savings.get(index, 0) > best:
            best, winner = candidate.savings[index], candidate.offer
    return best, winner


def _take(outcome: _Outcome, offer: OfferTerms, index: int, fen: int) -> None:
    outcome.left[index] -= fen
    outcome.touched[index].add(offer.id)
    outcome.saved[offer.id] = outcome.saved.get(offer.id, 0) + fen


def _take_once(outcome: _Outcome, candidate: _Candidate) -> None:
    """An amount off, or a gift, on what the other offers have left."""
    offer = candidate.offer
    worth = sum(outcome.left[index] for index in candidate.indexes)
    if worth < offer.effect.minimum_fen:
        return
    if offer.effect.kind is EffectKind.GIFT:
        outcome.gifts += 1
        outcome.saved[offer.id] = 0
        for index in candidate.indexes:
            outcome.touched[index].add(offer.id)
        return
    for index, share in _spread(min(offer.effect.amount, worth), [(i, outcome.left[i]) for i in candidate.indexes]):
        _take(outcome, offer, index, share)


def _spread(amount: int, lines: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Shares of `amount` in proportion to the lines, in whole fen (largest remainders, then the earlier line)."""
    worth = sum(left for _, left in lines)
    if amount <= 0 or worth <= 0:
        return
    shares = {index: amount * left // worth for index, left in lines}
    by_remainder = sorted(lines, key=lambda line: (-(amount * line[1] % worth), line[0]))
    for index, _ in by_remainder[: amount - sum(shares.values())]:
        shares[index] += 1
    yield from ((index, share) for index, share in shares.items() if share)


def _beaten(candidate: _Candidate, candidates: Sequence[_Candidate], best: _Outcome) -> NotApplied:
    """What kept an applicable offer out: one of its group, or what left too little for it."""
    offer = candidate.offer
    applied = [other for other in candidates if other.offer.id in best.saved]
    group = offer.exclusivity_group
    rivals = [other for other in applied if group is not None and other.offer.exclusivity_group == group]
    rivals = rivals or [other for other in applied if set(other.indexes) & set(candidate.indexes)]
    return NotApplied(offer.id, Reason.BETTER_OFFER, better_offer_id=rivals[0].offer.id if rivals else None)

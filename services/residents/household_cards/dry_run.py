"""What publishing a scheme would change, household by household. Nothing is written and nobody waits for it."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from services.residents.household_cards import repository
from services.residents.household_cards.derivation import Card, Derivation, Deriver, settle_override
from services.residents.household_cards.derive import intervals_told
from services.residents.household_cards.facts import CHUNK, read_homes
from services.residents.household_cards.models import ColourScheme, SchemeState
from services.residents.household_cards.pen import ToldIntervals
from services.residents.household_cards.schemas import DryRun, DryRunCell, DryRunHousehold, colours_of
from services.residents.households.repository import households_by_id
from services.residents.households.service import show
from shared.auth import Principal
from shared.clock import china_today
from shared.db import AsyncSession
from shared.errors import WrongState
from shared.pagination import PageQuery, page_of
from shared.vault import Vault


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one household's card says and would say, and how often that asks for a visit."""

    household_id: UUID
    colour_before: str | None
    colour_after: str
    interval_before: int | None
    interval_after: int | None
    facts: list[str]
    is_overridden: bool
    """The override goes on, whatever the scheme says."""

    @property
    def is_change(self) -> bool:
        return (self.colour_before, self.interval_before) != (self.colour_after, self.interval_after)


async def try_scheme(
    session: AsyncSession,
    vault: Vault,
    principal: Principal,
    scheme_id: UUID,
    page: PageQuery,
    before: str | None,
    after: str | None,
) -> DryRun:
    """The whole matrix, and a page of the households that would change, of one cell if it is named."""
    scheme = await repository.get_scheme(session, principal, scheme_id)
    if scheme.state is SchemeState.SUPERSEDED:
        raise WrongState(scheme.state, [SchemeState.DRAFT, SchemeState.PUBLISHED])
    published = await repository.find_published(session, scheme.community_code)
    outcomes = await _outcomes(session, vault, scheme, published)
    changed = [each for each in outcomes if each.is_change]
    chosen = [each for each in changed if before in (None, each.colour_before) and after in (None, each.colour_after)]
    shown = page_of(chosen, key=lambda outcome: (outcome.household_id,), page=page)
    return DryRun(
        scheme_number=scheme.number,
        published_number=published.number if published else None,
        households=len(outcomes),
        changed=len(changed),
        matrix=_matrix(outcomes),
        items=await _show(session, vault, principal, shown.items),
        next_cursor=shown.next_cursor,
    )


async def _outcomes(
    session: AsyncSession, vault: Vault, scheme: ColourScheme, published: ColourScheme | None
) -> list[Outcome]:
    today = china_today()
    deriver = Deriver(colours_of(scheme))
    homes = read_homes(session, vault, scheme.community_code, today, with_ages=deriver.uses_ages)
    derived = []
    async for card, home in homes:
        derived.append((card, deriver.derive(home)))
        if len(derived) % CHUNK == 0:
            await asyncio.sleep(0)  # others on this event loop have their turn
    told = await intervals_told(session, published, [card for card, _ in derived]) if published else {}
    return [_outcome(card, derivation, deriver, told, today) for card, derivation in derived]


def _outcome(card: Card, derivation: Derivation, deriver: Deriver, told: ToldIntervals, today: date) -> Outcome:
    override = card.override if settle_override(card.override, deriver, today) is None else None
    colour = override.colour if override else derivation.colour
    return Outcome(
        household_id=card.household_id,
        colour_before=card.colour,
        colour_after=colour,
        interval_before=told.get(card.follows),
        interval_after=deriver.intervals[colour],
        facts=derivation.facts,
        is_overridden=override is not None,
    )


def _matrix(outcomes: list[Outcome]) -> list[DryRunCell]:
    """Every pair of colours that occurs, also the households that stay what they are, the largest first."""
    counted = Counter(
        (each.colour_before, each.colour_after, each.interval_before, each.interval_after) for each in outcomes
    )
    return [
        DryRunCell(
            colour_before=before,
            colour_after=after,
            visit_interval_days_before=interval_before,
            visit_interval_days_after=interval_after,
            households=households,
        )
        for (before, after, interval_before, interval_after), households in counted.most_common()
    ]


async def _show(
    session: AsyncSession, vault: Vault, principal: Principal, outcomes: list[Outcome]
) -> list[DryRunHousehold]:
    homes = await households_by_id(session, principal, [each.household_id for each in outcomes])
    shown = {each.id: each for each in await show(session, vault, principal, homes)}
    return [
        DryRunHousehold(
            household=shown[each.household_id],
            colour_before=each.colour_before,
            colour_after=each.colour_after,
            visit_interval_days_before=each.interval_before,
            visit_interval_days_after=each.interval_after,
            facts=each.facts,
            is_overridden=each.is_overridden,
        )
        for each in outcomes
        if each.household_id in shown
    ]

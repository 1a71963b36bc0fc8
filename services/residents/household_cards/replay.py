"""What a household's card should have said on a day of the past, from tags, ages, memberships and the scheme of then.

The moment looked at is the end of that day, or now. Facts are taken twice: as they were known at that moment, which is
what the record has to agree with, and as they are known today, with what was entered since. Birth dates, relations and
tenures have no history: today's are taken.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from uuid import UUID

from services.residents.household_cards import past
from services.residents.household_cards.derivation import Deriver
from services.residents.household_cards.errors import DayInFuture
from services.residents.household_cards.evaluation import Home, Member
from services.residents.household_cards.models import ColourScheme, HouseholdCardChange
from services.residents.household_cards.past import PastMember, PastTag
from services.residents.household_cards.schemas import (
    CardChangeRead,
    CardReplay,
    Disagreement,
    ReplayedCard,
    colours_of,
)
from services.residents.households.models import Household
from services.residents.people.ages import age_on
from services.residents.people.records import open_birth_date
from shared.clock import CHINA, china_today, utc_now
from shared.db import AsyncSession
from shared.vault import Vault


async def replay_card(session: AsyncSession, vault: Vault, household: Household, day: date) -> CardReplay:
    """The card derived anew for that day, beside what was on record at the end of it. DayInFuture after today."""
    if day > china_today():
        raise DayInFuture
    at = min(utc_now(), datetime.combine(day, time.max, CHINA))
    scheme = await past.find_scheme_at(session, household.community_code, at)
    recorded = await past.find_change_at(session, household, at)
    members = await past.members_ever(session, household)
    then = today = None
    if scheme is not None:
        tags = await past.tags_ever(session, household.community_code, {each.person_id for each in members})
        known_then = [tag for tag in tags if tag.entered_at <= at]
        replay = _Replay(scheme, household, day, at, await _ages(vault, household.community_code, members, day))
        then = replay.derive([each for each in members if each.was_filed(at)], known_then)
        today = replay.derive([each for each in members if each.belonged(day)], tags)
    agrees = (recorded.colour if recorded else None) == (then.colour if then else None)
    return CardReplay(
        on=day,
        at=at,
        scheme_number=scheme.number if scheme else None,
        as_known_then=then,
        as_known_today=today,
        recorded=CardChangeRead.model_validate(recorded, from_attributes=True) if recorded else None,
        agrees=agrees,
        because=None if agrees else await _why(session, recorded, then, scheme, household, members, at),
    )


@dataclass(frozen=True, slots=True)
class _Replay:
    """One household on one day, under the scheme of then."""

    scheme: ColourScheme
    household: Household
    on: date
    at: datetime
    ages: dict[UUID, int]

    def derive(self, members: Sequence[PastMember], tags: Sequence[PastTag]) -> ReplayedCard:
        held = [tag for tag in tags if tag.held(self.on, self.at)]
        home = Home(
            [
                Member(
                    frozenset(tag.kind for tag in held if tag.person_id == each.person_id),
                    self.ages.get(each.person_id),
                    each.relation,
                )
                for each in members
            ],
            self.household.tenure,
        )
        derived = Deriver(colours_of(self.scheme)).derive(home)
        return ReplayedCard(colour=derived.colour, facts=derived.facts, members=len(members))


async def _ages(vault: Vault, community_code: str, members: Sequence[PastMember], day: date) -> dict[UUID, int]:
    born = {each.person_id: each.birth_on for each in members if each.birth_on is not None}
    keys = await vault.keys_for(community_code, born)
    return {person_id: age_on(open_birth_date(key, person_id, born[person_id]), day) for person_id, key in keys.items()}


async def _why(
    session: AsyncSession,
    recorded: HouseholdCardChange | None,
    then: ReplayedCard | None,
    scheme: ColourScheme | None,
    household: Household,
    members: Sequence[PastMember],
    at: datetime,
) -> Disagreement:
    """Why the record says something else."""
    written = [household.updated_at, *(max(each.changed_at, each.person_changed_at) for each in members)]
    if recorded is None:
        because = Disagreement.NOT_RECORDED
    elif then is not None and recorded.derived_colour == then.colour:
        because = Disagreement.OVERRIDDEN
    elif scheme is None or recorded.scheme_number != scheme.number:
        because = Disagreement.RECOLOURING
    elif await past.is_someone_erased_since(session, household, at):
        because = Disagreement.PERSON_ERASED
    else:
        because = Disagreement.CORRECTED_LATER if max(written) > at else Disagreement.UNEXPLAINED
    return because

"""What is on record of one household's past: who belonged to it, their tags, its card, the scheme of the time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import exists, select
from sqlmodel import col

from services.residents.household_cards.models import ColourScheme, HouseholdCardChange
from services.residents.household_cards.repository import changes_of, in_force_at
from services.residents.households.models import Household
from services.residents.memberships.models import EndReason, HouseholdRelation, Membership
from services.residents.people.models import Person, PersonTag, TagKind
from shared.conditions import among
from shared.db import AsyncSession

_NEVER_TRUE = frozenset({EndReason.CORRECTED, EndReason.MERGED})


@dataclass(frozen=True, slots=True)
class PastMember:
    """One membership, with what is known of the person."""

    person_id: UUID
    relation: HouseholdRelation
    began_on: date
    ended_on: date | None
    end_reason: EndReason | None
    entered_at: datetime
    changed_at: datetime
    """When the membership was last written: that it ended was not known before."""
    person_changed_at: datetime
    birth_on: bytes | None

    def was_filed(self, at: datetime) -> bool:
        """Whether the registry took the person for a member at that moment."""
        left = self.ended_on is not None and self.changed_at <= at
        return self.entered_at <= at and not left

    def belonged(self, on: date) -> bool:
        """Whether, as we know today, the person was a member on that day."""
        is_true = self.end_reason not in _NEVER_TRUE
        return is_true and self.began_on <= on and (self.ended_on is None or self.ended_on > on)


@dataclass(frozen=True, slots=True)
class PastTag:
    """One tag, also where it was revoked since."""

    person_id: UUID
    kind: TagKind
    entered_at: datetime
    valid_from: date
    valid_to: date | None
    revoked_at: datetime | None

    def held(self, on: date, at: datetime) -> bool:
        """Whether it was valid on that day and not revoked by the end of it."""
        is_valid = self.valid_from <= on and (self.valid_to is None or self.valid_to >= on)
        return is_valid and (self.revoked_at is None or self.revoked_at > at)


async def find_scheme_at(session: AsyncSession, community_code: str, at: datetime) -> ColourScheme | None:
    """The scheme that had been published last."""
    statement = (
        select(ColourScheme)
        .where(col(ColourScheme.community_code) == community_code, col(ColourScheme.published_at) <= at)
        .order_by(col(ColourScheme.published_at).desc())
        .limit(1)
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def find_change_at(session: AsyncSession, household: Household, at: datetime) -> HouseholdCardChange | None:
    """What the card said."""
    statement = in_force_at(changes_of(household), at).order_by(col(HouseholdCardChange.began_at).desc()).limit(1)
    return (await session.execute(statement)).scalar_one_or_none()


async def members_ever(session: AsyncSession, household: Household) -> Sequence[PastMember]:
    statement = (
        select(
            col(Membership.person_id),
            col(Membership.relation),
            col(Membership.began_on),
            col(Membership.ended_on),
            col(Membership.end_reason),
            col(Membership.created_at),
            col(Membership.updated_at),
            col(Person.updated_at),
            col(Person.birth_on),
        )
        .join(
            Person,
            (col(Person.community_code) == col(Membership.community_code))
            & (col(Person.id) == col(Membership.person_id)),
        )
        .where(
            col(Membership.community_code) == household.community_code,
            col(Membership.household_id) == household.id,
        )
    )
    return [PastMember(*row) for row in await session.execute(statement)]


async def is_someone_erased_since(session: AsyncSession, household: Household, at: datetime) -> bool:
    """Erasure leaves of a person no more than that they lived here last."""
    statement = select(
        exists().where(
            col(Person.community_code) == household.community_code,
            col(Person.household_id) == household.id,
            col(Person.erased_at) > at,
        )
    )
    return (await session.execute(statement)).scalar_one()


async def tags_ever(session: AsyncSession, community_code: str, person_ids: Iterable[UUID]) -> Sequence[PastTag]:
    statement = select(
        col(PersonTag.person_id),
        col(PersonTag.kind),
        col(PersonTag.created_at),
        col(PersonTag.valid_from),
        col(PersonTag.valid_to),
        col(PersonTag.revoked_at),
    ).where(col(PersonTag.community_code) == community_code, among(col(PersonTag.person_id), person_ids))
    return [PastTag(*row) for row in await session.execute(statement)]

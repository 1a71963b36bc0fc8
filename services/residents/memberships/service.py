"""Use cases of memberships. They flush and never commit: the edge does. Whoever calls holds the person's row."""

from dataclasses import replace
from datetime import date
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from services.residents.household_cards.derive import derive_households
from services.residents.households.models import Household
from services.residents.memberships import repository
from services.residents.memberships.errors import DepartureStays, HeadExists, HistoryBroken, NotAMember
from services.residents.memberships.history import Span, corrected, is_sound
from services.residents.memberships.models import EndReason, HouseholdRelation, Membership
from services.residents.memberships.relations import relation_to_new_head
from services.residents.memberships.schemas import HeadAppoint, MembershipUpdate
from services.residents.people.models import Person
from shared.clock import china_today, utc_now
from shared.concurrency import check_version
from shared.db import AsyncSession
from shared.vault import Vault


async def begin_membership(
    session: AsyncSession, person: Person, relation: HouseholdRelation, began_on: date
) -> Membership:
    """The person belongs to the household that they are filed under, from a day on. HeadExists if it has a head."""
    membership = Membership(
        community_code=person.community_code,
        household_id=person.household_id,
        person_id=person.id,
        relation=relation,
        is_head=relation is HouseholdRelation.HEAD,
        began_on=began_on,
    )
    session.add(membership)
    try:
        await session.flush()
    except IntegrityError as error:
        if "uq_membership_head" in str(error.orig):
            raise HeadExists from error
        raise
    return membership


async def correct_membership(session: AsyncSession, person: Person) -> None:
    """The person never belonged where they were filed, but to their household of now, since the same day.

    Who headed the wrong household heads the right one only when someone says so.
    """
    wrong = await repository.find_open(session, person)
    relation = wrong.relation if wrong and not wrong.is_head else HouseholdRelation.OTHER
    began_on = wrong.began_on if wrong else china_today()
    await repository.end_open(session, person, china_today(), EndReason.CORRECTED)
    await begin_membership(session, person, relation, began_on)


async def appoint_head(session: AsyncSession, vault: Vault, household: Household, data: HeadAppoint) -> None:
    """Another member heads the household; what the others are to them is said, or follows from what they were.

    The household's row is held by the caller.
    """
    members = {each.person_id: each for each in await repository.open_memberships(session, household)}
    chosen = members.get(data.person_id)
    if chosen is None or not data.relations.keys() <= members.keys() - {data.person_id}:
        raise NotAMember
    was = chosen.relation
    if was is not HouseholdRelation.HEAD:
        for member in members.values():
            if member is not chosen:
                _set_relation(member, relation_to_new_head(member.relation, was))
    for person_id, relation in data.relations.items():
        _set_relation(members[person_id], relation)
    await session.flush()  # the old head is none any more: there is at most one
    _set_relation(chosen, HouseholdRelation.HEAD)
    await session.flush()
    await derive_households(session, vault, household.community_code, [household.id])


async def correct_dates_or_relation(
    session: AsyncSession,
    vault: Vault,
    person: Person,
    membership_id: UUID,
    data: MembershipUpdate,
    expected: int,
) -> Membership:
    """Correct one membership of a person whose row is held; the history must still make sense.

    Who moved in from another household left that on the corrected day. HistoryBroken, DepartureStays.
    """
    membership = await repository.get_membership(session, person, membership_id)
    check_version(membership.version, expected)
    if data.ended_on is not None and membership.end_reason not in (EndReason.MOVED_OUT, EndReason.DIED):
        raise DepartureStays
    history = {each.id: each for each in await repository.history(session, person)}
    spans = [_span(each) for each in history.values()]
    changed = _span(membership)
    changed = replace(changed, began_on=data.began_on or changed.began_on, ended_on=data.ended_on or changed.ended_on)
    spans = corrected(spans, changed)
    if not is_sound(spans, china_today()):
        raise HistoryBroken
    if data.relation is not None:
        _set_relation(membership, data.relation)
    for span in spans:
        _set_dates(history[span.id], span)
    if data.ended_on is not None and membership is list(history.values())[-1]:
        _set_left(person, data.ended_on, membership)
    await session.flush()
    await derive_households(session, vault, person.community_code, [membership.household_id])
    return membership


def _set_relation(membership: Membership, relation: HouseholdRelation) -> None:
    if membership.relation is not relation:
        membership.relation, membership.is_head = relation, relation is HouseholdRelation.HEAD
        _touch(membership)


def _set_dates(membership: Membership, span: Span) -> None:
    if (membership.began_on, membership.ended_on) != (span.began_on, span.ended_on):
        membership.began_on, membership.ended_on = span.began_on, span.ended_on
        _touch(membership)


def _set_left(person: Person, on: date, membership: Membership) -> None:
    """The person's own date follows that of the membership that ended with it."""
    if membership.end_reason == person.state.value and person.state_since != on:
        person.state_since = on
        person.version += 1
        person.updated_at = utc_now()


def _span(membership: Membership) -> Span:
    return Span(membership.id, membership.began_on, membership.ended_on, membership.end_reason)


def _touch(membership: Membership) -> None:
    membership.version += 1
    membership.updated_at = utc_now()

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, func, or_, select, update
from sqlmodel import col

from services.residents.found_persons.models import FoundPerson, FoundPersonResponder
from services.residents.found_persons.relay_models import FamilyLink, FoundMessage, Side
from shared.db import AsyncSession

MOST_MESSAGES = 200
"""Shown of one case: the latest."""


async def find_link_of(session: AsyncSession, case: FoundPerson, contact_id: UUID) -> FamilyLink | None:
    statement = _links(case).where(col(FamilyLink.contact_id) == contact_id)
    return (await session.execute(statement)).scalar_one_or_none()


async def find_link(session: AsyncSession, community_code: str, digest: bytes) -> FamilyLink | None:
    """The link behind a token's digest."""
    statement = select(FamilyLink).where(
        col(FamilyLink.community_code) == community_code, col(FamilyLink.digest) == digest
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def lock_links(session: AsyncSession, case: FoundPerson) -> Sequence[FamilyLink]:
    """Links of the family of whoever is identified now."""
    statement = _links(case).where(col(FamilyLink.person_id) == case.person_id)
    return (await session.execute(statement.order_by(col(FamilyLink.id)).with_for_update())).scalars().all()


def _links(case: FoundPerson) -> Select[FamilyLink]:
    return select(FamilyLink).where(
        col(FamilyLink.community_code) == case.community_code, col(FamilyLink.found_person_id) == case.id
    )


async def note_opened(session: AsyncSession, link: FamilyLink, at: datetime) -> None:
    """The family has looked at their page for the first time."""
    statement = (
        update(FamilyLink)
        .where(
            col(FamilyLink.community_code) == link.community_code,
            col(FamilyLink.id) == link.id,
            col(FamilyLink.opened_at).is_(None),
        )
        .values(opened_at=at)
        .execution_options(synchronize_session=False)
    )
    await session.execute(statement)


async def forget_links(session: AsyncSession, community_code: str, case_id: UUID) -> None:
    """Nobody opens these pages any more."""
    statement = (
        update(FamilyLink)
        .where(col(FamilyLink.community_code) == community_code, col(FamilyLink.found_person_id) == case_id)
        .values(digest=None, token=None)
        .execution_options(synchronize_session=False)
    )
    await session.execute(statement)


async def messages_of(
    session: AsyncSession, case: FoundPerson, *, of_this_family: bool, after: UUID | None = None
) -> Sequence[FoundMessage]:
    """The latest messages, oldest first. `of_this_family`: without those of a family that was called by mistake."""
    statement = (
        select(FoundMessage)
        .outerjoin(
            FamilyLink,
            (col(FamilyLink.community_code) == col(FoundMessage.community_code))
            & (col(FamilyLink.id) == col(FoundMessage.link_id)),
        )
        .where(col(FoundMessage.community_code) == case.community_code, col(FoundMessage.found_person_id) == case.id)
    )
    if of_this_family:
        statement = statement.where(
            or_(col(FoundMessage.link_id).is_(None), col(FamilyLink.person_id) == case.person_id)
        )
    if after is not None:
        statement = statement.where(col(FoundMessage.id) > after)
    latest = statement.order_by(col(FoundMessage.id).desc()).limit(MOST_MESSAGES)
    return (await session.execute(latest)).scalars().all()[::-1]


async def count_since(
    session: AsyncSession, case: FoundPerson, since: datetime, *, report_id: UUID | None, link_id: UUID | None
) -> int:
    """How many messages the holder of one report or link has written since."""
    statement = select(func.count()).where(
        col(FoundMessage.community_code) == case.community_code,
        col(FoundMessage.found_person_id) == case.id,
        col(FoundMessage.side) != Side.COMMUNITY,
        col(FoundMessage.report_id).is_not_distinct_from(report_id),
        col(FoundMessage.link_id).is_not_distinct_from(link_id),
        col(FoundMessage.created_at) > since,
    )
    return (await session.execute(statement)).scalar_one()


async def who_is_sent(session: AsyncSession, case: FoundPerson) -> Sequence[UUID]:
    """Responders who have the case in hand now."""
    statement = select(col(FoundPersonResponder.responder_id)).where(
        col(FoundPersonResponder.community_code) == case.community_code,
        col(FoundPersonResponder.found_person_id) == case.id,
        col(FoundPersonResponder.is_active),
    )
    return (await session.execute(statement.order_by(col(FoundPersonResponder.responder_id)))).scalars().all()

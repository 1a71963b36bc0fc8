from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, false, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from services.requests.contributions.models import Links
from services.requests.deliberations.models import (
    VOTES,
    Deliberation,
    DeliberationRequest,
    Motion,
    Participant,
    Vote,
)
from services.requests.deliberations.states import DeliberationState
from services.requests.service_requests.auth import OFFICE
from shared.auth import Principal, Role
from shared.conditions import in_area
from shared.db import AsyncSession, count_changed
from shared.errors import NotFound

LINKS = Links(DeliberationRequest, "deliberation_id", "deliberation")
SWEPT_AT_ONCE = 200
_SEES_ALL = OFFICE | {Role.SUPERVISOR}


def readable(principal: Principal) -> Select[Deliberation]:
    """The deliberations that this principal may read; every query of them for a person starts here."""
    statement = select(Deliberation).where(in_area(col(Deliberation.community_code), principal.area))
    if principal.role in _SEES_ALL:
        return statement
    return statement.where(or_(col(Deliberation.state) == DeliberationState.PUBLISHED, has_seat(principal)))


def has_seat(principal: Principal) -> ColumnElement[bool]:
    """Whether this principal is invited to a deliberation."""
    return exists().where(
        col(Participant.community_code) == col(Deliberation.community_code),
        col(Participant.deliberation_id) == col(Deliberation.id),
        is_seat_of(principal),
    )


def is_seat_of(principal: Principal) -> ColumnElement[bool]:
    """Whether a participant is this principal."""
    own = (
        (col(Participant.person_id), principal.person_id),
        (col(Participant.responder_id), principal.responder_id),
        (col(Participant.account), principal.subject if principal.role in OFFICE else None),
    )
    return or_(false(), *(column == value for column, value in own if value is not None))


async def get_deliberation(session: AsyncSession, principal: Principal, deliberation_id: UUID) -> Deliberation:
    return await _one(session, readable(principal).where(col(Deliberation.id) == deliberation_id))


async def lock_deliberation(session: AsyncSession, principal: Principal, deliberation_id: UUID) -> Deliberation:
    """Held until the transaction ends: one step after the other, votes too."""
    statement = readable(principal).where(col(Deliberation.id) == deliberation_id)
    return await _one(session, statement.with_for_update(of=Deliberation))


async def _one(session: AsyncSession, statement: Select[Any]) -> Any:
    row = (await session.execute(statement)).scalar_one_or_none()
    if row is None:
        raise NotFound
    return row


def _of(table: Any, deliberation: Deliberation) -> ColumnElement[bool]:
    return (col(table.community_code) == deliberation.community_code) & (col(table.deliberation_id) == deliberation.id)


async def participants(session: AsyncSession, deliberation: Deliberation) -> Sequence[Participant]:
    statement = select(Participant).where(_of(Participant, deliberation)).order_by(col(Participant.id))
    return (await session.execute(statement)).scalars().all()


async def find_seat(session: AsyncSession, principal: Principal, deliberation: Deliberation) -> Participant | None:
    """The principal's own seat; of several (a person and their unit) the one that was given first."""
    statement = select(Participant).where(_of(Participant, deliberation), is_seat_of(principal))
    return (await session.execute(statement.order_by(col(Participant.id)).limit(1))).scalar_one_or_none()


async def get_participant(session: AsyncSession, deliberation: Deliberation, participant_id: UUID) -> Participant:
    return await _one(
        session, select(Participant).where(_of(Participant, deliberation), col(Participant.id) == participant_id)
    )


async def remove_participant(session: AsyncSession, participant: Participant) -> None:
    await session.delete(participant)
    await session.flush()


async def attendance(session: AsyncSession, deliberation: Deliberation) -> tuple[int, int]:
    """(voting members, those of them who are there)"""
    statement = select(func.count(), func.count(col(Participant.checked_in_at))).where(
        _of(Participant, deliberation), col(Participant.role).in_(VOTES)
    )
    members, present = (await session.execute(statement)).one()
    return members, present


async def ask_anew(session: AsyncSession, deliberation: Deliberation) -> None:
    """The meeting was moved: nobody has replied to that yet."""
    statement = update(Participant).where(_of(Participant, deliberation))
    values = {"reply": "pending", "replied_at": None, "checked_in_at": None}
    await session.execute(statement.values(values).execution_options(synchronize_session="fetch"))


async def motions(session: AsyncSession, deliberation: Deliberation) -> Sequence[Motion]:
    statement = select(Motion).where(_of(Motion, deliberation)).order_by(col(Motion.id))
    return (await session.execute(statement)).scalars().all()


async def get_motion(session: AsyncSession, deliberation: Deliberation, motion_id: UUID) -> Motion:
    return await _one(session, select(Motion).where(_of(Motion, deliberation), col(Motion.id) == motion_id))


async def cast(session: AsyncSession, vote: Vote) -> bool:
    """Keep a vote; False if this participant has voted already."""
    statement = insert(Vote).values(vote.model_dump()).on_conflict_do_nothing()
    return await count_changed(session, statement) > 0


async def votes(session: AsyncSession, motion: Motion) -> Sequence[Vote]:
    statement = select(Vote).where(col(Vote.community_code) == motion.community_code, col(Vote.motion_id) == motion.id)
    return (await session.execute(statement.order_by(col(Vote.participant_id)))).scalars().all()


async def lock_to_remind(session: AsyncSession, now: datetime) -> Sequence[Deliberation]:
    return await _lock_due(session, col(Deliberation.remind_at), now)


async def lock_overdue(session: AsyncSession, today: date) -> Sequence[Deliberation]:
    return await _lock_due(session, col(Deliberation.warn_on), today)


async def _lock_due(session: AsyncSession, column: Any, due: datetime | date) -> Sequence[Deliberation]:
    """Rows whose time has come, of all communities; those that somebody is changing just now come later."""
    statement = select(Deliberation).where(column <= due).order_by(column).limit(SWEPT_AT_ONCE)
    return (await session.execute(statement.with_for_update(skip_locked=True))).scalars().all()


async def invited_to(session: AsyncSession, deliberations: Sequence[Deliberation]) -> Sequence[Participant]:
    """Everybody invited to any of these who has not declined."""
    statement = select(Participant).where(
        col(Participant.community_code).in_({each.community_code for each in deliberations}),
        col(Participant.deliberation_id).in_([each.id for each in deliberations]),
        col(Participant.reply) != "declined",
    )
    return (await session.execute(statement.order_by(col(Participant.id)))).scalars().all()


async def forget_person(session: AsyncSession, community_code: str, person_id: UUID) -> None:
    """An erased person's seats name nobody any more; what was voted stays counted."""
    statement = update(Participant).where(
        col(Participant.community_code) == community_code, col(Participant.person_id) == person_id
    )
    await session.execute(statement.values(person_id=None).execution_options(synchronize_session=False))

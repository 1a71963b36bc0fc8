from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from services.requests.mediations.access import readable
from services.requests.mediations.models import (
    Matter,
    Mediation,
    MediationAssent,
    MediationEntry,
    MediationMediator,
    MediationParty,
    MediationReminder,
    MediationSession,
    MediationTerm,
    ReminderKind,
    TermState,
)
from services.requests.mediations.states import State
from shared.auth import Principal
from shared.conditions import among, in_area
from shared.db import AsyncSession
from shared.errors import NotFound

SWEPT_AT_ONCE = 100


def listed(principal: Principal, state: State | None, request_id: UUID | None) -> Select[Mediation]:
    statement = readable(principal)
    if state is not None:
        statement = statement.where(col(Mediation.state) == state)
    if request_id is not None:
        statement = statement.where(col(Mediation.request_id) == request_id)
    return statement


async def get_mediation(session: AsyncSession, principal: Principal, mediation_id: UUID, *, lock: bool) -> Mediation:
    """The mediation; locked: held until the transaction ends, one step after the other."""
    statement = readable(principal).where(col(Mediation.id) == mediation_id)
    if lock:
        statement = statement.with_for_update(of=Mediation)
    mediation = (await session.execute(statement)).scalar_one_or_none()
    if mediation is None:
        raise NotFound
    return mediation


async def is_live(session: AsyncSession, community_code: str, request_id: UUID) -> bool:
    """Whether this request is being mediated."""
    statement = select(col(Mediation.id)).where(
        col(Mediation.community_code) == community_code,
        col(Mediation.request_id) == request_id,
        col(Mediation.ended_at).is_(None),
    )
    return (await session.execute(statement)).first() is not None


async def of(session: AsyncSession, table: type[Any], mediations: Sequence[Mediation], *order: Any) -> Sequence[Any]:
    """The rows of one table that belong to these mediations, which are of one or several communities."""
    codes = sorted({mediation.community_code for mediation in mediations})
    statement = select(table).where(
        col(table.community_code).in_(codes), among(col(table.mediation_id), [each.id for each in mediations])
    )
    return (await session.execute(statement.order_by(*order))).scalars().all()


async def parties_of(session: AsyncSession, *mediations: Mediation) -> Sequence[MediationParty]:
    return await of(session, MediationParty, mediations, col(MediationParty.id))


async def mediators_of(session: AsyncSession, *mediations: Mediation) -> Sequence[MediationMediator]:
    order = (col(MediationMediator.created_at), col(MediationMediator.responder_id))
    return await of(session, MediationMediator, mediations, *order)


async def sessions_of(session: AsyncSession, mediation: Mediation) -> Sequence[MediationSession]:
    return await of(session, MediationSession, [mediation], col(MediationSession.starts_at), col(MediationSession.id))


async def terms_of(session: AsyncSession, mediation: Mediation) -> Sequence[MediationTerm]:
    return await of(session, MediationTerm, [mediation], col(MediationTerm.id))


async def entries_of(session: AsyncSession, mediation: Mediation) -> Sequence[MediationEntry]:
    return await of(session, MediationEntry, [mediation], col(MediationEntry.id))


async def assents_of(session: AsyncSession, mediation: Mediation) -> Sequence[MediationAssent]:
    return await of(session, MediationAssent, [mediation], col(MediationAssent.created_at))


async def get_session(session: AsyncSession, mediation: Mediation, session_id: UUID) -> MediationSession:
    return await _part(session, MediationSession, mediation, session_id)


async def get_term(session: AsyncSession, mediation: Mediation, term_id: UUID) -> MediationTerm:
    return await _part(session, MediationTerm, mediation, term_id)


async def _part(session: AsyncSession, table: type[Any], mediation: Mediation, row_id: UUID) -> Any:
    row = await session.get(table, (mediation.community_code, row_id))
    if row is None or row.mediation_id != mediation.id:
        raise NotFound
    return row


async def add_assent(session: AsyncSession, assent: MediationAssent) -> None:
    """Said twice, it was said once."""
    await session.execute(insert(MediationAssent).values(assent.model_dump()).on_conflict_do_nothing())


async def count_assents(session: AsyncSession, mediation: Mediation, matter: Matter, number: int) -> int:
    statement = select(func.count()).where(
        col(MediationAssent.community_code) == mediation.community_code,
        col(MediationAssent.mediation_id) == mediation.id,
        col(MediationAssent.matter) == matter,
        col(MediationAssent.number) == number,
    )
    return (await session.execute(statement)).scalar_one()


async def has_unkept_terms(session: AsyncSession, mediation: Mediation) -> bool:
    statement = select(col(MediationTerm.id)).where(
        col(MediationTerm.community_code) == mediation.community_code,
        col(MediationTerm.mediation_id) == mediation.id,
        col(MediationTerm.state) != TermState.KEPT,
    )
    return (await session.execute(statement.limit(1))).first() is not None


async def remove_terms(session: AsyncSession, mediation: Mediation) -> None:
    """Those of a text that another one replaces before anybody was bound by it."""
    await session.execute(
        delete(MediationTerm).where(
            col(MediationTerm.community_code) == mediation.community_code,
            col(MediationTerm.mediation_id) == mediation.id,
        )
    )


# Reminders


async def remove_reminders(
    session: AsyncSession, mediation: Mediation, *kinds: ReminderKind, about_id: UUID | None = None
) -> None:
    """No kinds: all of them."""
    statement = delete(MediationReminder).where(
        col(MediationReminder.community_code) == mediation.community_code,
        col(MediationReminder.mediation_id) == mediation.id,
    )
    if kinds:
        statement = statement.where(col(MediationReminder.kind).in_(kinds))
    if about_id is not None:
        statement = statement.where(col(MediationReminder.about_id) == about_id)
    await session.execute(statement)


async def lock_due(session: AsyncSession, now: datetime) -> Sequence[tuple[MediationReminder, Mediation]]:
    """Due reminders with their mediations, locked; those that somebody is changing just now come later."""
    statement = (
        select(MediationReminder, Mediation)
        .join(
            Mediation,
            (col(Mediation.community_code) == col(MediationReminder.community_code))
            & (col(Mediation.id) == col(MediationReminder.mediation_id)),
        )
        .where(col(MediationReminder.due_at) <= now)
        .order_by(col(MediationReminder.due_at), col(MediationReminder.id))
        .limit(SWEPT_AT_ONCE)
        .with_for_update(of=Mediation, skip_locked=True)
    )
    return [(reminder, mediation) for reminder, mediation in await session.execute(statement)]


# Erasure


async def mediations_of_person(session: AsyncSession, community_code: str, person_id: UUID) -> Sequence[Mediation]:
    """Those in which a person is a party; locked."""
    party_in = select(col(MediationParty.mediation_id)).where(
        col(MediationParty.community_code) == community_code, col(MediationParty.person_id) == person_id
    )
    statement = (
        select(Mediation)
        .where(col(Mediation.community_code) == community_code, col(Mediation.id).in_(party_in))
        .order_by(col(Mediation.id))
        .with_for_update()
    )
    return (await session.execute(statement)).scalars().all()


async def blank_texts(session: AsyncSession, mediation: Mediation) -> None:
    """Drop the ciphertexts that nobody can open any more."""
    for table, columns in ((MediationSession, ("place", "minutes")), (MediationTerm, ("text",))):
        await session.execute(
            update(table)
            .where(col(table.community_code) == mediation.community_code, col(table.mediation_id) == mediation.id)
            .values(dict.fromkeys(columns))
        )


async def forget_party(session: AsyncSession, community_code: str, person_id: UUID) -> None:
    await session.execute(
        update(MediationParty)
        .where(
            col(MediationParty.community_code) == community_code,
            col(MediationParty.person_id) == person_id,
        )
        .values(person_id=None, contact=None, key_subject_id=func.gen_random_uuid())
    )


# Statistics


async def count_by_kind(
    session: AsyncSession, area: str, since: datetime, until: datetime, community_code: str | None
) -> Sequence[Any]:
    """How far the mediations opened in the period came, by kind. Counts, and nothing else."""

    def having(condition: Any) -> Any:
        return func.count().filter(condition)

    accepted = col(Mediation.accepted_at).is_not(None)
    agreed = col(Mediation.agreed_at).is_not(None)
    state = col(Mediation.state)
    statement = (
        select(
            col(Mediation.kind),
            func.count().label("opened"),
            having(accepted).label("accepted"),
            having(agreed).label("agreed"),
            having(col(Mediation.fulfilled_at).is_not(None)).label("fulfilled"),
            *(having(state == each).label(each.value) for each in (State.CLOSED, State.FAILED, State.WITHDRAWN)),
            having(accepted & (agreed | col(Mediation.ended_at).is_not(None))).label("decided"),
        )
        .where(in_area(col(Mediation.community_code), area), col(Mediation.created_at).between(since, until))
        .group_by(col(Mediation.kind))
        .order_by(col(Mediation.kind))
    )
    if community_code is not None:
        statement = statement.where(col(Mediation.community_code) == community_code)
    return (await session.execute(statement)).all()

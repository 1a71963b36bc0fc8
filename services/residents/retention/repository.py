"""What has been kept for long enough: one statement per kind, over the rule of each row's own community."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Date, Select, and_, cast, delete, func, literal, or_, select, update
from sqlmodel import col

from services.residents.consents.models import Consent
from services.residents.notices.models import Notice
from services.residents.people.models import Person, PersonState, PersonTag
from services.residents.retention.kinds import RetentionKind
from services.residents.retention.models import RetentionRule
from services.residents.reviews.models import AccessReview
from services.residents.rights.models import RightsRequest
from shared.conditions import among
from shared.db import AsyncSession, TableBase


class Kept(NamedTuple):
    """Where rows of a kind are, what ended them, and which still hold something."""

    table: Any
    ended: Any
    still_kept: tuple[ColumnElement[bool], ...]
    touched: Any = None
    """When somebody last wrote to the row: what was entered late, or just corrected, waits for GRACE_DAYS."""


GRACE_DAYS = 30


def _people(state: PersonState) -> Kept:
    on_record = (col(Person.state) == state, col(Person.erased_at).is_(None), col(Person.merged_into).is_(None))
    return Kept(Person, col(Person.state_since), on_record, col(Person.updated_at))


KEPT: dict[RetentionKind, Kept] = {
    RetentionKind.MOVED_OUT_PEOPLE: _people(PersonState.MOVED_OUT),
    RetentionKind.DEAD_PEOPLE: _people(PersonState.DIED),
    RetentionKind.REVOKED_TAG_EVIDENCE: Kept(
        PersonTag,
        func.coalesce(cast(col(PersonTag.revoked_at), Date), col(PersonTag.valid_to)),
        (col(PersonTag.evidence).is_not(None),),
    ),
    RetentionKind.WITHDRAWN_CONSENT_EVIDENCE: Kept(
        Consent, col(Consent.withdrawn_at), (col(Consent.evidence).is_not(None),)
    ),
    RetentionKind.RIGHTS_REQUESTS: Kept(
        RightsRequest, col(RightsRequest.ended_at), (col(RightsRequest.content).is_not(None),)
    ),
    RetentionKind.ACCESS_REVIEWS: Kept(
        AccessReview,
        col(AccessReview.decided_at),
        (or_(col(AccessReview.reason).is_not(None), col(AccessReview.note).is_not(None)),),
    ),
    RetentionKind.NOTICES: Kept(Notice, col(Notice.created_at), ()),
}


def due(kind: RetentionKind, keep_days: int, on: date) -> Select[str, UUID]:
    """(community, id) of what may not be kept after that day; `keep_days` where the community has no own rule."""
    table, ended, still_kept, touched = KEPT[kind]
    own = and_(col(RetentionRule.community_code) == col(table.community_code), col(RetentionRule.kind) == kind)
    last_day = cast(ended, Date) + func.coalesce(col(RetentionRule.keep_days), keep_days)
    statement = (
        select(col(table.community_code), col(table.id))
        .outerjoin(RetentionRule, own)
        .where(ended.is_not(None), *still_kept, last_day <= literal(on, Date))
    )
    if touched is not None:
        statement = statement.where(cast(touched, Date) + GRACE_DAYS <= literal(on, Date))
    return statement


async def lock_due(
    session: AsyncSession, kind: RetentionKind, keep_days: int, on: date, limit: int
) -> dict[str, list[UUID]]:
    """Ids by community of a batch of what is due, held until the transaction ends."""
    statement = due(kind, keep_days, on).limit(limit).with_for_update(of=KEPT[kind].table, skip_locked=True)
    found: dict[str, list[UUID]] = {}
    for community_code, row_id in await session.execute(statement):
        found.setdefault(community_code, []).append(row_id)
    return found


async def count_due(session: AsyncSession, community_code: str, kind: RetentionKind, keep_days: int, on: date) -> int:
    statement = due(kind, keep_days, on).where(col(KEPT[kind].table.community_code) == community_code)
    return (await session.execute(select(func.count()).select_from(statement.subquery()))).scalar_one()


async def clear(
    session: AsyncSession, table: type[TableBase], community_code: str, ids: Sequence[UUID], *columns: str
) -> None:
    """Empty these columns of these rows."""
    kept: Any = table
    values: Mapping[str, None] = dict.fromkeys(columns)
    await session.execute(
        update(kept)
        .where(col(kept.community_code) == community_code, among(col(kept.id), ids))
        .values(**values)
        .execution_options(synchronize_session=False)
    )


async def delete_notices(session: AsyncSession, community_code: str, ids: Sequence[UUID]) -> None:
    await session.execute(
        delete(Notice)
        .where(col(Notice.community_code) == community_code, among(col(Notice.id), ids))
        .execution_options(synchronize_session=False)
    )


async def rules_of(session: AsyncSession, community_code: str) -> dict[RetentionKind, RetentionRule]:
    """The community's own rules."""
    statement = select(RetentionRule).where(col(RetentionRule.community_code) == community_code)
    return {rule.kind: rule for rule in (await session.execute(statement)).scalars()}


async def lock_rule(session: AsyncSession, community_code: str, kind: RetentionKind) -> RetentionRule | None:
    return await session.get(RetentionRule, (community_code, kind), with_for_update=True)

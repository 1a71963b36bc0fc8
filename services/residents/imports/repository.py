from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, distinct, false, func, insert, select, text
from sqlmodel import col

from services.residents.imports.models import ImportJob, ImportKey, ImportProblem, ImportState
from services.residents.imports.problems import RowProblem, Severity
from shared.auth import Principal, Role
from shared.conditions import in_area
from shared.db import AsyncSession
from shared.errors import NotFound
from shared.ids import new_id

UNDER_WAY = (ImportState.CHECKING, ImportState.RUNNING)


def readable(principal: Principal) -> Select[ImportJob]:
    """The imports of a community, for those who may make them; every query for a person starts here."""
    statement = select(ImportJob).where(in_area(col(ImportJob.community_code), principal.area))
    return statement if principal.role in (Role.STAFF, Role.HEAD) else statement.where(false())


async def get_import(session: AsyncSession, principal: Principal, import_id: UUID, *, lock: bool = False) -> ImportJob:
    """The import; NotFound if out of reach. `lock` holds its row until the transaction ends."""
    statement = readable(principal).where(col(ImportJob.id) == import_id)
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    found = (await session.execute(statement)).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found


async def lock_next(session: AsyncSession) -> ImportJob | None:
    """The import under way that has waited longest: several take turns, part by part."""
    statement = select(ImportJob).where(col(ImportJob.state).in_(UNDER_WAY)).order_by(col(ImportJob.updated_at))
    return (await session.execute(statement.limit(1).with_for_update(skip_locked=True))).scalar_one_or_none()


async def lock_expired(session: AsyncSession, now: datetime, most: int) -> Sequence[ImportJob]:
    """Imports whose time is up and that are not running; their keys and files still exist."""
    statement = (
        select(ImportJob)
        .where(
            col(ImportJob.expires_at) <= now,
            col(ImportJob.forgotten_at).is_(None),
            col(ImportJob.state).not_in(UNDER_WAY),
        )
        .order_by(col(ImportJob.expires_at))
        .limit(most)
    )
    return (await session.execute(statement.with_for_update(skip_locked=True))).scalars().all()


async def lock_ended(session: AsyncSession, community_code: str) -> Sequence[ImportJob]:
    """A community's imports that nobody works on any more, but whose sheets are still kept."""
    statement = select(ImportJob).where(
        col(ImportJob.community_code) == community_code,
        col(ImportJob.forgotten_at).is_(None),
        col(ImportJob.state).in_((ImportState.DONE, ImportState.FAILED, ImportState.CANCELLED)),
    )
    return (await session.execute(statement.order_by(col(ImportJob.id)).with_for_update())).scalars().all()


# Problems


async def add_problems(session: AsyncSession, job: ImportJob, problems: Iterable[RowProblem]) -> None:
    rows = [
        {
            "community_code": job.community_code,
            "import_id": job.id,
            "row_number": problem.row,
            "id": new_id(),
            "column_position": problem.column,
            "code": problem.code,
            "severity": problem.code.severity,
            "other_row": problem.other_row,
        }
        for problem in problems
    ]
    if rows:
        await session.execute(insert(ImportProblem.__table__), rows)


def problems_of(job: ImportJob) -> Select[ImportProblem]:
    return select(ImportProblem).where(
        col(ImportProblem.community_code) == job.community_code, col(ImportProblem.import_id) == job.id
    )


async def list_problems(session: AsyncSession, job: ImportJob) -> Sequence[ImportProblem]:
    statement = problems_of(job).order_by(col(ImportProblem.row_number), col(ImportProblem.id))
    return (await session.execute(statement)).scalars().all()


async def rows_with_errors(session: AsyncSession, job: ImportJob, first: int, last: int) -> set[int]:
    """Which of these rows cannot be imported."""
    statement = select(col(ImportProblem.row_number)).where(
        col(ImportProblem.community_code) == job.community_code,
        col(ImportProblem.import_id) == job.id,
        col(ImportProblem.row_number).between(first, last),
        col(ImportProblem.severity) == Severity.ERROR,
    )
    return set((await session.execute(statement.distinct())).scalars())


async def count_rows(session: AsyncSession, job: ImportJob) -> dict[Severity, int]:
    """How many rows have errors, and how many have warnings."""
    statement = (
        select(col(ImportProblem.severity), func.count(distinct(col(ImportProblem.row_number))))
        .where(col(ImportProblem.community_code) == job.community_code, col(ImportProblem.import_id) == job.id)
        .group_by(col(ImportProblem.severity))
    )
    return {Severity(severity): count for severity, count in (await session.execute(statement)).all()}


async def forget_findings(session: AsyncSession, job: ImportJob) -> None:
    """Before a sheet is checked anew."""
    for table in (ImportProblem, ImportKey):
        await session.execute(
            delete(table).where(col(table.community_code) == job.community_code, col(table.import_id) == job.id)
        )


async def forget_keys(session: AsyncSession, job: ImportJob) -> None:
    await session.execute(
        delete(ImportKey).where(col(ImportKey.community_code) == job.community_code, col(ImportKey.import_id) == job.id)
    )


# Keys

_CLAIM = text("""
    WITH given AS (
        SELECT key, min(row_number) AS row_number
        FROM unnest(CAST(:keys AS bytea[]), CAST(:rows AS integer[])) AS line (key, row_number)
        GROUP BY key
    ), claimed AS (
        INSERT INTO import_key (community_code, import_id, key, row_number)
        SELECT :community_code, :import_id, key, row_number FROM given
        ON CONFLICT DO NOTHING
        RETURNING key, row_number
    )
    SELECT key, row_number FROM claimed
    UNION ALL
    SELECT held.key, held.row_number
    FROM import_key AS held
    WHERE held.community_code = :community_code AND held.import_id = :import_id
          AND held.key = ANY (CAST(:keys AS bytea[]))
""")


async def claim_keys(session: AsyncSession, job: ImportJob, claims: Sequence[tuple[bytes, int]]) -> dict[bytes, int]:
    """Claim each key for the first row that names it. Returns whose each is: that row, or an earlier one.

    Looked up by ANY: a join was planned, without statistics of a table that grows meanwhile, as a scan of all of it.
    """
    if not claims:
        return {}
    parameters: dict[str, Any] = {
        "community_code": job.community_code,
        "import_id": job.id,
        "keys": [key for key, _ in claims],
        "rows": [row for _, row in claims],
    }
    return {bytes(row.key): row.row_number for row in await session.execute(_CLAIM, parameters)}

from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, CursorResult, String, TextClause, Uuid, delete, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlmodel import col

from services.residents.sync.cursor import Cursor, Snapshot
from services.residents.sync.models import CopyKind, SyncEdit, SyncEpoch
from services.residents.sync.schemas import Edit
from shared.clock import utc_now
from shared.db import AsyncSession
from shared.ids import new_id
from shared.vault import data_key

# Moments

_EPOCHS = text("""
    SELECT encode(sha256(concat_ws(
               ':',
               (SELECT system_identifier FROM pg_control_system()),
               (SELECT oid FROM pg_database WHERE datname = current_database()),
               (SELECT timeline_id FROM pg_control_checkpoint())
           )::bytea), 'hex') AS database,
           stored.database AS known, stored.epoch
    FROM (SELECT 1) AS one
    LEFT JOIN sync_epoch AS stored ON stored.community_code = :community_code
""")

# The message makes the commit wait for the log, and with it for every number given out so far: after a crash none of
# them comes back, and nothing that a phone takes for seen can still happen.
_MOMENT = text("SELECT pg_logical_emit_message(true, 'sync', ''), pg_current_snapshot()::text AS snapshot")


async def current_epoch(session: AsyncSession, community_code: str) -> str:
    """Which database this is: another server, another database or another timeline is another one, as after a restore.

    Transaction numbers mean nothing in another database, so a cursor of another epoch cannot be continued. Entries keep
    their old numbers: a whole copy takes all of them, and later they come at most once too often.
    """
    row = (await session.execute(_EPOCHS, {"community_code": community_code})).one()
    if row.known != row.database:
        begun = upsert(SyncEpoch).values(community_code=community_code, database=row.database, epoch=new_id())
        await session.execute(
            begun.on_conflict_do_update(
                index_elements=["community_code"],
                set_={"database": begun.excluded.database, "epoch": begun.excluded.epoch},
                where=col(SyncEpoch.database) != begun.excluded.database,  # somebody else may have been faster
            )
        )
        row = (await session.execute(_EPOCHS, {"community_code": community_code})).one()
    return str(row.epoch)


async def this_moment(session: AsyncSession) -> Snapshot:
    """Everything that was committed by now."""
    return Snapshot.parse((await session.execute(_MOMENT)).one().snapshot)


# The feed


@dataclass(frozen=True, slots=True)
class Change:
    """Something that a phone has to fetch, or to forget."""

    grid_code: str
    kind: CopyKind
    entity_id: UUID
    changed_xid: int
    is_removed: bool


_BRANCH = """
    (SELECT kind, entity_id, changed_xid, {is_removed} AS is_removed
     FROM {table}
     WHERE community_code = :community_code AND grid_code = grid.code
           AND (changed_xid, kind, entity_id) > (grid.after_xid, grid.after_kind, grid.after_id)
           AND {wanted}
     ORDER BY changed_xid, kind, entity_id
     LIMIT :most)
"""
_SINCE = """(changed_xid >= :seen_xmax OR changed_xid = ANY (CAST(:seen_running AS bigint[])))
           AND changed_xid < :until_xmax AND changed_xid <> ALL (CAST(:until_running AS bigint[]))"""
_CHANGES = text(f"""
    SELECT grid.code AS grid_code, found.kind, found.entity_id, found.changed_xid, found.is_removed
    FROM unnest(CAST(:codes AS text[]), CAST(:gained AS boolean[]), CAST(:after_xids AS bigint[]),
                CAST(:after_kinds AS text[]), CAST(:after_ids AS uuid[]))
         WITH ORDINALITY AS grid (code, is_gained, after_xid, after_kind, after_id, number)
    CROSS JOIN LATERAL (
        {_BRANCH.format(table="sync_entry", is_removed="false", wanted=f"(grid.is_gained OR ({_SINCE}))")}
        UNION ALL
        {_BRANCH.format(table="sync_removal", is_removed="true", wanted=f"NOT grid.is_gained AND {_SINCE}")}
    ) AS found
    ORDER BY grid.number, found.changed_xid, found.kind, found.entity_id
    LIMIT :most
""").columns(  # noqa: S608 - made of constants
    grid_code=String(), kind=String(), entity_id=Uuid(), changed_xid=BigInteger(), is_removed=Boolean()
)
_NOBODY = UUID(int=0)


async def changes(session: AsyncSession, community_code: str, cursor: Cursor, most: int) -> list[Change]:
    """The next changes of the cursor's round, grid by grid, each grid's in the order of their transactions.

    Of a gained grid all that is there; of a held one what was not yet committed when it was seen, and is by the
    round's moment. Each grid is one range of an index, so that a page costs the same however long the download is.
    """
    under_way = cursor.round
    assert under_way is not None
    position = under_way.position
    codes = sorted(grid for grid in cursor.grids if position is None or grid >= position.grid_code)
    after = {position.grid_code: (position.changed_xid, position.kind.value, position.entity_id)} if position else {}
    # Whatever a held grid's own range begins with was seen: no transaction before the snapshot's first one is new.
    begin = {code: (-1 if code in under_way.gained else cursor.seen.xmin - 1, "~", _NOBODY) for code in codes} | after
    parameters = {
        "community_code": community_code,
        "codes": codes,
        "gained": [code in under_way.gained for code in codes],
        "after_xids": [begin[code][0] for code in codes],
        "after_kinds": [begin[code][1] for code in codes],
        "after_ids": [begin[code][2] for code in codes],
        "seen_xmax": cursor.seen.xmax,
        "seen_running": list(cursor.seen.running),
        "until_xmax": under_way.until.xmax,
        "until_running": list(under_way.until.running),
        "most": most,
    }
    return [
        Change(row.grid_code, CopyKind(row.kind), row.entity_id, row.changed_xid, row.is_removed)
        for row in await session.execute(_CHANGES, parameters)
    ]


# Edits


async def claim_edit(session: AsyncSession, community_code: str, edit: Edit, digest: bytes) -> SyncEdit | None:
    """None: the edit is new, and this transaction's from now on. Otherwise what was applied of it."""
    values = {"community_code": community_code, "edit_id": edit.edit_id, "digest": digest, "entity_id": edit.entity_id}
    statement = (
        upsert(SyncEdit)
        .values(values | {"fields": [], "applied_at": utc_now()})
        .on_conflict_do_nothing()
        .returning(col(SyncEdit.edit_id))
    )
    if (await session.execute(statement)).first() is not None:
        return None
    return await session.get_one(SyncEdit, (community_code, edit.edit_id))


async def finish_edit(
    session: AsyncSession, community_code: str, edit_id: UUID, fields: list[str], version: int | None
) -> None:
    statement = (
        update(SyncEdit)
        .where(col(SyncEdit.community_code) == community_code, col(SyncEdit.edit_id) == edit_id)
        .values(fields=fields, version=version)
    )
    await session.execute(statement, execution_options={"synchronize_session": False})


async def is_taken(session: AsyncSession, community_code: str, entity_id: UUID) -> bool:
    """Whether anything that has, or had, a data key is called so: a new person must not share it."""
    columns = data_key.c
    statement = select(columns.subject_id).where(
        columns.community_code == community_code, columns.subject_id == entity_id
    )
    return (await session.execute(statement)).first() is not None


async def forget_edits_of(session: AsyncSession, community_code: str, entity_id: UUID) -> None:
    """The digests of edits of somebody who is erased."""
    await session.execute(
        delete(SyncEdit).where(col(SyncEdit.community_code) == community_code, col(SyncEdit.entity_id) == entity_id)
    )


# Retention

_FORGET = """
    DELETE FROM {table} WHERE ctid = ANY (ARRAY(SELECT ctid FROM {table} WHERE {at} < :before LIMIT :most))
"""
_FORGET_REMOVALS = text(_FORGET.format(table="sync_removal", at="removed_at"))
_FORGET_EDITS = text(_FORGET.format(table="sync_edit", at="applied_at"))


async def forget_removals(session: AsyncSession, before: datetime, most: int) -> int:
    return await _count(session, _FORGET_REMOVALS, before, most)


async def forget_edits(session: AsyncSession, before: datetime, most: int) -> int:
    return await _count(session, _FORGET_EDITS, before, most)


async def _count(session: AsyncSession, statement: TextClause, before: datetime, most: int) -> int:
    found = await session.execute(statement, {"before": before, "most": most})
    return cast("CursorResult[Any]", found).rowcount

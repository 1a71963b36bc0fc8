"""Several new rows in one round trip: round trips, not PostgreSQL, are what a small transaction waits for."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Insert, Table, bindparam, insert
from sqlalchemy.dialects.postgresql.asyncpg import dialect

from shared.db import AsyncSession, TableBase, columns_of

_DIALECT = dialect()


@dataclass(frozen=True, slots=True)
class NewRow:
    """A row to insert."""

    table: Table
    values: Mapping[str, Any]


def adding(row: TableBase) -> NewRow:
    """The columns of a model instance, which itself stays outside the session."""
    return NewRow(type(row).__table__, columns_of(row))


async def together(session: AsyncSession, *rows: NewRow) -> None:
    """Insert all `rows` by one statement: all but the last as data-modifying common table expressions.

    The order in which they are inserted is not defined; foreign keys among them are checked at the end. The statement
    is composed and compiled once for each shape (which tables, which columns), not once for each call.
    """
    composed = _composed(tuple((row.table, tuple(row.values)) for row in rows))
    values = [
        rows[slot.row].values[slot.column] if slot.prepare is None else slot.prepare(rows[slot.row].values[slot.column])
        for slot in composed.slots
    ]
    connection = await session.connection()
    await connection.exec_driver_sql(composed.sql, tuple(values))


async def insert_many(session: AsyncSession, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert `rows`, which all have the same columns, in one round trip.

    A third of what the session takes for it: it binds the parameters of each row on its own.
    """
    if not rows:
        return
    names = tuple(rows[0])
    composed = _composed(((table, names),))
    columns = [
        [row[slot.column] for row in rows] if slot.prepare is None else [slot.prepare(row[slot.column]) for row in rows]
        for slot in composed.slots
    ]
    connection = await session.connection()
    await connection.exec_driver_sql(composed.sql, list(zip(*columns, strict=True)))


class _Slot(NamedTuple):
    """Whose value a parameter of the statement is, and what the column's type does to it first."""

    row: int
    column: str
    prepare: Callable[[Any], Any] | None


class _Composed(NamedTuple):
    sql: str
    slots: list[_Slot]


@lru_cache(maxsize=256)
def _composed(shape: tuple[tuple[Table, tuple[str, ...]], ...]) -> _Composed:
    slots: dict[str, _Slot] = {}
    inserts: list[Insert] = []
    for row, (table, names) in enumerate(shape):
        types = {name: table.c[name].type for name in names}
        slots |= {
            f"p{row}_{name}": _Slot(row, name, kind.dialect_impl(_DIALECT).bind_processor(_DIALECT))
            for name, kind in types.items()
        }
        inserts.append(insert(table).values({name: bindparam(f"p{row}_{name}", type_=types[name]) for name in names}))
    *first, last = inserts
    whole = last.add_cte(*(each.cte(f"part_{row}") for row, each in enumerate(first))) if first else last
    compiled = whole.compile(dialect=_DIALECT)
    return _Composed(str(compiled), [slots[name] for name in compiled.positiontup or ()])

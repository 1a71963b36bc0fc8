"""Several new rows in one round trip: round trips, not PostgreSQL, are what a small transaction waits for."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import CursorResult, Insert, Table, bindparam, insert
from sqlmodel import SQLModel

from shared.db import AsyncSession, columns_of


@dataclass(frozen=True, slots=True)
class NewRow:
    """A row to insert."""

    table: Table
    values: Mapping[str, Any]


def adding(row: SQLModel) -> NewRow:
    """The columns of a model instance, which itself stays outside the session."""
    return NewRow(type(row).__table__, columns_of(row))  # type: ignore[attr-defined]


async def together(session: AsyncSession, *rows: NewRow) -> CursorResult[Any]:
    """Insert all `rows` by one statement: all but the last as data-modifying common table expressions.

    The order in which they are inserted is not defined; foreign keys among them are checked at the end. The statement
    is composed and compiled once for each shape (which tables, which columns), not once for each call.
    """
    shape = tuple((row.table, tuple(row.values)) for row in rows)
    values = {f"{part}_{name}": value for part, row in enumerate(rows) for name, value in row.values.items()}
    connection = await session.connection()
    return await connection.execute(_composed(shape), values)


@lru_cache(maxsize=256)
def _composed(shape: tuple[tuple[Table, tuple[str, ...]], ...]) -> Insert:
    *first, last = (
        insert(table).values({name: bindparam(f"{part}_{name}", type_=table.c[name].type) for name in names})
        for part, (table, names) in enumerate(shape)
    )
    return last.add_cte(*(each.cte(f"part_{part}") for part, each in enumerate(first))) if first else last

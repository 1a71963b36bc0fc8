"""Several writes in one round trip: round trips, not PostgreSQL, are what a small transaction waits for."""

from typing import Any

from sqlalchemy import CursorResult, Delete, Insert, Update, insert
from sqlmodel import SQLModel

from shared.db import AsyncSession, columns_of

Write = Insert | Update | Delete


async def together(session: AsyncSession, *writes: Write) -> CursorResult[Any]:
    """Run all `writes` as one statement and return the result of the last.

    The others become data-modifying common table expressions. All see the data as it was before the statement, none
    sees what another wrote, and their order is not defined; foreign keys among them are checked at the end. Write one
    row per `insert(...).values(...)`: several rows in one VALUES are compiled anew each time. Two of the writes must
    not change the same row.
    """
    *first, last = writes
    if first:
        last = last.add_cte(*(write.cte(f"part_{number}") for number, write in enumerate(first, start=1)))
    return await session.execute(last)  # type: ignore[return-value]


def adding(row: SQLModel) -> Insert:
    """The insert of one row, for `together`; the row itself stays outside the session."""
    return insert(type(row).__table__).values(columns_of(row))  # type: ignore[attr-defined]

"""The base of every table of this service, and the condition that every query for a caller begins with."""

from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ColumnElement, true

from shared.codes import EVERYWHERE
from shared.db import TableBase, table_registry
from shared.grid_directory import GRID_METADATA


class Base(TableBase, registry=table_registry()):
    """The tables of this service, in metadata of their own."""


MORE_METADATA = (GRID_METADATA,)
"""Tables of the kit that this service keeps beside those that all have."""


def one_of(column: str, kind: type[StrEnum]) -> CheckConstraint:
    """The database refuses what is not a member's value, whoever writes it."""
    return CheckConstraint(f"{column} IN ({', '.join(repr(member.value) for member in kind)})", name=column)


def in_area(community_code: Any, area: str) -> ColumnElement[bool]:
    """Rows of the communities within `area`. Row-level security is the wall; this lets an index serve the query.

    A prefix is a range of codes: comparisons may use an index under row-level security, LIKE may not.
    """
    if area == EVERYWHERE:
        return true()
    if len(area) >= 12:
        return community_code == area[:12]
    behind = str(int(area) + 1).zfill(len(area))
    return (community_code >= area) & (community_code < behind if len(behind) == len(area) else true())

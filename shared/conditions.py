"""Conditions that queries and tables of every service are made of."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ColumnElement, any_, bindparam, true
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import UUID as PgUuid

from shared.codes import EVERYWHERE


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


def among(column: Any, ids: Iterable[UUID]) -> ColumnElement[bool]:
    """Equality with one of many ids: one parameter and one compiled statement however many there are."""
    return column == any_(bindparam(None, list(ids), type_=ARRAY(PgUuid(as_uuid=True)), unique=True))


def one_of(column: str, kind: type[StrEnum]) -> CheckConstraint:
    """The database refuses what is not a member's value, whoever writes it."""
    return CheckConstraint(f"{column} IN ({', '.join(repr(member.value) for member in kind)})", name=column)

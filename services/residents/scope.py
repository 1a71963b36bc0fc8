"""Conditions that any query of this service is made of."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, any_, bindparam, func
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import UUID as PgUuid

from shared.auth import Principal
from shared.codes import EVERYWHERE

COMMUNITY_DIGITS = 12


def in_area(community_code: Any, principal: Principal) -> ColumnElement[bool]:
    """Rows of the principal's area. Equality for one community, because every index begins with its code."""
    area = principal.area
    if len(area) >= COMMUNITY_DIGITS:
        return community_code == area[:COMMUNITY_DIGITS]
    if area == EVERYWHERE:
        return community_code.is_not(None)
    return func.starts_with(community_code, area)


def among(column: Any, ids: Iterable[UUID]) -> ColumnElement[bool]:
    """Equality with one of many ids: one parameter and one compiled statement however many there are."""
    return column == any_(bindparam(None, list(ids), type_=ARRAY(PgUuid(as_uuid=True)), unique=True))

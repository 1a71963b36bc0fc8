"""What hangs on a person and follows them when records are merged: the one table of it, and how it is moved.

What is sealed under the merged record's key is sealed anew under the kept one's. A row that cannot stand beside what
the kept person has (a second valid card, a second consent to the same) stays where it is, and is there after an undo.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from services.residents.consents.models import Consent
from services.residents.contact_cards.models import ContactCard
from services.residents.found_persons.models import FoundPerson
from services.residents.guardians.models import Guardianship
from services.residents.households.models import HomeOwner
from services.residents.notices.models import Notice
from services.residents.people.models import FamilyContact, PersonTag
from services.residents.rights.models import RightsRequest
from shared.crypto import DataKey
from shared.db import AsyncSession, TableBase


@dataclass(frozen=True)
class Movable:
    """Rows that name a person in one of their columns."""

    model: type[TableBase]
    column: str
    sealed: tuple[str, ...] = ()
    """Columns sealed under that person's key."""

    @property
    def name(self) -> str:
        return f"{self.model.__tablename__}.{self.column}"


MOVABLE = (
    Movable(PersonTag, "person_id", ("evidence",)),
    Movable(FamilyContact, "person_id", ("name", "phone")),
    Movable(Guardianship, "ward_id", ("name", "phone")),
    Movable(Guardianship, "guardian_id"),
    Movable(HomeOwner, "owner_id"),
    Movable(ContactCard, "person_id"),
    Movable(FoundPerson, "person_id"),
    Movable(FoundPerson, "presumed_person_id"),
    Movable(Consent, "person_id", ("evidence",)),
    Movable(RightsRequest, "person_id", ("content", "note")),
    Movable(Notice, "person_id"),
)


@dataclass(frozen=True)
class Side:
    """A record of the two, with the key of its person."""

    community_code: str
    person_id: UUID
    key: DataKey


async def move_all(session: AsyncSession, source: Side, target: Side) -> dict[str, list[str]]:
    """Move everything that hangs on `source`; returns `table.column` → ids of what was moved."""
    moved = {}
    for kind in MOVABLE:
        statement = select(kind.model).filter_by(
            community_code=source.community_code, **{kind.column: source.person_id}
        )
        rows = (await session.execute(statement.with_for_update())).scalars().all()
        if done := [_id_of(row) for row in rows if await _move(session, kind, row, source, target)]:
            moved[kind.name] = done
    return moved


async def move_back(session: AsyncSession, moved: Mapping[str, Iterable[str]], source: Side, target: Side) -> None:
    """Move from `source` to `target` what `move_all` once moved the other way, as far as it is still there."""
    for kind in MOVABLE:
        for row_id in moved.get(kind.name, ()):
            row = await session.get(kind.model, (source.community_code, UUID(row_id)), with_for_update=True)
            if row is not None and getattr(row, kind.column) == source.person_id:
                await _move(session, kind, row, source, target)


async def _move(session: AsyncSession, kind: Movable, row: Any, source: Side, target: Side) -> bool:
    place = {"table": str(kind.model.__tablename__), "row_id": UUID(_id_of(row))}
    try:
        async with session.begin_nested():
            setattr(row, kind.column, target.person_id)
            for name in kind.sealed:
                if (sealed := getattr(row, name)) is not None:
                    plain = source.key.open_bytes(sealed, column=name, **place)
                    setattr(row, name, target.key.seal_bytes(plain, column=name, **place))
            await session.flush()
    except IntegrityError:
        await session.refresh(row)
        return False
    return True


def _id_of(row: Any) -> str:
    """The id of a row below its community; an owner's row is named by its home."""
    return str(row.household_id if isinstance(row, HomeOwner) else row.id)

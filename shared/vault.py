"""Everybody's data key, stored wrapped. Erasing a person destroys the key: what it sealed is then noise, everywhere.

A destroyed key leaves its row behind as a mark (`key_id` is DESTROYED, `wrapped` empty), so that no late write makes a
new key for an erased person, and so that erasures can be repeated after an older backup has been restored.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from uuid import UUID

from sqlalchemy import (
    Column,
    DateTime,
    Index,
    LargeBinary,
    String,
    Table,
    Text,
    any_,
    bindparam,
    func,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.dialects.postgresql import UUID as PgUuid

from shared.codes import EVERYWHERE
from shared.crypto import DESTROYED, DataKey, Keyring, WrappedKey
from shared.db import KIT_METADATA, AsyncSession, Database
from shared.statements import insert_many

data_key = Table(
    "data_key",
    KIT_METADATA,
    Column("community_code", String(12), primary_key=True),
    Column("subject_id", PgUuid(as_uuid=True), primary_key=True),
    Column("key_id", Text, nullable=False),
    Column("wrapped", LargeBinary, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Index("ix_data_key_key_id", "key_id"),
)

Progress = Callable[[int], None]
"""Told how many keys have been rewrapped so far."""

_UUIDS = ARRAY(PgUuid(as_uuid=True))


class Erased(Exception):
    """The subject's key was destroyed: nothing of this person can be read or written any more."""


class Vault:
    """The data keys that one transaction needs. Keys it has seen are remembered until the transaction is over.

    `keyring` also makes the blind indexes under which what is sealed is found.
    """

    def __init__(self, session: AsyncSession, keyring: Keyring) -> None:
        self._session = session
        self.keyring = keyring
        self._known: dict[tuple[str, UUID], DataKey] = {}

    async def key_for(self, community_code: str, subject_id: UUID) -> DataKey:
        """The subject's key, made now if there is none; two at once get the same one. Erased if it was destroyed."""
        return (await self.create_many(community_code, [subject_id]))[subject_id]

    async def find_key(self, community_code: str, subject_id: UUID) -> DataKey | None:
        """The subject's key; None if there is none or it was destroyed."""
        return (await self.keys_for(community_code, [subject_id])).get(subject_id)

    async def keys_for(self, community_code: str, subject_ids: Iterable[UUID]) -> dict[UUID, DataKey]:
        """The keys of all these subjects in one query; who has none, or had it destroyed, is left out."""
        wanted = set(subject_ids)
        await self._load(community_code, [each for each in wanted if (community_code, each) not in self._known])
        return {each: self._known[community_code, each] for each in wanted if (community_code, each) in self._known}

    def open_stored(self, stored: WrappedKey, community_code: str, subject_id: UUID) -> DataKey:
        """The key of a `data_key` row that some other query has read along, for lists that cost one trip a page."""
        key = self._known[community_code, subject_id] = self.keyring.unwrap(stored, community_code, subject_id)
        return key

    async def create_many(self, community_code: str, subject_ids: Iterable[UUID]) -> dict[UUID, DataKey]:
        """The keys of all these subjects, made now where there is none. Erased if one of them was destroyed."""
        wanted = sorted(set(subject_ids))  # one order for all, so that two bulk loads cannot deadlock
        found = await self.keys_for(community_code, wanted)
        missing = [subject_id for subject_id in wanted if subject_id not in found]
        if missing:
            await self._create(community_code, missing)
            found = await self.keys_for(community_code, wanted)
        if len(found) < len(wanted):
            raise Erased
        return found

    async def keep_new(self, community_code: str, wrapped: Mapping[UUID, WrappedKey]) -> None:
        """Store keys that were made elsewhere, as in another process, for subjects that are new."""
        rows = [
            {"community_code": community_code, "subject_id": subject_id, "key_id": key.key_id, "wrapped": key.wrapped}
            for subject_id, key in wrapped.items()
        ]
        await insert_many(self._session, data_key, rows)

    async def destroy(self, community_code: str, subject_id: UUID) -> bool:
        """Erase: from the commit on, nobody can read what the key sealed. False if it was destroyed before.

        A subject without a key gets the mark as well, so that none is made later.
        """
        mark = {"community_code": community_code, "subject_id": subject_id, "key_id": DESTROYED, "wrapped": b""}
        statement = (
            insert(data_key)
            .values(mark)
            .on_conflict_do_update(
                index_elements=["community_code", "subject_id"],
                set_={"key_id": DESTROYED, "wrapped": b""},
                where=data_key.c.key_id != DESTROYED,
            )
            .returning(data_key.c.subject_id)
        )
        self._known.pop((community_code, subject_id), None)
        return (await self._session.execute(statement)).first() is not None

    async def _load(self, community_code: str, subject_ids: Sequence[UUID]) -> None:
        if not subject_ids:
            return
        statement = select(data_key.c.subject_id, data_key.c.key_id, data_key.c.wrapped).where(
            data_key.c.community_code == community_code,
            data_key.c.subject_id == any_(bindparam("subjects", list(subject_ids), type_=_UUIDS)),
            data_key.c.key_id != DESTROYED,
        )
        for subject_id, key_id, wrapped in (await self._session.execute(statement)).all():
            self._known[community_code, subject_id] = self.keyring.unwrap(
                WrappedKey(key_id, wrapped), community_code, subject_id
            )

    async def _create(self, community_code: str, subject_ids: Sequence[UUID]) -> None:
        """Insert new keys; where somebody else was faster, theirs holds and is loaded later."""
        made = {subject_id: self.keyring.new_data_key(community_code, subject_id) for subject_id in subject_ids}
        rows = [
            {
                "community_code": community_code,
                "subject_id": subject_id,
                "key_id": wrapped.key_id,
                "wrapped": wrapped.wrapped,
            }
            for subject_id, (_key, wrapped) in made.items()
        ]
        statement = insert(data_key).on_conflict_do_nothing().returning(data_key.c.subject_id)
        for subject_id in (await self._session.execute(statement, rows)).scalars():
            self._known[community_code, subject_id] = made[subject_id][0]


async def destroyed_subjects(session: AsyncSession) -> Sequence[tuple[str, UUID]]:
    """(community, subject) of every erasure in scope: to be repeated after restoring a backup that is older."""
    statement = select(data_key.c.community_code, data_key.c.subject_id).where(data_key.c.key_id == DESTROYED)
    return [(community_code, subject_id) for community_code, subject_id in await session.execute(statement)]


async def keys_in_use(session: AsyncSession) -> dict[str, int]:
    """How many data keys each key-encryption key wraps: one that is not named here may leave the settings."""
    statement = (
        select(data_key.c.key_id, func.count().label("count"))
        .where(data_key.c.key_id != DESTROYED)
        .group_by(data_key.c.key_id)
    )
    return {key_id: wrapped for key_id, wrapped in await session.execute(statement)}  # noqa: C416 - a Result has keys()


async def rotate(database: Database, keyring: Keyring, *, batch: int = 500, progress: Progress | None = None) -> int:
    """Rewrap every data key under the active key-encryption key; returns how many there were to rewrap.

    Each batch commits on its own: stop it at any time and run it again. Readers and writers go on meanwhile.
    Raises UnknownKey if a data key is wrapped by a key that the settings no longer hold.
    """
    async with database.transaction(EVERYWHERE) as session:
        retired = [key_id for key_id in await keys_in_use(session) if key_id != keyring.active_key_id]
    done = 0
    for key_id in retired:
        while count := await _rotate_batch(database, keyring, key_id, batch):
            done += count
            if progress is not None:
                progress(done)
    return done


async def _rotate_batch(database: Database, keyring: Keyring, key_id: str, batch: int) -> int:
    columns = (data_key.c.community_code, data_key.c.subject_id, data_key.c.wrapped)
    chosen = select(*columns).where(data_key.c.key_id == key_id).order_by(*columns[:2]).limit(batch).with_for_update()
    change = update(data_key).where(
        data_key.c.community_code == bindparam("community"), data_key.c.subject_id == bindparam("subject")
    )
    async with database.transaction(EVERYWHERE) as session:
        rows = []
        for community_code, subject_id, wrapped in (await session.execute(chosen)).all():
            new = keyring.rewrap(WrappedKey(key_id, wrapped), community_code, subject_id)
            rows.append(
                {"community": community_code, "subject": subject_id, "key_id": new.key_id, "wrapped": new.wrapped}
            )
        if rows:
            connection = await session.connection()
            await connection.execute(change.values(key_id=bindparam("key_id"), wrapped=bindparam("wrapped")), rows)
        return len(rows)

import asyncio
from uuid import UUID

import pytest
from sqlalchemy import text

from shared.codes import EVERYWHERE
from shared.crypto import Keyring, Tampered, UnknownKey, generate_key
from shared.ids import new_id
from shared.vault import Erased, Vault, destroyed_subjects, keys_in_use, rotate
from tests.shared.kit_database import KitDatabase, kit_fixture  # noqa: F401

COMMUNITY, NEIGHBOUR = "150299001001", "150299001002"
OLD, NEW, INDEX = generate_key(), generate_key(), generate_key()
KEYRING = Keyring.from_settings(f"k1:{OLD}", INDEX)
BOTH = Keyring.from_settings(f"k2:{NEW},k1:{OLD}", INDEX)
ONLY_NEW = Keyring.from_settings(f"k2:{NEW}", INDEX)
PLACE = {"table": "person", "column": "name", "row_id": UUID(int=7)}


async def seal(kit: KitDatabase, subject_id: UUID, words: str = "张三丰", community: str = COMMUNITY) -> bytes:
    async with kit.app.transaction(community) as session:
        return (await Vault(session, KEYRING).key_for(community, subject_id)).seal(words, **PLACE)


async def test_a_key_is_made_once_and_found_again(kit: KitDatabase) -> None:
    subject_id = new_id()
    blob = await seal(kit, subject_id)
    async with kit.app.transaction(COMMUNITY) as session:
        vault = Vault(session, KEYRING)
        key = await vault.find_key(COMMUNITY, subject_id)
        assert key is not None and key.open(blob, **PLACE) == "张三丰"
        assert await vault.key_for(COMMUNITY, subject_id) is key
        assert await vault.find_key(COMMUNITY, new_id()) is None
        assert set(await vault.keys_for(COMMUNITY, [subject_id, new_id()])) == {subject_id}
        assert await vault.keys_for(COMMUNITY, []) == {}


async def test_ten_at_once_get_the_same_key(kit: KitDatabase) -> None:
    subject_id = new_id()
    blobs = await asyncio.gather(*(seal(kit, subject_id, str(i)) for i in range(10)))
    async with kit.app.transaction(COMMUNITY) as session:
        key = await Vault(session, KEYRING).key_for(COMMUNITY, subject_id)
        assert [key.open(blob, **PLACE) for blob in blobs] == [str(i) for i in range(10)]


async def test_bulk_loads_that_overlap_agree(kit: KitDatabase) -> None:
    ids = [new_id() for _ in range(1500)]

    async def load(part: list[UUID]) -> dict[UUID, bytes]:
        async with kit.app.transaction(COMMUNITY) as session:
            keys = await Vault(session, KEYRING).create_many(COMMUNITY, part)
            return {each: key.seal(str(each), **PLACE) for each, key in keys.items()}

    loaded = await asyncio.gather(load(ids[:1000]), load(ids[:499:-1]))
    async with kit.app.transaction(COMMUNITY) as session:
        keys = await Vault(session, KEYRING).keys_for(COMMUNITY, ids)
        assert len(keys) == 1500
        for part in loaded:
            assert all(keys[each].open(blob, **PLACE) == str(each) for each, blob in part.items())


async def test_what_was_destroyed_stays_destroyed(kit: KitDatabase) -> None:
    subject_id, other = new_id(), new_id()
    blob = await seal(kit, subject_id)
    await seal(kit, other)
    async with kit.app.transaction(COMMUNITY) as session:
        assert await Vault(session, KEYRING).destroy(COMMUNITY, subject_id)
    async with kit.app.transaction(COMMUNITY) as session:
        vault = Vault(session, KEYRING)
        assert await vault.find_key(COMMUNITY, subject_id) is None
        assert set(await vault.keys_for(COMMUNITY, [subject_id, other])) == {other}
        assert not await vault.destroy(COMMUNITY, subject_id)
        with pytest.raises(Erased):
            await vault.key_for(COMMUNITY, subject_id)
        with pytest.raises(Erased):
            await vault.create_many(COMMUNITY, [other, subject_id, new_id()])
        assert await destroyed_subjects(session) == [(COMMUNITY, subject_id)]
        stored = (
            (await session.execute(text("SELECT wrapped FROM data_key WHERE key_id = 'destroyed'"))).scalars().all()
        )
        assert stored == [b""]
    with pytest.raises(Tampered):
        KEYRING.new_data_key(COMMUNITY, subject_id)[0].open(blob, **PLACE)


async def test_a_subject_destroyed_before_its_first_key_never_gets_one(kit: KitDatabase) -> None:
    subject_id = new_id()
    async with kit.app.transaction(COMMUNITY) as session:
        vault = Vault(session, KEYRING)
        assert await vault.destroy(COMMUNITY, subject_id)
        with pytest.raises(Erased):
            await vault.key_for(COMMUNITY, subject_id)


async def test_destroying_is_undone_by_a_rollback(kit: KitDatabase) -> None:
    subject_id = new_id()
    blob = await seal(kit, subject_id)
    with pytest.raises(LookupError):
        async with kit.app.transaction(COMMUNITY) as session:
            await Vault(session, KEYRING).destroy(COMMUNITY, subject_id)
            raise LookupError
    async with kit.app.transaction(COMMUNITY) as session:
        key = await Vault(session, KEYRING).key_for(COMMUNITY, subject_id)
        assert key.open(blob, **PLACE) == "张三丰"


async def test_keys_of_another_scope_do_not_exist(kit: KitDatabase) -> None:
    subject_id = new_id()
    await seal(kit, subject_id)
    async with kit.app.transaction(NEIGHBOUR) as session:
        assert await Vault(session, KEYRING).find_key(COMMUNITY, subject_id) is None


async def test_a_key_moved_to_another_person_does_not_unwrap(kit: KitDatabase) -> None:
    subject_id, other = new_id(), new_id()
    await seal(kit, subject_id)
    await kit.tamper(f"UPDATE data_key SET subject_id = '{other}'")
    async with kit.app.transaction(COMMUNITY) as session:
        with pytest.raises(Tampered):
            await Vault(session, KEYRING).find_key(COMMUNITY, other)


async def test_rotation_rewraps_everything_and_can_be_stopped_and_repeated(kit: KitDatabase) -> None:
    ids = {community: [new_id() for _ in range(12)] for community in (COMMUNITY, NEIGHBOUR)}
    blobs = {each: await seal(kit, each, str(each), community) for community, part in ids.items() for each in part}
    async with kit.app.transaction(COMMUNITY) as session:
        await Vault(session, KEYRING).destroy(COMMUNITY, ids[COMMUNITY].pop())

    def stop_after_the_second_batch(done: int) -> None:
        if done >= 10:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        await rotate(kit.app, BOTH, batch=5, progress=stop_after_the_second_batch)
    async with kit.app.transaction(EVERYWHERE) as session:
        assert await keys_in_use(session) == {"k1": 13, "k2": 10}
    told: list[int] = []
    assert await rotate(kit.app, BOTH, batch=5, progress=told.append) == 13
    assert told == [5, 10, 13]
    assert await rotate(kit.app, BOTH) == 0
    async with kit.app.transaction(EVERYWHERE) as session:
        assert await keys_in_use(session) == {"k2": 23}
        for community, part in ids.items():
            keys = await Vault(session, ONLY_NEW).keys_for(community, part)
            assert all(keys[each].open(blobs[each], **PLACE) == str(each) for each in part)
        assert len(await destroyed_subjects(session)) == 1


async def test_rotation_without_the_old_key_changes_nothing(kit: KitDatabase) -> None:
    await seal(kit, new_id())
    with pytest.raises(UnknownKey):
        await rotate(kit.app, ONLY_NEW)
    async with kit.app.transaction(EVERYWHERE) as session:
        assert await keys_in_use(session) == {"k1": 1}


async def test_keys_are_made_while_rotation_runs(kit: KitDatabase) -> None:
    ids = [new_id() for _ in range(30)]
    await asyncio.gather(*(seal(kit, each) for each in ids))

    async def use(subject_id: UUID) -> None:
        async with kit.app.transaction(COMMUNITY) as session:
            vault = Vault(session, BOTH)
            await vault.key_for(COMMUNITY, subject_id)
            await vault.key_for(COMMUNITY, new_id())

    done, *_ = await asyncio.gather(rotate(kit.app, BOTH, batch=3), *(use(each) for each in ids))
    assert done == 30
    async with kit.app.transaction(EVERYWHERE) as session:
        assert await keys_in_use(session) == {"k2": 60}

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from shared import audit
from shared.audit import Anchor, Finding, Kind, Purpose
from shared.auth import Principal, Role
from shared.codes import EVERYWHERE
from shared.crypto import generate_key
from shared.db import AsyncSession
from shared.ids import new_id
from tests.shared.kit_database import KitDatabase, kit_fixture  # noqa: F401

COMMUNITY, NEIGHBOUR = "150299001001", "150299001002"
SIGNER = audit.signer_from(generate_key())
WORKER = Principal("w-1", Role.GRID_WORKER, COMMUNITY, grids=(COMMUNITY + "001",))
PERSON = new_id()


async def note(session: AsyncSession, subject_id: UUID = PERSON, community: str = COMMUNITY, **changes: Any) -> None:
    values: dict[str, Any] = {
        "action": "people.reveal",
        "purpose": Purpose.LOST_PERSON,
        "subject_type": "person",
        "fields": ("phone", "name"),
        "detail": {"case": "c-1", "urgent": True, "rank": 2},
    }
    await audit.record(session, SIGNER, WORKER, community_code=community, subject_id=subject_id, **(values | changes))


async def fill(kit: KitDatabase, entries: int = 5, community: str = COMMUNITY) -> None:
    for _ in range(entries):
        async with kit.app.transaction(community) as session:
            await note(session, new_id(), community)


async def findings(kit: KitDatabase, scope: str = EVERYWHERE, **options: Any) -> set[tuple[int, Kind]]:
    async with kit.app.transaction(scope) as session:
        found = await audit.verify(session, SIGNER.public_key, **options)
    return {(finding.seq, finding.kind) for finding in found}


async def test_who_read_what_and_why_is_known_to_the_person(kit: KitDatabase) -> None:
    before = datetime.now(UTC)
    async with kit.app.transaction(COMMUNITY) as session:
        await note(session)
        await note(session, new_id())
        await note(session, purpose=Purpose.VISIT, fields=["cautions"])
    async with kit.app.transaction(COMMUNITY) as session:
        newest, oldest = await audit.entries_about(session, COMMUNITY, PERSON)
        assert (newest.seq, newest.purpose, newest.fields) == (3, Purpose.VISIT, ("cautions",))
        assert (oldest.seq, oldest.actor, oldest.role, oldest.action) == (1, "w-1", "grid_worker", "people.reveal")
        assert oldest.fields == ("name", "phone") and before <= oldest.at <= datetime.now(UTC)
        assert await audit.entries_about(session, COMMUNITY, PERSON, limit=1) == [newest]
        assert await audit.entries_about(session, COMMUNITY, PERSON, before=3) == [oldest]
    assert await findings(kit) == set()


async def test_everybody_on_a_list_finds_the_reading(kit: KitDatabase) -> None:
    ids = [new_id() for _ in range(300)]
    async with kit.app.transaction(COMMUNITY) as session:
        await audit.record_many(
            session,
            SIGNER,
            WORKER,
            community_code=COMMUNITY,
            action="people.list",
            purpose=Purpose.EMERGENCY,
            subject_type="person",
            subject_ids=ids,
        )
        await audit.record_many(
            session,
            SIGNER,
            WORKER,
            community_code=NEIGHBOUR,
            action="people.list",
            purpose=Purpose.EMERGENCY,
            subject_type="person",
            subject_ids=[],
        )
    async with kit.app.transaction(COMMUNITY) as session:
        for subject_id in (ids[0], ids[-1]):
            assert [entry.action for entry in await audit.entries_about(session, COMMUNITY, subject_id)] == [
                "people.list"
            ]
    assert await findings(kit) == set()


async def test_a_rollback_leaves_no_entry_and_no_gap(kit: KitDatabase) -> None:
    await fill(kit, 1)
    with pytest.raises(LookupError):
        async with kit.app.transaction(COMMUNITY) as session:
            await note(session)
            raise LookupError
    await fill(kit, 1)
    assert await findings(kit) == set()
    async with kit.app.transaction(COMMUNITY) as session:
        assert (await audit.heads(session))[COMMUNITY].seq == 2


async def test_chains_never_fork_nor_lose_an_entry_under_concurrency(kit: KitDatabase) -> None:
    async def read(number: int) -> None:
        async with kit.app.transaction(EVERYWHERE) as session:
            for community in (COMMUNITY, NEIGHBOUR)[:: 1 if number % 2 else -1]:
                await note(session, community=community)

    for _ in range(3):  # never more than the pool has connections, for which nobody waits long
        await asyncio.gather(*(read(number) for number in range(20)))
    assert await findings(kit) == set()
    async with kit.app.transaction(EVERYWHERE) as session:
        assert {code: anchor.seq for code, anchor in (await audit.heads(session)).items()} == {
            COMMUNITY: 60,
            NEIGHBOUR: 60,
        }


async def test_verifying_while_others_write_finds_nothing(kit: KitDatabase) -> None:
    writing = asyncio.gather(*(fill(kit, 20) for _ in range(3)))
    checks = 0
    while not writing.done():
        assert await findings(kit) == set()
        checks += 1
    await writing
    assert checks and await findings(kit) == set()


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("UPDATE audit_entry SET actor = 'w-2' WHERE seq = 3", {(3, Kind.CHANGED)}),
        ("UPDATE audit_entry SET fields = '{name}' WHERE seq = 3", {(3, Kind.CHANGED)}),
        ("UPDATE audit_entry SET detail = detail || '{\"rank\": 3}' WHERE seq = 3", {(3, Kind.CHANGED)}),
        ("UPDATE audit_entry SET at = at + interval '1 microsecond' WHERE seq = 3", {(3, Kind.CHANGED)}),
        ("UPDATE audit_entry SET subject_id = gen_random_uuid() WHERE seq = 5", {(5, Kind.CHANGED)}),
        ("DELETE FROM audit_entry WHERE seq = 3", {(4, Kind.MISSING)}),
        ("DELETE FROM audit_entry WHERE seq = 1", {(2, Kind.MISSING)}),
        ("DELETE FROM audit_entry WHERE seq > 3", {(5, Kind.TRUNCATED)}),
        (
            "INSERT INTO audit_entry SELECT community_code, 6, id, at, actor, role, action, purpose, subject_type,"
            " subject_id, fields, detail, hash, hash FROM audit_entry WHERE seq = 5",
            {(6, Kind.CHANGED), (6, Kind.UNSIGNED)},
        ),
        (
            "UPDATE audit_entry SET seq = 9 WHERE seq = 2; UPDATE audit_entry SET seq = 2 WHERE seq = 3;"
            " UPDATE audit_entry SET seq = 3 WHERE seq = 9",
            {
                (2, Kind.OUT_OF_PLACE),
                (2, Kind.CHANGED),
                (3, Kind.OUT_OF_PLACE),
                (3, Kind.CHANGED),
                (4, Kind.OUT_OF_PLACE),
            },
        ),
        (
            "DELETE FROM audit_entry WHERE seq = 5; UPDATE audit_head SET seq = 4,"
            " hash = (SELECT hash FROM audit_entry WHERE seq = 4)",
            {(4, Kind.HEAD_FORGED)},
        ),
        ("UPDATE audit_head SET signed_at = now()", {(5, Kind.HEAD_FORGED)}),
        ("UPDATE audit_head SET signature = ''", {(5, Kind.HEAD_FORGED)}),
        ("DELETE FROM audit_head", {(5, Kind.HEAD_MISSING)}),
    ],
)
async def test_every_change_is_found(kit: KitDatabase, statement: str, expected: set[tuple[int, Kind]]) -> None:
    await fill(kit)
    await kit.tamper(statement)
    assert await findings(kit) == expected


async def test_a_chain_made_anew_does_not_match_its_signed_end(kit: KitDatabase) -> None:
    await fill(kit)
    async with kit.app.transaction(COMMUNITY) as session:
        head = (await session.execute(text("SELECT * FROM audit_head"))).one()
    await kit.tamper("DELETE FROM audit_entry; DELETE FROM audit_head")
    await fill(kit)
    await kit.tamper(
        f"UPDATE audit_head SET hash = '\\x{head.hash.hex()}', signature = '\\x{head.signature.hex()}',"
        f" signed_at = '{head.signed_at.isoformat()}'"
    )
    assert await findings(kit) == {(5, Kind.REWRITTEN)}


async def test_a_change_in_one_community_accuses_no_other(kit: KitDatabase) -> None:
    await fill(kit, 2)
    await fill(kit, 2, NEIGHBOUR)
    await kit.tamper(f"UPDATE audit_entry SET actor = 'x' WHERE community_code = '{NEIGHBOUR}' AND seq = 1")
    assert await findings(kit, COMMUNITY) == set()
    assert await findings(kit, community_code=COMMUNITY) == set()
    async with kit.app.transaction(EVERYWHERE) as session:
        found = await audit.verify(session, SIGNER.public_key)
    assert found == [Finding(NEIGHBOUR, 1, Kind.CHANGED)]


@pytest.mark.parametrize(
    "forgery",
    [
        "DELETE FROM audit_entry WHERE seq = 5; UPDATE audit_head SET seq = 4,"
        " hash = (SELECT hash FROM audit_entry WHERE seq = 4)",
        "DELETE FROM audit_head",
        "UPDATE audit_head SET seq = 0",
    ],
)
async def test_going_on_after_a_forged_end_does_not_launder_it(kit: KitDatabase, forgery: str) -> None:
    await fill(kit)
    await kit.tamper(forgery)
    await fill(kit, 3)
    assert {kind for _, kind in await findings(kit)} == {Kind.HEAD_REJECTED}


async def test_an_older_state_is_shown_by_an_anchor(kit: KitDatabase) -> None:
    await fill(kit)
    async with kit.app.transaction(COMMUNITY) as session:
        old = (await session.execute(text("SELECT * FROM audit_head"))).one()
    await fill(kit)
    async with kit.app.transaction(COMMUNITY) as session:
        anchors = await audit.heads(session)
    assert await findings(kit, anchors=anchors) == set()
    await fill(kit, 1)
    assert await findings(kit, anchors=anchors) == set()
    await kit.tamper(
        f"DELETE FROM audit_entry WHERE seq > 5; UPDATE audit_head SET seq = 5, hash = '\\x{old.hash.hex()}',"
        f" signature = '\\x{old.signature.hex()}', signed_at = '{old.signed_at.isoformat()}'"
    )
    assert await findings(kit) == set()
    assert await findings(kit, anchors=anchors) == {(10, Kind.ROLLED_BACK)}
    await fill(kit)
    assert await findings(kit, anchors=anchors) == {(10, Kind.ROLLED_BACK)}
    assert await findings(kit, anchors={NEIGHBOUR: Anchor(1, "00")}) == {(1, Kind.ROLLED_BACK)}


async def test_another_key_signed_nothing_here(kit: KitDatabase) -> None:
    await fill(kit, 2)
    async with kit.app.transaction(COMMUNITY) as session:
        found = await audit.verify(session, audit.signer_from(generate_key()).public_key)
    assert [finding.kind for finding in found] == [Kind.HEAD_FORGED]


@pytest.mark.parametrize(
    "statement", ["UPDATE audit_entry SET actor = 'x'", "DELETE FROM audit_entry", "DELETE FROM audit_head"]
)
async def test_the_service_itself_cannot_change_what_it_wrote(kit: KitDatabase, statement: str) -> None:
    await fill(kit, 1)
    with pytest.raises(ProgrammingError, match="permission denied"):
        async with kit.app.transaction(COMMUNITY) as session:
            await session.execute(text(statement))


async def test_another_scope_sees_no_entry(kit: KitDatabase) -> None:
    async with kit.app.transaction(COMMUNITY) as session:
        await note(session)
    async with kit.app.transaction(NEIGHBOUR) as session:
        assert await audit.entries_about(session, COMMUNITY, PERSON) == []
        assert await audit.heads(session) == {}


def test_every_purpose_reads_in_both_languages() -> None:
    assert all(purpose.label.zh and purpose.label.en for purpose in Purpose)
    assert len({purpose.label for purpose in Purpose}) == len(Purpose)

"""Backup by really restoring."""

import asyncio
import json
import tarfile
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import pytest
from typer.testing import CliRunner

from gateway.accounts.service import NewAccount, create_account
from gateway.tables import GLOBAL
from services.residents.households.schemas import HouseholdImport
from services.residents.importing import import_registry
from services.residents.people.access import erase_person
from services.residents.people.models import TagKind
from services.residents.people.schemas import PersonImport, TagImport
from shared.audit import Purpose, entries_about, signer_from, verify
from shared.auth import Principal, Role
from shared.files import FileStore
from shared.vault import Vault
from stack import archive, environment
from stack.archive import ArchiveDamaged
from stack.backup import BackupFailed, make_backup, read_anchors, restore_backup
from stack.cli import commands
from stack.connections import database_of, keyring_of
from stack.environment import Environment
from stack.erasures import repeat_erasures
from stack.topology import APPLICATIONS, GATEWAY, REQUESTS, RESIDENTS
from tests import servers
from tests.principals import a_community
from tests.residents.registry import a_phone, an_identity_number
from tests.servers import PostgresServer

pytestmark = pytest.mark.xdist_group("stack")

COMMUNITY = "150207007005"


def quiet(_line: str) -> None: ...


@pytest.fixture(scope="module")
async def databases(
    postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Environment]:
    """Five migrated databases under their real names, and the environment that leads to them."""
    known = environment.new_secrets() | {"POSTGRES_PASSWORD": postgres_server.password}
    known |= {
        f"{each.prefix}{role}_PASSWORD": postgres_server.password for each in APPLICATIONS for role in ("OWNER", "APP")
    }
    ports = dict.fromkeys(("nats", *(each.name for each in APPLICATIONS)), 1) | {"postgres": postgres_server.port}
    urls = [(await servers.clone(postgres_server, each, each.name))[0] for each in APPLICATIONS]
    yield environment.derive(known, environment.embedded_places(tmp_path_factory.mktemp("data"), ports))
    for url in urls:
        await servers.drop(postgres_server, url)


@pytest.fixture
async def system(databases: Environment) -> Environment:
    """The same, empty."""
    for name in ("residents", "requests"):
        await _execute(databases, name, "TRUNCATE data_key, outbox, audit_head")
    return databases


async def _execute(variables: Environment, database: str, query: str, *arguments: object) -> list[asyncpg.Record]:
    server = variables["OPERATOR_DATABASE_URL"].rpartition("/")[0]
    connection = await asyncpg.connect(f"{server}/{database}")
    try:
        return await connection.fetch(query, *arguments)
    finally:
        await connection.close()


async def _add_key(variables: Environment, subject: object, key_id: str = "k1") -> None:
    await _execute(
        variables,
        "residents",
        "INSERT INTO data_key (community_code, subject_id, key_id, wrapped) VALUES ($1, $2, $3, $4)",
        COMMUNITY,
        subject,
        key_id,
        b"" if key_id == "destroyed" else b"wrapped",
    )


async def _keys(variables: Environment) -> dict[object, str]:
    rows = await _execute(variables, "residents", "SELECT subject_id, key_id FROM data_key")
    return {row["subject_id"]: row["key_id"] for row in rows}


async def test_restore_brings_back_what_was_there(system: Environment, tmp_path: Path) -> None:
    kept, erased_later, added_later = uuid4(), uuid4(), uuid4()
    await _add_key(system, kept)
    await _add_key(system, erased_later)
    target = tmp_path / "backup.tar"
    manifest = await make_backup(system, target, quiet)
    assert target.stat().st_mode & 0o777 == 0o600
    assert set(manifest.databases) == {each.name for each in APPLICATIONS}

    await _add_key(system, added_later)
    await _execute(
        system,
        "residents",
        "UPDATE data_key SET key_id = 'destroyed', wrapped = '' WHERE subject_id = $1",
        erased_later,
    )
    with pytest.raises(BackupFailed, match="--force"):
        await restore_backup(system, target, force=False, erasures_from=None, report=quiet)
    await restore_backup(system, target, force=True, erasures_from=None, report=quiet)

    assert await _keys(system) == {kept: "k1", erased_later: "destroyed"}


async def test_the_restored_system_has_its_walls(system: Environment, tmp_path: Path) -> None:
    await _add_key(system, uuid4())
    await make_backup(system, tmp_path / "backup.tar", quiet)
    await restore_backup(system, tmp_path / "backup.tar", force=True, erasures_from=None, report=quiet)
    connection = await asyncpg.connect(system["RESIDENTS_DATABASE_URL"].replace("+asyncpg", ""))
    try:
        assert await connection.fetch("SELECT * FROM data_key") == []  # no scope, no rows
        await connection.execute("SELECT set_config('app.scope', $1, false)", COMMUNITY)
        assert len(await connection.fetch("SELECT * FROM data_key")) == 1
        owner = "SELECT tableowner FROM pg_tables WHERE tablename = 'data_key'"
        assert await connection.fetchval(owner) == RESIDENTS.owner_role
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("ALTER TABLE data_key DISABLE ROW LEVEL SECURITY")
    finally:
        await connection.close()


async def test_erasures_of_a_newer_backup_are_repeated(system: Environment, tmp_path: Path) -> None:
    person = uuid4()
    await _add_key(system, person)
    await make_backup(system, tmp_path / "older.tar", quiet)
    await _execute(system, "residents", "UPDATE data_key SET key_id = 'destroyed', wrapped = ''")
    await make_backup(system, tmp_path / "newer.tar", quiet)
    await _execute(system, "residents", "TRUNCATE data_key")  # the machine was lost
    await restore_backup(system, tmp_path / "older.tar", force=True, erasures_from=tmp_path / "newer.tar", report=quiet)
    assert await _keys(system) == {person: "destroyed"}


async def _neighbours(variables: Environment, community: str) -> list[UUID]:
    """Two people of one household, each with a phone, an identity number and an account."""
    home = HouseholdImport(compound="桂花苑", building="1号楼", unit="1单元", room="101")
    people = [
        PersonImport(
            household_id=home.id,
            name=name,
            phone=a_phone(),
            identity_number=an_identity_number(),
            tags=[TagImport(kind=TagKind.LIVING_ALONE, valid_from=date(2026, 1, 1))],
        )
        for name in ("单玉兰", "马春梅")
    ]
    async with database_of(variables, RESIDENTS) as database, database.transaction(community) as session:
        await import_registry(session, keyring_of(variables, RESIDENTS), community, [home], people)
    async with database_of(variables, GATEWAY) as database, database.transaction(GLOBAL) as session:
        for person in people:
            new = NewAccount(role=Role.RESIDENT, area=community, phone=person.phone, person_id=person.id)
            await create_account(session, keyring_of(variables, GATEWAY), new)
    return [person.id for person in people]


async def _traces(variables: Environment, person_id: UUID) -> dict[str, int]:
    """In how many rows somebody can still be found, by table."""
    found = {}
    for table in ("person_token", "phone_lookup", "person_tag"):
        rows = await _execute(variables, "residents", f"SELECT FROM {table} WHERE person_id = $1", person_id)
        found[table] = len(rows)
    indexed = "SELECT FROM person WHERE id = $1 AND (identity_index IS NOT NULL OR name IS NOT NULL)"
    found["person"] = len(await _execute(variables, "residents", indexed, person_id))
    found["account"] = len(await _execute(variables, "gateway", "SELECT FROM account WHERE person_id = $1", person_id))
    return found


async def test_whoever_was_erased_since_is_found_by_nothing(system: Environment, tmp_path: Path) -> None:
    community = a_community()
    erased, neighbour = await _neighbours(system, community)
    before = await _traces(system, neighbour)
    assert all(before.values())
    await make_backup(system, tmp_path / "backup.tar", quiet)
    head = Principal(subject="head", role=Role.HEAD, area=community)
    async with database_of(system, RESIDENTS) as database, database.transaction(community) as session:
        vault = Vault(session, keyring_of(system, RESIDENTS))
        await erase_person(session, vault, signer_from(system["RESIDENTS_SIGNING_KEY"]), head, erased)

    await restore_backup(system, tmp_path / "backup.tar", force=True, erasures_from=None, report=quiet)

    assert not any((await _traces(system, erased)).values())
    assert await _traces(system, neighbour) == before
    assert (await _keys(system))[erased] == "destroyed"
    told = "SELECT data FROM outbox WHERE type = 'residents.person_erased.v1' AND published_at IS NULL"
    assert [json.loads(row["data"]) for row in await _execute(system, "residents", told)] == [
        {"person_id": str(erased)}
    ]
    async with database_of(system, RESIDENTS) as database, database.transaction(community) as session:
        (entry,) = await entries_about(session, community, erased, limit=10)
        assert (entry.actor, entry.action, entry.purpose) == ("restore", "people.erase", Purpose.ERASURE)
        assert await verify(session, signer_from(system["RESIDENTS_SIGNING_KEY"]).public_key, community) == []


async def test_erasures_may_be_repeated_again_and_again(system: Environment, tmp_path: Path) -> None:
    community = a_community()
    erased, _ = await _neighbours(system, community)
    await repeat_erasures(system, [[community, str(erased)]] * 2)
    await repeat_erasures(system, [[community, str(erased)], [community, str(uuid4())]])
    told = "SELECT FROM outbox WHERE type = 'residents.person_erased.v1' AND community_code = $1"
    assert len(await _execute(system, "residents", told, community)) == 1


async def test_recent_events_are_published_again(system: Environment, tmp_path: Path) -> None:
    add = """INSERT INTO outbox (community_code, id, event_id, type, subject, version, data, occurred_at, published_at)
             OVERRIDING SYSTEM VALUE
             SELECT $1, n, gen_random_uuid(), 'requests.request_submitted.v1', 'requests/1', 1, '{}',
                    now() - age, now() - age
             FROM (VALUES (1, interval '2 days'), (2, interval '1 minute')) AS event(n, age)"""
    await _execute(system, "requests", add, COMMUNITY)
    await make_backup(system, tmp_path / "backup.tar", quiet)
    await restore_backup(system, tmp_path / "backup.tar", force=True, erasures_from=None, report=quiet)
    rows = await _execute(system, "requests", "SELECT id, published_at IS NULL AS pending FROM outbox ORDER BY id")
    assert [tuple(row) for row in rows] == [(1, False), (2, True)]


async def test_audit_chains_ends_are_kept_as_anchors(system: Environment, tmp_path: Path) -> None:
    await _execute(
        system,
        "requests",
        "INSERT INTO audit_head VALUES ($1, 3, '\\xabcd', '\\x00', now())",
        COMMUNITY,
    )
    await make_backup(system, tmp_path / "backup.tar", quiet)
    assert read_anchors(tmp_path / "backup.tar")[REQUESTS.name] == {COMMUNITY: {"seq": 3, "hash": "abcd"}}


async def test_other_keys_are_refused_before_anything_changes(system: Environment, tmp_path: Path) -> None:
    person = uuid4()
    await _add_key(system, person)
    await make_backup(system, tmp_path / "backup.tar", quiet)
    other = system | {"RESIDENTS_KEY_ENCRYPTION_KEYS": environment.new_secrets()["RESIDENTS_KEY_ENCRYPTION_KEYS"]}
    with pytest.raises(BackupFailed, match="residents k1"):
        await restore_backup(other, tmp_path / "backup.tar", force=True, erasures_from=None, report=quiet)
    assert await _keys(system) == {person: "k1"}
    rotated = system | {"RESIDENTS_KEY_ENCRYPTION_KEYS": f"k2:new,{system['RESIDENTS_KEY_ENCRYPTION_KEYS']}"}
    assert archive.missing_keys(archive.read_manifest(tmp_path / "backup.tar"), rotated) == []


async def test_a_backup_of_a_newer_version_is_refused(system: Environment, tmp_path: Path) -> None:
    change = "UPDATE alembic_version SET version_num = $1 RETURNING old.version_num"
    ((revision,),) = await _execute(system, "requests", change, "from the future")
    await make_backup(system, tmp_path / "backup.tar", quiet)
    await _execute(system, "requests", change, revision)
    with pytest.raises(BackupFailed, match=r"requests.*newer version"):
        await restore_backup(system, tmp_path / "backup.tar", force=True, erasures_from=None, report=quiet)


async def test_damage_is_found_before_anything_changes(system: Environment, tmp_path: Path) -> None:
    whole = tmp_path / "backup.tar"
    await make_backup(system, whole, quiet)
    content = whole.read_bytes()
    with tarfile.open(whole) as tar:
        start = tar.getmember("residents.dump").offset_data
    damaged = tmp_path / "damaged.tar"
    damaged.write_bytes(content[: start + 100] + b"\0damage\0" + content[start + 108 :])
    with pytest.raises(ArchiveDamaged, match="residents"):
        archive.unpack(damaged, tmp_path / "there")
    damaged.write_bytes(content[: len(content) // 2])
    with pytest.raises(ArchiveDamaged):
        archive.unpack(damaged, tmp_path / "here")


async def test_keys_are_not_in_the_archive(system: Environment, tmp_path: Path) -> None:
    await make_backup(system, tmp_path / "backup.tar", quiet)
    content = (tmp_path / "backup.tar").read_bytes()
    for each in APPLICATIONS:
        for name in ("INDEX_KEY", "SIGNING_KEY"):
            assert system[each.prefix + name].encode() not in content
        assert system[f"{each.prefix}KEY_ENCRYPTION_KEYS"].partition(":")[2].encode() not in content
    assert json.loads(archive.read_manifest(tmp_path / "backup.tar").as_json())["keys"]["residents"]


async def test_files_come_back_with_the_databases(system: Environment, tmp_path: Path) -> None:
    files = FileStore.from_url(system["RESIDENTS_FILES_URL"])
    paths = [f"photos/{COMMUNITY}/{uuid4()}.full" for _ in range(3)]
    for number, path in enumerate(paths):
        await files.put(path, f"sealed {number}".encode())
    target = tmp_path / "backup.tar"
    manifest = await make_backup(system, target, quiet)
    assert manifest.files["residents"] >= 3
    await files.delete(paths)
    await restore_backup(system, target, force=True, erasures_from=None, report=quiet)
    assert [await files.get(path) for path in paths] == [b"sealed 0", b"sealed 1", b"sealed 2"]


async def test_a_bucket_is_named_as_not_in_the_backup(
    system: Environment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (system | {"RESIDENTS_FILES_URL": "s3://photos/residents"}).items():
        monkeypatch.setenv(name, value)
    target = tmp_path / "backup.tar"
    said = await asyncio.to_thread(CliRunner().invoke, commands, ["backup", str(target)])
    assert said.exit_code == 0, said.output
    assert "residents: s3://photos/residents" in said.output
    assert not [line for line in said.output.splitlines() if "file://" in line]
    assert "residents" not in archive.read_manifest(target).files


async def test_a_backup_that_lost_a_file_is_damaged(system: Environment, tmp_path: Path) -> None:
    files = FileStore.from_url(system["RESIDENTS_FILES_URL"])
    path = f"photos/{COMMUNITY}/{uuid4()}.full"
    await files.put(path, b"sealed")
    whole, cut = tmp_path / "backup.tar", tmp_path / "cut.tar"
    await make_backup(system, whole, quiet)
    with tarfile.open(whole) as source, tarfile.open(cut, "w") as target:
        for member in source.getmembers():
            if not member.name.endswith(path):
                target.addfile(member, source.extractfile(member) if member.isfile() else None)
    with pytest.raises(ArchiveDamaged, match="files/residents"):
        await restore_backup(system, cut, force=True, erasures_from=None, report=quiet)

"""The operator's commands, against real databases and a real NATS."""

import asyncio
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest
from typer.testing import CliRunner, Result

from shared.ids import new_id
from stack.cli import commands
from stack.commands.options import CommandFailed
from stack.topology import APPLICATIONS, REQUESTS
from tests.conftest import DatabaseUrls, SettingsEnvironment

COMMUNITY = "150207007005"

Query = Callable[..., list[asyncpg.Record]]


def run(*arguments: str) -> Result:
    return CliRunner().invoke(commands, list(arguments))


def failure(*arguments: str) -> str:
    """What a command says that cannot do what was asked."""
    result = run(*arguments)
    assert isinstance(result.exception, CommandFailed), result.output
    return str(result.exception)


@pytest.fixture
async def settings_here(
    fresh_database_urls: DatabaseUrls,
    settings_environment: SettingsEnvironment,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """Settings of five new databases in this process's environment, as in a container."""
    for each in APPLICATIONS:
        urls = await fresh_database_urls(each.name)
        own = dict(zip((f"{each.prefix}DATABASE_URL", f"{each.prefix}OWNER_DATABASE_URL"), urls, strict=True))
        for name, value in (await settings_environment(each.name) | own).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv(f"{each.prefix}KEY_FILE", str(tmp_path / each.name / "keys"))


@pytest.fixture
def query(settings_here: None) -> Query:
    """Ask a service's database as its owner, with every community in sight."""

    async def ask(service: str, statement: str, *arguments: object) -> list[asyncpg.Record]:
        url = os.environ[f"{service.upper()}_OWNER_DATABASE_URL"].replace("+asyncpg", "")
        connection = await asyncpg.connect(url)
        try:
            await connection.execute("SELECT set_config('app.scope', '*', false)")
            return await connection.fetch(statement, *arguments)
        finally:
            await connection.close()

    return lambda *arguments: asyncio.run(ask(*arguments))


def test_every_command_is_there() -> None:
    said = run("--help").output
    for name in ("up", "migrate", "demo", "accounts", "events", "audit", "backup", "restore", "openapi", "env", "keys"):
        assert f" {name} " in said


def test_without_settings_a_command_ends_in_words(tmp_path: Path, repository_root: Path) -> None:
    command = [sys.executable, "-m", "stack.cli", "migrate", "--data", str(tmp_path)]
    finished = subprocess.run(command, cwd=repository_root, capture_output=True, text=True, check=False)
    assert finished.returncode == 1
    assert "make run" in finished.stderr
    assert "Traceback" not in finished.stderr


def test_migrate_does_nothing_where_nothing_is_to_do(settings_here: None) -> None:
    assert run("migrate").output.count("up to date") == len(APPLICATIONS)


def test_an_account_is_made_once(query: Query) -> None:
    made = run("accounts", "create", "staff", COMMUNITY, "--username", "li")
    assert made.exit_code == 0, made.output
    ((role, area, password_hash),) = query("gateway", "SELECT role, area, password_hash FROM account")
    assert (role, area) == ("staff", COMMUNITY)
    assert password_hash.startswith("$argon2id$")
    assert "password" in made.output
    assert "/" in failure("accounts", "create", "staff", COMMUNITY, "--username", "li")
    assert "emperor" in failure("accounts", "create", "emperor", COMMUNITY, "--username", "wu")
    assert "--phone" in failure("accounts", "create", "staff", COMMUNITY)


def test_a_client_gets_a_key_and_loses_it(query: Query) -> None:
    assert "/" in failure("accounts", "create-api-key", "nobody")
    assert run("accounts", "create-client", "app", COMMUNITY, "--grant", "requests:write").exit_code == 0
    made = run("accounts", "create-api-key", "app")
    assert made.exit_code == 0, made.output
    key = made.output.split("api_key ")[1].strip()
    ((digest, disabled_at),) = query("gateway", "SELECT digest, disabled_at FROM api_key WHERE client_id = 'app'")
    assert (digest, disabled_at) == (hashlib.sha256(key.encode()).digest(), None)
    assert "1" in run("accounts", "disable-api-keys", "app").output
    assert "0" in run("accounts", "disable-api-keys", "app").output


def test_published_events_are_sent_again(query: Query) -> None:
    add = """INSERT INTO outbox (community_code, event_id, type, subject, version, data, occurred_at, published_at)
             SELECT $1, gen_random_uuid(), 'requests.request_submitted.v1', 'requests/' || n, 1, '{}', now(), now()
             FROM generate_series(1, 3) AS n"""
    query(REQUESTS.name, add, COMMUNITY)
    for _ in range(2):
        assert "3 events published again" in run("events", "replay", "requests").output
    assert "0 events" in run("events", "replay", "requests", "--community", "150207007006").output
    assert "gateway" in failure("events", "replay", "gateway")


def test_dead_letters_are_listed_and_shown(query: Query) -> None:
    letter = new_id()
    add = """INSERT INTO dead_letter (community_code, id, consumer, event_id, type, subject, envelope, error, attempts)
             VALUES ($1, $2, 'dispatch__requests', $2, 'requests.unknown.v1', 'requests/1', $3, 'KeyError', 5)"""
    query("dispatch", add, COMMUNITY, letter, json.dumps({"data": {"state": "submitted"}}))
    assert "submitted" in run("events", "dead-letters", "show", "dispatch", str(letter)).output
    listed = CliRunner(env={"COLUMNS": "200"}).invoke(commands, ["events", "dead-letters", "list"])
    assert str(letter)[:8] in listed.output
    assert "cannot be handled" in failure("events", "dead-letters", "replay", "dispatch", str(letter))
    assert "no dead letter" in failure("events", "dead-letters", "show", "dispatch", str(new_id()))


def test_a_forged_audit_log_is_told(query: Query) -> None:
    assert "whole" in run("audit", "verify").output
    query("requests", "INSERT INTO audit_head VALUES ($1, 3, '\\xab', '\\x00', now())", COMMUNITY)
    assert "fault" in failure("audit", "verify")
    assert f"requests {COMMUNITY} #3" in run("audit", "verify").output
    assert "whole" in run("audit", "verify", "--community", "150207007006").output


def test_keys_are_counted_and_rewrapped(settings_here: None) -> None:
    listed = run("keys", "list").output
    assert listed.count("k1") == len(APPLICATIONS)
    assert "Done" in run("keys", "rotate").output
    counted = json.loads(run("keys", "list", "--json").output)
    assert all(list(counts) == ["k2", "k1"] and counts["k1"] == 0 for counts in counted.values())
    assert "an hour ago" in failure("keys", "retire")
    for each in APPLICATIONS:
        rotated_at = Path(os.environ[f"{each.prefix}KEY_FILE"])
        os.utime(rotated_at, (rotated_at.stat().st_mtime - 4000,) * 2)
    assert "done" in run("keys", "retire").output
    assert run("keys", "list").output.count("k1") == 0


def test_the_api_description_needs_a_running_gateway(settings_here: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_PUBLIC_URL", "http://127.0.0.1:9")
    assert "make run" in failure("openapi", "export")

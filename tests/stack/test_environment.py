"""The environment that every process is given."""

import stat
from pathlib import Path

import pytest

from services.dispatch.settings import Settings as DispatchSettings
from services.residents.settings import Settings as ResidentsSettings
from stack import environment
from stack.environment import EnvironmentMissing
from stack.topology import APPLICATIONS, GATEWAY, RESIDENTS, SERVICES

PORTS = {name: 20_000 + index for index, name in enumerate(["postgres", "nats", *(each.name for each in APPLICATIONS)])}


def test_secrets_are_made_once_and_ports_may_change(tmp_path: Path) -> None:
    first = environment.embedded(tmp_path, PORTS)
    second = environment.embedded(tmp_path, PORTS | {"postgres": 30_000})
    changed = {name for name in first if first[name] != second[name]}
    assert changed == {
        "POSTGRES_PORT",
        "OPERATOR_DATABASE_URL",
        *(f"{each.prefix}{name}" for each in APPLICATIONS for name in ("DATABASE_URL", "OWNER_DATABASE_URL")),
    }
    assert environment.known_ports(tmp_path) == PORTS | {"postgres": 30_000}


def test_only_the_owner_reads_the_file(tmp_path: Path) -> None:
    environment.embedded(tmp_path, PORTS)
    assert stat.S_IMODE((tmp_path / "environment").stat().st_mode) == 0o600


def test_a_process_is_told_its_own_variables_and_no_owners_password(tmp_path: Path) -> None:
    every = environment.embedded(tmp_path, PORTS)
    for each in APPLICATIONS:
        told = environment.for_process(every, each)
        assert all(name.startswith(each.prefix) for name in told)
        owner = every[f"{each.prefix}OWNER_PASSWORD"]
        assert not any(owner in value for value in told.values())


def test_services_accept_what_they_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    every = environment.embedded(tmp_path, PORTS)
    for name, value in environment.for_process(every, RESIDENTS).items():
        monkeypatch.setenv(name, value)
    settings = ResidentsSettings.from_environment()
    assert settings.issuer == settings.public_url == "http://127.0.0.1:20006"
    assert settings.nats_user == "residents"
    with pytest.raises(ValueError, match="database_url"):
        DispatchSettings.from_environment()


def test_secrets_differ_from_service_to_service(tmp_path: Path) -> None:
    every = environment.embedded(tmp_path, PORTS)
    own = [every[each.prefix + name] for each in APPLICATIONS for name in ("KEY_ENCRYPTION_KEYS", "SIGNING_KEY")]
    own += [every[f"{each.prefix}NATS_PASSWORD"] for each in SERVICES]
    assert len(set(own)) == len(own)
    assert f"{GATEWAY.prefix}NATS_PASSWORD" not in every


def test_a_path_with_spaces_and_chinese_survives(tmp_path: Path) -> None:
    folder = tmp_path / "数据 目录 #1"
    folder.mkdir()
    written = environment.embedded(folder, PORTS)
    assert environment.read(folder / "environment") == written
    assert written["RESIDENTS_SENDER_FILE"] == str(folder / "messages.log")


def test_compose_is_written_once(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    assert environment.compose(path)
    before = path.read_text()
    assert not environment.compose(path)
    assert path.read_text() == before
    values = environment.read(path)
    assert values["REQUESTS_DATABASE_URL"].endswith("@postgres:5432/requests")
    assert values["GATEWAY_DISPATCH_URL"] == "http://dispatch:8000"
    assert values["MERCHANTS_ENVIRONMENT"] == "production"


def test_commands_say_where_settings_are_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RESIDENTS_DATABASE_URL", raising=False)
    with pytest.raises(EnvironmentMissing, match="make run"):
        environment.load(tmp_path)

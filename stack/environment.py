"""The environment of every process: secrets made once, addresses derived from where things run.

One dotenv file holds all of it: `DATA/environment` for the embedded stack, `.env` for compose. A process is given its
own application's variables and nothing else (`for_process`). File mode 0600: it holds every key of the installation.
"""

import os
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from stack.topology import APPLICATIONS, DEFAULT_PORT, GATEWAY, OPERATOR, REQUESTS, RESIDENTS, SERVICES, Application

Environment = dict[str, str]

FILE_NAME = "environment"
_OWNERS_ONLY = ("OWNER_DATABASE_URL", "OWNER_PASSWORD", "APP_PASSWORD", "PORT")
"""Of an application's variables, those that its process is not given."""


class EnvironmentMissing(Exception):
    """No settings where they were looked for; the message says where and what to do."""


@dataclass(frozen=True)
class Places:
    """Where things are reached: what differs between the embedded stack and compose."""

    mode: str
    postgres: str
    """host:port"""
    nats: str
    """host:port"""
    applications: Mapping[str, str]
    """URL by name, as seen by the others."""
    public_url: str
    """The gateway's, as seen by people."""
    sender_file: str
    files: str
    """URL of the folder below which each service that keeps files has one of its own."""
    keys: Path
    """Each application has a folder of its own in it, with its key file."""


def embedded_places(data: Path, ports: Mapping[str, int]) -> Places:
    """Everything on 127.0.0.1; `ports` by program and application name."""
    return Places(
        mode="embedded",
        postgres=f"127.0.0.1:{ports['postgres']}",
        nats=f"127.0.0.1:{ports['nats']}",
        applications={each.name: f"http://127.0.0.1:{ports[each.name]}" for each in APPLICATIONS},
        public_url=f"http://127.0.0.1:{ports[GATEWAY.name]}",
        sender_file=str(data / "messages.log"),
        files=(data / "files").as_uri(),
        keys=data / "keys",
    )


def compose_places(public_url: str = f"http://127.0.0.1:{DEFAULT_PORT}") -> Places:
    """Hosts are compose's service names; every application listens on port 8000 of its own container."""
    return Places(
        mode="production",
        postgres="postgres:5432",
        nats="nats:4222",
        applications={each.name: f"http://{each.name}:8000" for each in APPLICATIONS},
        public_url=public_url,
        sender_file="/messages/messages.log",  # a volume, and not the container's log, until SENDER=http is set
        files="file:///files",
        keys=Path("/keys"),
    )


def new_secrets() -> Environment:
    """Every secret of an installation, made once."""
    from shared.crypto import generate_key  # noqa: PLC0415 - only a first start pays for its import

    made = {"POSTGRES_PASSWORD": _password(), f"{OPERATOR.upper()}_NATS_PASSWORD": _password()}
    for each in APPLICATIONS:
        made[f"{each.prefix}OWNER_PASSWORD"] = _password()
        made[f"{each.prefix}APP_PASSWORD"] = _password()
        made[f"{each.prefix}KEY_ENCRYPTION_KEYS"] = f"k1:{generate_key()}"
        made[f"{each.prefix}INDEX_KEY"] = generate_key()
        made[f"{each.prefix}SIGNING_KEY"] = generate_key()
    for each in SERVICES:
        made[f"{each.prefix}NATS_PASSWORD"] = _password()
    made["RESIDENTS_ATTESTATION_KEY"], made["MERCHANTS_ATTESTATION_KEY"] = _attestation_pair()
    return made


def _password() -> str:
    return "p" + secrets.token_hex(20)  # begins with a letter: nats-server would read 12e4 as a number


def _attestation_pair() -> tuple[str, str]:
    """Residents sign that someone is eligible, merchants check it: Ed25519 (private seed, public key)."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415

    from shared.crypto import encode_key  # noqa: PLC0415

    private = Ed25519PrivateKey.generate()
    return encode_key(private.private_bytes_raw()), encode_key(private.public_key().public_bytes_raw())


def derive(known: Mapping[str, str], places: Places) -> Environment:
    """All variables: `known` secrets and ports, and what follows from them and from `places`."""
    values = dict(known)
    jwks = f"{places.applications[GATEWAY.name]}/.well-known/jwks.json"
    for each in APPLICATIONS:
        values |= {each.prefix + name: value for name, value in _database(each, known, places).items()}
        values |= {
            f"{each.prefix}ENVIRONMENT": places.mode,
            f"{each.prefix}JWKS_URL": jwks,
            f"{each.prefix}ISSUER": places.public_url,
            f"{each.prefix}SENDER": "console",
            f"{each.prefix}SENDER_FILE": places.sender_file,
            f"{each.prefix}KEY_FILE": str(places.keys / each.name / "keys"),
        }
    for each in SERVICES:
        values[f"{each.prefix}NATS_URL"] = f"nats://{places.nats}"
        values[f"{each.prefix}NATS_USER"] = each.name
        values[f"{GATEWAY.prefix}{each.prefix}URL"] = places.applications[each.name]
    for each in (GATEWAY, RESIDENTS, REQUESTS):
        values[f"{each.prefix}PUBLIC_URL"] = places.public_url
    for each in (RESIDENTS, REQUESTS):
        values[f"{each.prefix}FILES_URL"] = f"{places.files}/{each.name}"
    values["OPERATOR_NATS_URL"] = f"nats://{places.nats}"
    values["OPERATOR_NATS_USER"] = OPERATOR
    values["OPERATOR_DATABASE_URL"] = f"postgresql://postgres:{known['POSTGRES_PASSWORD']}@{places.postgres}/postgres"
    return values


def _database(application: Application, known: Mapping[str, str], places: Places) -> Environment:
    def url(role: str, password: str) -> str:
        return f"postgresql+asyncpg://{role}:{password}@{places.postgres}/{application.name}"

    prefix = application.prefix
    return {
        "DATABASE_URL": url(application.app_role, known[f"{prefix}APP_PASSWORD"]),
        "OWNER_DATABASE_URL": url(application.owner_role, known[f"{prefix}OWNER_PASSWORD"]),
    }


def for_process(environment: Mapping[str, str], application: Application) -> Environment:
    """What one application's process is told: its own variables, without those of the database's owner."""
    hidden = {application.prefix + name for name in _OWNERS_ONLY}
    return {
        name: value for name, value in environment.items() if name.startswith(application.prefix) and name not in hidden
    }


def embedded(data: Path, ports: Mapping[str, int]) -> Environment:
    """The embedded stack's variables, with the secrets of `DATA/environment` or new ones; updates the file."""
    path = data / FILE_NAME
    known = read(path) if path.exists() else new_secrets()
    known |= {f"{name.upper()}_PORT": str(port) for name, port in ports.items()}
    values = derive(known, embedded_places(data, ports))
    write(path, values)
    for each in APPLICATIONS:
        write_keys(values, each, values[f"{each.prefix}KEY_ENCRYPTION_KEYS"])
    return values


def key_encryption_keys(variables: Mapping[str, str], application: Application) -> str:
    """`k2:…,k1:…` as the application's processes know them: from its key file if there is one."""
    path = Path(variables.get(f"{application.prefix}KEY_FILE", ""))
    return path.read_text() if path.is_file() else variables[f"{application.prefix}KEY_ENCRYPTION_KEYS"]


def write_keys(variables: Mapping[str, str], application: Application, keys: str) -> None:
    """Replace the application's key file in one step; its running processes follow by themselves."""
    path = Path(variables[f"{application.prefix}KEY_FILE"])
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _replace(path, keys)


def known_ports(data: Path) -> dict[str, int]:
    """The ports of the last start; empty before the first."""
    path = data / FILE_NAME
    values = read(path) if path.exists() else {}
    names = ("postgres", "nats", *(each.name for each in APPLICATIONS))
    return {name: int(values[variable]) for name in names if (variable := f"{name.upper()}_PORT") in values}


def compose(path: Path) -> bool:
    """Write compose's `.env`; False, and nothing written, if there is one already."""
    if path.exists():
        return False
    extra = {"NATS_LISTEN": "0.0.0.0:4222", "NATS_STORE": "/data"}
    write(path, derive(new_secrets() | extra, compose_places()))
    return True


def load(data: Path) -> Environment:
    """Settings for a command: from this process's environment if they are there, else from `DATA/environment`."""
    path = data / FILE_NAME
    # Compose's migrate container knows the owners' addresses only.
    if {"RESIDENTS_DATABASE_URL", "RESIDENTS_OWNER_DATABASE_URL"} & os.environ.keys():
        return dict(os.environ)
    if path.exists():
        return read(path)
    raise EnvironmentMissing(
        f"没有找到运行环境:{path} 不存在。请先运行 make run,或用 --data 指明数据目录。\n"
        f"No settings: {path} does not exist. Start the stack first (make run), or name its folder with --data."
    )


def read(path: Path) -> Environment:
    """A dotenv file as this module writes it: NAME=value or NAME='value', and comments."""
    values: Environment = {}
    for line in path.read_text().splitlines():
        name, separator, value = line.partition("=")
        if separator and not line.startswith("#"):
            values[name.strip()] = value[1:-1] if value[:1] == value[-1:] == "'" and len(value) > 1 else value
    return values


def write(path: Path, values: Mapping[str, str]) -> None:
    """Replace `path` in one step; readable by its owner alone."""
    lines = [
        "# Every key of this installation. Keep it, keep it secret, and keep a copy: without it backups are unreadable."
    ]
    lines += [f"{name}={_quoted(value)}" for name, value in sorted(values.items())]
    _replace(path, "\n".join(lines) + "\n")


def _replace(path: Path, text: str) -> None:
    """Owned as the folder is: the command line may be root's, the applications are not."""
    building = path.with_name(f".{path.name}.new")
    descriptor = os.open(building, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    if os.geteuid() == 0:
        owner = path.parent.stat()
        os.chown(building, owner.st_uid, owner.st_gid)
    building.replace(path)


def _quoted(value: str) -> str:
    safe: Iterable[str] = "-_.:/@+,=~%"
    return value if all(letter.isalnum() or letter in safe for letter in value) else f"'{value}'"

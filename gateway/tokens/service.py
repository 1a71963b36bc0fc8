"""The issuer's keys and what they sign: RFC 9068 access tokens, ten minutes each."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from joserfc import jwt
from joserfc.jwk import KeySetSerialization, OKPKey
from sqlalchemy import delete, select, text
from sqlmodel import col

from gateway.tables import GLOBAL
from gateway.tokens.models import SigningKey
from shared.auth import ALGORITHMS, AUDIENCE, Role
from shared.clock import utc_now
from shared.codes import EVERYWHERE
from shared.crypto import Keyring
from shared.db import AsyncSession, Database
from shared.ids import new_id
from shared.vault import Vault

ACCESS_TOKEN_LIFETIME = timedelta(minutes=10)
ROTATION = timedelta(days=30)
ANNOUNCED = timedelta(hours=1)
"""A new key is in the published set this long before it signs: verifiers have fetched it by then."""
KEPT = timedelta(hours=1)
"""A retired key stays published until its last token is dead, and then some."""
REFRESH = timedelta(minutes=1)
"""How often a process looks for keys that another one made."""

_ALGORITHM = ALGORITHMS[0]
_SEALED = {"table": "signing_key", "column": "private_sealed"}
_LOCK = text("SELECT pg_advisory_xact_lock(365003)")


@dataclass(frozen=True)
class LoadedKey:
    key: OKPKey
    signs_from: datetime
    expires_at: datetime


async def rotate_keys(session: AsyncSession, keyring: Keyring, *, now: datetime | None = None) -> int:
    """Make the next key when the newest is due, and drop what is past its time. Returns how many rows changed.

    Two processes that rotate at once make one key: the second waits and then finds nothing to do.
    """
    now = now or utc_now()
    await session.execute(_LOCK)
    stored = await _stored_keys(session)
    changed = 0
    if not stored:
        await _make_key(session, keyring, signs_from=now, now=now)
        changed += 1
    elif stored[-1].signs_from <= now - ROTATION:
        # A gateway that stood still for so long that the old key is over cannot wait for the announcement.
        overdue = stored[-1].signs_from <= now - ROTATION - ANNOUNCED
        await _make_key(session, keyring, signs_from=now if overdue else now + ANNOUNCED, now=now)
        changed += 1
    for retired in [key for key in stored if key.expires_at <= now]:
        await Vault(session, keyring).destroy(GLOBAL, retired.id)
        await session.execute(delete(SigningKey).where(col(SigningKey.id) == retired.id))
        changed += 1
    return changed


async def _stored_keys(session: AsyncSession) -> Sequence[SigningKey]:
    return (await session.execute(select(SigningKey).order_by(col(SigningKey.signs_from)))).scalars().all()


async def _make_key(session: AsyncSession, keyring: Keyring, *, signs_from: datetime, now: datetime) -> None:
    key_id = new_id()
    key = OKPKey.generate_key("Ed25519", {"kid": str(key_id), "use": "sig", "alg": _ALGORITHM}, private=True)
    data_key = await Vault(session, keyring).key_for(GLOBAL, key_id)
    session.add(
        SigningKey(
            id=key_id,
            public_jwk=key.as_dict(private=False),
            private_sealed=data_key.seal(str(key.as_dict(private=True)["d"]), **_SEALED, row_id=key_id),
            created_at=now,
            signs_from=signs_from,
            expires_at=signs_from + ROTATION + ANNOUNCED + KEPT + ACCESS_TOKEN_LIFETIME,
        )
    )
    await session.flush()


class Issuer:
    """Signs access tokens with the newest key that may sign, and publishes every live one."""

    def __init__(self, database: Database, keyring: Keyring, issuer: str) -> None:
        self._database = database
        self._keyring = keyring
        self._issuer = issuer
        self._keys: list[LoadedKey] = []
        self._loaded_at: datetime | None = None
        self._lock = asyncio.Lock()
        self._service_tokens: dict[str, tuple[datetime, str]] = {}

    async def key_set(self) -> KeySetSerialization:
        """The JWKS document (RFC 7517)."""
        keys = await self._live_keys()
        return {"keys": [loaded.key.as_dict(private=False) for loaded in keys]}

    async def sign(self, claims: dict[str, Any], *, now: datetime | None = None) -> str:
        """An access token that states `claims` besides iss, aud, iat, exp and jti."""
        live = await self._live_keys()
        now = now or utc_now()
        key = next(loaded.key for loaded in reversed(live) if loaded.signs_from <= now)
        issued = int(now.timestamp())
        stated = {
            "iss": self._issuer,
            "aud": AUDIENCE,
            "iat": issued,
            "exp": issued + int(ACCESS_TOKEN_LIFETIME.total_seconds()),
            "jti": str(new_id()),
        } | {name: value for name, value in claims.items() if value not in (None, [], "")}
        header = {"alg": _ALGORITHM, "typ": "at+jwt", "kid": key.kid}
        return jwt.encode(header, stated, key, algorithms=[_ALGORITHM])

    async def service_token(self, area: str) -> str:
        """The gateway's own token for one area, kept for half its life: for what no person asked for."""
        now = utc_now()
        known = self._service_tokens.get(area)
        if known is None or known[0] < now:
            token = await self.sign({"sub": "gateway", "role": Role.GATEWAY.value, "area": area})
            known = self._service_tokens[area] = (now + ACCESS_TOKEN_LIFETIME / 2, token)
        return known[1]

    async def _live_keys(self) -> list[LoadedKey]:
        now = utc_now()
        if self._loaded_at is None or now - self._loaded_at > REFRESH:
            async with self._lock:
                if self._loaded_at is None or now - self._loaded_at > REFRESH:
                    await self._load(now)
        return self._keys

    async def _load(self, now: datetime) -> None:
        async with self._database.transaction(EVERYWHERE) as session:
            await rotate_keys(session, self._keyring, now=now)
            stored = await _stored_keys(session)
            data_keys = await Vault(session, self._keyring).keys_for(GLOBAL, [key.id for key in stored])
        self._keys = [
            LoadedKey(_private_key(key, data_keys[key.id].open(key.private_sealed, **_SEALED, row_id=key.id)),
                      key.signs_from, key.expires_at)
            for key in stored
        ]  # fmt: skip
        self._loaded_at = now


def _private_key(stored: SigningKey, seed: str) -> OKPKey:
    return OKPKey.import_key(stored.public_jwk | {"d": seed})

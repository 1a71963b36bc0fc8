"""API keys of partners' clients: made and disabled by the operator, looked up at every call that needs one."""

import hashlib
import secrets

from sqlalchemy import or_, select, update
from sqlmodel import col

from gateway.accounts.models import Client
from gateway.accounts.repository import find_client
from gateway.open311.errors import ClientUnknown
from gateway.open311.models import ApiKey
from shared.clock import china_today, utc_now
from shared.db import AsyncSession, count_changed


async def create_api_key(session: AsyncSession, client_id: str, *, key: str | None = None) -> str:
    """Give a client one more key and return it; only its digest is kept. `key` is the demo's, which anyone may know.

    Raises ClientUnknown.
    """
    if await find_client(session, client_id) is None:
        raise ClientUnknown
    key = key or secrets.token_urlsafe(32)
    session.add(ApiKey(digest=_digest(key), client_id=client_id))
    await session.flush()
    return key


async def disable_api_keys(session: AsyncSession, client_id: str) -> int:
    """End every key that a client has; returns how many there were."""
    statement = update(ApiKey).where(col(ApiKey.client_id) == client_id, col(ApiKey.disabled_at).is_(None))
    return await count_changed(session, statement.values(disabled_at=utc_now()))


async def find_client_by_key(session: AsyncSession, key: str) -> Client | None:
    """The client whose key this is, unless one of the two is disabled. Notes once a day that the key is in use."""
    digest, today = _digest(key), china_today()
    in_use = col(ApiKey.digest) == digest, col(ApiKey.disabled_at).is_(None)
    statement = select(Client, col(ApiKey.last_used_on)).join(ApiKey, col(ApiKey.client_id) == col(Client.id))
    found = (await session.execute(statement.where(*in_use, col(Client.disabled_at).is_(None)))).first()
    if found is None:
        return None
    if found.last_used_on != today:
        unseen = or_(col(ApiKey.last_used_on).is_(None), col(ApiKey.last_used_on) < today)
        await session.execute(update(ApiKey).where(*in_use, unseen).values(last_used_on=today))
    return found[0]


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()

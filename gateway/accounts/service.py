"""Use cases of accounts: made by the command line, by the demo, and at a resident's first sign-in."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from gateway.accounts import repository
from gateway.accounts.errors import UsernameTaken, WeakPassword
from gateway.accounts.models import Account, Client
from gateway.accounts.passwords import MINIMUM_LENGTH, hash_password
from shared.auth import Role
from shared.codes import check_scope
from shared.crypto import Keyring
from shared.db import AsyncSession
from shared.identity import normalise_mobile


@dataclass(frozen=True, kw_only=True)
class NewAccount:
    """What `create_account` is told. The ids are those of the records in the owning services."""

    role: Role
    area: str
    username: str | None = None
    password: str | None = None
    phone: str | None = None
    grids: tuple[str, ...] = ()
    person_id: UUID | None = None
    household_id: UUID | None = None
    responder_id: UUID | None = None
    merchant_id: UUID | None = None


def phone_index(keyring: Keyring, phone: str) -> bytes:
    """The blind index under which a phone's account is found."""
    return keyring.blind_index("account-phone", normalise_mobile(phone))


async def create_account(
    session: AsyncSession, keyring: Keyring, new: NewAccount, *, password_hash: str | None = None
) -> Account:
    """Make an account. `password_hash` spares the hashing when many share one password (the demo).

    Raises UsernameTaken, WeakPassword.
    """
    if new.username and await repository.find_by_username(session, new.username) is not None:
        raise UsernameTaken
    if new.password is not None and password_hash is None:
        if len(new.password) < MINIMUM_LENGTH:
            raise WeakPassword
        password_hash = await hash_password(new.password)
    account = Account(
        role=new.role,
        area=check_scope(new.area),
        username=new.username,
        password_hash=password_hash,
        phone_index=phone_index(keyring, new.phone) if new.phone else None,
        grids=list(new.grids),
        person_id=new.person_id,
        household_id=new.household_id,
        responder_id=new.responder_id,
        merchant_id=new.merchant_id,
    )
    session.add(account)
    await session.flush()
    return account


def claims_of(account: Account) -> dict[str, Any]:
    """What an access token states of this account; `shared.auth.principal_of` reads it."""

    def text(identifier: UUID | None) -> str | None:
        return str(identifier) if identifier else None

    return {
        "sub": str(account.id),
        "role": account.role.value,
        "area": account.area,
        "grids": list(account.grids),
        "person": text(account.person_id),
        "household": text(account.household_id),
        "responder": text(account.responder_id),
        "merchant": text(account.merchant_id),
    }


async def create_client(session: AsyncSession, client_id: str, *, area: str, grants: list[str]) -> str:
    """Make a partner's client and return its secret, which is shown once and stored as a digest."""
    secret = secrets.token_urlsafe(32)
    session.add(Client(id=client_id, secret_digest=_digest(secret), area=check_scope(area), grants=sorted(grants)))
    await session.flush()
    return secret


async def find_client_by_secret(session: AsyncSession, client_id: str, secret: str) -> Client | None:
    """The client, if it exists, is not disabled and this is its secret."""
    client = await repository.find_client(session, client_id)
    expected = client.secret_digest if client else bytes(32)
    fits = hmac.compare_digest(_digest(secret), expected)
    return client if client and fits and client.disabled_at is None else None


def client_claims(client: Client) -> dict[str, Any]:
    return {
        "sub": client.id,
        "client_id": client.id,
        "role": Role.PARTNER.value,
        "area": client.area,
        "scope": " ".join(client.grants),
    }


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()

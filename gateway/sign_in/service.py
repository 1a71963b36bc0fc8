"""How people and systems sign in, and how a session goes on."""

import hashlib
import hmac
import secrets
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from starlette.datastructures import State

from gateway.accounts import repository as accounts
from gateway.accounts.models import Account
from gateway.accounts.passwords import is_password
from gateway.accounts.service import (
    NewAccount,
    claims_of,
    client_claims,
    create_account,
    find_client_by_secret,
    phone_index,
)
from gateway.calls import ask
from gateway.sign_in import repository
from gateway.sign_in.errors import (
    CodeInvalid,
    CodeNotSent,
    NoLongerResident,
    NotRegistered,
    OAuthProblem,
    SignInFailed,
)
from gateway.sign_in.models import OneTimeCode, RefreshToken
from gateway.sign_in.schemas import Tokens
from gateway.tables import GLOBAL
from gateway.tokens.service import ACCESS_TOKEN_LIFETIME
from shared.auth import Role
from shared.clock import utc_now
from shared.crypto import DataKey
from shared.db import AsyncSession
from shared.errors import NotFound
from shared.http_client import UpstreamUnavailable
from shared.ids import new_id
from shared.limits import TooManyRequests
from shared.sender import SendFailed

log = structlog.get_logger(__name__)

CODE_LIFETIME = timedelta(minutes=5)
CODE_TRIES = 5
REFRESH_TOKEN_LIFETIME = timedelta(days=30)

_SEALED = {"table": "one_time_code", "column": "phone_sealed"}


async def request_code(state: State, phone: str) -> UUID:
    """Send a one-time code to a phone, known or not, and return the id of the request it is bound to.

    The code is stored before it is sent, so that none is sent which cannot be used. Raises CodeNotSent.
    """
    code, request_id = f"{secrets.randbelow(1_000_000):06d}", new_id()
    stored = OneTimeCode(
        id=request_id,
        phone_sealed=_code_key(state, request_id).seal(phone, **_SEALED, row_id=request_id),
        code_digest=_code_digest(state, request_id, code),
        tries_left=CODE_TRIES,
        expires_at=utc_now() + CODE_LIFETIME,
    )
    async with state.database.transaction(GLOBAL) as session:
        session.add(stored)
    text = f"您的登录验证码是 {code}, 5 分钟内有效, 请勿告诉他人。Your sign-in code is {code}."
    try:
        await state.sender.send(phone, text, kind="one-time-code", reference=str(request_id))
    except SendFailed as error:
        raise CodeNotSent from error
    return request_id


async def verify_code(state: State, request_id: UUID, code: str) -> Tokens:
    """Sign in with the code that was sent. Raises CodeInvalid, NotRegistered."""
    now = utc_now()
    async with state.database.transaction(GLOBAL) as session:
        # A wrong guess must cost its try, so this commits before anything is refused.
        stored = await repository.spend_try(session, request_id, now)
    if stored is None or not hmac.compare_digest(stored.code_digest, _code_digest(state, request_id, code)):
        log.info("sign_in_refused", way="code")
        raise CodeInvalid
    phone = _code_key(state, request_id).open(stored.phone_sealed, **_SEALED, row_id=request_id)
    async with state.database.transaction(GLOBAL) as session:
        account = await accounts.find_by_phone(session, phone_index(state.keyring, phone))
    registered = await _registration_of(state, phone, account)
    async with state.database.transaction(GLOBAL) as session:
        if not await repository.use_code(session, request_id, now):
            raise CodeInvalid
        account = await _account_of_phone(session, state, phone, registered)
        tokens = await _open_session(session, state, account) if account else None
    if tokens is None:
        log.info("sign_in_refused", way="code", reason="not_registered")
        raise NotRegistered
    return tokens


async def _registration_of(state: State, phone: str, account: Account | None) -> dict[str, Any] | None:
    """Who the residents' registry says this phone is; asked at every sign-in, since people move.

    A phone may stand for several people of a family: whoever the account was made for stays it.
    """
    if account is not None and account.role is not Role.RESIDENT:
        return None
    try:
        found = await ask(state, "residents", "POST", "/internal/people/by-phone", json={"phone": phone})
    except UpstreamUnavailable:
        if account is None:
            raise
        return None if account.person_id is None else _as_registered(account)
    same = [each for each in found if account is not None and each["person_id"] == str(account.person_id)]
    return next(iter(same or found), None)


async def _registered_now(state: State, resident: Account) -> dict[str, Any] | None:
    """What the registry says of a resident whose session goes on; None while it is away: what was known holds."""
    try:
        return await ask(state, "residents", "GET", f"/internal/people/{resident.person_id}", area=resident.area)
    except NotFound:
        log.info("session_refused", account=str(resident.id), reason="no_longer_resident")
        raise NoLongerResident from None
    except (UpstreamUnavailable, TooManyRequests):
        return None


def _as_registered(account: Account) -> dict[str, Any]:
    """What was known at the last sign-in, while the registry is away."""
    return {
        "community_code": account.area,
        "person_id": str(account.person_id),
        "household_id": str(account.household_id) if account.household_id else None,
        "grid_code": next(iter(account.grids), None),
    }


async def _account_of_phone(
    session: AsyncSession, state: State, phone: str, registered: dict[str, Any] | None
) -> Account | None:
    """The account behind a phone, made or brought up to date; None when the registry does not know the phone."""
    account = await accounts.find_by_phone(session, phone_index(state.keyring, phone))
    if account is not None and account.role is not Role.RESIDENT:
        return account  # staff may sign in by phone too; the registry does not change who they are
    if account is not None and (registered is None or registered["person_id"] != str(account.person_id)):
        # The phone has a new owner or none. The old one's refresh tokens go with the account.
        await accounts.delete_account(session, account.id)
        account = None
    if registered is None:
        return None
    if account is None:
        new = NewAccount(role=Role.RESIDENT, area=registered["community_code"], phone=phone)
        account = await create_account(session, state.keyring, new)
    _bring_up_to_date(account, registered)
    await session.flush()
    return account


def _bring_up_to_date(account: Account, registered: dict[str, Any]) -> None:
    account.area = registered["community_code"]
    account.person_id = UUID(registered["person_id"])
    account.household_id = UUID(registered["household_id"]) if registered.get("household_id") else None
    account.grids = [registered["grid_code"]] if registered.get("grid_code") else []


async def sign_in_by_password(state: State, username: str, password: str) -> Tokens:
    """Raises SignInFailed, in the same time whether the account exists or not."""
    async with state.database.transaction(GLOBAL) as session:
        account = await accounts.find_by_username(session, username)
    usable = account is not None and account.disabled_at is None
    if not await is_password(account.password_hash if usable and account else None, password) or account is None:
        log.info("sign_in_refused", way="password")
        raise SignInFailed
    async with state.database.transaction(GLOBAL) as session:
        return await _open_session(session, state, account)


async def grant_client_credentials(state: State, client_id: str, secret: str, scope: str | None) -> Tokens:
    """RFC 6749, 4.4. Raises OAuthProblem."""
    async with state.database.transaction(GLOBAL) as session:
        client = await find_client_by_secret(session, client_id, secret)
    if client is None:
        log.info("sign_in_refused", way="client")
        raise OAuthProblem("invalid_client", 401)
    wanted = set((scope or " ".join(client.grants)).split())
    if not wanted <= set(client.grants):
        raise OAuthProblem("invalid_scope")
    granted = " ".join(sorted(wanted))
    token = await state.issuer.sign(client_claims(client) | {"scope": granted})
    return Tokens(access_token=token, expires_in=_seconds(ACCESS_TOKEN_LIFETIME), scope=granted)


async def grant_refresh(state: State, refresh_token: str) -> Tokens:
    """Replace a refresh token. One that was used before ends its family: somebody has stolen one of the two.

    A resident's new tokens say where they live now. Raises OAuthProblem, NoLongerResident.
    """
    now, digest = utc_now(), _token_digest(refresh_token)
    async with state.database.transaction(GLOBAL) as session:
        resident = await repository.find_resident_of(session, digest, now)
    registered = await _registered_now(state, resident) if resident else None
    async with state.database.transaction(GLOBAL) as session:
        spent = await repository.use_refresh_token(session, digest, now)
        account = await accounts.find_account(session, spent.account_id) if spent else None
        if spent and account and account.disabled_at is None:
            if registered is not None:
                _bring_up_to_date(account, registered)
            return await _open_session(session, state, account, family_id=spent.family_id)
        known = await repository.find_refresh_token(session, digest)
        if known is not None:
            log.warning("refresh_token_replayed", family=str(known.family_id))
            await repository.revoke_family(session, known.family_id, now)
    raise OAuthProblem("invalid_grant")


async def sign_out(state: State, refresh_token: str) -> None:
    """End the family that this token belongs to; an unknown token is nothing to complain about (RFC 7009, 2.2)."""
    async with state.database.transaction(GLOBAL) as session:
        known = await repository.find_refresh_token(session, _token_digest(refresh_token))
        if known is not None:
            await repository.revoke_family(session, known.family_id, utc_now())


async def _open_session(
    session: AsyncSession, state: State, account: Account, *, family_id: UUID | None = None
) -> Tokens:
    if account.disabled_at is not None:
        raise SignInFailed
    refresh_token = secrets.token_urlsafe(32)
    now = utc_now()
    await repository.add_refresh_token(
        session,
        RefreshToken(
            digest=_token_digest(refresh_token),
            family_id=family_id or new_id(),
            account_id=account.id,
            issued_at=now,
            expires_at=now + REFRESH_TOKEN_LIFETIME,
        ),
    )
    log.info("session_opened" if family_id is None else "session_continued", account=str(account.id), role=account.role)
    return Tokens(
        access_token=await state.issuer.sign(claims_of(account)),
        expires_in=_seconds(ACCESS_TOKEN_LIFETIME),
        refresh_token=refresh_token,
    )


async def forget_expired(session: AsyncSession) -> int:
    return await repository.forget_expired(session, utc_now())


def _code_digest(state: State, request_id: UUID, code: str) -> bytes:
    return hmac.digest(state.signing_key, b"one-time-code\0" + request_id.bytes + code.encode(), "sha256")


def _code_key(state: State, request_id: UUID) -> DataKey:
    return DataKey(hmac.digest(state.signing_key, b"one-time-code-phone\0" + request_id.bytes, "sha256"), GLOBAL)


def _token_digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _seconds(span: timedelta) -> int:
    return int(span.total_seconds())

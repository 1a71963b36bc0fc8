"""Passwords: argon2id at the library's defaults (RFC 9106), 112 ms and 64 MiB each, so never many at once."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError

AT_ONCE = 2
MINIMUM_LENGTH = 10

_hasher = PasswordHasher()
_threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="argon2")
_NOBODY = _hasher.hash("a password that no account has")


async def hash_password(password: str) -> str:
    return await asyncio.get_running_loop().run_in_executor(_threads, _hasher.hash, password)


async def is_password(password_hash: str | None, password: str) -> bool:
    """Whether the password fits; takes as long for an account that does not exist (None)."""
    fits = await asyncio.get_running_loop().run_in_executor(_threads, _fits, password_hash or _NOBODY, password)
    return fits and password_hash is not None


def _fits(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except VerificationError:
        return False

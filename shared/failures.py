"""What may be told of an exception (never the data in its message), and whether it means that a server is away."""

import traceback
from pathlib import PurePath

import asyncpg
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

_AWAY = ("08", "57P01", "57P02", "57P03", "53300")
"""PostgreSQL's connection exceptions, shutdowns, start-up, and too many connections (Appendix A of its manual)."""


def describe(error: BaseException) -> str:
    """Class, place and codes of an error, without its message: messages quote values, and values may be personal."""
    parts = [type(error).__name__]
    if isinstance(error, DBAPIError):
        parts += [part for part in (_sqlstate(error), _constraint(error)) if part]
    if isinstance(error, ValidationError):
        faults = error.errors(include_input=False, include_url=False, include_context=False)
        parts += [".".join(map(str, fault["loc"])) + "=" + fault["type"] for fault in faults]
    frames = traceback.extract_tb(error.__traceback__)
    if frames:
        own = [frame for frame in frames if "site-packages" not in frame.filename] or frames
        parts.append(f"at {PurePath(own[-1].filename).name}:{own[-1].lineno} in {own[-1].name}")
    return " ".join(parts)


def is_outage(error: BaseException) -> bool:
    """Whether PostgreSQL was away or went away, so that the same work may succeed when it is back."""
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or (_sqlstate(error) or "").startswith(_AWAY)
    if isinstance(error, asyncpg.PostgresError):
        return (getattr(error, "sqlstate", None) or "").startswith(_AWAY)
    return isinstance(error, OSError | PoolTimeout | asyncpg.InterfaceError)


def _sqlstate(error: DBAPIError) -> str | None:
    return getattr(error.orig, "sqlstate", None)


def _constraint(error: DBAPIError) -> str | None:
    return getattr(getattr(error.orig, "__cause__", None), "constraint_name", None)

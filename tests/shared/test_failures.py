"""An error is told without its data, and an absent server is told from a mistake."""

import asyncpg
import pytest
from pydantic import BaseModel, SecretStr, ValidationError
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared.codes import EVERYWHERE
from shared.db import Database
from shared.failures import describe, is_outage
from stack.processes import free_port
from tests.toy.pair import COMMUNITY, Pair

INSERT = text("INSERT INTO seen VALUES (:community, :subject, '{}')")
VALUES = {"community": COMMUNITY, "subject": "张三 13800000000"}


class Person(BaseModel):
    phone: int


async def error_of(database: Database, *statements: str) -> Exception:
    with pytest.raises(DBAPIError) as raised:
        async with database.transaction(EVERYWHERE) as session:
            for statement in statements:
                await session.execute(text(statement))
    return raised.value


async def test_a_violated_constraint_is_named_and_its_value_is_not(pair: Pair) -> None:
    with pytest.raises(DBAPIError) as raised:
        async with pair.target.transaction(COMMUNITY) as session:
            await session.execute(INSERT, VALUES)
            await session.execute(INSERT, VALUES)
    told = describe(raised.value)
    assert told.startswith("IntegrityError 23505 pk_seen at test_failures.py:")
    assert "张三" not in told
    assert not is_outage(raised.value)


def test_an_invalid_field_is_named_and_its_value_is_not() -> None:
    with pytest.raises(ValidationError) as raised:
        Person.model_validate({"phone": "张三 13800000000"})
    told = describe(raised.value)
    assert "phone=int_parsing" in told
    assert "138" not in told


def test_a_message_is_not_told() -> None:
    assert describe(KeyError("张三")) == "KeyError"


async def test_a_refused_connection_is_an_outage() -> None:
    database = Database(SecretStr(f"postgresql+asyncpg://nobody:secret@127.0.0.1:{free_port()}/none"))
    with pytest.raises(OSError) as raised:
        await database.is_ready()
    assert is_outage(raised.value)
    await database.close()


async def test_a_terminated_session_is_an_outage(pair: Pair) -> None:
    error = await error_of(pair.target, "SELECT pg_terminate_backend(pg_backend_pid())")
    assert is_outage(error)


async def test_a_statement_that_took_too_long_is_none(pair: Pair) -> None:
    error = await error_of(pair.target, "SET LOCAL statement_timeout = 1", "SELECT pg_sleep(10)")
    assert not is_outage(error)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (asyncpg.CannotConnectNowError(), True),
        (asyncpg.TooManyConnectionsError(), True),
        (asyncpg.InterfaceError("closed"), True),
        (asyncpg.InvalidPasswordError(), False),
        (LookupError(), False),
    ],
)
def test_what_counts_as_an_outage(error: Exception, expected: bool) -> None:
    assert is_outage(error) is expected

"""PostgreSQL: tables per service, and transactions that see one scope and nothing else."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from enum import StrEnum
from functools import cache
from typing import Any, ClassVar, cast

from pydantic import SecretStr
from sqlalchemy import CursorResult, Enum, MetaData, Table, UpdateBase, text
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from shared.codes import check_scope
from shared.connections import ScopedConnection, watch, within

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

KIT_METADATA = MetaData(naming_convention=NAMING)
"""Tables that every service's database has: outbox, inbox, idempotency keys, audit, data keys."""

CONNECTION_SETTINGS = {
    "statement_timeout": "15000",
    "lock_timeout": "5000",
    "idle_in_transaction_session_timeout": "30000",
    "timezone": "UTC",
}
"""Milliseconds. PostgreSQL's own defaults are zero, i.e. for ever."""

BeforeCommit = Callable[[AsyncSession], Awaitable[None]]

_SET_SCOPE = text("SELECT set_config('app.scope', :scope, true)")


class TableBase(SQLModel):
    """What SQLModel leaves unsaid to a type checker. Each service's `tables.py` makes its own base of it:
    `class Base(TableBase, registry=table_registry())`.

    All SQLModel classes otherwise share one registry, and two services' tables of the same name would collide in one
    process (the tests, the command line).
    """

    __table__: ClassVar[Table]
    # SQLModel annotates it as text and then defines a `declared_attr`, which is what a checker goes by.
    __tablename__: ClassVar[str]  # pyright: ignore[reportIncompatibleVariableOverride]

    def __init__(self, **values: Any) -> None:
        """A new row, which validates nothing, as in any table model. A tenth of the time of SQLModel's own, which sets
        each column through three layers though nobody listens to a row that is not in a session yet."""
        fields, (constants, factories) = type(self).model_fields, _defaults(type(self))  # pyright: ignore[reportArgumentType]
        given = {name: value for name, value in values.items() if name in fields}
        made = {name: make() for name, make in factories.items() if name not in given}
        vars(self).update(constants | made | given)
        for name in self.__sqlmodel_relationships__.keys() & values.keys():
            setattr(self, name, values[name])


@cache
def _defaults(kind: type[SQLModel]) -> tuple[dict[str, Any], dict[str, Callable[[], Any]]]:
    """What a new row has where nothing was said: values, and what makes them."""
    constants: dict[str, Any] = {}
    factories: dict[str, Callable[[], Any]] = {}
    for name, field in kind.model_fields.items():
        if field.default_factory is not None:
            factories[name] = cast("Callable[[], Any]", field.default_factory)
        elif isinstance(field.default, list | dict | set):
            factories[name] = field.get_default  # a copy each
        elif not field.is_required():
            constants[name] = field.default
    return constants, factories


def table_registry() -> registry:
    """A registry, and with it metadata, for the tables of one service."""
    return registry(metadata=MetaData(naming_convention=NAMING))


class Tenant(SQLModel):
    """Columns that begin every key of a community's table: row-level security and sharding both stand on them."""

    community_code: str = Field(primary_key=True, max_length=12)


def text_enum(kind: type[StrEnum]) -> Enum:
    """A column type that stores the member's value as text: `kind: GridKind = Field(sa_type=text_enum(GridKind))`.

    PostgreSQL's own enum types cannot lose a value and lock the table when they change; a CHECK can be replaced.
    """
    return Enum(kind, native_enum=False, values_callable=lambda members: [m.value for m in members], length=40)


class Database:
    """One service's pool. Every transaction has a scope; without one PostgreSQL shows no rows."""

    def __init__(self, url: SecretStr, *, pool_size: int = 8, application_name: str = "kaiyuan") -> None:
        self.engine = create_async_engine(
            url.get_secret_value(),
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=5,
            hide_parameters=True,
            connect_args={
                "timeout": 5,
                "connection_class": ScopedConnection,
                "server_settings": CONNECTION_SETTINGS | {"application_name": application_name},
            },
        )
        watch(self.engine)

    @asynccontextmanager
    async def transaction(self, scope: str, *, role: str = "") -> AsyncIterator[AsyncSession]:
        """A session in one transaction that sees only rows within `scope`; commits on leaving, rolls back on error.

        `role` is whose work it is, for triggers that write down who changed what: empty for the service's own.

        Callables in `session.info["before_commit"]` run last, in order, inside the transaction.
        """
        async with AsyncSession(self.engine, expire_on_commit=False, autoflush=True) as session, session.begin():
            await session.connection(execution_options=within(scope, role))
            session.info["scope"] = scope
            yield session
            await session.flush()
            for finish in before_commit(session):
                await finish(session)

    async def is_ready(self) -> bool:
        """Whether the database answers."""
        async with self.engine.connect() as connection:
            return (await connection.execute(text("SELECT 1"))).scalar_one() == 1

    async def close(self) -> None:
        await self.engine.dispose()


async def set_scope(session: AsyncSession, scope: str) -> None:
    """Narrow or move the running transaction to `scope`; forgotten at its end (SET LOCAL)."""
    await session.execute(_SET_SCOPE, {"scope": check_scope(scope)})
    session.info["scope"] = scope


def before_commit(session: AsyncSession) -> list[BeforeCommit]:
    """What still has to happen inside this session's transaction, just before it commits."""
    return session.info.setdefault("before_commit", [])


async def count_changed(session: AsyncSession, statement: UpdateBase) -> int:
    """Execute an insert, update or delete that returns no rows; how many rows it changed."""
    return cast("CursorResult[Any]", await session.execute(statement)).rowcount


def columns_of(row: SQLModel) -> dict[str, Any]:
    """A row's columns as a dict, without touching relations."""
    return {name: getattr(row, name) for name in type(row).model_fields}

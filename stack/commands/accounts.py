"""`kaiyuan accounts create`: staff who sign in by password, residents by phone, partners' systems by secret or key."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, TypeVar
from uuid import UUID

import typer

from stack.commands.options import DEFAULT_DATA, CommandFailed, DataFolderOption, console, settings
from stack.environment import Environment
from stack.topology import GATEWAY

if TYPE_CHECKING:
    from shared.db import AsyncSession

Made = TypeVar("Made")

accounts = typer.Typer(help="账号 · Who may sign in.", no_args_is_help=True)


@accounts.callback()
def _group() -> None:
    """账号 · Who may sign in."""


@accounts.command()
def create(
    role: Annotated[str, typer.Argument(help="角色 · Role: staff, head, grid_worker, resident …")],
    area: Annotated[str, typer.Argument(help="区域代码 · The code of the area it may see: community, county …")],
    username: Annotated[str | None, typer.Option(help="用户名 · For sign-in by password.")] = None,
    phone: Annotated[str | None, typer.Option(help="手机号 · For sign-in by one-time code.")] = None,
    grid: Annotated[list[str] | None, typer.Option(help="网格代码 · A grid worker's grid; repeatable.")] = None,
    person: Annotated[UUID | None, typer.Option(help="居民编号 · The resident's record.")] = None,
    household: Annotated[UUID | None, typer.Option(help="户编号 · The resident's household.")] = None,
    responder: Annotated[UUID | None, typer.Option(help="力量编号 · The responder's record.")] = None,
    merchant: Annotated[UUID | None, typer.Option(help="商户编号 · The merchant's record.")] = None,
    ask_password: Annotated[bool, typer.Option(help="询问密码 · Ask for the password; else one is made.")] = False,
    data: DataFolderOption = DEFAULT_DATA,
) -> None:
    """新建账号 · Make an account. A password that was made is shown once."""
    if not username and not phone:
        raise CommandFailed("请给出 --username 或 --phone。/ Give --username or --phone.")
    password = None
    if username:
        password = typer.prompt("密码 Password", hide_input=True, confirmation_prompt=True) if ask_password else None
        password = password or secrets.token_urlsafe(15)
    from gateway.accounts.service import NewAccount  # noqa: PLC0415

    new = NewAccount(
        role=_role(role),
        area=area,
        username=username,
        password=password,
        phone=phone,
        grids=tuple(grid or ()),
        person_id=person,
        household_id=household,
        responder_id=responder,
        merchant_id=merchant,
    )
    identifier = asyncio.run(_create(settings(data), new))
    console.print(f"账号 account {identifier}", highlight=False)
    if password and not ask_password:
        console.print(f"密码 password {password}", highlight=False, markup=False)


def _role(name: str):
    from shared.auth import Role  # noqa: PLC0415

    try:
        return Role(name)
    except ValueError as error:
        names = ", ".join(Role)
        raise CommandFailed(
            f"没有角色“{name}”,可选:{names} / There is no role {name!r}; choose among: {names}"
        ) from error


async def _create(variables: Environment, new) -> UUID:
    from gateway.accounts.service import create_account  # noqa: PLC0415
    from shared.codes import EVERYWHERE  # noqa: PLC0415
    from shared.errors import Problem  # noqa: PLC0415
    from stack.connections import database_of, keyring_of  # noqa: PLC0415

    async with database_of(variables, GATEWAY) as database, database.transaction(EVERYWHERE) as session:
        try:
            return (await create_account(session, keyring_of(variables, GATEWAY), new)).id
        except Problem as problem:
            raise CommandFailed(" / ".join((problem.title.zh, problem.title.en))) from problem
        except ValueError as error:
            raise CommandFailed(f"区域代码无效。/ The area's code is not valid: {error}") from error


@accounts.command("create-client")
def create_client(
    client_id: Annotated[str, typer.Argument(help="客户端名 · The partner system's id.")],
    area: Annotated[str, typer.Argument(help="区域代码 · The code of the area it may see.")],
    grant: Annotated[list[str], typer.Option(help="权限 · What it may do; repeatable.")],
    data: DataFolderOption = DEFAULT_DATA,
) -> None:
    """新建合作方客户端 · Make a partner's client for /oauth/token. Its secret is shown once."""

    async def run() -> str:
        from gateway.accounts import service  # noqa: PLC0415
        from shared.codes import EVERYWHERE  # noqa: PLC0415
        from stack.connections import database_of  # noqa: PLC0415

        async with database_of(settings(data), GATEWAY) as database, database.transaction(EVERYWHERE) as session:
            return await service.create_client(session, client_id, area=area, grants=grant)

    console.print(f"client_id {client_id}\nclient_secret {asyncio.run(run())}", highlight=False, markup=False)


@accounts.command("create-api-key")
def create_api_key(
    client_id: Annotated[str, typer.Argument(help="客户端名 · The partner system's id.")],
    data: DataFolderOption = DEFAULT_DATA,
) -> None:
    """新建 Open311 密钥 · Give a partner's client a key for Open311. It is shown once."""

    async def run() -> str:
        from gateway.open311.keys import create_api_key as create_key  # noqa: PLC0415

        return await _with_keys(settings(data), lambda session: create_key(session, client_id))

    console.print(f"api_key {asyncio.run(run())}", highlight=False, markup=False)


@accounts.command("disable-api-keys")
def disable_api_keys(
    client_id: Annotated[str, typer.Argument(help="客户端名 · The partner system's id.")],
    data: DataFolderOption = DEFAULT_DATA,
) -> None:
    """停用 Open311 密钥 · End every Open311 key of a partner's client."""

    async def run() -> int:
        from gateway.open311.keys import disable_api_keys as disable_keys  # noqa: PLC0415

        return await _with_keys(settings(data), lambda session: disable_keys(session, client_id))

    count = asyncio.run(run())
    console.print(f"已停用 {count} 个密钥。/ {count} keys disabled.", highlight=False)


async def _with_keys(variables: Environment, work: "Callable[[AsyncSession], Awaitable[Made]]") -> Made:
    from shared.codes import EVERYWHERE  # noqa: PLC0415
    from shared.errors import Problem  # noqa: PLC0415
    from stack.connections import database_of  # noqa: PLC0415

    async with database_of(variables, GATEWAY) as database, database.transaction(EVERYWHERE) as session:
        try:
            return await work(session)
        except Problem as problem:
            raise CommandFailed(" / ".join((problem.title.zh, problem.title.en))) from problem

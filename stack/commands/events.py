"""`kaiyuan events …`: send published events again; look at what consumers gave up, and handle it once more."""

import asyncio
import importlib
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

import typer
from rich.table import Table

from shared.clock import CHINA, utc_now
from stack.commands.options import (
    DEFAULT_DATA,
    CommandFailed,
    DataFolderOption,
    chosen,
    console,
    settings,
)
from stack.environment import Environment
from stack.topology import SERVICES, Application

events = typer.Typer(help="事件 · Published events and dead letters.", no_args_is_help=True)
dead_letters = typer.Typer(help="死信 · What consumers gave up.", no_args_is_help=True)
events.add_typer(dead_letters, name="dead-letters")

ServiceArgument = Annotated[str, typer.Argument(help="residents, requests, merchants, dispatch")]


@events.command()
def replay(
    service: ServiceArgument,
    since: Annotated[datetime | None, typer.Option(help="起 · From (Asia/Shanghai); default: 30 days ago.")] = None,
    until: Annotated[datetime | None, typer.Option(help="止 · Until; default: now.")] = None,
    event_type: Annotated[list[str] | None, typer.Option("--type", help="类型 · Only this type; repeatable.")] = None,
    community: Annotated[str | None, typer.Option(help="社区代码 · Only this community.")] = None,
    data: DataFolderOption = DEFAULT_DATA,
) -> None:
    """重发事件 · Publish again what a service has published; consumers pass over what they have handled."""
    application = _service(service)
    begin = since.replace(tzinfo=CHINA) if since else utc_now() - timedelta(days=30)
    end = until.replace(tzinfo=CHINA) if until else utc_now()
    total = asyncio.run(_replay(settings(data), application, begin, end, event_type or [], community))
    console.print(f"{service}: 已重发 {total} 条事件 / {total} events published again", highlight=False)


async def _replay(
    variables: Environment,
    application: Application,
    since: datetime,
    until: datetime,
    types: list[str],
    community: str | None,
) -> int:
    from shared.replay import NotAcknowledged, republish  # noqa: PLC0415
    from stack.connections import bus_of, database_of  # noqa: PLC0415

    async with database_of(variables, application) as database, bus_of(variables, application) as bus:
        with console.status("…") as status:
            try:
                return await republish(
                    database,
                    bus,
                    application.name,
                    since=since,
                    until=until,
                    types=types,
                    community_code=community,
                    progress=lambda count: status.update(f"{count} …"),
                )
            except NotAcknowledged as error:
                raise CommandFailed(
                    "NATS 未确认全部事件,可以重试。/ NATS did not acknowledge everything; replaying again is safe."
                ) from error


@dead_letters.command("list")
def list_open(
    service: Annotated[str | None, typer.Argument(help="服务 · Only this service's.")] = None,
    include_replayed: Annotated[bool, typer.Option(help="含已重放 · Also those replayed already.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 100,
    data: DataFolderOption = DEFAULT_DATA,
) -> None:
    """列出死信 · List dead letters, newest first. Errors are told by class, place and code, never with values."""
    chosen_services = (_service(service),) if service else SERVICES
    table = Table("服务 service", "编号 id", "事件 event", "错误 error", "次数 attempts", "时间 at")
    for name, letter in asyncio.run(_letters(settings(data), chosen_services, include_replayed, limit)):
        at = letter.failed_at.astimezone(CHINA).isoformat(timespec="seconds")
        table.add_row(name, str(letter.id), letter.type, letter.error, str(letter.attempts), at)
    console.print(table if table.row_count else "没有死信 / no dead letters")


async def _letters(variables: Environment, services: tuple[Application, ...], include_replayed: bool, limit: int):
    from shared.replay import list_dead_letters  # noqa: PLC0415
    from stack.connections import database_of  # noqa: PLC0415

    found = []
    for each in services:
        async with database_of(variables, each) as database:
            letters = await list_dead_letters(database, include_replayed=include_replayed, limit=limit)
            found += [(each.name, letter) for letter in letters]
    return found


@dead_letters.command("show")
def show(service: ServiceArgument, letter_id: UUID, data: DataFolderOption = DEFAULT_DATA) -> None:
    """查看死信 · Show one dead letter with its whole envelope."""

    async def find():
        from shared.replay import NoSuchDeadLetter, get_dead_letter  # noqa: PLC0415
        from stack.connections import database_of  # noqa: PLC0415

        async with database_of(settings(data), _service(service)) as database:
            try:
                return await get_dead_letter(database, letter_id)
            except NoSuchDeadLetter as error:
                raise CommandFailed(NoSuchDeadLetter.__doc__ or "") from error

    letter = asyncio.run(find())
    console.print(f"{letter.consumer}: {letter.error}", highlight=False)
    console.print_json(data=letter.envelope)


@dead_letters.command("replay")
def replay_letter(service: ServiceArgument, letter_id: UUID, data: DataFolderOption = DEFAULT_DATA) -> None:
    """重放死信 · Handle one dead letter here and now, with the service's present code."""
    first = asyncio.run(_replay_letter(settings(data), _service(service), letter_id))
    console.print("已处理 / handled" if first else "此前已处理 / had been handled in the meantime")


async def _replay_letter(variables: Environment, application: Application, letter_id: UUID) -> bool:
    from shared.replay import NoSuchDeadLetter, NotReplayable, replay_dead_letter  # noqa: PLC0415
    from stack.connections import database_of  # noqa: PLC0415

    consumers = importlib.import_module(f"{application.package}.consumers").CONSUMERS
    handlers = {application.consumer_of(source): each for source, each in consumers.items()}
    async with database_of(variables, application) as database:
        try:
            return await replay_dead_letter(database, letter_id, handlers)
        except (NoSuchDeadLetter, NotReplayable) as error:
            raise CommandFailed(type(error).__doc__ or "") from error


def _service(name: str) -> Application:
    application = chosen(name)
    if not application.has_stream:
        raise CommandFailed(f"{name} 不发布事件。/ {name} publishes no events.")
    return application

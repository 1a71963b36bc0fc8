"""`kaiyuan openapi export` and `kaiyuan asyncapi export`: what the API and the events look like."""

import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Annotated, Any

import typer

from stack.commands.options import DEFAULT_DATA, CommandFailed, DataFolderOption, console, settings

openapi = typer.Typer(help="接口文档 · The API description.", no_args_is_help=True)


@openapi.callback()
def _group() -> None:
    """接口文档 · The API description."""


@openapi.command()
def export(
    target: Annotated[Path, typer.Argument(help="文件 · The file.")] = Path("openapi.json"),
    data: DataFolderOption = DEFAULT_DATA,
) -> None:
    """导出接口文档 · Write the merged OpenAPI 3.1 document of the running gateway to a file."""
    url = settings(data)["GATEWAY_PUBLIC_URL"] + "/openapi.json"
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310 - our own gateway's address
            document = json.load(answer)
    except (urllib.error.URLError, TimeoutError, ValueError) as error:
        raise CommandFailed(
            f"网关没有应答,请先启动系统(make run)。/ No answer from {url}; start the system first (make run)."
        ) from error
    _write(target, document)
    console.print(f"{target}: {len(document['paths'])} paths", highlight=False)


asyncapi = typer.Typer(help="事件文档 · The description of the events.", no_args_is_help=True)


@asyncapi.callback()
def _events_group() -> None:
    """事件文档 · The description of the events."""


@asyncapi.command("export")
def export_events(target: Annotated[Path, typer.Argument(help="文件 · The file.")] = Path("asyncapi.json")) -> None:
    """导出事件文档 · Write the AsyncAPI 3 document of every event to a file. Nothing need be running."""
    from stack.asyncapi import document  # noqa: PLC0415 - the services' code is needed only here

    made = document()
    _write(target, made)
    console.print(f"{target}: {len(made['channels'])} events", highlight=False)


def _write(target: Path, document: dict[str, Any]) -> None:
    target.write_text(json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True) + "\n")

"""`kaiyuan openapi export`: the merged API description, as the running gateway serves it."""

import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Annotated

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
    target.write_text(json.dumps(document, ensure_ascii=False, indent=2, sort_keys=True) + "\n")
    console.print(f"{target}: {len(document['paths'])} paths", highlight=False)

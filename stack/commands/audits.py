"""`kaiyuan audit verify`: whether the logs of who read whose data are still what was written."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from stack.commands.options import DEFAULT_DATA, CommandFailed, DataFolderOption, console, settings
from stack.environment import Environment
from stack.topology import SERVICES

audits = typer.Typer(help="审计 · The log of who read or changed whose data.", no_args_is_help=True)


@audits.callback()
def _group() -> None:
    """审计 · The log of who read or changed whose data."""


@audits.command()
def verify(
    community: Annotated[str | None, typer.Option(help="社区代码 · Only this community's chain.")] = None,
    anchors: Annotated[
        Path | None, typer.Option(help="较早的备份 · An earlier backup: shows a log that was put back.", exists=True)
    ] = None,
    data: DataFolderOption = DEFAULT_DATA,
) -> None:
    """核验审计链 · Check every chain; exit status 1 if an entry was changed, removed, moved or cut off."""
    findings = asyncio.run(_verify(settings(data), community, anchors))
    for service, finding in findings:
        console.print(
            f"{service} {finding.community_code} #{finding.seq}: {finding.kind}", style="red", highlight=False
        )
    if findings:
        raise CommandFailed(f"审计链有 {len(findings)} 处异常。/ The audit log has {len(findings)} fault(s).")
    console.print("审计链完整 / the audit log is whole")


async def _verify(variables: Environment, community: str | None, source: Path | None):
    from shared.audit import Anchor, signer_from, verify  # noqa: PLC0415
    from shared.codes import EVERYWHERE  # noqa: PLC0415
    from stack.backup import read_anchors  # noqa: PLC0415
    from stack.connections import database_of  # noqa: PLC0415

    known = read_anchors(source) if source else {}
    findings = []
    for each in SERVICES:
        anchors = {code: Anchor(**anchor) for code, anchor in known.get(each.name, {}).items()}
        public_key = signer_from(variables[f"{each.prefix}SIGNING_KEY"]).public_key
        async with database_of(variables, each) as database, database.transaction(EVERYWHERE) as session:
            found = await verify(session, public_key, community, anchors=anchors)
            findings += [(each.name, finding) for finding in found]
    return findings

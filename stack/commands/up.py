"""`kaiyuan up`: the whole system in the foreground, until Ctrl-C or SIGTERM."""

import asyncio
import contextlib
import importlib
import json
import signal
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from stack.commands.options import DEFAULT_DATA, DataFolderOption, console
from stack.supervisor import Stack, running_stack
from stack.topology import DEFAULT_PORT

WARM_LIMIT_SECONDS = 10
COLD_LIMIT_SECONDS = 40


def up(
    data: DataFolderOption = DEFAULT_DATA,
    port: Annotated[
        int, typer.Option(help="网关端口 · Port of the gateway on 127.0.0.1.", min=1, max=65535)
    ] = DEFAULT_PORT,
    demo: Annotated[bool, typer.Option(help="新目录载入示范社区 · Load the demo community into a new folder.")] = True,
) -> None:
    """启动整套系统 · Start the whole system in the foreground; Ctrl-C stops it."""
    try:
        asyncio.run(_serve(data, port, demo))
    except asyncio.CancelledError:
        with contextlib.suppress(OSError):
            console.print("已停止 · stopped")


async def _serve(data: Path, port: int, demo: bool) -> None:
    _stop_on_signals()
    status = console.status("启动中 · starting …")
    status.start()

    def report(line: str) -> None:
        with contextlib.suppress(OSError):  # a terminal that is gone is no reason to fail
            status.update(escape(line)) if not started else console.log(escape(line), highlight=False)

    started = False
    try:
        async with running_stack(data, port, demo=demo, report=report) as stack:
            started = True
            status.stop()
            with contextlib.suppress(OSError):
                show_banner(stack)
            await asyncio.Event().wait()
    finally:
        status.stop()


def _stop_on_signals() -> None:
    """Let the first signal cancel the main task, in which everything is stopped in order; later ones change nothing."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None

    def stop() -> None:
        for number in handled:
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_IGN)
        task.cancel()

    handled = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup
        handled.append(signal.SIGHUP)
    for number in handled:
        loop.add_signal_handler(number, stop)


def show_banner(stack: Stack) -> None:
    """Where everything is, who may sign in, how long it took, and three things to try."""
    url = stack.gateway_url
    table = Table.grid(padding=(0, 2))
    table.add_row("网关 · gateway", url)
    table.add_row("接口文档 · documentation", f"{url}/docs")
    table.add_row("验证码与通知 · one-time codes, notices", str(stack.folder.path / "messages.log"))
    table.add_row("日志 · logs", str(stack.folder.path / "logs"))
    table.add_row("用时 · timing", timing(stack))
    examples: list[str] = []
    if not stack.folder.is_without_demo:
        demo = importlib.import_module("stack.demo")
        table.add_row("", "")
        for account in demo.ACCOUNTS:
            table.add_row(Text(account.role), Text(account.sign_in))
        examples = demo.examples(url)
    console.print(Panel(table, title="开元 · Kaiyuan", subtitle="Ctrl-C 停止 · stops", expand=False))
    for line in examples:  # outside the frame and unbroken, so that they work as pasted
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def timing(stack: Stack) -> str:
    """Both start-up times: the cold one of this folder's first start is remembered."""
    file = stack.folder.path / "timings.json"
    known = json.loads(file.read_text()) if file.exists() else {}
    known["cold" if stack.is_first_start else "warm"] = max(stack.timings.values())
    file.write_text(json.dumps(known))
    limits = {"cold": COLD_LIMIT_SECONDS, "warm": WARM_LIMIT_SECONDS}
    words = {"cold": "首次启动 cold start", "warm": "再次启动 warm start"}
    return " · ".join(f"{words[kind]} {known[kind]:.1f} s (≤ {limits[kind]} s)" for kind in limits if kind in known)

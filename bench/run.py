"""`python -m bench.run [word …] [--json FILE]`: run the benchmarks whose file names contain a word (all by default)."""

import argparse
import asyncio
import importlib
import json
import os
import platform
import sys
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.result import Result

FOLDER = Path(__file__).parent


def main() -> int:
    """0 when every aim is met."""
    parser = argparse.ArgumentParser(prog="bench.run", description=__doc__)
    parser.add_argument("words", nargs="*")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    console = Console(width=None if sys.stdout.isatty() else 140)
    console.print(machine())
    results: list[Result] = []
    for module in _modules(arguments.words):
        with console.status(module):
            results += asyncio.run(importlib.import_module(f"bench.{module}").run())
    console.print(_table(results))
    if arguments.json:
        lines = {"machine": machine(), "results": [asdict(result) | {"share": result.share} for result in results]}
        arguments.json.write_text(json.dumps(lines, ensure_ascii=False, indent=1))
    return 0 if all(result.is_met for result in results) else 1


def machine() -> str:
    """What the numbers belong to."""
    model = ""
    cpu = Path("/proc/cpuinfo")
    if cpu.exists():
        names = [
            line.partition(":")[2].strip() for line in cpu.read_text().splitlines() if line.startswith("model name")
        ]
        model = names[0] if names else ""
    return f"{os.cpu_count()} × {model or platform.machine()}, Python {platform.python_version()}, {platform.system()}"


def _modules(words: list[str]) -> list[str]:
    names = sorted(path.stem for path in FOLDER.glob("bench_*.py"))
    return [name for name in names if not words or any(word in name for word in words)]


def _table(results: list[Result]) -> Table:
    table = Table()
    for heading, justify in (("what", "left"), ("measured", "right"), ("beside", "left"), ("limit", "right")):
        table.add_column(heading, justify=justify)  # pyright: ignore[reportArgumentType]
    table.add_column("share of the limit", justify="right")
    for each in results:
        share = f"{each.share:.0%}" + ("" if each.aim is None else f" (aim {each.aim:.0%})")
        style = None if each.is_met else "red"
        limit = f"{each.limit_value:,.4g} {each.unit}"
        table.add_row(each.name, f"{each.value:,.4g} {each.unit}", each.limit_name, limit, share, style=style)
    return table


if __name__ == "__main__":
    sys.exit(main())

"""`./station bench [--quick] [NAME …]`: runs the benchmarks, prints their tables, keeps the results of full runs.

Knows the machine and the versions. Does not know what is measured: every module of this package with a `run` is one.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import importlib
import json
import multiprocessing
import os
import pkgutil
import platform
import sqlite3
import subprocess
import sys
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

import benchmarks
from benchmarks.figures import Figures, load, measure

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("pymodbus", "asyncua", "pyserial", "transitions", "structlog", "pydantic")


def names() -> list[str]:
    """Every benchmark, by the name of its module."""
    found = [m.name for m in pkgutil.iter_modules(benchmarks.__path__) if not m.name.startswith("_")]
    return [name for name in found if hasattr(importlib.import_module(f"benchmarks.{name}"), "run")]


def machine() -> dict[str, Any]:
    """On what it was measured, as far as a figure depends on it."""
    cpu = next(
        (line.split(":", 1)[1].strip() for line in _lines(Path("/proc/cpuinfo")) if line.startswith("model name")),
        platform.processor() or platform.machine(),
    )  # fmt: skip
    return {
        "cpu": cpu, "cores": os.cpu_count(), "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(), "sqlite": sqlite3.sqlite_version,
        **{package: version(package) for package in PACKAGES}, "commit": _commit(),
    }  # fmt: skip


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def _commit() -> str:
    try:
        said = subprocess.run(
            ("git", "describe", "--always", "--dirty"), cwd=RESULTS.parent, capture_output=True, text=True, check=True
        )  # fmt: skip
    except (OSError, subprocess.CalledProcessError):
        return "not a checkout"
    return said.stdout.strip()


def show(console: Console, figures: Figures) -> None:
    """Print one table, its targets and its remarks."""
    table = Table(title=escape(figures["title"]), title_justify="left", title_style="bold")
    for number, column in enumerate(figures["columns"]):
        table.add_column(escape(column), justify="right" if number else "left")
    for row in figures["rows"]:
        table.add_row(*map(escape, row))
    console.print(table)
    for target in figures["targets"]:
        mark = {True: "met    ", False: "MISSED ", None: "not judged"}[target["met"]]
        console.print(
            f"  {mark} {escape(target['figure'])}: {escape(target['found'])}, wanted {escape(target['wanted'])}"
        )
    for note in figures["notes"]:
        console.print(f"  - {escape(note)}")
    console.print()


def keep(name: str, figures: Figures, on: dict[str, Any], took: float) -> None:
    """Write the result of a full run to benchmarks/results/<date>-<name>.json."""
    now = datetime.now(UTC)
    RESULTS.mkdir(exist_ok=True)
    record = {
        "benchmark": name,
        "at": now.isoformat(timespec="seconds"),
        "took_s": round(took, 1),
        "machine": on,
        **figures,
    }
    path = RESULTS / f"{now:%Y-%m-%d}-{name.replace('_', '-')}.json"
    path.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def main(argv: list[str] | None = None) -> int:
    """0 all measured, 1 one could not be measured, 2 usage. A missed target is printed, not an error."""
    known = names()
    parser = argparse.ArgumentParser(
        prog="./station bench", description="Measure; each figure beside its floor."
    )
    parser.add_argument(
        "--quick", action="store_true", help="smaller runs, within 2 minutes in all; not kept"
    )
    parser.add_argument("name", nargs="*", help=f"which to run; all of {', '.join(known)} when none is named")
    arguments = parser.parse_args(argv)
    if unknown := sorted(set(arguments.name) - set(known)):
        parser.error(f"no benchmark {', '.join(unknown)}; there are {', '.join(known)}")
    console, on = Console(soft_wrap=True, width=None if sys.stdout.isatty() else 120), machine()
    console.print(escape("  ".join(f"{k} {v}" for k, v in on.items())))
    console.print(f"load {load()}; other programs on this machine make every figure worse\n")
    failed = 0
    for name in arguments.name or known:
        began = time.monotonic()
        # Each in a process of its own: what one leaves behind (memory, threads, frozen objects) is no part of the next.
        with concurrent.futures.ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
            try:
                figures = process.submit(measure, name, arguments.quick).result()
            except Exception as error:  # noqa: BLE001 - whatever one benchmark raises, the others still run
                console.print(
                    f"[bold]{escape(name)}[/bold] failed: {escape(f'{error}; {error.__cause__ or repr(error)}')}\n"
                )
                failed = 1
                continue
        show(console, figures)
        if not arguments.quick:
            keep(name, figures, on, time.monotonic() - began)
    return failed


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)

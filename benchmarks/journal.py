"""Journal commits: how many a swap takes, how long one takes in a running station, and how far that is from the disk.

Knows the journal and two floors beside it: the same bytes appended to a file, and the same rows in a bare SQLite file.
"""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

from benchmarks.figures import Figures, load, median_of_blocks, spread
from benchmarks.onlooker import Onlooker, demand
from station_ctl import logs
from station_ctl.cli import demo_run
from station_ctl.config import station_file
from station_ctl.core.custody import Ledger
from station_ctl.engine.events import Record
from station_ctl.engine.journal import Journal
from station_ctl.engine.journal_thread import JournalThread

Commit = tuple[list[Record], Ledger | None]

LIVE = "in a running swap, speed 20"
WANTED_MS, WANTED_COMMITS = 10.0, 100
PAUSE = 0.004
"""Between two commits, s: a station never commits back to back, and a disk's queue must not make the figure."""


class _Tape(JournalThread):
    """The journal of a station, with a stopwatch: what was committed, and how long the gate waited for it (ms)."""

    def __init__(self, journal: Journal) -> None:
        super().__init__(journal)
        self.commits: list[Commit] = []
        self.waited: list[float] = []

    async def commit(self, records: list[Record], ledger: Ledger | None) -> None:
        """As the journal does it."""
        before = time.perf_counter()
        await super().commit(records, ledger)
        self.waited.append(1000 * (time.perf_counter() - before))
        self.commits.append((records, ledger))


def run(quick: bool = False) -> Figures:
    """One swap at speed 20 for its commits, then 2,000 rounds of the three, in turn; quick: 300 rounds."""
    logs.configure(level="error")
    before = load()
    live = _swap()
    rounds, blocks = (300, 3) if quick else (2000, 10)
    # Beside the results, which lie on the disk of the checkout: a folder for temporary files may be in memory.
    with tempfile.TemporaryDirectory(prefix=".journal-", dir=Path(__file__).parent / "results") as folder:
        took = asyncio.run(_rounds(Path(folder), live.commits, rounds))
        disk = _file_system(Path(folder))
    return _figures(live, took, blocks, disk, [before, load()], quick=quick)


def _swap() -> _Tape:
    """The journal of one swap of the demo."""
    tapes: list[_Tape] = []

    def tape(journal: Journal) -> _Tape:
        tapes.append(_Tape(journal))
        return tapes[-1]

    order = demo_run.DemoOrder(station_file("sim_passenger_car"), swaps=1, speed=20.0, seed=1)
    with (
        tempfile.TemporaryDirectory(prefix=".journal-", dir=Path(__file__).parent / "results") as folder,
        patch.object(demo_run, "JournalThread", tape),
    ):
        report = asyncio.run(demo_run.Demo(order, Path(folder), Onlooker(order.speed)).run())
    demand(report)
    return tapes[0]


async def _rounds(folder: Path, tape: list[Commit], rounds: int) -> dict[str, list[float]]:
    """Milliseconds of each commit, the three in turn, so that what else the disk does strikes all of them alike."""
    thread = JournalThread(Journal.new(folder / "ours.sqlite", "BENCH"))
    append, bare = _raw_append(folder / "raw"), _bare_sqlite(folder / "bare.sqlite")
    took: dict[str, list[float]] = {"journal": [], "bare sqlite": [], "append": []}
    try:
        for number in range(rounds):
            records, ledger = tape[number % len(tape)]
            began = time.perf_counter()
            await thread.commit(records, ledger)
            took["journal"].append(1000 * (time.perf_counter() - began))
            rows = [json.dumps(dict(record.data)) for record in records]
            for name, write in (("bare sqlite", bare), ("append", append)):
                await asyncio.sleep(PAUSE)
                began = time.perf_counter()
                write(rows)
                took[name].append(1000 * (time.perf_counter() - began))
            await asyncio.sleep(PAUSE)
    finally:
        thread.close()
    return took


def _raw_append(path: Path) -> Callable[[list[str]], None]:
    """One page and a frame's header for each commit, as SQLite's log has at least, and fdatasync."""
    file = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND)

    def write(rows: list[str]) -> None:
        os.write(file, "".join(rows).encode().ljust(4120, b"\0"))
        os.fdatasync(file)

    return write


def _bare_sqlite(path: Path) -> Callable[[list[str]], None]:
    """The same rows as text into one table, WAL and FULL, in the caller's thread."""
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    db.execute("CREATE TABLE row (seq INTEGER PRIMARY KEY, data TEXT)")

    def write(rows: list[str]) -> None:
        db.execute("BEGIN IMMEDIATE")
        db.executemany("INSERT INTO row (data) VALUES (?)", [(row,) for row in rows])
        db.execute("COMMIT")

    return write


def _file_system(folder: Path) -> str:
    """The kind of file system the folder lies on, as the kernel names it."""
    mounts = Path("/proc/mounts")
    if not mounts.exists():
        return "unknown"
    found = [line.split()[1:3] for line in mounts.read_text(encoding="utf-8").splitlines()]
    inside = [(len(at), kind) for at, kind in found if folder.resolve().is_relative_to(at)]
    return max(inside)[1]


def _figures(
    live: _Tape, took: dict[str, list[float]], blocks: int, disk: str, loads: list[float], *, quick: bool
) -> Figures:
    size = len(took["journal"]) // blocks
    found: dict[str, dict[str, float]] = {}
    for name, samples in {LIVE: live.waited, **took}.items():
        pieces = [samples[i : i + size] for i in range(0, max(1, len(samples) - size + 1), size)]
        found[name] = {**spread(samples), "p99_of_blocks": median_of_blocks(pieces, 0.99)}
    p99, commits = found["journal"]["p99_of_blocks"], len(live.commits)
    return {
        "title": f"Journal commits, durable on return (ms); one swap takes {commits}",
        "columns": ["", "commits", "p50", "p99", "max", "p99, median of blocks"],
        "rows": [
            [name, f"{f['n']:.0f}", *(f"{f[key]:.2f}" for key in ("p50", "p99", "max", "p99_of_blocks"))]
            for name, f in found.items()
        ],
        "targets": [
            {
                "figure": "commit, p99, median of blocks",
                "found": f"{p99:.1f} ms",
                "wanted": f"<= {WANTED_MS:g} ms",
                "met": None if quick else p99 <= WANTED_MS,
            },
            {
                "figure": "commits a swap",
                "found": str(commits),
                "wanted": f"<= {WANTED_COMMITS}",
                "met": commits <= WANTED_COMMITS,
            },
        ],
        "notes": [
            f"the disk is {disk}; floors: bare sqlite with the same settings, one append with fdatasync",
            "commits of the whole demo: inventory and start in the morning, reception, swap, put-away",
        ],
        "data": {**found, "commits_a_swap": commits, "disk": disk, "load": loads},
    }

"""The process that is recorded: swaps on the bench, and a line into a file for every commit that was acknowledged.

    python -m tests.crash.recorded_swaps FOLDER SYNCHRONOUS VEHICLES

Knows the journal's setting that a control run weakens. Does not know who watches.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from pathlib import Path

import structlog

from station_ctl.core.custody import Ledger
from station_ctl.engine.events import Record
from station_ctl.engine.journal_thread import Committer, InlineJournal
from tests.bench.virtual_bench import VirtualBench, run_virtually

ACKNOWLEDGED = "acknowledged"
SETTINGS = ("FULL", "NORMAL", "OFF")


class _Acknowledging:
    """Says how many rows are acknowledged, after each commit has returned."""

    def __init__(self, bench: RecordedBench) -> None:
        self._inner, self._bench = InlineJournal(bench.journal), bench

    async def commit(self, records: list[Record], ledger: Ledger | None) -> None:
        """Durable on return; then it is said."""
        await self._inner.commit(records, ledger)
        self._bench.rows += len(records)
        os.write(self._bench.told, b"%d\n" % self._bench.rows)


class RecordedBench(VirtualBench):
    """A bench whose journal has the given setting."""

    def __init__(self, folder: Path, synchronous: str) -> None:
        self.rows = 0
        self.told = os.open(folder / ACKNOWLEDGED, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self._synchronous = synchronous
        super().__init__(folder, speed=60.0)

    def _committer(self) -> Committer:
        self.journal._db.execute(f"PRAGMA synchronous={self._synchronous}")
        return _Acknowledging(self)


async def _swaps(folder: Path, synchronous: str, vehicles: int) -> None:
    async with RecordedBench(folder, synchronous) as bench:
        await bench.make_ready()
        for _ in range(vehicles):
            await bench.swap()
            await asyncio.sleep(0.5)


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    where, setting, count = sys.argv[1:]
    if setting not in SETTINGS:
        sys.exit(f"SYNCHRONOUS is one of {', '.join(SETTINGS)}, not {setting}")
    run_virtually(_swaps(Path(where), setting, int(count)))

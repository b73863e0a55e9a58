"""The virtual bench with the station's watchers on duty: board, black box and trends, all in virtual time.

Knows the real engine on the real plant. Does not know threads: files are written in the caller.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from station_ctl.config import load_alarms
from station_ctl.core.errors import Refused
from station_ctl.service.alarm_board import AlarmBoard
from station_ctl.service.alarm_levels import watched_rows
from station_ctl.service.black_box import BlackBox
from station_ctl.service.box_file import BoxFolder
from station_ctl.service.run_watch import Interrupted
from tests.bench.virtual_bench import VirtualBench

CATALOGUE = load_alarms()
EPOCH = 1_800_000_000.0


class WatchedBench(VirtualBench):
    """A bench with a board and a black box beside its engine."""

    def __init__(self, folder: Path, **options: Any) -> None:
        super().__init__(folder, **options)
        pairs = [pair for device in self.built.devices.values() for pair in device.pairs]
        rows = watched_rows(self.engine.facts.safe, self.built.stand.bays, pairs)
        self.board = AlarmBoard(self.engine, CATALOGUE, rows, wall=self.wall)
        self.boxes = BoxFolder(folder / "black_box")
        self.box = BlackBox(self.engine, self.boxes, wall=self.wall)

    @staticmethod
    def wall() -> float:
        """A wall clock that goes with the virtual time."""
        return EPOCH + asyncio.get_running_loop().time()

    def announced(self) -> list[str]:
        """Every announcement, in order."""
        return [e.key for e in reversed(self.board.history()) if e.what.value == "announced"]

    def states(self) -> dict[str, str]:
        """Every alarm listed, with its state."""
        return {a.id: a.state.value for a in self.board.active()}

    async def visit(self) -> None:
        """One vehicle, as far as it gets."""
        with suppress(Interrupted, Refused):
            await self.swap()


@asynccontextmanager
async def watched(folder: Path, *, vehicle: bool = True, **options: Any) -> AsyncIterator[WatchedBench]:
    """A ready, watched bench, with the first vehicle on its way through the station."""
    async with WatchedBench(folder, **options) as bench:
        tasks = [asyncio.create_task(bench.board.run()), asyncio.create_task(bench.box.run())]
        await bench.make_ready()
        if vehicle:
            tasks.append(asyncio.create_task(bench.visit()))
        try:
            yield bench
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

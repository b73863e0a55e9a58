"""The bench of the catalogue: one swap that copies of this process leave at any step, each to be struck by one fault.
Charging is on duty.

Knows how a copy goes on alone, and how its controller's disk can ail. Does not know which fault leads to what.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import MappingProxyType
from typing import Any

from drivers.scan_clock import PERIODS
from station_ctl.core.custody import Ledger
from station_ctl.core.errors import Refused, StationError
from station_ctl.core.points import ScanClass
from station_ctl.core.steps import Step
from station_ctl.engine.events import Announce, Record
from station_ctl.engine.journal import Journal
from station_ctl.engine.journal_thread import Committer
from station_ctl.engine.state import Run
from station_ctl.engine.virtual_time import VirtualLoop
from station_ctl.service.run_watch import RESTING, Interrupted
from tests.crash.crash_bench import copied
from tests.faults.struck_bench import StruckBench

SPEED = 60.0
PATIENCE = 40.0
"""Wall seconds (virtual) in which a struck station comes to rest, or its vehicle to its end: far over every limit."""


class _Disk:
    """Commits to the journal that the bench has now; may be slow, or fail."""

    def __init__(self, bench: CatalogueBench) -> None:
        self._bench = bench

    async def commit(self, records: list[Record], ledger: Ledger | None) -> None:
        """Durable on return."""
        bench = self._bench
        if bench.commit_takes:
            await asyncio.sleep(bench.commit_takes)
        if bench.commit_fails is not None:
            raise bench.commit_fails
        bench.journal.commit(records, ledger)


class CatalogueBench(StruckBench):
    """`refusal` and `closed` say how the visit ended; `commit_takes` (s) and `commit_fails` what the disk does."""

    # Half of the usual scans: a campaign of more than a thousand cases lives on it.
    periods = MappingProxyType({**PERIODS, ScanClass.FAST: 0.02})

    def __init__(self, folder: Path, **options: Any) -> None:
        self.commit_takes = 0.0
        self.commit_fails: Exception | None = None
        self.refusal = ""
        self.closed: Run | None = None
        super().__init__(folder, speed=SPEED, charging=True, **options)

    def _committer(self) -> Committer:
        return _Disk(self)

    def on_own_files(self, folder: Path) -> None:
        """In a copy of this process: go on with a copy of the journal, for the original still writes its own."""
        self.journal = Journal(copied(self.journal.path, folder), self.built.config.station.code)
        self.journal.restore()
        self.decisions.clear()
        self.seen.clear()

    async def visit(self) -> None:
        """One vehicle, as far as it gets."""
        try:
            self.closed = await self.swap()
        except Interrupted:
            pass
        except Refused as why:
            self.refusal = str(why)
        except StationError as why:
            self.refusal = f"{type(why).__name__}: {why}"
        self.visited = True

    def running(self, no: int) -> Step | None:
        """The step with this number in any open run."""
        return next((s for run in self.state.runs for s in run.sequence.steps if s.no == no), None)

    async def struck_to_rest(self) -> bool:
        """Wait until the station rests or the visit is over; False if it does neither in time."""
        until = asyncio.get_running_loop().time() + PATIENCE
        while not (self.state.state in RESTING or self.visited):
            if asyncio.get_running_loop().time() > until:
                return False
            await asyncio.sleep(0.01)
        return True

    @property
    def alarms(self) -> list[str]:
        """Codes of everything a person was told, by the engine or by charging."""
        told = [e.code for e in self.seen if isinstance(e, Announce)]
        return [*told, *(level.code for level in self.charging.alarms())]

    def stand_still(self, seconds: float) -> None:
        """Our event loop is blocked; the world goes on."""
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        loop.clock += seconds
        self.sim.advance(seconds)

    async def restart_controller(self, outage: float) -> None:
        """The controller is gone at once; another one wakes up `outage` s later on what the first had written."""
        journal = copied(self.journal.path, self._folder)
        await self._end_tasks()
        self.journal.close()
        await asyncio.sleep(outage)
        self._boot(journal)
        self._tasks = self._work()
        await asyncio.sleep(1.0)

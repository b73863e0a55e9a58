"""The virtual bench in leaps: the same controller and plant, PLC cycles only where something can happen.

Knows how pacing and links are put into a bench. Does not know what is tested.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from station_ctl.core.orders import MAGIC
from station_ctl.core.points import IoList
from station_ctl.engine.events import Effect, Progress
from tests.bench.leap_pacing import BenchLeaps, BenchLink, BenchStation, CyclePacing
from tests.bench.virtual_bench import CYCLE, GRANT_CYCLES, INSTRUMENTS, VirtualBench


class LeapBench(VirtualBench):
    """Mixed in before another bench, it paces that one.

    Every link is read whole at every look: a reading that flickers is seen more often than by its own scan class.
    `touch` it before the plant is changed by hand; `do` does that by itself. Poll with `until`.
    """

    sim: BenchLeaps

    def __init__(self, folder: Path, *, seed: int = 1, speed: float = 20.0, **options: Any) -> None:
        sim = options.pop("sim", None) or BenchStation(seed=seed, speed=speed)
        self.pacing = CyclePacing(sim, self, self._grant_power)
        self._lives, self._granted = False, 0
        super().__init__(folder, seed=seed, speed=speed, sim=sim, **options)

    def _boot(self, journal: Path) -> None:
        super()._boot(journal)
        self._lives = True
        self.pacing.drive(tuple(self.links.values()))
        self.engine.listen(self._look_again)

    async def _end_tasks(self) -> None:
        self.touch()
        self._lives = False
        self.pacing.drive(())
        await super()._end_tasks()

    def _link(self, name: str, io: IoList, clock: Callable[[], float]) -> BenchLink:
        backend = self._backend(name)
        if name in INSTRUMENTS:
            return BenchLink(name, io, backend, self.pacing, clock=clock)
        identity = {**MAGIC, "MAP_VERSION": self.config.links[name].map_version or 0}
        return BenchLink(name, io, backend, self.pacing, identity=identity, heartbeat="HB_PLC", clock=clock)

    def _look_again(self, effect: Effect) -> None:
        """Reception believes of a vehicle only what is sampled after its identification was over."""
        if isinstance(effect, Progress) and effect.what == "run-closed":
            self.pacing.wake()

    async def _plant(self) -> None:
        await self.pacing.run()

    def _grant_power(self) -> None:
        """Once a second, though the cycle for it may be skipped."""
        second = self.sim.cycles // GRANT_CYCLES
        if not self._charges and second != self._granted:
            self._granted = second
            self._grant()

    def lives(self) -> bool:
        """Whether a controller runs."""
        return self._lives

    def stopping(self) -> bool:
        """Whether any stop level is raised."""
        return bool(self.engine.stops.raised)

    def touch(self) -> None:
        """Bring the plant to this cycle, for something is done to it; for a while no cycle is skipped."""
        self.pacing.touch()

    async def until(self, happened: Callable[[], bool], limit: float = 600.0) -> None:
        """Wait in virtual seconds; fails the test at the limit. Asked half a cycle after every look."""
        until = asyncio.get_running_loop().time() + limit
        while not happened():
            assert asyncio.get_running_loop().time() < until, (
                f"not within {limit} s; {self.state.state} {self.state.trips}"
            )
            await self.pacing.looked()
            await asyncio.sleep(CYCLE / 2)


@asynccontextmanager
async def ready_bench(folder: Path, **options: Any) -> AsyncIterator[LeapBench]:
    """A bench in leaps that is ready for the first vehicle."""
    async with LeapBench(folder, **options) as bench:
        await bench.make_ready()
        yield bench

"""One station in virtual time: real engine, gate, journal, procedures; memory links to the plant.

Knows both sides, which only tests may. Does not know sockets or sleeping.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import asynccontextmanager, suppress
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any

from drivers.memory import Backend, MemoryLink
from drivers.pack_id_reader_pr1 import IO_LIST as READER_IO
from drivers.scan_clock import PERIODS
from hil_tests.simplc.running import RunningStation
from hil_tests.simplc.station import SimStation
from hil_tests.virtual.reader_backend import ReaderBackend
from station_ctl.build import PARTS, BuiltStation, build
from station_ctl.config import StationConfig, load_station
from station_ctl.core.modes import Mode, State
from station_ctl.core.orders import MAGIC
from station_ctl.core.points import IoList, ScanClass
from station_ctl.engine.events import Effect, Progress, Verb
from station_ctl.engine.journal import Journal
from station_ctl.engine.journal_thread import Committer, InlineJournal
from station_ctl.engine.state import Run, StationState
from station_ctl.engine.virtual_time import run_virtually
from station_ctl.paths import config_directory
from station_ctl.service.charging_memory import remembered
from station_ctl.service.inventory import packs_in_bays
from station_ctl.service.reception import Reception
from station_ctl.service.run_watch import RunWatch

CYCLE = 0.01
GRANT_CYCLES = 100
GOOD_SIGNS = ("BMS_LINK", "NO_CRASH", "NO_SMOKE", "NO_PREALARM")
INSTRUMENTS = ("meter", "reader")


@cache
def _config(speed: float) -> StationConfig:
    """The shipped passenger station at this speed; read once, because a campaign boots it a thousand times."""
    file = config_directory() / "stations" / "sim_passenger_car.yaml"
    return load_station(file, {"clock.process_rate": speed}, PARTS)


class VirtualBench:
    """A running station: `engine`, `built`, `sim`, `watch`, `reception`, and every effect seen so far in `seen`."""

    periods: Mapping[ScanClass, float] = PERIODS

    def __init__(
        self, folder: Path, *, seed: int = 1, speed: float = 20.0, sim: RunningStation | None = None,
        journal: Path | None = None, charging: bool = False, config: StationConfig | None = None,
    ) -> None:  # fmt: skip
        """`charging`: the charging duty says what flows; without it every charger may draw what its order allows.

        `config`: of another station than the shipped passenger station, with the same speed.
        """
        self.sim: RunningStation = sim or SimStation(seed=seed, speed=speed)
        self._folder, self._speed, self._given = folder, speed, config
        self._starts, self._charges = 0, charging
        self.seen: list[Effect] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._plant_task: asyncio.Task[None] | None = None
        self._boot(journal or folder / "journal.sqlite")

    def _boot(self, journal: Path) -> None:
        """A controller process, as it is after its start: new links, new engine, the journal as it lies there."""
        self.config = config = self._given or _config(self._speed)
        loop = asyncio.get_running_loop()
        links = {name: self._link(name, config.io.get(name, READER_IO), loop.time) for name in config.links}
        self.links = links
        self.built: BuiltStation = build(config, links)
        opened = Journal if journal.exists() else Journal.new
        self.journal = opened(journal, config.station.code)
        self.engine = self.built.engine(self._committer(), self.journal.restore())
        self.engine.listen(self.seen.append)
        self.watch = RunWatch(self.engine)
        self.reception: Reception = self.built.reception(self.engine, self.watch)
        self.charging = self.built.charging(self.engine, remembered(self.journal))
        self.reception.standing = self.charging.standing

    async def crash_and_restart(self) -> None:
        """The controller dies without a word and is started again on a copy of what it had written by then."""
        # Not before its tasks have ended: until then the dying one still commits and sends, and the copy would lack it.
        await self._end_tasks()
        self._starts += 1
        copy = self._folder / f"journal-{self._starts}.sqlite"
        for suffix in ("", "-wal"):
            source = Path(f"{self.journal.path}{suffix}")
            if source.exists():
                copy.with_name(f"{copy.name}{suffix}").write_bytes(source.read_bytes())
        self.journal.close()
        await asyncio.sleep(2.0)
        self._boot(copy)
        self._tasks = self._work()
        await asyncio.sleep(1.0)

    def _work(self) -> list[asyncio.Task[None]]:
        work = {"engine": self.engine.run, **({"charging": self.charging.run} if self._charges else {})}
        return [asyncio.create_task(task(), name=name) for name, task in work.items()]

    def _committer(self) -> Committer:
        return InlineJournal(self.journal)

    def _backend(self, name: str) -> Backend:
        if name != "reader":
            return self.sim.plcs[name]
        assert self.sim.reader is not None
        return ReaderBackend(self.sim.reader)

    def _link(self, name: str, io: IoList, clock: Callable[[], float]) -> MemoryLink:
        backend = self._backend(name)
        if name in INSTRUMENTS:
            return MemoryLink(name, io, backend, clock=clock, periods=self.periods)
        version = self.config.links[name].map_version
        assert version is not None
        identity = {**MAGIC, "MAP_VERSION": version}
        return MemoryLink(name, io, backend, identity=identity, heartbeat="HB_PLC", clock=clock, periods=self.periods)

    async def __aenter__(self) -> VirtualBench:
        self._plant_task = asyncio.create_task(self._plant(), name="plant")
        self._tasks = self._work()
        await asyncio.sleep(1.0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._end_tasks()
        assert self._plant_task is not None
        self._plant_task.cancel()
        self.journal.close()

    async def _end_tasks(self) -> None:
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task

    async def _plant(self) -> None:
        while True:
            self.sim.advance(CYCLE)
            self._grant_power()
            await asyncio.sleep(CYCLE)

    def _grant_power(self) -> None:
        """Once a second a sound pack may draw what its charger's order allows, on a bench without charging duty."""
        if not self._charges and self.sim.cycles % GRANT_CYCLES == 1:
            self._grant()

    def _grant(self) -> None:
        most = round(10 * self.sim.plant.charger_kw)
        for name in self.sim.plant.first_bay:
            rack = self.sim.plcs[name]
            sound = (all(rack.values[f"BAY{bay:02d}_{sign}"] for sign in GOOD_SIGNS) for bay in range(1, 13))
            rack.write({f"BAY{bay:02d}_LIMIT": most * good for bay, good in enumerate(sound, 1)})

    def touch(self) -> None:
        """Something is done to the plant by hand. A bench that runs every PLC cycle needs not be told."""

    @property
    def state(self) -> StationState:
        """The engine's memory."""
        return self.engine.state

    def do(self, **command: Any) -> dict[str, Any]:
        """A control command to the plant; a wrong one fails the test."""
        answer = self.sim.command(command)
        assert answer["ok"], answer
        return answer

    async def make_ready(self) -> None:
        """Inventory, automatic, reset, start: as a person does it in the morning."""
        packs = packs_in_bays(self.built.stand.bays, self.reception.image())
        await self.engine.ask(Verb.ADMIT, "test", admit=packs)
        await self.engine.ask(Verb.MODE, "test", mode=Mode.AUTOMATIC)
        await self.engine.ask(Verb.RESET, "test")
        await self.engine.ask(Verb.START, "test")

    async def swap(self) -> Run:
        """One vehicle from the entry to the end of the put-away."""
        self.do(cmd="vehicle")
        await asyncio.sleep(0.5)
        run_id, _ = await self.reception.receive("test")
        return await self.watch.until_closed(run_id)

    async def until_step(self, no: int) -> None:
        """Wait until the step with this number has begun in any run."""
        await self.until(
            lambda: any(
                isinstance(e, Progress) and e.what == "step-begun" and e.step == no for e in self.seen
            )
        )

    async def until_state(self, *states: State) -> None:
        """Wait until the station is in one of these states."""
        await self.until(lambda: self.state.state in states)

    async def until(self, happened: Callable[[], bool], limit: float = 600.0) -> None:
        """Wait in virtual seconds; fails the test at the limit."""
        until = asyncio.get_running_loop().time() + limit
        while not happened():
            assert asyncio.get_running_loop().time() < until, (
                f"not within {limit} s; {self.state.state} {self.state.trips}"
            )
            await asyncio.sleep(CYCLE)


@asynccontextmanager
async def ready_bench(folder: Path, **options: Any) -> Any:
    """A bench that is ready for the first vehicle."""
    async with VirtualBench(folder, **options) as bench:
        await bench.make_ready()
        yield bench


__all__ = ["VirtualBench", "ready_bench", "run_virtually"]

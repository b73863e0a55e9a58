"""One station in virtual time: real engine, gate, journal, reception and charging on the plant, in leaps.

Knows how a controller is put together on links without a wire. Does not know what is done with it.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import TracebackType
from typing import Any

from drivers.pack_id_reader_pr1 import IO_LIST as READER_IO
from hil_tests.virtual.leap_link import LeapLink
from hil_tests.virtual.leap_plant import LeapStation
from hil_tests.virtual.pacing import Pacing
from hil_tests.virtual.reader_backend import ReaderBackend
from station_ctl.build import BuiltStation, build
from station_ctl.config import StationConfig
from station_ctl.core.modes import Mode
from station_ctl.core.orders import MAGIC
from station_ctl.core.points import IoList
from station_ctl.engine.events import Effect, Progress, Verb
from station_ctl.engine.journal import Journal
from station_ctl.engine.journal_thread import InlineJournal
from station_ctl.engine.runner import Engine
from station_ctl.service.charging_duty import ChargingDuty
from station_ctl.service.inventory import packs_in_bays
from station_ctl.service.reception import Reception
from station_ctl.service.run_watch import RunWatch

INSTRUMENTS = ("meter", "reader")
LOOK_S = 45.0
"""Process seconds between two looks of charging: a charge takes hours, and detectors wake it at once."""


AGAIN_S = 0.001
"""Wall seconds until a second look where one is not enough."""


class TaskEnded(Exception):
    """A part of the station ended although nobody asked it to."""


class VirtualStation:
    """A running station: `engine`, `built`, `sim`, `watch`, `reception`, `charging`, `links`. An async context."""

    def __init__(self, config: StationConfig, sim: LeapStation, journal: Path) -> None:
        self.config, self.sim = config, sim
        self.pacing = Pacing(sim, asyncio.get_running_loop().time())
        self.links = {name: self._link(name, config.io.get(name, READER_IO)) for name in config.links}
        self.built: BuiltStation = build(config, self.links)
        self.journal = Journal.new(journal, config.station.code)
        self.engine: Engine = self.built.engine(InlineJournal(self.journal), self.journal.restore())
        self.pacing.drive(self.links, lambda: bool(self.engine.stops.raised))
        self.engine.listen(self._look_again)
        self.watch = RunWatch(self.engine)
        self.reception: Reception = self.built.reception(self.engine, self.watch)
        self.charging: ChargingDuty = self.built.charging(self.engine, every=LOOK_S)
        self._tasks: list[asyncio.Task[None]] = []

    def _link(self, name: str, io: IoList) -> LeapLink:
        clock, wake = asyncio.get_running_loop().time, self.pacing.wake
        backend: Any = ReaderBackend(self.sim.reader) if name == "reader" else self.sim.plcs[name]
        if name in INSTRUMENTS:
            return LeapLink(name, io, backend, on_write=wake, clock=clock)
        identity = {**MAGIC, "MAP_VERSION": getattr(self.config.links[name], "map_version", 1)}
        return LeapLink(name, io, backend, on_write=wake, clock=clock, identity=identity, heartbeat="HB_PLC")

    def _look_again(self, effect: Effect) -> None:
        """Reception believes a vehicle only what is sampled after its identification was over."""
        if isinstance(effect, Progress) and effect.what == "run-closed":
            asyncio.get_running_loop().call_later(AGAIN_S, self.pacing.wake)

    async def __aenter__(self) -> VirtualStation:
        work = {"pacing": self.pacing.run(), "engine": self.engine.run(), "charging": self.charging.run()}
        self._tasks = [asyncio.create_task(task, name=name) for name, task in work.items()]
        await asyncio.sleep(1.0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        ended = self._ended()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.journal.close()
        if ended and kind is None:
            raise TaskEnded(ended)

    def whole(self) -> None:
        """Every part still runs. Raises TaskEnded naming the one that does not."""
        if ended := self._ended():
            raise TaskEnded(ended)

    def _ended(self) -> str:
        ended = (task for task in self._tasks if task.done())
        return "; ".join(f"{task.get_name()} ended: {task.exception()!r}" for task in ended)

    @property
    def process_s(self) -> float:
        """Process seconds since the start of the controller."""
        return self.engine.clock.process()

    async def wait(self, process_s: float) -> None:
        """Let so many process seconds pass."""
        await asyncio.sleep(max(process_s, 0.0) / self.engine.clock.rate)

    async def make_ready(self) -> None:
        """Inventory, automatic, reset, start: as a person does it in the morning."""
        packs = packs_in_bays(self.built.stand.bays, self.reception.image())
        await self.engine.ask(Verb.ADMIT, "day", admit=packs)
        await self.engine.ask(Verb.MODE, "day", mode=Mode.AUTOMATIC)
        await self.engine.ask(Verb.RESET, "day")
        await self.engine.ask(Verb.START, "day")

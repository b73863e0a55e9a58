"""One day of a virtual station: vehicles as they come, one lane, and what the day came to.

Knows arrivals, waiting and counting. Does not know what a swap or a charge is made of.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from random import Random

from hil_tests.virtual.custody import custody_errors
from hil_tests.virtual.ledger_of_energy import EnergyLedger, stored_kwh
from hil_tests.virtual.planner import Planner
from hil_tests.virtual.station import VirtualStation
from station_ctl.charging.selection import ready_count
from station_ctl.charging.suspects import Cleared
from station_ctl.core.errors import Refused
from station_ctl.core.steps import Job
from station_ctl.service.reception import NoEmptyBay, NoReadyPack
from station_ctl.service.run_watch import Interrupted

DAY_S = 86_400.0
SPILL_S = 4 * 3600.0
"""Process seconds after midnight in which those who wait are still served."""

FILL_S = 8 * 3600.0
"""Process seconds after midnight in which packs may become as full as they began: the cheap hours of any tariff."""

FULL_KWH = 2.0
"""So little short of what they began with is as full: chargers stop within a tenth of a per cent of each pack."""

ARRIVAL_SOC = (3.0, 12.0)
"""Shape and scale of the state of charge (%) of arriving packs, a gamma distribution: mean 36 % (recorded days)."""

RETRY_S = 15.0
"""Process seconds between two looks for a pack that became ready."""

SAMPLE_S = 900.0


@dataclass
class DayReport:
    """What one day came to. Waits in process seconds, in order of service; `ready` counts packs every quarter hour.
    `busy_s` is from reception until the vehicle has gone, `cleared_s` from then until its pack may be charged, by 12 s.

    Energy and cost are those of the day and of charging after it until packs are as full as they began: `after_kwh`;
    what they then still lack is `lacking_kwh`.
    """

    name: str
    arrived: int = 0
    waits_s: list[float] = field(default_factory=list)
    busy_s: list[float] = field(default_factory=list)
    cleared_s: list[float] = field(default_factory=list)
    starved_s: float = 0.0
    ready: list[int] = field(default_factory=list)
    energy_kwh: float = 0.0
    cost: float | None = None
    after_kwh: float = 0.0
    lacking_kwh: float = 0.0
    kwh_by_price: list[tuple[float, float]] = field(default_factory=list)
    peak_kw: float = 0.0
    power_kw: list[float] = field(default_factory=list)
    custody: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    stopped: str = ""
    plans: int = 0
    orders: int = 0


class Day:
    """Serves the arrivals (s of the day, rising) of one day at a station that is ready."""

    def __init__(
        self, station: VirtualStation, name: str, arrivals: list[float], seed: int, energy: EnergyLedger,
        planner: Planner | None = None, *, from_s: float = 0.0, until_s: float = DAY_S,
    ) -> None:  # fmt: skip
        """`from_s`: the second of the day at which it begins. `until_s`: it goes on at least to this second, whoever
        has been served. A whole day runs on until its packs are as full as they began."""
        self._from_s, self._until_s = from_s, until_s
        self.station, self.arrivals = station, sorted(arrivals)
        self.report = DayReport(name, len(arrivals))
        self._rng = Random(f"{seed}/arrivals/{name}")
        self._queue: deque[float] = deque()
        self._came = asyncio.Event()
        self._stored: dict[str, float] = {}
        self._energy, self._planner = energy, planner
        self._zero = 0.0

    @property
    def now(self) -> float:
        """Process seconds since midnight."""
        return self.station.process_s - self._zero

    async def run(self) -> DayReport:
        """The whole day. A station that comes to rest ends it; `stopped` says why."""
        station = self.station
        self._zero = station.process_s - self._from_s
        self._energy.begin(station.sim.plant.now, self._from_s)
        held = stored_kwh(station.sim.plant)
        watching = [asyncio.create_task(work) for work in (self._arrive(), self._sample())]
        try:
            await self._serve()
            await station.wait(self._until_s - self.now)
            if self._until_s >= DAY_S:
                await self._fill_up(held)
        except Interrupted as stop:
            self.report.stopped = str(stop)
        finally:
            for task in watching:
                task.cancel()
            await asyncio.gather(*watching, return_exceptions=True)
        for task in watching:
            if not task.cancelled() and (error := task.exception()) is not None:
                raise error
        station.whole()
        return self._closed()

    async def _fill_up(self, kwh: float) -> None:
        """Charge on after the day until the packs hold so much again: who puts it off shall not look cheaper."""
        plant = self.station.sim.plant
        while stored_kwh(plant) < kwh - FULL_KWH and self.now < DAY_S + FILL_S:
            await self.station.wait(RETRY_S * 4)
        self.report.lacking_kwh = max(kwh - stored_kwh(plant), 0.0)
        self._energy.lack(self.report.lacking_kwh)

    def _closed(self) -> DayReport:
        report, sim, energy = self.report, self.station.sim, self._energy
        energy.measure(sim.plant)
        report.energy_kwh, report.peak_kw = energy.kwh, energy.peak_kw
        report.cost, report.after_kwh = energy.cost, energy.after_kwh
        report.kwh_by_price = sorted(energy.by_price.items())
        report.custody = custody_errors(self.station.engine.state.ledger, sim.plant.places.by_code())
        report.violations = [f"{v.rule} {v.plc} {v.text}" for v in sim.monitor.verdicts]
        report.orders = sim.monitor.orders
        report.plans = self._planner.made if self._planner is not None else 0
        return report

    # ---- vehicles ----------------------------------------------------------------------------------------------
    async def _arrive(self) -> None:
        for at in self.arrivals:
            await self.station.wait(at - self.now)
            soc = min(max(self._rng.gammavariate(*ARRIVAL_SOC), 5.0), 85.0)
            answer = self.station.sim.command({"cmd": "vehicle", "soc": soc})
            assert answer["ok"], answer
            self.station.pacing.wake()
            self._queue.append(self.now)
            self._came.set()

    async def _serve(self) -> None:
        """One after another, until all are served or the night is over."""
        for _ in self.arrivals:
            while not self._queue:
                self._came.clear()
                await self._came.wait()
            begun = await self._begin()
            if begun is None:
                return
            run_id, job = begun
            came, began = self._queue.popleft(), self._began
            self.report.waits_s.append(began - came)
            await self.station.watch.until_vehicle_left(run_id)
            self.report.busy_s.append(self.now - began)
            self._stored[job.spent] = self.now

    async def _begin(self) -> tuple[str, Job] | None:
        """Receive the vehicle at the entry as soon as there is a pack for it; None when the night is over first."""
        reception = self.station.reception
        while self.now < DAY_S + SPILL_S:
            self._began = self.now
            try:
                return await reception.receive("day")
            except (NoReadyPack, NoEmptyBay):
                await self._starve()
        return None

    async def _starve(self) -> None:
        """Wait until the vehicle that has identified itself could be served."""
        reception, began = self.station.reception, self._began
        while self.now < DAY_S + SPILL_S:
            await self.station.wait(RETRY_S)
            try:
                reception.job(reception.image())
            except Refused:
                continue
            break
        self.report.starved_s += self.now - began

    # ---- counting ----------------------------------------------------------------------------------------------
    async def _sample(self) -> None:
        """Packs ready, power and energy through the day; the plan is made anew once an hour."""
        station, sampled = self.station, 0.0
        while True:
            self._energy.measure(station.sim.plant)
            self._see_cleared()
            if self.now >= sampled and self.now < DAY_S:
                sampled += SAMPLE_S
                self.report.ready.append(self._ready())
                self.report.power_kw.append(round(station.sim.plant.site_kw(), 1))
            if self._planner is not None:
                self._planner.plan(station.charging, self.now, station.process_s)
            await station.wait(self._energy.STEP_S)

    def _see_cleared(self) -> None:
        """Returned packs against which nothing speaks any more."""
        decision = self.station.charging.decision
        if self._stored and decision is not None:
            cleared = {c.pack for c in decision.clearances.values() if isinstance(c, Cleared)}
            for pack in self._stored.keys() & cleared:
                self.report.cleared_s.append(self.now - self._stored.pop(pack))

    def _ready(self) -> int:
        station, stand = self.station, self.station.built.stand
        recipe = next(iter(station.config.recipes.values()))
        return ready_count(stand.bays, station.reception.image(), recipe, stand.policy)

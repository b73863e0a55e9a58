"""The simulated station in leaps: from one event of its motions to the next, with PLC cycles only there.

Knows what a PLC program must be told of the time it has skipped. Does not know clocks, links or the controller.
"""

from __future__ import annotations

from typing import Any

from hil_tests.simplc.meter import Meter
from hil_tests.simplc.plc import CYCLE_MS, Plc
from hil_tests.simplc.rack import REFRESH_CYCLES, RackPlc
from hil_tests.simplc.running import RunningStation
from hil_tests.simplc.station import SimStation
from hil_tests.simplc.truck.station import TruckSimStation

CHARGE_S = 20.0
"""Plant seconds between two steps of charging, at least: a charge takes hours."""

COOL_S = 300.0
METER_CYCLES = 100
NEVER = -1


class Leaping(RunningStation):
    """Mixed in before a station. `move_to` brings the plant to a wall time, `cycle_now` runs its PLCs there once;
    `next_event_s` is how many plant seconds nothing will happen.

    Positions on the way between two events show no tag and judge no rule.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._charged = self._cooled = self._wall = 0.0
        self._channels = [channel for plc in self.plcs.values() for channel in plc.channels]
        meter = self.plcs["meter"]
        assert isinstance(meter, Meter)
        self._meter = meter
        self._racks = [plc for plc in self.plcs.values() if isinstance(plc, RackPlc)]

    def next_event_s(self) -> float:
        """Plant seconds until the next motion ends; inf when everything waits for somebody."""
        lefts = (p.movement.left() for p in self.plant.motions.active if p.movement is not None)
        return min(lefts, default=float("inf"))

    def move_to(self, wall: float) -> bool:
        """To the wall time `wall` (s since the start of the plant), never back; True if an order ended on the way.

        A movement that ends no order is an event for the machines and for the monitor, and for no program.
        """
        at_work = [channel.busy for channel in self._channels]
        self.plant.motions.run(max(self.plant.now, wall * self.speed))
        self.monitor.watch(self.cycles)
        self._wall = wall
        return at_work != [channel.busy for channel in self._channels]

    def cycle_now(self) -> None:
        """One cycle of every PLC, and of all those that were skipped what is left of them."""
        self._skip(int(self._wall * 1000 / CYCLE_MS) - self.cycles - 1)
        self._pass(refresh=self._charge())

    def _charge(self) -> bool:
        """Charging and cooling up to now, in coarse steps; True if anything may have changed."""
        plant, now = self.plant, self.plant.now
        if now - self._charged < CHARGE_S:
            return False
        plant.charge(now - self._charged)
        self.monitor.watch_charging(self.cycles)
        self._charged = now
        if now - self._cooled >= COOL_S:
            plant.cool(now - self._cooled)
            self._cooled = now
        self.monitor.watch_charging(self.cycles)
        return True

    def _skip(self, cycles: int) -> None:
        """PLC cycles in which nothing happened: clocks, heartbeats and dead-man times have run all the same."""
        if cycles <= 0:
            return
        before = self.cycles
        self.cycles += cycles
        for plc in self._running:
            skip(plc, cycles)
        if before // METER_CYCLES != self.cycles // METER_CYCLES:
            self._meter._measure()
        self.reader_lines()

    def _pass(self, *, refresh: bool) -> None:
        self.cycles += 1
        self.plant.motions._resume_all()
        self.plant.stir()
        for rack in self._racks:
            rack.phase = rack.uptime_ms // CYCLE_MS % REFRESH_CYCLES if refresh else NEVER
        running = self._running
        for plc in running:
            plc.scan()
        for plc in running:
            plc.cycle()
        self.monitor.watch(self.cycles)


class LeapStation(Leaping, SimStation):
    """The passenger station in leaps."""


class TruckLeapStation(Leaping, TruckSimStation):
    """The truck station in leaps."""


def skip(plc: Plc, cycles: int) -> None:
    """What so many cycles without an event leave behind in a PLC."""
    if plc.booting:
        plc.booting = max(1, plc.booting - cycles)
    elif not plc.stop_mode:
        plc.uptime_ms = plc.uptime_ms + cycles * CYCLE_MS & 0xFFFFFFFF
        plc.beat = plc.beat + cycles & 0xFFFF
        plc._since_beat += cycles if plc._beaten else 0

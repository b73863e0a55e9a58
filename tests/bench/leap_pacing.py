"""Pacing of a bench on the 10 ms cycles of its PLCs: those in which nothing can happen are skipped.

Knows when every cycle counts and when the next event is. Does not know what is tested.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from drivers.memory import Backend
from hil_tests.simplc.plc import JOG_CYCLES, Plc
from hil_tests.simplc.station import CHARGE_CYCLES, COOL_CYCLES, CYCLE_S, SimStation
from hil_tests.simplc.truck.station import TruckSimStation
from hil_tests.simplc.truth.motion import Process
from hil_tests.virtual.leap_link import LeapLink
from hil_tests.virtual.leap_plant import Leaping
from station_ctl.core.links import OutcomeUnknown
from station_ctl.core.points import IoList, Value

SCANNED = 2
"""PLC cycles between two looks while every cycle counts: the fast scans of the bench in cycles."""

LONGEST = 20
"""PLC cycles between two looks at most: fast readings stay good for 0.25 s."""

LONGEST_STOPPED = 10
"""The same while a stop stands: it is written again on every scan where a PLC has not obeyed."""

ALERT = 30
"""PLC cycles in which every one counts after anything was done to the plant from outside."""

MISSED = 30
"""PLC cycles without our heartbeat from which on every one counts: three beats, and far before the dead-man time."""


class Controller(Protocol):
    """What the pacing asks of the controller that lives now."""

    def lives(self) -> bool:
        """Whether there is one."""
        ...

    def stopping(self) -> bool:
        """Whether any stop level is raised."""
        ...


class BenchLeaps(Leaping):
    """Mixed in before a station, a plant in leaps whose `command` happens at the cycle at which it is given, not at
    the last one looked at.

    `touched` is called before every command. Dangers are watched half-way of every leap too.
    """

    touched: Callable[[], None] = staticmethod(lambda: None)
    untold: tuple[Process, ...] = ()
    """Movements that a fault has begun and no order: their thresholds are crossed half-way."""

    def command(self, command: Mapping[str, Any]) -> dict[str, Any]:
        """As every station; a command that changes nothing touches nothing."""
        if command.get("cmd") == "report":
            return super().command(command)
        self.touched()
        before = list(self.plant.motions.active)
        answer = super().command(command)
        if command.get("cmd") == "fault":
            self.untold += tuple(p for p in self.plant.motions.active if p not in before)
        return answer

    def move_to(self, wall: float) -> bool:
        """To the wall time `wall` (s since the start of the plant); True if an order ended on the way."""
        at_work = [channel.busy for channel in self._channels]
        for part in ((self._wall + wall) / 2, wall):
            self.plant.motions.run(max(self.plant.now, part * self.speed))
            self.monitor.watch(max(self.cycles, int(part / CYCLE_S)))
        self._wall = wall
        return at_work != [channel.busy for channel in self._channels]

    def every_cycle_counts(self) -> bool:
        """A PLC is not well; or something moves that nobody has ordered."""
        self.untold = tuple(p for p in self.untold if p in self.plant.motions.active)
        return bool(self.untold) or any(map(_unwell, self._running))

    def at_work(self) -> bool:
        """Whether any order is in hand."""
        return any(channel.busy for channel in self._channels)

    def _charge(self) -> bool:
        """As often as without leaps, or as seldom as the leaps are."""
        plant, seconds = self.plant, self.plant.now - self._charged
        if seconds < CHARGE_CYCLES * CYCLE_S * self.speed - 1e-6:
            return False
        self._charged = plant.now
        plant.charge(seconds)
        if plant.now - self._cooled >= COOL_CYCLES * CYCLE_S * self.speed:
            plant.cool(plant.now - self._cooled)
            self._cooled = plant.now
        self.monitor.watch_charging(self.cycles)
        return True


class BenchStation(BenchLeaps, SimStation):
    """The passenger station of a bench."""


class TruckBenchStation(BenchLeaps, TruckSimStation):
    """The truck station of a bench."""


def _unwell(plc: Plc) -> bool:
    """It is lost, boots, stands or misses our heartbeat, a sensor or a drive of it ails, or it is jogged."""
    return bool(
        not plc.online
        or plc.booting
        or plc.stop_mode
        or plc.restless
        or plc.drive.ailment
        or plc._jog_still <= JOG_CYCLES
        or (plc._since_beat > MISSED and not plc.silent)
    )


class BenchLink(LeapLink):
    """A leaping link whose write may be lost, or the reply to it; a beat counts from the moment it arrives."""

    def __init__(self, name: str, io: IoList, plc: Backend, pacing: CyclePacing, **options: Any) -> None:
        super().__init__(name, io, plc, on_write=pacing.wake, **options)
        self._pacing = pacing

    async def write(
        self, values: Mapping[str, Value], *, commit: str | None = None, urgent: bool = False
    ) -> None:
        """As every link."""
        try:
            await super().write(values, commit=commit, urgent=urgent)
        except OutcomeUnknown:
            self._pacing.wake()
            raise
        if "HB_CTL" in values:
            self._pacing.beaten(self._plc)


class CyclePacing:
    """Runs plant and links. `wake`: something was written, so the next cycle counts; `touch`: something is done now."""

    def __init__(self, sim: BenchLeaps, controller: Controller, each_cycle: Callable[[], None]) -> None:
        """`each_cycle` is called before the PLCs at every cycle that is not skipped."""
        self._loop = asyncio.get_running_loop()
        self._sim, self._controller, self._each_cycle = sim, controller, each_cycle
        self._began = self._loop.time() - sim.cycles * CYCLE_S
        self._links: Sequence[LeapLink] = ()
        self._looked = self._alert_until = sim.cycles
        self._due = False
        self._pause: asyncio.Future[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._onlookers: list[asyncio.Future[None]] = []
        sim.touched = self.touch

    @property
    def cycle(self) -> int:
        """Number of the newest PLC cycle that has begun by now."""
        return math.floor((self._loop.time() - self._began) / CYCLE_S + 1e-3)

    def drive(self, links: Sequence[LeapLink]) -> None:
        """The links of the controller that lives now; none where none lives."""
        self._links = links

    def wake(self) -> None:
        """There is something new for the PLCs: the next cycle is not skipped."""
        self._due = True
        if self._timer is not None and self._pause is not None and self._timer.when() > self._at(self.cycle + 1):
            self._timer.cancel()
            self._timer = self._loop.call_at(self._at(self.cycle + 1), self._over, self._pause)

    def touch(self) -> None:
        """Something is done to the plant now: it is brought to this cycle, and for a while every cycle counts."""
        self._run_cycle()
        self._alert_until = self.cycle + ALERT
        self.wake()

    def beaten(self, plc: Any) -> None:
        """Our heartbeat has moved in this PLC, maybe in a cycle that is skipped."""
        if plc._since_beat == 0:
            plc._since_beat = min(0, self._sim.cycles - self.cycle)

    async def looked(self) -> None:
        """Wait for the next look."""
        self._onlookers.append(self._loop.create_future())
        await self._onlookers[-1]

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self._run_cycle()
            self._pause = self._loop.create_future()
            self._timer = self._loop.call_at(self._at(self._next()), self._over, self._pause)
            try:
                await self._pause
            finally:
                self._timer.cancel()
                self._pause = self._timer = None

    def _run_cycle(self) -> None:
        """The newest cycle, unless it has been run; then a look, if one is due."""
        sim, cycle = self._sim, self.cycle
        if cycle <= sim.cycles:
            return
        due, self._due = self._due, False
        ended = sim.move_to(cycle * CYCLE_S + 1e-9)
        self._each_cycle()
        sim.cycle_now()
        if due or ended or cycle >= self._looked + (SCANNED if self._closely() else 1):
            self._look(cycle)

    def _closely(self) -> bool:
        """Whether every cycle counts."""
        return (
            self.cycle < self._alert_until
            or not self._controller.lives()
            or self._sim.every_cycle_counts()
            or (self._controller.stopping() and self._sim.at_work())
        )

    def _look(self, cycle: int) -> None:
        late, now = cycle > self._looked + LONGEST + 1, self._loop.time()
        self._looked = cycle
        if late:
            self._catch_up(now)
        changed = [link for link in self._links if link.look(now)]
        if self._controller.stopping():
            # A stop is written again on every scan of the PLC that has not obeyed.
            telling = [link for link in self._links if link in changed or "HB_CTL" in link.io]
        else:
            telling = changed[:1] or [*self._links[:1]]
        for link in telling:
            link.tell()
        onlookers, self._onlookers = self._onlookers, []
        for onlooker in onlookers:
            if not onlooker.done():
                onlooker.set_result(None)

    def _catch_up(self, now: float) -> None:
        """The event loop stood still: links are read one after the other, and the first tells among old readings."""
        for link in self._links:
            link.look(now)
            link.tell()

    def _next(self) -> int:
        """The next cycle that is not skipped."""
        cycle = self._sim.cycles
        if self._due or self._closely():
            return cycle + 1
        longest = LONGEST_STOPPED if self._controller.stopping() else LONGEST
        event = self._sim.next_event_s() / self._sim.speed / CYCLE_S
        # A motion ends between two cycles; the later one is the first to see it.
        ends = cycle + math.ceil(min(event, float(longest)))
        return max(cycle + 1, min(ends, self._looked + longest))

    def _at(self, cycle: int) -> float:
        return self._began + cycle * CYCLE_S

    @staticmethod
    def _over(pause: asyncio.Future[None]) -> None:
        if not pause.done():
            pause.set_result(None)

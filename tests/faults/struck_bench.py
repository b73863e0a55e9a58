"""One swap on the virtual bench, struck by one fault in one step, and everything the engine decided meanwhile.

Knows how faults strike and what must hold afterwards whatever the fault. Does not know which fault leads to what.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hil_tests.simplc.contract import Channel
from hil_tests.virtual.custody import custody_errors
from station_ctl.core.bypass import Bypassable
from station_ctl.core.conditions import AllOf, AnyOf, Compare, Condition
from station_ctl.core.errors import Refused
from station_ctl.core.modes import State
from station_ctl.core.signals import Image, Signal
from station_ctl.core.steps import Step
from station_ctl.engine.events import Effect, Event, Issue, StopDevices
from station_ctl.engine.state import StationState, StepState, Trip
from station_ctl.service.run_watch import RESTING, Interrupted
from tests.bench.leap_bench import LeapBench
from tests.bench.virtual_bench import VirtualBench, run_virtually

STEPS = (
    10, 20, 21, 22, 23, 30, 40, 50, 60, 70, 80, 90, 100, 105, 110, 120, 130,
    140, 145, 150, 155, 160, 170, 180, 190, 200, 210, 220,
)  # fmt: skip
"""Every step of reception and swap; a test compares them with the procedure."""

LOOKING = 210
"""The one step that orders nothing: its proof is there at once, or a sensor keeps it waiting."""

IN_THE_MIDDLE = 0.4
"""Part of a step's nominal time at which a fault strikes that is not there when the step begins."""

IDLE = 5.0
"""Wall seconds (virtual) that nobody acts, after the station has come to rest."""

LONG_IDLE = 30.0
"""The same, for the faults of the demo."""

AT_ONCE = 0.1
"""Wall seconds (virtual) from a loss in the plant to the stop: some scans of 10 ms, never one of 100 ms more."""


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision that had effects: when (monotonic s), the states around it, and the PLC channels at work."""

    at: float
    before: StationState
    after: StationState
    effects: tuple[Effect, ...]
    at_work: frozenset[str]


class StruckBench(VirtualBench):
    """A bench that notes every decision with its effects, and when and in which step the fault struck."""

    def __init__(self, folder: Path, **options: Any) -> None:
        super().__init__(folder, **options)
        self.decisions: list[Decision] = []
        self.struck_at = 0.0
        self.struck: Step | None = None
        self.active_then: tuple[Step, ...] = ()
        self.visited = False
        self._effects: list[Effect] = []
        decide = self.engine.handle

        def handle(event: Event) -> None:
            before, self._effects = self.engine.state, []
            decide(event)
            if self._effects:
                now = self.engine.clock.monotonic()
                effects, busy = tuple(self._effects), frozenset(c.key for c in self.channels() if c.busy)
                self.decisions.append(Decision(now, before, self.engine.state, effects, busy))

        self.engine.handle = handle  # type: ignore[method-assign]
        self.engine.listen(lambda effect: self._effects.append(effect))

    def channels(self) -> Iterator[Channel]:
        """The order channels as the PLCs themselves have them."""
        for plc in self.sim.plcs.values():
            yield from plc.channels

    def all_steps(self) -> Iterator[tuple[Step, StepState]]:
        """Every step of every open run with its state."""
        for opened in self.state.runs:
            yield from opened.pairs()

    async def visit(self) -> None:
        """One vehicle, as far as it gets."""
        with suppress(Interrupted, Refused):
            await self.swap()
        self.visited = True

    async def at_step(self, no: int, part: float) -> Step:
        """Wait until step `no` has begun and `part` of its nominal time has passed. Returns the step."""
        await self.until_step(no)
        step = next(s for run in self.state.runs for s in run.sequence.steps if s.no == no)
        if part:
            await asyncio.sleep(part * step.nominal / self.sim.speed)
        return step

    def strike(self, step: Step | None, **fault: Any) -> None:
        """Strike now."""
        self.struck, self.struck_at = step, self.engine.clock.monotonic()
        self.active_then = tuple(s for _, s, _ in self.state.active_steps())
        self.do(cmd="fault", on=True, **fault)

    async def die(self) -> None:
        """The controller ends without a word: links, gate, heartbeat."""
        await self._end_tasks()

    async def rest(self, limit: float = 60.0) -> None:
        """Wait until the station is at rest, or the visit over."""
        await self.until(lambda: self.state.state in RESTING or self.visited, limit)

    @property
    def first_out(self) -> Trip:
        """The first trip."""
        return self.state.trips[0]

    @property
    def loss(self) -> Decision:
        """The decision that latched the first trip."""
        return next(d for d in self.decisions if d.after.trips and not d.before.trips)

    def report(self) -> dict[str, Any]:
        """What the plant saw."""
        return self.do(cmd="report")

    def link_of(self, step: Step) -> str:
        """The PLC that carries a step out; for a step that orders nothing, the one its proof is read from."""
        if step.do is not None:
            return self.engine.facts.channels[step.do.role].link
        return next(signals(step.done)).link


class LeapStruckBench(LeapBench, StruckBench):
    """The same from event to event: for tests that strike in a step, not at an instant of a sweep."""


@asynccontextmanager
async def visited(folder: Path, **options: Any) -> AsyncIterator[StruckBench]:
    """A ready bench with the first vehicle on its way through the station."""
    async with LeapStruckBench(folder, **options) as bench:
        await bench.make_ready()
        going = asyncio.create_task(bench.visit(), name="visit")
        try:
            yield bench
        finally:
            going.cancel()
            with suppress(asyncio.CancelledError):
                await going


def signals(condition: Condition) -> Iterator[Signal[Any]]:
    """Every signal a condition reads."""
    for part in parts(condition):
        yield part.signal


def parts(condition: Condition) -> Iterator[Compare]:
    """Every comparison in a condition."""
    if isinstance(condition, AllOf | AnyOf):
        for part in condition.parts:
            yield from parts(part)
    elif isinstance(condition, Bypassable):
        yield from parts(condition.sensors)
    elif isinstance(condition, Compare):
        yield condition


def missing_sensors(condition: Condition, image: Image) -> list[str]:
    """`plc.TAG` of every sensor of a proof that does not show it yet: frozen there, it never will."""
    return [f"{p.signal.link}.{p.signal.tag}" for p in parts(condition) if not p.proven(image)]


# ---- what must hold whatever the fault ---------------------------------------------------------------------


def assert_safe(bench: StruckBench) -> None:
    """The plant's own monitor saw nothing, and every pack is where the ledger has it, in memory and on disk."""
    assert bench.report()["violations"] == []
    assert custody_errors(bench.state.ledger, bench.report()["packs"]) == []
    assert bench.journal.restore().ledger == bench.state.ledger


def assert_stopped_at_once(bench: StruckBench) -> None:
    """The decision that saw the loss stopped every device at work, and the level stands in the PLCs."""
    loss, channels = bench.loss, bench.engine.facts.channels
    told = {role for e in loss.effects if isinstance(e, StopDevices) for role in e.roles}
    ordered = {s.do.role for _, s, _ in loss.before.active_steps() if s.do is not None}
    assert ordered <= told, "ordered something and not told to stop"
    assert loss.at_work <= {channels[role].name for role in told}, "at work and not told to stop"
    assert not any(isinstance(e, Issue) for e in loss.effects)
    for role in told:
        plc = bench.sim.plcs[channels[role].link]
        assert plc.inputs.get(channels[role].stop_tag) == 1 or not plc.online or plc.boot_id > 1


def assert_first_out(bench: StruckBench) -> None:
    """One trip is the cause: the first, and no other."""
    assert [t.first_out for t in bench.state.trips] == [True] + [False] * (len(bench.state.trips) - 1)


async def assert_stays_at_rest(bench: StruckBench, idle: float) -> None:
    """No PLC is at work, and while no person acts no order leaves and nothing moves."""
    resting = bench.state.state
    await asyncio.sleep(1.1)  # a PLC that cannot hear us stops by its own dead-man time
    assert [c.key for c in bench.channels() if c.busy] == []
    orders, issued, packs = bench.report()["orders"], issues(bench), bench.report()["packs"]
    await asyncio.sleep(idle)
    assert bench.report()["orders"] == orders
    assert issues(bench) == issued
    assert bench.report()["packs"] == packs
    assert bench.state.state is resting


def issues(bench: StruckBench) -> int:
    """Orders decided so far."""
    return sum(isinstance(e, Issue) for d in bench.decisions for e in d.effects)


async def assert_controlled_stop(bench: StruckBench, state: State, idle: float = IDLE) -> None:
    """Everything that holds after every fault; `state` is HELD or ABORTED."""
    assert bench.state.state is state, bench.state.trips
    assert_first_out(bench)
    assert_stopped_at_once(bench)
    assert_safe(bench)
    await assert_stays_at_rest(bench, idle)
    assert_safe(bench)


def steps(*chosen: int, last: int = STEPS[-1], without: tuple[int, ...] = ()) -> list[Any]:
    """Parameters: the steps up to `last`; those not chosen run only with --long."""
    meant = [n for n in STEPS if n <= last and n not in without]
    return [pytest.param(n, marks=() if n in chosen else pytest.mark.long) for n in meant]


def ordered_steps(*chosen: int, without: tuple[int, ...] = ()) -> list[Any]:
    """Parameters: the steps that order something; those not chosen run only with --long."""
    return steps(*chosen, without=(LOOKING, *without))


def run(story: Callable[[], Any]) -> None:
    """Run one story in virtual time."""
    run_virtually(story())

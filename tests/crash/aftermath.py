"""After a crash: the outage, the new controller, and a person who brings the swap to an end. All of it is checked.

Knows what must hold after any crash. Does not know where the crash was.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from hil_tests.simplc.contract import Params
from hil_tests.simplc.truth.motion import Steps
from hil_tests.simplc.truth.stacker import Stacker
from station_ctl.core.errors import NotAllowed, NotFound, Refused, StationError
from station_ctl.core.modes import Mode, State
from station_ctl.engine.events import Verb
from station_ctl.engine.recovery import Finding
from station_ctl.service import recovery
from station_ctl.service.inventory import packs_in_bays
from station_ctl.service.run_watch import Interrupted
from tests.bench.virtual_bench import run_virtually
from tests.crash.crash_bench import SPEED, CrashBench, Hears, World, copied
from tests.crash.judgement import Expected, Findings, custody_errors, judge_end

LOOKED_ON = 0.2
"""Wall seconds (virtual) that nobody acts, once the links are up (1 s), and so nothing may be ordered."""

PATIENCE = 60.0
"""Wall seconds (virtual) that a device may still work on what it was told before the crash."""


class Way(StrEnum):
    """How a person brings an interrupted swap to its end."""

    RESUME = "resume"
    RETREAT = "retreat"
    BY_HAND = "by hand, then resume"


@dataclass(frozen=True, slots=True)
class Outage:
    """What happens while no controller lives: `seconds` (wall) at `speed`, and what else fails meanwhile."""

    name: str
    seconds: float
    speed: float = SPEED
    power_lost: bool = False
    estop: bool = False

    def strike(self, world: World) -> None:
        """Let it happen. The PLCs' dead-man time is 1 s of wall time."""
        sim = world.sim
        if self.estop:
            world.tell(cmd="fault", name="e-stop", on=True)
        if self.power_lost:
            for name in sim.plcs:
                world.tell(cmd="fault", name="plc-restart", plc=name, seconds=0.5)
        sim.speed = self.speed
        sim.advance(self.seconds)
        sim.speed = SPEED
        if self.estop:
            world.tell(cmd="fault", name="e-stop", on=False)
        if self.estop or self.power_lost:
            world.tell(cmd="safety-reset")


OUTAGES = (
    Outage("the machine stops half-way", 1.5, 4.0),
    Outage("the machine gets to its end", 1.5),
    Outage("back at once, the machine still moves", 0.1, 4.0),
    Outage("power lost, too", 1.5, 4.0, power_lost=True),
    Outage("emergency stop, too", 1.5, 4.0, estop=True),
)


def after_a_crash(
    world: World, journal: Path, folder: Path, way: Way, outage: Outage, expected: Expected,
    hears: Hears | None = None, *, forgets: bool = False,
) -> dict[str, Any]:
    """Everything after a crash, to the end. To be called in a copy of the process that crashed."""
    own = copied(journal, folder, forgets=forgets)
    outage.strike(world)
    found = Findings(way)
    run_virtually(_restarted(world, own, way, expected, hears, found))
    return vars(found)


async def _restarted(
    world: World, journal: Path, way: Way, expected: Expected, hears: Hears | None, found: Findings
) -> None:
    before = len(world.orders)
    async with CrashBench(journal.parent, world, journal=journal) as bench:
        await asyncio.sleep(LOOKED_ON)
        if len(world.orders) != before or bench.state.mode is not Mode.MAINTENANCE:
            found.unasked.append(f"ordered before anybody acted: {world.orders[before:]} in {bench.state.mode}")
        found.custody += custody_errors(bench)
        bench.hears = hears
        try:
            await to_the_end(bench, way, found)
        except (StationError, AssertionError, TimeoutError) as error:
            found.stuck.append(f"{type(error).__name__}: {error}")
            return
        bench.hears = None
        judge_end(bench, expected, found)


async def to_the_end(bench: CrashBench, way: Way, found: Findings) -> None:
    """What a person does: waits until nothing moves, goes his way, and serves whoever still stands there.

    Where his way turns out to be closed he takes the other one, and where both are he moves the device by hand.
    """
    await bench.until(lambda: not _moving(bench), PATIENCE)
    if bench.state.state is State.STOPPED:
        await bench.engine.ask(Verb.MODE, "test", mode=Mode.AUTOMATIC)
    if bench.state.runs:
        await _brought_to_an_end(bench, way, found)
    else:
        if not len(bench.state.ledger):
            packs = packs_in_bays(bench.built.stand.bays, bench.reception.image())
            await bench.engine.ask(Verb.ADMIT, "test", admit=packs)
        await bench.engine.ask(Verb.RESET, "test")
        await bench.engine.ask(Verb.START, "test")
    lift = bench.world.plant.lift
    while lift.queue or lift.vehicle is not None:
        await asyncio.sleep(0.5)
        run, _ = await bench.reception.receive("test")
        await bench.watch.until_closed(run)
    await asyncio.sleep(0.5)


async def _brought_to_an_end(bench: CrashBench, way: Way, found: Findings) -> None:
    other = Way.RESUME if way is Way.RETREAT else Way.RETREAT
    for chosen in (way, other, Way.BY_HAND):
        try:
            if chosen is Way.RETREAT:
                await recovery.retreat(bench.engine, bench.built.procedures(), _in_the_bay(bench), "test")
            else:
                if chosen is Way.BY_HAND:
                    await _moved_by_hand(bench)
                await _resume(bench)
            await _all_closed(bench)
        except (Refused, NotAllowed, NotFound, Interrupted) as error:
            found.refused.append(f"{chosen}: {error}")
            if chosen is Way.BY_HAND:
                raise
            if bench.state.trips:
                await bench.engine.ask(Verb.ACKNOWLEDGE, "test")
        else:
            found.way = chosen
            return


def _in_the_bay(bench: CrashBench) -> str:
    """The run of the newest vehicle: the others have none in the bay any more."""
    return bench.state.runs[-1].run_id


def _moving(bench: CrashBench) -> bool:
    """A device still works on an order of the dead controller, or cannot be asked yet."""
    image = bench.reception.image()
    assessed = recovery.recovery.assess(bench.engine.facts, bench.state, image)
    return any(a.finding in (Finding.MOVING, Finding.UNKNOWN) for a in assessed)


async def _resume(bench: CrashBench) -> None:
    """Resume, with a look at the machine where one is asked for."""
    ways = recovery.ways_out(bench.engine.facts, bench.state, bench.reception.image())
    try:
        await bench.engine.ask(Verb.RESUME, "test")
        if ways.why_not_resume:
            raise AssertionError(f"resumed although it said: {ways.why_not_resume}")
    except Refused:
        if ways.why_not_resume_confirmed:
            raise
        await bench.engine.ask(Verb.RESUME, "test", confirmed=True)


async def _moved_by_hand(bench: CrashBench) -> None:
    """At its panel, in sight: what an interrupted device has not finished is finished, step by step."""
    image, world = bench.reception.image(), bench.world
    for found in recovery.recovery.assess(bench.engine.facts, bench.state, image):
        if found.finding is not Finding.HALF_WAY or found.step.do is None:
            continue
        stacker, order = world.plant.stacker, found.step.do
        if order.role == "stacker" and stacker.load is None:
            work = _parked(stacker)
        else:
            plc = world.sim.plcs[bench.engine.facts.channels[order.role].link]
            work = plc.channels[0].kinds[order.opcode].work(Params(*order.params), 1.0)
        ended: list[object] = []
        world.plant.motions.start(work, driven=True, ended=ended.append)
        await bench.until(lambda e=ended: bool(e), PATIENCE)
    await asyncio.sleep(0.5)


def _parked(stacker: Stacker) -> Steps:
    yield from stacker.retract(2.0)
    yield from stacker.go("park", 1.0)


async def _all_closed(bench: CrashBench) -> None:
    await bench.until(lambda: not bench.state.runs or bench.state.state is not State.EXECUTE, 120.0)
    if bench.state.runs:
        raise Interrupted(bench.state.runs[0].run_id, bench.state.state, bench.state.trips)

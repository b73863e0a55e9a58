"""After a fault: the cause is taken away, and a person brings station and vehicle to their end by a way that is open.

Knows what a person may ask, and what he does by hand where nothing else leads on. Does not know the fault.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hil_tests.simplc.contract import Params
from hil_tests.simplc.truth.motion import Steps
from hil_tests.simplc.truth.robot import TRAVEL_Z, Robot
from hil_tests.simplc.truth.stacker import Stacker
from station_ctl.core.errors import StationError
from station_ctl.core.modes import Mode, State
from station_ctl.engine.events import Verb
from station_ctl.service import recovery
from station_ctl.service.recovery import WaysOut
from station_ctl.service.run_watch import RESTING
from station_ctl.service.whereabouts import HAND, RESET_AT_PANEL
from tests.faults.catalogue_bench import PATIENCE, CatalogueBench

RESUME, LOOK, RETREAT, ATTENDED, NEXT = (
    "resume",
    "resume after a look",
    "retreat",
    "attended",
    "serve the next",
)
WHO = "test"
TIGHTENS = 120
GRANTED_WITHIN = 20
"""How often a person asks, every 0.3 s, before he takes a refusal for final."""


class NoWayOut(Exception):
    """Nothing that a person may ask leads on."""


@dataclass
class WayOut:
    """`offered` as it was said after the cause had gone; `gone` is the way that was gone, in order."""

    offered: tuple[str, ...] = ()
    words: str = ""
    gone: list[str] = field(default_factory=list)


async def acknowledged(bench: CatalogueBench) -> None:
    """The cause is gone: acknowledge, clear, back to automatic. Raises NoWayOut with the last refusal."""
    if bench.state.trips:
        await _insist(bench, Verb.ACKNOWLEDGE)
    if bench.state.state is State.ABORTED:
        await _insist(bench, Verb.CLEAR)
    if bench.state.mode is not Mode.AUTOMATIC and bench.state.state in (State.STOPPED, State.IDLE):
        await _insist(bench, Verb.MODE, mode=Mode.AUTOMATIC)


def offered(bench: CatalogueBench) -> tuple[tuple[str, ...], str]:
    """The ways that are open now, and what a person is told of those that are not."""
    if not bench.state.runs:
        return (NEXT,), "no run is open"
    ways = _said(bench)
    found = [RESUME] if not ways.why_not_resume else [LOOK] if not ways.why_not_resume_confirmed else []
    if any(not why for why in ways.why_not_retreat.values()):
        found.append(RETREAT)
    return tuple(found or [ATTENDED]), _words(ways)


def _said(bench: CatalogueBench) -> WaysOut:
    return recovery.ways_out(bench.engine.facts, bench.state, bench.reception.image())


def _words(ways: WaysOut) -> str:
    said = (*ways.findings, ways.why_not_resume_confirmed, *ways.why_not_retreat.values())
    return "; ".join(text for text in said if text)


async def to_the_end(bench: CatalogueBench, way: WayOut) -> None:
    """Until no run is open and the vehicle has left. Raises NoWayOut."""
    for _ in range(6):
        _reset_what_is_named(bench)
        await acknowledged(bench)
        await _one_way_on(bench, way)
        if await _through(bench):
            return
        await asyncio.sleep(0.3)
    raise NoWayOut(f"{way.gone}: {bench.state.trips[0].text if bench.state.trips else bench.state.state}")


def _reset_what_is_named(bench: CatalogueBench) -> None:
    """At the device's own panel, if a person is told of it and not otherwise."""
    told = [text for text in _said(bench).by_hand if RESET_AT_PANEL in text]
    for role, channel in bench.engine.facts.channels.items():
        if any(text.startswith(f"{role}: ") for text in told):
            bench.do(cmd="fault-reset", plc=channel.link)


async def _one_way_on(bench: CatalogueBench, way: WayOut) -> None:
    if not bench.state.runs:
        if bench.state.state is State.STOPPED:
            await _insist(bench, Verb.RESET)
            await _insist(bench, Verb.START)
        way.gone.append(NEXT)
        return
    told: list[str] = []
    second_time = way.gone.count(RESUME) + way.gone.count(LOOK) >= 2
    tries: list[tuple[str, Callable[[], Any]]] = [
        (RESUME, lambda: bench.engine.ask(Verb.RESUME, WHO)),
        (LOOK, lambda: bench.engine.ask(Verb.RESUME, WHO, confirmed=True)),
    ]
    back: tuple[str, Callable[[], Any]] = (RETREAT, lambda: _retreat(bench))
    tries = [back, *tries] if second_time else [*tries, back]
    if second_time and any(HAND in text for text in _said(bench).by_hand):
        way.gone.append(ATTENDED)
        await _moved_by_hand(bench)
    for attempt in range(2):
        for name, ask in tries:
            try:
                await ask()
            except StationError as why:
                told.append(str(why))
            else:
                way.gone.append(name)
                return
        if attempt == 0:
            way.gone.append(ATTENDED)
            await _moved_by_hand(bench)
    raise NoWayOut(" | ".join(told[-3:]))


async def _retreat(bench: CatalogueBench) -> None:
    run_id = bench.state.runs[-1].run_id
    await recovery.retreat(bench.engine, bench.built.procedures(), run_id, WHO)


async def _through(bench: CatalogueBench) -> bool:
    """True when nobody is left in the station; False when it came to rest before."""
    lift, until = bench.sim.plant.lift, asyncio.get_running_loop().time() + 2 * PATIENCE
    while asyncio.get_running_loop().time() < until:
        if bench.state.state in RESTING:
            return False
        if not bench.state.runs and lift.vehicle is None:
            if not lift.queue:
                return True
            bench.do(cmd="dismiss")
        await asyncio.sleep(0.05)
    raise NoWayOut(f"nothing goes on: {bench.state.state}, runs {[r.run_id for r in bench.state.runs]}")


async def _moved_by_hand(bench: CatalogueBench) -> None:
    """At its panel, in sight: what an interrupted device has not finished is finished, step by step.

    Bolts that were tightened wrongly are turned out again: tightened ones measure nothing a second time.
    """
    facts, image, plant = bench.engine.facts, bench.reception.image(), bench.sim.plant
    for found in recovery.recovery.assess(facts, bench.state, image):
        order = found.step.do
        if order is None or found.finding in recovery.recovery.DONE:
            continue
        if order.role == "stacker" and plant.stacker.load is None:
            work = _parked(plant.stacker)
        else:
            channel = facts.channels[order.role]
            prefix = "VEH_" if order.role == "vehicle" else ""
            plc = next(c for c in bench.sim.plcs[channel.link].channels if c.prefix == prefix)
            work = plc.kinds[order.opcode].work(Params(*order.params), 1.0)
            if found.step.no == TIGHTENS and plant.robot.contact:
                work = plant.robot.turn_bolts(order.params[0], -1, 0.0, 4.0, 10.0)
            elif order.role == "robot" and not plant.robot.contact:
                work = _lowered_before(plant.robot, work)
        ended: list[object] = []
        plant.motions.start(work, driven=True, ended=ended.append)
        await bench.until(lambda e=ended: bool(e), PATIENCE)
    await asyncio.sleep(0.5)


def _lowered_before(robot: Robot, work: Steps) -> Steps:
    """A table that stands up where it should not comes down before the robot travels."""
    yield from robot.lower_table(TRAVEL_Z, 2.0)
    yield from work


def _parked(stacker: Stacker) -> Steps:
    yield from stacker.retract(2.0)
    yield from stacker.go("park", 1.0)


async def _insist(bench: CatalogueBench, verb: Verb, **more: Any) -> None:
    why = ""
    for _ in range(GRANTED_WITHIN):
        try:
            await bench.engine.ask(verb, WHO, **more)
        except StationError as refusal:
            why = str(refusal)
            await asyncio.sleep(0.3)
            continue
        return
    raise NoWayOut(f"{verb}: {why}")

"""Stops at any instant of a swap, and the person who brings it to its end: the cause away, resume or retreat.

Knows every cause of a stop and the ways out. Does not know what the machine stands in the middle of.
"""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from hil_tests.virtual.custody import custody_errors
from station_ctl.core.errors import StationError
from station_ctl.core.modes import State
from station_ctl.engine import recovery
from station_ctl.engine.events import Verb
from station_ctl.service.recovery import retreat
from station_ctl.service.run_watch import RESTING, Interrupted
from tests.bench.virtual_bench import run_virtually
from tests.faults.struck_bench import StruckBench

SPEED = 50.0
"""One PLC cycle is half a plant second: the finest grid of instants."""

GRID = 0.5
"""Plant seconds between two instants of the dense sweep."""

VISIT = 330.0
"""Plant seconds from the vehicle's arrival that a swap and its put-away take at most."""

BY_PERSON = ("hold", "abort")
BY_SAFETY = ("e-stop", "curtain")
BY_PLC = {"link": "link-lost", "restart": "plc-restart"}
PLCS = ("lift", "robot", "stacker", "rack_a", "rack_b")
CAUSES = (*BY_PERSON, *BY_SAFETY, *(f"{kind}:{plc}" for kind in BY_PLC for plc in PLCS))
COARSE = frozenset(("abort", "curtain"))
"""Causes whose stop is that of another cause: hold and e-stop have shown what it leads to."""


@dataclass
class Stopped:
    """One stop and what came of it. `end` is "ended", "not struck" or what went wrong."""

    cause: str
    at: float
    end: str = "not struck"
    steps: tuple[int, ...] = ()
    story: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return "\n    ".join((f"{self.cause} at {self.at:g} s in steps {self.steps}: {self.end}", *self.story))


def stopped(
    cause: str, at: float, ways: tuple[str, ...] = ("resume",), given_up: float | None = None
) -> Stopped:
    """One swap, stopped by `cause` at `at` plant seconds; then a person tries `ways` ("resume", "retreat") in turn.

    `given_up`: the swap was aborted at this instant and given up; `at` then counts from the beginning of its way back.
    """
    found = Stopped(cause, at)

    async def main(folder: Path) -> None:
        async with StruckBench(folder, speed=SPEED) as bench:
            await bench.make_ready()
            bench.do(cmd="vehicle")
            going = asyncio.create_task(_visit(bench), name="visit")
            await asyncio.sleep(0.5)
            if given_up is not None:
                await _give_up(bench, found, given_up)
            await asyncio.sleep(at / SPEED)
            if not await _struck(bench, found):
                going.cancel()
                return
            await bench.rest()
            found.story += [f"{t.code} {t.text}" for t in bench.state.trips]
            await _mend(bench, cause)
            going.cancel()
            found.end = await _brought_to_an_end(bench, found, ways)
            await asyncio.sleep(0.5)
            wrong = [*map(str, bench.report()["violations"])]
            wrong += custody_errors(bench.state.ledger, bench.report()["packs"])
            found.end = "; ".join(wrong) or found.end

    with tempfile.TemporaryDirectory() as folder:
        run_virtually(main(Path(folder)))
    return found


@cache
def at_work(plc: str) -> frozenset[float]:
    """Instants of the grid at which an undisturbed swap has an order with this PLC."""
    instants: set[float] = set()

    async def main(folder: Path) -> None:
        async with StruckBench(folder, speed=SPEED) as bench:
            await bench.make_ready()
            bench.do(cmd="vehicle")
            going = asyncio.create_task(_visit(bench), name="visit")
            for n in range(int(VISIT / GRID)):
                await asyncio.sleep(0.5 if n == 0 else GRID / SPEED)
                links = bench.engine.facts.channels
                if plc in {links[s.do.role].link for _, s, _ in bench.state.active_steps() if s.do is not None}:
                    instants.add(n * GRID)
            going.cancel()

    with tempfile.TemporaryDirectory() as folder:
        run_virtually(main(Path(folder)))
    return frozenset(instants)


def instants(cause: str, begin: float, seconds: float, *, sparse: bool = False) -> list[float]:
    """The instants of the sweep in one stretch: the dense grid where the cause finds something to strike."""
    step = 4 * GRID if sparse or cause in COARSE else GRID
    found = [begin + step * n for n in range(int(seconds / step))]
    _, _, plc = cause.partition(":")
    return [at for at in found if not plc or at in at_work(plc)]


async def _visit(bench: StruckBench) -> None:
    with suppress(Interrupted):
        run_id, _ = await bench.reception.receive("test")
        await bench.watch.until_closed(run_id)


async def _give_up(bench: StruckBench, found: Stopped, after: float) -> None:
    """The way back is on its way when this returns."""
    await asyncio.sleep(after / SPEED)
    await bench.engine.ask(Verb.ABORT, "test")
    await bench.rest()
    await asyncio.sleep(1.5)
    assert await _taken(bench, found, "retreat"), str(found)


async def _struck(bench: StruckBench, found: Stopped) -> bool:
    """The cause strikes; False where it finds nothing to strike, as a PLC that has no order."""
    kind, _, plc = found.cause.partition(":")
    active = tuple(s for _, s, _ in bench.state.active_steps())
    found.steps = tuple(s.no for s in active)
    if not bench.state.runs:
        return False
    if kind in BY_PERSON:
        await bench.engine.ask(Verb(kind), "test")
        return True
    if kind in BY_PLC:
        if plc not in {bench.engine.facts.channels[s.do.role].link for s in active if s.do is not None}:
            return False
        bench.do(cmd="fault", name=BY_PLC[kind], plc=plc)
        return True
    bench.do(cmd="fault", name=kind)
    return True


async def _mend(bench: StruckBench, cause: str) -> None:
    kind, _, plc = cause.partition(":")
    if kind == "link":
        await asyncio.sleep(2.0)  # longer than a PLC goes on without hearing us
        bench.do(cmd="fault", name=BY_PLC[kind], on=False, plc=plc)
    elif kind in BY_SAFETY:
        bench.do(cmd="fault", name=kind, on=False)
        bench.do(cmd="safety-reset")
    await asyncio.sleep(1.5)


async def _brought_to_an_end(bench: StruckBench, found: Stopped, ways: tuple[str, ...]) -> str:
    """What a person does at the panel, way by way, until no run is open."""
    for way in ways:
        found.story += [str(a) for a in recovery.assess(bench.engine.facts, bench.state, bench.engine.image())]
        if not await _taken(bench, found, way):
            continue
        await bench.until(lambda: bench.state.state in RESTING or not bench.state.runs)
        if not bench.state.runs:
            return "ended"
        found.story += [f"at rest again: {t.code} {t.text}" for t in bench.state.trips]
        await asyncio.sleep(1.5)
    return "no way out led to the end"


async def _taken(bench: StruckBench, found: Stopped, way: str) -> bool:
    """One way out is asked for; False, with the reason in the story, if it is refused."""
    try:
        await bench.engine.ask(Verb.ACKNOWLEDGE, "test")
        if bench.state.state is State.ABORTED:
            await bench.engine.ask(Verb.CLEAR, "test")
        if way == "retreat":
            await retreat(bench.engine, bench.built.procedures(), bench.state.runs[0].run_id, "test")
        else:
            await bench.engine.ask(Verb.RESUME, "test", confirmed=True)
    except StationError as refused:
        found.story.append(f"{way} refused: {refused}")
        return False
    found.story.append(f"{way} accepted")
    return True

"""The truck station in virtual time: one swap, stopped or struck in one step, and brought to its end by a person.

Knows bench and plant of the truck station. Does not know which fault leads to what.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

from hil_tests.simplc.contract import Params
from hil_tests.simplc.truck.crane_plc import MOST_KG
from hil_tests.simplc.truck.ground import TRAVEL_Z
from hil_tests.virtual.custody import custody_errors
from station_ctl.build import PARTS
from station_ctl.config import StationConfig, load_station
from station_ctl.core.errors import Refused, StationError
from station_ctl.core.modes import Mode, State
from station_ctl.engine.events import Verb
from station_ctl.paths import config_directory
from station_ctl.service import recovery
from station_ctl.service.run_watch import RESTING, Interrupted
from tests.bench.leap_pacing import TruckBenchStation
from tests.faults.struck_bench import LeapStruckBench

SPEED = 40.0
RESUME, LOOK, RETREAT, BY_HAND = "resume", "resume after a look", "retreat", "by hand"


class NoWayOut(Exception):
    """Nothing that a person may ask leads on."""


@cache
def the_config(speed: float = SPEED) -> StationConfig:
    """The shipped truck station at this speed."""
    file = config_directory() / "stations" / "sim_heavy_truck.yaml"
    return load_station(file, {"clock.process_rate": speed}, PARTS)


class TruckBench(LeapStruckBench):
    """A bench of the truck station that notes every decision."""

    sim: TruckBenchStation

    def __init__(
        self, folder: Path, *, seed: int = 1, speed: float = SPEED, model: str = "SIM-TRACTOR", **options: Any
    ) -> None:
        sim = TruckBenchStation(seed=seed, speed=speed)
        sim.model = model
        super().__init__(folder, speed=speed, sim=sim, config=the_config(speed), **options)

    def safe(self) -> None:
        """The monitor saw nothing, and every pack is where the ledger has it."""
        report = self.report()
        assert report["violations"] == [], report["violations"]
        assert custody_errors(self.state.ledger, report["packs"]) == []

    @property
    def left_with(self) -> str:
        """The pack that the one visitor has left with; empty while nobody has left."""
        gone = self.all_left_with
        assert len(gone) <= 1
        return "".join(gone)

    @property
    def all_left_with(self) -> list[str]:
        """The packs that the one visitor has left with, by seat; empty while nobody has left."""
        left = {place: code for code, place in self.report()["packs"].items() if place.startswith("left:")}
        return [left[place] for place in sorted(left)]

    # ---- what a person does ----
    def undo(self, name: str, args: dict[str, Any]) -> None:
        """The cause is taken away; what it left behind is put right by whoever is there."""
        self.do(cmd="fault", name=name, on=False, **args)
        truck = self.sim.plant.lane.vehicle
        if name == "hv-on" and truck is not None:
            truck.contactors, truck.volts = False, 4.0
            self.sim.plant.motions.version += 1

    async def stopped(self, verb: Verb) -> None:
        """Hold or abort, until everything stands."""
        await self.engine.ask(verb, "test")
        await self.until_state(State.HELD, State.ABORTED)

    async def insist(self, verb: Verb, **more: Any) -> None:
        """Ask until it is granted. Raises NoWayOut with the last refusal."""
        why = ""
        for _ in range(15):
            try:
                await self.engine.ask(verb, "test", **more)
            except StationError as refusal:
                why = str(refusal)
                await asyncio.sleep(0.3)
                continue
            return
        raise NoWayOut(f"{verb}: {why}")

    async def acknowledged(self) -> None:
        """The cause is gone: reset chain and devices, acknowledge, clear."""
        await asyncio.sleep(0.5)
        self.do(cmd="safety-reset")
        for plc in ("crane", "stand"):
            self.do(cmd="fault-reset", plc=plc)
        await asyncio.sleep(0.5)
        if self.state.trips:
            try:
                await self.insist(Verb.ACKNOWLEDGE)
            except NoWayOut:
                await self._put_right_by_hand()
                await self.insist(Verb.ACKNOWLEDGE)
        if self.state.state is State.ABORTED:
            await self.insist(Verb.CLEAR)
        if self.state.mode is not Mode.AUTOMATIC and self.state.state in (State.STOPPED, State.IDLE):
            await self.insist(Verb.MODE, mode=Mode.AUTOMATIC)

    async def retreat(self) -> None:
        """The newest run is given up for its way back."""
        await recovery.retreat(self.engine, self.built.procedures(), self.state.runs[-1].run_id, "test")

    async def one_way_on(self, *ways: str) -> str:
        """The first of these ways that is granted. Raises NoWayOut with what was said against each."""
        told = []
        asked: dict[str, Callable[[], Any]] = {
            RESUME: lambda: self.engine.ask(Verb.RESUME, "test"),
            LOOK: lambda: self.engine.ask(Verb.RESUME, "test", confirmed=True),
            RETREAT: self.retreat,
        }
        for way in ways:
            try:
                await asked[way]()
            except StationError as why:
                told.append(f"{way}: {why}")
            else:
                return way
        raise NoWayOut(" | ".join(told))

    async def to_the_end(self, *ways: str) -> list[str]:
        """Until no run is open and the truck has left, each time by the first way that is granted."""
        gone: list[str] = []
        for attempt in range(8):
            await self.acknowledged()
            if not self.state.runs:
                await self._next_one()
                gone.append("serve the next")
            else:
                try:
                    # What did not go forward twice goes back.
                    gone.append(await self.one_way_on(*(ways if attempt < 2 else (RETREAT, *ways))))
                except NoWayOut as why:
                    if BY_HAND in gone:
                        raise NoWayOut(f"{gone}: {why}") from None
                    gone.append(BY_HAND)
                    await self._moved_by_hand()
                    continue
            if await self._through():
                return gone
        raise NoWayOut(f"{gone}: {self.state.state} {[t.text for t in self.state.trips]}")

    async def _next_one(self) -> None:
        if self.state.state is State.STOPPED:
            await self.insist(Verb.RESET)
            await self.insist(Verb.START)

    async def _put_right_by_hand(self) -> None:
        """At its panel, in sight: a crane that has come down where it should not is brought up again."""
        plant, work = self.sim.plant, []
        if plant.crane.low and not plant.crane.resting:
            work.append(plant.crane.raise_to(TRAVEL_Z, MOST_KG, 1.0))
        self.touch()
        ended: list[object] = []
        for steps in work:
            plant.motions.start(steps, driven=True, ended=ended.append)
        await self.until(lambda: len(ended) == len(work), 60.0)
        await asyncio.sleep(0.5)

    async def _moved_by_hand(self) -> None:
        """At its panel, in sight: what an interrupted device has not finished is finished there."""
        facts, image = self.engine.facts, self.reception.image()
        for found in recovery.recovery.assess(facts, self.state, image):
            order = found.step.do
            if order is None or found.finding in recovery.recovery.DONE:
                continue
            channel = facts.channels[order.role]
            prefix = "VEH_" if order.role == "vehicle" else ""
            plc = next(c for c in self.sim.plcs[channel.link].channels if c.prefix == prefix)
            ended: list[object] = []
            self.touch()
            work = plc.kinds[order.opcode].work(Params(*order.params), 1.0)
            self.sim.plant.motions.start(work, driven=True, ended=ended.append)
            await self.until(lambda e=ended: bool(e), 60.0)  # type: ignore[misc]
        await asyncio.sleep(0.5)

    async def _through(self) -> bool:
        """True when nobody is left in the station; False when it came to rest before."""
        lane, until = self.sim.plant.lane, asyncio.get_running_loop().time() + 60.0
        while asyncio.get_running_loop().time() < until:
            if self.state.state in RESTING:
                return False
            if not self.state.runs and lane.vehicle is None:
                if not lane.queue:
                    return True
                self.do(cmd="dismiss")
            await asyncio.sleep(0.05)
        raise NoWayOut(
            f"nothing goes on: {self.state.state}, {[(r.run_id, r.phase) for r in self.state.runs]}"
        )


@asynccontextmanager
async def visited(folder: Path, **options: Any) -> AsyncIterator[TruckBench]:
    """A ready bench with the first truck on its way through the station."""
    async with TruckBench(folder, **options) as bench:
        await bench.make_ready()
        going = asyncio.create_task(_visit(bench), name="visit")
        try:
            yield bench
        finally:
            going.cancel()
            with suppress(asyncio.CancelledError):
                await going


async def stopped_anywhere(folder: Path, no: int, part: float, verb: Verb, *ways: str, **options: Any) -> None:
    """A swap held or aborted in this step, if it comes to it, and brought to its end by these ways: safe all along."""
    async with visited(folder, **options) as bench:
        await bench.at_step(no, part)
        if bench.state.runs:
            await bench.stopped(verb)
        await bench.to_the_end(*ways)
        bench.safe()


async def _visit(bench: TruckBench) -> None:
    with suppress(Interrupted, Refused):
        await bench.swap()
    bench.visited = True

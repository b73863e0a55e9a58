"""One shift at the virtual station: vehicles are served one after another while faults strike and a person recovers.

Knows what must hold after every vehicle, whatever has struck. Does not know which fault leads to what.
"""

from __future__ import annotations

import asyncio
import gc
import tempfile
from collections import Counter
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import MappingProxyType
from typing import Any, TypeVar

from drivers.scan_clock import PERIODS
from hil_tests.virtual.custody import custody_errors
from station_ctl.core.errors import Refused, StationError
from station_ctl.core.modes import Mode, State
from station_ctl.core.points import ScanClass
from station_ctl.engine.events import Progress, Verb
from station_ctl.service import recovery
from station_ctl.service.run_watch import RESTING
from tests.bench.leap_bench import LeapBench
from tests.bench.virtual_bench import VirtualBench, run_virtually
from tests.faults.struck_bench import missing_sensors
from tests.soak.by_hand import by_hand
from tests.soak.faults import Strike, strikes

T = TypeVar("T")

SPEED = 60.0
VEHICLES = 10
"""Vehicles of one shift."""

LOOKED_ON = 1.2
"""Wall seconds (virtual) that nobody acts after the station has come to rest: nothing may be ordered."""

PATIENCE = 90.0
"""Wall seconds (virtual) in which a station at work comes to rest or to the end of its runs: far over every limit."""

ATTEMPTS = 8
"""How often a person tries to bring one vehicle to its end before calling it stuck."""


@dataclass
class Findings:
    """What one shift came to. Empty lists are what everybody hopes for."""

    seed: int
    swaps: int = 0
    ended: Counter[str] = field(default_factory=Counter)
    struck: Counter[str] = field(default_factory=Counter)
    rests: int = 0
    violations: list[str] = field(default_factory=list)
    custody: list[str] = field(default_factory=list)
    unasked: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    by_hand: list[str] = field(default_factory=list)
    vain: list[str] = field(default_factory=list)
    objects: list[int] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        """Nothing to tell."""
        return not (self.violations or self.custody or self.unasked or self.stuck)


class Stuck(Exception):
    """No way on was offered."""


class Died(StationError):
    """The controller died before it answered."""

    code = "A403"


class SoakBench(VirtualBench):
    """A bench whose controller may be killed, and whose links may lose a write or the reply to one."""

    def __init__(self, folder: Path, **options: Any) -> None:
        super().__init__(folder, **options)
        self.alive = asyncio.Event()
        self.alive.set()
        self._asked: set[asyncio.Task[Any]] = set()

    async def answer(self, request: Coroutine[Any, Any, T]) -> T:
        """What the controller of now answers. Raises Died when it does not live or dies over it."""
        asked = asyncio.ensure_future(request)
        self._asked.add(asked)
        if not self.alive.is_set():
            asked.cancel()
        try:
            return await asked
        except asyncio.CancelledError:
            caller = asyncio.current_task()
            if caller is not None and caller.cancelling():
                raise
            raise Died("it has not answered") from None
        finally:
            self._asked.discard(asked)

    async def kill(self, outage: float) -> None:
        """The controller dies; another one is started `outage` s later on what the first had written."""
        self.touch()
        self.alive.clear()
        # Not before its tasks have ended: until then the dying one still commits and sends, and the copy would lack it.
        await self._end_tasks()
        for asked in self._asked:
            asked.cancel()
        copy, old = self._copy_of_the_journal(), self.journal
        old.close()
        await asyncio.sleep(outage)
        self._boot(copy)
        self._tasks = [asyncio.create_task(self.engine.run(), name="engine")]
        await asyncio.sleep(0.5)
        self.alive.set()

    def _copy_of_the_journal(self) -> Path:
        self._starts += 1
        copy = self._folder / f"journal-{self._starts}.sqlite"
        for suffix in ("", "-wal"):
            source = Path(f"{self.journal.path}{suffix}")
            if source.exists():
                copy.with_name(f"{copy.name}{suffix}").write_bytes(source.read_bytes())
        return copy


class CycleBench(SoakBench):
    """Every PLC cycle, with half of the usual fast scans: they are what such a shift costs."""

    periods = MappingProxyType({**PERIODS, ScanClass.FAST: 0.02})


class LeapSoakBench(LeapBench, SoakBench):
    """From event to event; every PLC cycle after a fault has struck, and while a PLC or the controller is away."""


BENCHES: Mapping[str, type[SoakBench]] = MappingProxyType({"leaps": LeapSoakBench, "cycles": CycleBench})
"""How a shift may be paced: as the campaign is, and with every PLC cycle."""


class Shift:
    """Vehicles, faults and the person, all from one seed."""

    def __init__(self, bench: SoakBench, seed: int, story: list[str]) -> None:
        self.bench, self.rng, self.story = bench, Random(seed), story
        self.found = Findings(seed)
        self.standing: list[Strike] = []
        self.vain, self.last_cause = 0, ""

    def say(self, what: str) -> None:
        """One line of the story."""
        state = self.bench.state
        runs = ", ".join(f"{r.run_id} {r.phase}" for r in state.runs)
        self.story.append(f"{asyncio.get_running_loop().time():9.2f} {state.state:9} [{runs}] {what}")

    # ---- vehicles ---------------------------------------------------------------------------------------------
    async def work(self, vehicles: int) -> None:
        """Serve so many vehicles; a stuck one ends the shift."""
        await self.bench.make_ready()
        for _ in range(vehicles):
            planned = strikes(self.rng)
            try:
                await self.serve(planned)
            except (Stuck, AssertionError) as why:
                self.say(f"STUCK: {why}")
                self.found.stuck.append(f"{' and '.join(map(str, planned)) or 'nothing'}: {why}")
            self.found.swaps += 1
            self.check()
            if not self.found.clean:
                return

    async def serve(self, planned: tuple[Strike, ...]) -> None:
        """One vehicle, from its arrival until it has left and everything is at its place."""
        bench = self.bench
        bench.seen.clear()
        arrived = bench.do(cmd="vehicle")
        self.say(f"---- vehicle {arrived['vin']} with {arrived['pack']}; planned: {'; '.join(map(str, planned))}")
        await asyncio.sleep(0.3)
        striking = [asyncio.create_task(self.strike(s)) for s in planned]
        try:
            for _ in range(ATTEMPTS):
                if await self.went_through():
                    break
                await self.recover()
            else:
                raise Stuck(f"not served in {ATTEMPTS} attempts; {self.why_resting()}")
        finally:
            for task in striking:
                task.cancel()
            await asyncio.gather(*striking, return_exceptions=True)
        self.clear_causes()
        if bench.state.state is not State.EXECUTE:
            await self.recover()
        pack = next((p for p, at in self.packs().items() if at == f"left:{arrived['vin']}"), "")
        self.found.ended["unserved" if pack == arrived["pack"] else "swapped"] += 1
        self.say(f"left with {pack}")

    async def went_through(self) -> bool:
        """True when no vehicle and no run is left; False when the station came to rest before."""
        bench, lift = self.bench, self.bench.sim.plant.lift
        until = asyncio.get_running_loop().time() + 4 * PATIENCE
        while asyncio.get_running_loop().time() < until:
            await bench.alive.wait()
            if bench.state.state in RESTING:
                return False
            if not bench.state.runs:
                if lift.vehicle is None and not lift.queue:
                    return True
                if lift.queue and lift.vehicle is None:
                    await self.receive()
                    continue
            await asyncio.sleep(0.05)
        raise Stuck(f"nothing happens: {bench.state.state}, runs {[r.run_id for r in bench.state.runs]}")

    async def receive(self) -> None:
        """Receive the vehicle at the entry; one that is refused is sent away."""
        bench = self.bench
        try:
            await bench.answer(bench.reception.receive("soak"))
        except Refused as why:
            if bench.state.state is State.EXECUTE and not bench.state.runs and bench.alive.is_set():
                self.say(f"refused: {why}")
                self.found.ended["refused"] += 1
                bench.sim.command({"cmd": "dismiss"})
                await asyncio.sleep(0.5)
        except StationError as why:
            self.say(f"interrupted: {why}")

    # ---- faults -----------------------------------------------------------------------------------------------
    async def strike(self, strike: Strike) -> None:
        """Wait for the moment, and strike."""
        bench, no = self.bench, strike.no
        await bench.until(lambda: no in self.begun(), limit=1e6)
        step = next((s for run in bench.state.runs for s in run.sequence.steps if s.no == no), None)
        if step is not None:
            await asyncio.sleep(strike.part * step.nominal / SPEED)
        bench.touch()
        args = dict(strike.args)
        self.found.struck[strike.kind] += 1
        match strike.kind:
            case "kill":
                await self.kill(args["outage"])
                return
            case "operator-hold" | "operator-abort":
                verb = Verb.HOLD if strike.kind == "operator-hold" else Verb.ABORT
                with suppress(StationError):
                    await bench.answer(bench.engine.ask(verb, "soak"))
            case "lost-write" | "lost-reply":
                link = bench.links[args["link"]]
                link.lose_request, link.lose_reply = strike.kind == "lost-write", strike.kind == "lost-reply"
            case "sensor-stuck":
                tags = missing_sensors(step.done, bench.reception.image()) if step is not None else []
                if tags:
                    strike = Strike(strike.kind, no, strike.part, (("tag", self.rng.choice(tags)),))
                    self.fault(strike, on=True)
            case _:
                self.fault(strike, on=True)
        self.say(f"struck: {strike}")

    def begun(self) -> set[int]:
        """Steps begun since the vehicle came."""
        return {e.step for e in self.bench.seen if isinstance(e, Progress) and e.what == "step-begun"}

    async def kill(self, outage: float) -> None:
        """The controller dies while it works, and is started again."""
        self.say(f"killed, back after {outage} s")
        await self.bench.kill(outage)
        self.say("restarted")

    def fault(self, strike: Strike, *, on: bool) -> None:
        """Switch a fault of the plant; one that cannot act here and now does nothing."""
        answer = self.bench.sim.command({"cmd": "fault", "name": strike.kind, "on": on, **dict(strike.args)})
        if answer["ok"] and on:
            self.standing.append(strike)

    def clear_causes(self) -> None:
        """Everything that a person can put right by hand."""
        bench, plant = self.bench, self.bench.sim.plant
        bench.touch()
        for strike in self.standing:
            self.fault(strike, on=False)
            if strike.kind == "hv-on" and plant.lift.vehicle is not None:
                vehicle = plant.lift.vehicle
                if vehicle.precheck and not vehicle.postcheck:
                    vehicle.contactors, vehicle.volts = False, 4.0
            if strike.kind == "link-lost":
                bench.sim.command({"cmd": "fault", "name": "link-lost", "on": False, "plc": dict(strike.args)["plc"]})
        self.standing.clear()
        plant.motions.version += 1
        bench.sim.command({"cmd": "safety-reset"})

    # ---- the person -------------------------------------------------------------------------------------------
    async def recover(self) -> None:
        """From rest back to work: cause away, acknowledge, clear, mode, resume or retreat. Raises Stuck."""
        bench = self.bench
        await bench.alive.wait()
        self.found.rests += 1
        why = self.why_resting()
        self.say(f"at rest: {why}")
        cause = self.bench.state.trips[0].text if self.bench.state.trips else ""
        self.vain = self.vain + 1 if cause and cause == self.last_cause else 0
        self.last_cause = cause
        if self.vain == 2:
            self.found.vain.append(cause)
        await self.look_on()
        self.clear_causes()
        await asyncio.sleep(self.rng.choice((0.3, 1.5, 3.5)))
        await bench.alive.wait()
        await self.insist(Verb.ACKNOWLEDGE)
        if bench.state.state is State.ABORTED:
            await self.insist(Verb.CLEAR)
        with suppress(Died):
            await self.correct_codes()
        if bench.state.mode is not Mode.AUTOMATIC and bench.state.state in (State.STOPPED, State.IDLE):
            await self.insist(Verb.MODE, mode=Mode.AUTOMATIC)
        if not bench.state.runs and bench.state.state is State.STOPPED:
            await self.insist(Verb.RESET)
            await self.insist(Verb.START)
        elif bench.state.state in RESTING:
            await self.go_on()

    async def correct_codes(self) -> None:
        """A pack whose own BMS tells another code than custody came in under a false one: two persons say so."""
        bench = self.bench
        true, image = {place: code for code, place in self.packs().items()}, bench.engine.image()
        for watched in bench.engine.facts.places:
            known, read = bench.state.ledger.at(watched.place), watched.code.read(image) if watched.code else None
            if known is None or read is None or not read.good or read.value in ("", known):
                continue
            if read.value == true.get(watched.place) and bench.state.ledger.where(str(read.value)) is None:
                said = str(read.value)
                await bench.answer(recovery.recode(bench.engine, bench.built.procedures(), watched.place, said, "soak"))
                self.say(f"{watched.place} holds {read.value}, not {known}")

    async def look_on(self) -> None:
        """Nothing is ordered while nobody acts."""
        bench = self.bench
        await asyncio.sleep(0.1)
        orders = bench.sim.monitor.orders
        await asyncio.sleep(LOOKED_ON)
        if bench.alive.is_set() and bench.sim.monitor.orders != orders:
            self.found.unasked.append(f"{bench.sim.monitor.orders - orders} orders while at rest")

    async def insist(self, verb: Verb, **more: Any) -> None:
        """Ask until it is granted: what is refused may need a moment. Raises Stuck with the last refusal."""
        why = ""
        for _ in range(20):
            try:
                await self.bench.answer(self.bench.engine.ask(verb, "soak", **more))
            except StationError as refusal:
                why = str(refusal)
                await asyncio.sleep(0.5)
                continue
            return
        raise Stuck(f"{verb}: {why}")

    async def go_on(self) -> None:
        """Resume, or give the swap up, as the person likes; the other one where the first is refused."""
        # Whoever has resumed twice in vain does not do it a third time if there is another way.
        forward = self.rng.random() < 0.75 and self.vain < 2
        first, second = (self.resume, self.retreat) if forward else (self.retreat, self.resume)
        if self.vain >= 2 and not await self.retreat():
            return
        by_hand = self.vain >= 2
        for attempt in range(10):
            if by_hand or attempt == 4:
                self.move_by_hand()
                await asyncio.sleep(1.0)
                first, second, by_hand = self.resume, self.retreat, False
            why = [await first()]
            if why[0]:
                why.append(await second())
            if not all(why):
                return
            await asyncio.sleep(0.5)
        raise Stuck(" | ".join(why))

    def move_by_hand(self) -> None:
        """Attended recovery: the machine is brought by hand to before or after what was interrupted."""
        bench, plant = self.bench, self.bench.sim.plant
        bench.touch()
        interrupted = recovery.recovery.assess(bench.engine.facts, bench.state, bench.reception.image())
        done = by_hand(plant, {a.step.lane for a in interrupted})
        self.found.by_hand.append(f"{done}: {'; '.join(map(str, interrupted))}")
        self.say(f"by hand: {done}")

    async def resume(self) -> str:
        """Resume; with a look at the machine where one is asked for. Returns why not."""
        try:
            await self.bench.answer(self.bench.engine.ask(Verb.RESUME, "soak"))
        except StationError:
            try:
                await self.bench.answer(self.bench.engine.ask(Verb.RESUME, "soak", confirmed=True))
            except StationError as refusal:
                return str(refusal)
            self.say("resumed after a look")
            return ""
        self.say("resumed")
        return ""

    async def retreat(self) -> str:
        """Give the newest swap up. Returns why not."""
        bench = self.bench
        try:
            given_up = recovery.retreat(bench.engine, bench.built.procedures(), bench.state.runs[-1].run_id, "soak")
            run_id = await bench.answer(given_up)
        except StationError as refusal:
            return str(refusal)
        self.say(f"retreat {run_id}")
        return ""

    def why_resting(self) -> str:
        """Trips, or what the recovery found."""
        trips = "; ".join(f"{t.code} {t.text}" for t in self.bench.state.trips)
        found = recovery.recovery.assess(self.bench.engine.facts, self.bench.state, self.bench.reception.image())
        return f"{trips or 'no trip'}; {'; '.join(map(str, found))}"

    # ---- what must hold ---------------------------------------------------------------------------------------
    def packs(self) -> dict[str, str]:
        """True places."""
        places: dict[str, str] = self.bench.sim.plant.places.by_code()
        return places

    def check(self) -> None:
        """The monitor saw nothing, the ledger is exact, no pack is lost, and the engine has not grown."""
        bench, found = self.bench, self.found
        found.violations += [f"{v.rule} {v.plc} {v.text} (order {v.order})" for v in bench.sim.monitor.verdicts]
        found.custody += custody_errors(bench.state.ledger, self.packs())
        found.custody += self.conserved()
        if bench.journal.restore().ledger != bench.state.ledger:
            found.custody.append("the ledger on the disk is not the one in memory")
        gc.collect()
        found.objects.append(len(gc.get_objects()))

    def conserved(self) -> Iterator[str]:
        """Every pack that ever came is somewhere; every vehicle that left has one; the station has as many as ever."""
        places = self.packs()
        gone = sum(place.startswith("left:") for place in places.values())
        made = self.bench.sim.plant._made
        if len(places) != made:
            yield f"{made} packs came into the world, {len(places)} are somewhere"
        if self.found.stuck:
            return
        vehicles = self.bench.sim._vehicles
        if gone != vehicles or made - gone != made - vehicles:
            yield f"{vehicles} vehicles left, {gone} packs went with them"


def shift(seed: int, vehicles: int = VEHICLES, pacing: str = "leaps") -> tuple[Findings, list[str]]:
    """One shift in virtual time: what was found, and the story. `pacing` is one of BENCHES."""
    story: list[str] = []

    async def main(folder: Path) -> Findings:
        async with BENCHES[pacing](folder, seed=seed, speed=SPEED) as bench:
            work = Shift(bench, seed, story)
            try:
                async with asyncio.timeout(vehicles * 4 * PATIENCE):
                    await work.work(vehicles)
            except TimeoutError:
                work.found.stuck.append(f"the shift comes to no end; last: {story[-1]}")
            return work.found

    with tempfile.TemporaryDirectory() as folder:
        return run_virtually(main(Path(folder))), story

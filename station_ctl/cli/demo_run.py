"""The demo itself: start the plant, run swaps through the real engine and the real links, inject a fault.

Plays the person and the vehicles. Everything between is what a real station runs.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from station_ctl.build import PARTS, BuiltStation, build
from station_ctl.cli.demo_faults import FAULTS, IN_THE_MIDDLE
from station_ctl.cli.demo_report import DemoReport, Visit
from station_ctl.cli.plant_faces import faces
from station_ctl.cli.plant_process import PlantProcess, overrides
from station_ctl.cli.step_lines import BarLines, PlainLines
from station_ctl.config import StationConfig, load_station
from station_ctl.core.conditions import AllOf, Compare, Condition
from station_ctl.core.errors import Refused, StationError
from station_ctl.core.modes import Mode, State
from station_ctl.core.signals import Image
from station_ctl.core.steps import Step
from station_ctl.engine.events import Effect, Progress, Verb
from station_ctl.engine.journal import Journal
from station_ctl.engine.journal_thread import JournalThread
from station_ctl.engine.runner import Engine
from station_ctl.service.inventory import packs_in_bays
from station_ctl.service.run_watch import Interrupted, RunWatch

WHO = "demo"
LINKS_WITHIN = 10.0
REST_WITHIN = 10.0


class LinksNotUp(StationError):
    """A PLC or instrument could not be reached in time."""

    code = "A201"


@dataclass(frozen=True, slots=True)
class DemoOrder:
    """What to show: how many swaps, how fast, which fault where; the vehicles' model, empty = the plant's usual one."""

    station: Path
    swaps: int
    speed: float
    seed: int
    fault: str = ""
    at: int = 0
    model: str = ""


class Plant(Protocol):
    """The machines, however they are reached: they bring vehicles, take faults, and tell what really happened."""

    async def ask(self, **command: Any) -> dict[str, Any]:
        """The answer to one command."""
        ...


class Demo:
    """One demo from the start of the plant to its report."""

    def __init__(self, order: DemoOrder, folder: Path, lines: PlainLines | BarLines) -> None:
        self._order, self._folder, self._lines = order, folder, lines
        self._visits: list[Visit] = []
        self._refused = ""
        self._at = order.at
        self._striking: set[asyncio.Task[None]] = set()
        self._struck = False

    async def run(self) -> DemoReport:
        """Run it. Raises StationError when the plant or the links do not come up."""
        config = load_station(self._order.station, parts=PARTS)
        if self._order.fault:
            self._at = self._order.at or FAULTS[config.station.archetype][self._order.fault]
        plant = await PlantProcess.start(
            self._folder, speed=self._order.speed, seed=self._order.seed,
            station=config.station.archetype, faces=faces(config),
        )  # fmt: skip
        try:
            changed = overrides(
                plant.endpoints, speed=self._order.speed, journal=self._folder / "journal.sqlite"
            )
            config = load_station(self._order.station, changed, PARTS)
            return await self.through(plant, config)
        finally:
            await plant.end()

    async def through(self, plant: Plant, config: StationConfig) -> DemoReport:
        """The swaps through the engine of this station, on a plant that runs already. Raises StationError."""
        built = build(config)
        journal = Journal.new(config.journal, config.station.code)
        thread = JournalThread(journal)
        engine = built.engine(thread, journal.restore())
        engine.listen(self._lines.show)
        self._watch = RunWatch(engine)
        self._charging = built.charging(engine)
        running = asyncio.create_task(engine.run(), name="engine")
        charging = asyncio.create_task(self._charging.run(), name="charging")
        drawing = asyncio.create_task(self._draw(engine), name="progress")
        try:
            await self._ready(built, engine)
            await self._swaps(plant, built, engine)
            if engine.state.state is State.EXECUTE:
                await engine.ask(Verb.STOP, WHO)
            await engine.gate.drain()
            return await self._report(plant, engine)
        finally:
            for task in (drawing, charging, running, *self._striking):
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
            thread.close()

    async def _ready(self, built: BuiltStation, engine: Engine) -> None:
        """Links up, inventory confirmed, automatic, reset, start: what a person does in the morning."""
        try:
            await engine.until(
                lambda: not _down(engine) and not self._unread(built, engine),
                LINKS_WITHIN,
                lambda: "; ".join(_down(engine)) or "bays not read",
            )
        except TimeoutError as error:
            raise LinksNotUp(str(error)) from None
        packs = packs_in_bays(built.stand.bays, engine.image())
        await engine.ask(Verb.ADMIT, WHO, admit=packs)
        await engine.ask(Verb.MODE, WHO, mode=Mode.AUTOMATIC)
        await engine.ask(Verb.RESET, WHO)
        await engine.ask(Verb.START, WHO)

    def _unread(self, built: BuiltStation, engine: Engine) -> bool:
        image = engine.image()
        return any(
            not bay.present.read(image).good or not bay.pack_id.read(image).good for bay in built.stand.bays
        )

    async def _swaps(self, plant: Plant, built: BuiltStation, engine: Engine) -> None:
        watch = self._watch
        reception = built.reception(engine, watch)
        reception.standing = self._charging.standing
        if self._order.fault:
            engine.listen(lambda effect: self._maybe_strike(effect, plant, engine))
        run_id = ""
        for number in range(1, self._order.swaps + 1):
            await plant.ask(cmd="vehicle", model=self._order.model)
            self._lines.know(f"R-{number:04d}", built.procedures().reception())
            began = engine.clock.process()
            try:
                run_id, _ = await reception.receive(WHO, on_job=self._lines.know)
                await self._leaves(number, run_id, began, watch, engine)
            except Refused as refusal:
                self._refused = f"{refusal.code} {refusal}"
                self._visits.append(
                    Visit(f"S-{number:04d}", began, None, watch.closed[f"R-{number:04d}"], None)
                )
                return
            except Interrupted:
                await _at_rest(engine)
                run = engine.state.run(run_id)
                identified = watch.closed.get(f"R-{number:04d}")
                if run is not None and identified is not None and run.run_id.startswith("S-"):
                    self._visits.append(Visit(run_id, began, None, identified, run))
                return
        try:
            await watch.until_closed(run_id)
        except Interrupted:
            await _at_rest(engine)

    async def _leaves(self, number: int, run_id: str, began: float, watch: RunWatch, engine: Engine) -> None:
        run = await watch.until_vehicle_left(run_id)
        last = next(st.ended for step, st in run.pairs() if step.releases)
        self._visits.append(Visit(run_id, began, last, watch.closed[f"R-{number:04d}"], run))

    def _maybe_strike(self, effect: Effect, plant: Plant, engine: Engine) -> None:
        at = self._at
        if self._struck or not (
            isinstance(effect, Progress) and effect.what == "step-begun" and effect.step == at
        ):
            return
        run = engine.state.run(effect.run_id)
        if run is None:
            return
        self._struck = True
        task = asyncio.create_task(self._strike(run.sequence.by_no[at], plant, engine), name="fault")
        self._striking.add(task)

    async def _strike(self, step: Step, plant: Plant, engine: Engine) -> None:
        if self._order.fault in IN_THE_MIDDLE:
            await asyncio.sleep(0.4 * step.nominal / self._order.speed)
        facts: dict[str, Any] = {}
        if self._order.fault in ("link-lost", "plc-restart") and step.do is not None:
            facts["plc"] = engine.facts.channels[step.do.role].link
        if self._order.fault == "sensor-stuck":
            facts["tag"] = _missing_sensor(step.done, engine.image())
        self._lines.say(
            f"fault {self._order.fault} {' '.join(f'{k}={v}' for k, v in facts.items())}".rstrip()
        )
        await plant.ask(cmd="fault", name=self._order.fault, on=True, **facts)

    async def _draw(self, engine: Engine) -> None:
        while isinstance(self._lines, BarLines):
            self._lines.tick(engine.clock.process())
            await asyncio.sleep(0.1)

    async def _report(self, plant: Plant, engine: Engine) -> DemoReport:
        seen = await plant.ask(cmd="report")
        durations = {int(no): d["s"] for orders in seen["durations"].values() for no, d in orders.items()}
        state = engine.state
        order = self._order
        visits = tuple(_newest(visit, self._watch, engine) for visit in self._visits)
        return DemoReport(
            visits,
            state.ledger,
            seen,
            state.trips,
            self._refused,
            order.speed,
            order.seed,
            order.swaps,
            durations,
        )


def _newest(visit: Visit, watch: RunWatch, engine: Engine) -> Visit:
    swap = watch.closed.get(visit.run_id) or engine.state.run(visit.run_id) or visit.swap
    return Visit(visit.run_id, visit.began, visit.left, visit.reception, swap)


async def _at_rest(engine: Engine) -> None:
    """Wait until every device has stopped; the report must show where things are, not where they were."""
    resting = (State.HELD, State.ABORTED, State.STOPPED)
    await engine.until(lambda: engine.state.state in resting, REST_WITHIN, lambda: f"station {engine.state.state}")


def _down(engine: Engine) -> list[str]:
    image = engine.image()
    return [fault for name in engine.links if (fault := image.link_fault(name)) is not None]


def _missing_sensor(condition: Condition, image: Image) -> str:
    """A sensor of the proof that does not show it yet: frozen there, it never will."""
    parts = condition.parts if isinstance(condition, AllOf) else (condition,)
    for part in parts:
        if isinstance(part, Compare) and not part.proven(image):
            return f"{part.signal.link}.{part.signal.tag}"
    raise StationError("every sensor of this step's proof shows it already; name another step")


__all__ = ["Demo", "DemoOrder"]

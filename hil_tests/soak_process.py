"""A controller on the wire for minutes: vehicle after vehicle, while links flap and PLCs restart, and a person goes on.

    python -m hil_tests.soak_process FOLDER SEED SECONDS PAUSE

Tells on stdout, one JSON object a line: faults, rests, ends of vehicles, memory and descriptors. Judges nothing.
"""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import os
import sys
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import structlog

from station_ctl.build import PARTS, BuiltStation, build
from station_ctl.cli.plant_process import PlantProcess, overrides
from station_ctl.config import load_station, station_file
from station_ctl.core.errors import NotAllowed, Refused, StationError
from station_ctl.core.modes import Mode, State
from station_ctl.engine.events import Verb
from station_ctl.engine.journal import Journal
from station_ctl.engine.journal_thread import JournalThread
from station_ctl.engine.runner import Engine
from station_ctl.service import recovery
from station_ctl.service.foreground import links_down
from station_ctl.service.inventory import packs_in_bays
from station_ctl.service.run_watch import RESTING, Interrupted, RunWatch

WHO = "soak"
SPEED = 40.0
LINKS_WITHIN = 60.0
INSISTS = 40
"""Tries of a request, half a second apart: a link or a device may need so long."""

MODBUS = ("lift", "stacker", "rack_a", "rack_b", "safety")
SERIAL = ("meter", "reader")
PAGE = os.sysconf("SC_PAGE_SIZE")


class NoWayOut(Exception):
    """Neither resume nor retreat is open: on a real station somebody moves a device by hand."""


def tell(**facts: Any) -> None:
    """One line for whoever watches."""
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


def resources() -> dict[str, int]:
    """Resident memory (bytes) and open descriptors of this process."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return {"rss": pages * PAGE, "fds": len(os.listdir("/proc/self/fd"))}


class Shift:
    """One plant and one controller, until the time is over or nobody finds a way out."""

    def __init__(
        self, plant: PlantProcess, built: BuiltStation, engine: Engine, rng: Random, pause: float
    ) -> None:
        self.plant, self.built, self.engine, self.rng, self.pause = plant, built, engine, rng, pause
        self.faults = 0
        self.watch = RunWatch(engine)
        self.charging = built.charging(engine)
        self.reception = built.reception(engine, self.watch)
        self.reception.standing = self.charging.standing

    async def work(self, seconds: float) -> None:
        """Serve vehicles so long, counted from the first order, and until something has struck; finish the last one."""
        await self._all_links()
        packs = packs_in_bays(self.built.stand.bays, self.engine.image())
        await self.engine.ask(Verb.ADMIT, WHO, admit=packs)
        await self._to_work()
        tell(ready=True, **resources())
        until = asyncio.get_running_loop().time() + seconds
        flapping = asyncio.create_task(self._flap(until), name="flap")
        # Without charging the racks are empty after twenty vehicles.
        charging = asyncio.create_task(self.charging.run(), name="charging")
        try:
            while asyncio.get_running_loop().time() < until or self.engine.state.runs or not self.faults:
                await self._one()
        finally:
            flapping.cancel()
            charging.cancel()
            ended = await asyncio.gather(flapping, charging, return_exceptions=True)
            if died := [why for why in ended if isinstance(why, Exception)]:
                # Whoever puts faults right, or charges, is gone: what was waited for in vain is only the consequence.
                raise died[0]
        await self._all_links()
        await self.engine.gate.drain()
        tell(**{**resources(), "rested": True})

    async def _one(self) -> None:
        """What is to be done next: finish a run, receive whoever waits, or call the next vehicle."""
        runs = self.engine.state.runs
        try:
            if self.engine.state.state in RESTING:
                await self._recover()
            elif runs:
                await self._closed(runs[-1].run_id)
            else:
                if not await self._somebody_waits():
                    await self.plant.ask(cmd="vehicle")
                run, _ = await self.reception.receive(WHO)
                await self._closed(run)
        except Interrupted:
            await self._recover()
        except NotAllowed as why:
            # It came to rest between the look and the request; the next look sees it.
            tell(refused=str(why)[:200])
            await asyncio.sleep(0.1)
        except Refused as why:
            tell(refused=str(why)[:200])
            with suppress(StationError):
                await self.plant.ask(cmd="dismiss")
            await asyncio.sleep(0.5)

    async def _closed(self, run_id: str) -> None:
        closed = await self.watch.until_closed(run_id)
        tell(swap=closed.complete, run=run_id, **resources())

    async def _somebody_waits(self) -> bool:
        places = (await self.plant.ask(cmd="report"))["packs"].values()
        return any(place.startswith("queue:") for place in places)

    # ---- the person -----------------------------------------------------------------------------------------
    async def _recover(self) -> None:
        """Links back, cause away, acknowledge, and on by the way that is open. Raises NoWayOut."""
        trips = [f"{t.code} {t.text}" for t in self.engine.state.trips]
        tell(rest=str(self.engine.state.state), cause=trips[:1])
        await self._all_links()
        with suppress(StationError):
            await self.plant.ask(cmd="safety-reset")
        await asyncio.sleep(0.3)
        await self._insist(Verb.ACKNOWLEDGE)
        if self.engine.state.state is State.ABORTED:
            await self._insist(Verb.CLEAR)
        if not self.engine.state.runs:
            await self._to_work()
            return
        if self.engine.state.mode is not Mode.AUTOMATIC and self.engine.state.state is State.STOPPED:
            await self._insist(Verb.MODE, mode=Mode.AUTOMATIC)
        await self._go_on()

    async def _to_work(self) -> None:
        if self.engine.state.state is State.STOPPED:
            await self._insist(Verb.MODE, mode=Mode.AUTOMATIC)
            await self._insist(Verb.RESET)
        await self._insist(Verb.START if self.engine.state.state is State.IDLE else Verb.RESUME)

    async def _go_on(self) -> None:
        refused = ("", "")
        for _ in range(INSISTS):
            forward = await self._resumed()
            if not forward:
                return
            back = await self._retreated()
            if not back:
                return
            refused = forward, back
            await asyncio.sleep(0.5)
        raise NoWayOut(" | ".join(refused))

    async def _resumed(self) -> str:
        refused = ""
        for confirmed in (False, True):
            try:
                await self.engine.ask(Verb.RESUME, WHO, confirmed=confirmed)
            except StationError as refusal:
                refused = str(refusal)
            else:
                return ""
        return refused

    async def _retreated(self) -> str:
        try:
            await recovery.retreat(
                self.engine, self.built.procedures(), self.engine.state.runs[-1].run_id, WHO
            )
        except StationError as refusal:
            return str(refusal)
        return ""

    async def _insist(self, verb: Verb, **more: Any) -> None:
        why = ""
        for _ in range(INSISTS):
            try:
                await self.engine.ask(verb, WHO, **more)
            except StationError as refusal:
                why = str(refusal)
                await asyncio.sleep(0.5)
                continue
            return
        raise NoWayOut(f"{verb}: {why}")

    async def _all_links(self) -> None:
        await self.engine.until(
            lambda: not links_down(self.engine), LINKS_WITHIN, lambda: f"links: {links_down(self.engine)}"
        )

    # ---- the wire -------------------------------------------------------------------------------------------
    async def _flap(self, until: float) -> None:
        """A link flaps or a PLC restarts every `pause` seconds or so; every one is put right before the next."""
        while asyncio.get_running_loop().time() < until or not self.faults:
            await asyncio.sleep(self.pause * self.rng.uniform(0.5, 1.5))
            begin, end, lasts = self._drawn()
            tell(fault=begin)
            self.faults += 1
            await self.plant.ask(**begin)
            await asyncio.sleep(lasts)
            if end:
                await self.plant.ask(**end)

    def _drawn(self) -> tuple[dict[str, Any], dict[str, Any], float]:
        """A fault, what ends it, and how long it lasts (s)."""
        lasts = self.rng.choice((0.05, 0.2, 1.0, 2.5))
        kind = self.rng.choice(("cut", "down", "deaf", "freeze", "unplug", "restart"))
        if kind == "restart":
            plc = self.rng.choice((*MODBUS, "robot"))
            return {"cmd": "fault", "name": "plc-restart", "plc": plc, "seconds": lasts}, {}, lasts
        plc = self.rng.choice({"unplug": SERIAL, "cut": (*MODBUS, "robot")}.get(kind, MODBUS))
        do, undo = {"unplug": ("down", "up"), "down": ("down", "up"), "deaf": ("deaf", "hear")}.get(
            kind, (kind, "")
        )
        undone = {"cmd": "wire", "plc": plc, "do": undo} if undo else {}
        return {"cmd": "wire", "plc": plc, "do": do}, undone, lasts


async def _shift(folder: Path, rng: Random, seconds: float, pause: float) -> None:
    folder.mkdir()  # noqa: ASYNC240 - once, before anything runs
    plant = await PlantProcess.start(folder, speed=SPEED, seed=rng.randrange(1000))
    told = overrides(plant.endpoints, speed=SPEED, journal=folder / "journal.sqlite")
    config = load_station(station_file("sim_passenger_car"), dict(told), PARTS)
    built = build(config)
    journal = Journal.new(config.journal, config.station.code)
    thread = JournalThread(journal)
    engine = built.engine(thread, journal.restore())
    running = asyncio.create_task(engine.run(), name="engine")
    try:
        try:
            await Shift(plant, built, engine, rng, pause).work(seconds)
        except NoWayOut as why:
            tell(by_hand=str(why)[:400])
        report = await plant.ask(cmd="report")
        ledger = {pack: [c.place, c.to] for pack, c in engine.state.ledger}
        tell(violations=report["violations"], packs=report["packs"], ledger=ledger, orders=report["orders"])
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        thread.close()
        await plant.end()


async def _run(folder: Path, seed: int, seconds: float, pause: float) -> None:
    rng, left, number, loop = Random(seed), seconds, 0, asyncio.get_running_loop()
    while left > 0:
        number, began = number + 1, loop.time()
        await _shift(folder / f"shift-{number}", rng, left, pause)
        left -= loop.time() - began
    tell(end=True, shifts=number)


if __name__ == "__main__":
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.basicConfig(level=logging.CRITICAL)
    asyncio.run(_run(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4])))

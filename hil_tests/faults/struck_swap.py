"""A station on the wire whose PLCs are reached through proxies: one swap, struck again and again, and gone on with.

Knows both sides of the wire and what a person does at the panel. Does not know which fault leads to what.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

from hil_tests.faults.fault import Reaction
from hil_tests.faults.proxy_modbus import ModbusProxy
from hil_tests.faults.proxy_opcua import OpcUaProxy
from hil_tests.faults.proxy_serial import SerialProxy
from station_ctl.build import PARTS, BuiltStation, build
from station_ctl.cli.plant_process import PlantProcess, overrides
from station_ctl.config import load_station, station_file
from station_ctl.core.errors import Refused
from station_ctl.core.modes import Mode, State
from station_ctl.core.steps import OnLoss
from station_ctl.engine.events import Effect, Issue, Verb
from station_ctl.engine.journal import Journal
from station_ctl.engine.journal_thread import JournalThread
from station_ctl.engine.runner import Engine
from station_ctl.engine.state import Trip
from station_ctl.service.inventory import packs_in_bays
from station_ctl.service.run_watch import RESTING, Interrupted, RunWatch

SPEED = 40.0
PATIENCE = 40.0
"""Upper bound of every wait, wall s."""

MOST_STALLS = 20
MODBUS = ("lift", "stacker")
WHO = "test"
Proxy = ModbusProxy | OpcUaProxy | SerialProxy


class StruckSwap:
    """A running station. `proxies` by link; `effects` are all effects so far."""

    def __init__(
        self, plant: PlantProcess, proxies: Mapping[str, Proxy], built: BuiltStation, engine: Engine
    ) -> None:
        self.plant, self.proxies, self.engine = plant, proxies, engine
        self.effects: list[Effect] = []
        engine.listen(self.effects.append)
        self.watch = RunWatch(engine)
        self._reception = built.reception(engine, self.watch)
        self._bays = built.stand.bays
        self.vehicles = 0
        self.struck: set[tuple[int, int]] = set()
        """Vehicle and step of every strike so far."""
        self.stalls: list[str] = []
        """First causes of stops that nobody ordered: this machine stood still."""

    @property
    def plant_pid(self) -> int:
        """The plant's process, to be stopped and continued."""
        return self.plant._process.pid

    @property
    def first_out(self) -> Trip:
        """The first trip of now."""
        return self.engine.state.trips[0]

    async def until(self, happened: Callable[[], object], what: str) -> None:
        """Wait; fails with `what` and the state of the station."""
        state = lambda: f"{what}; {self.engine.state.state}, {[t.text for t in self.engine.state.trips]}"  # noqa: E731
        await self.engine.until(lambda: bool(happened()), PATIENCE, state)

    async def links_up(self, *without: str) -> None:
        """Wait until no link has a fault, but for those that are struck all the time."""
        links = set(self.engine.links) - set(without)
        await self.until(lambda: not any(map(self.engine.image().link_fault, links)), f"links {links}")

    async def make_ready(self) -> None:
        """Inventory, automatic, reset, start: as a person does it in the morning."""
        await self.links_up()
        packs = packs_in_bays(self._bays, self.engine.image())
        await self.engine.ask(Verb.ADMIT, WHO, admit=packs)
        await self.engine.ask(Verb.MODE, WHO, mode=Mode.AUTOMATIC)
        await self.engine.ask(Verb.RESET, WHO)
        await self.engine.ask(Verb.START, WHO)

    async def visit(self) -> None:
        """One vehicle, as far as it gets by itself."""
        self.vehicles += 1
        await self.plant.ask(cmd="vehicle")
        with suppress(Interrupted, Refused):
            await self._reception.receive(WHO)

    @property
    def served(self) -> bool:
        """Whether every vehicle so far has had its swap."""
        return f"S-{self.vehicles:04}" in self.watch.closed

    async def at_work(self, link: str, least: int) -> int:
        """Wait until a step from `least` on is at work on that PLC; its number. A step may be over before one looks."""

        def found() -> list[int]:
            return sorted(no for no in self.active(link) if no >= least)

        await self.through(found, f"a step of {link} from {least} on is at work")
        return found()[0]

    async def through(self, happened: Callable[[], object], what: str) -> None:
        """Wait as `until`; where this machine stood still meanwhile and the station stopped, a person goes on."""
        for _ in range(MOST_STALLS):
            await self.until(lambda: happened() or self.engine.state.state in RESTING, what)
            if happened():
                return
            self.stalls.append(self.first_out.text)
            await self.go_on()
        raise AssertionError(f"{what}: the station stopped again and again: {self.stalls}")

    def active(self, link: str = "") -> set[int]:
        """Numbers of the steps at work, of those that order something of this PLC."""
        channels = self.engine.facts.channels
        steps = [step for _, step, _ in self.engine.state.active_steps()]
        return {s.no for s in steps if not link or (s.do is not None and channels[s.do.role].link == link)}

    @property
    def orders(self) -> int:
        """Orders decided so far."""
        return sum(isinstance(effect, Issue) for effect in self.effects)

    def step_ordered_last(self, link: str) -> int:
        """The step of the newest order that was decided for that PLC."""
        channels = self.engine.facts.channels
        orders = [e for e in self.effects if isinstance(e, Issue) and channels[e.command.role].link == link]
        return orders[-1].step.no

    async def at_rest(self, *links: str) -> Reaction:
        """Wait until the station has come to rest; its reaction to these links.

        Trips over another link, as a stall of this machine makes them, do not count.
        """
        await self.until(lambda: self.engine.state.state in RESTING, "the station at rest")
        trips = [
            t for t in self.engine.state.trips if t.first_out or any(f"[{link} " in t.text for link in links)
        ]
        aborted = any(trip.reaction is OnLoss.ABORT for trip in trips)
        return Reaction.ABORT if aborted else Reaction.HOLD

    async def pause(self) -> None:
        """A person holds the station."""
        await self.engine.ask(Verb.HOLD, WHO)
        await self.until(lambda: self.engine.state.state in RESTING, "the station held")

    async def go_on(self) -> None:
        """The cause is gone; a person looks, acknowledges and resumes, again while a last scan is missing."""
        await self.links_up("meter")
        if self.engine.state.trips:
            await self._insist(Verb.ACKNOWLEDGE)
        if self.engine.state.state is State.ABORTED:
            await self._insist(Verb.CLEAR)
        await self._insist(Verb.RESUME, confirmed=True)

    async def _insist(self, verb: Verb, **how: bool) -> None:
        refused = ""
        try:
            async with asyncio.timeout(PATIENCE):
                while True:
                    try:
                        return await self.engine.ask(verb, WHO, **how)  # type: ignore[arg-type]
                    except Refused as refusal:
                        refused = str(refusal)
                        await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"{verb} was refused for {PATIENCE} s: {refused}") from None

    async def report(self) -> dict[str, Any]:
        """What the plant saw."""
        await self.engine.gate.drain()
        return await self.plant.ask(cmd="report")


@asynccontextmanager
async def struck_swap(folder: Path, *, seed: int = 1, speed: float = SPEED) -> AsyncIterator[StruckSwap]:
    """Plant, proxies and controller, ready for the first vehicle."""
    plant = await PlantProcess.start(folder, speed=speed, seed=seed)
    proxies: dict[str, Proxy] = {}
    try:
        told = overrides(plant.endpoints, speed=speed, journal=folder / "journal.sqlite")
        told |= await _stand_between(plant.endpoints, proxies, folder)
        config = load_station(station_file("sim_passenger_car"), told, PARTS)
        built = build(config)
        journal = Journal.new(config.journal, config.station.code)
        thread = JournalThread(journal)
        engine = built.engine(thread, journal.restore())
        made = StruckSwap(plant, proxies, built, engine)
        running = asyncio.create_task(engine.run(), name="engine")
        try:
            await made.make_ready()
            yield made
        finally:
            running.cancel()
            with suppress(asyncio.CancelledError):
                await running
            thread.close()
    finally:
        for proxy in proxies.values():
            if isinstance(proxy, SerialProxy):
                proxy.stop()
            else:
                await proxy.door.close()
        await plant.end()


async def _stand_between(
    endpoints: Mapping[str, str], proxies: dict[str, Proxy], folder: Path
) -> dict[str, str | float]:
    told: dict[str, str | float] = {}
    for name in MODBUS:
        port = urlparse(endpoints[name]).port
        assert port is not None
        modbus = proxies[name] = ModbusProxy(port)
        await modbus.door.open()
        told[f"links.{name}.address"] = f"127.0.0.1:{modbus.door.port}"
    robot = proxies["robot"] = OpcUaProxy(endpoints["robot"])
    await robot.door.open()
    told["links.robot.address"] = robot.url
    meter = proxies["meter"] = SerialProxy(Path(urlparse(endpoints["meter"]).path), folder / "bus")
    meter.start()
    told["links.meter.address"] = str(folder / "bus")
    return told

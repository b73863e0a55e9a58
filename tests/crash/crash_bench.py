"""A bench whose controller can die: every commit and every order or stop write is a point that a listener hears of.

Knows where points are and what the plant did, truly, over all lives of the controller. Does not know recovery.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from drivers.memory import Backend
from drivers.scan_clock import PERIODS
from hil_tests.simplc.plant import Plant
from hil_tests.simplc.station import SimStation
from hil_tests.simplc.truth.packs import Pack
from hil_tests.simplc.truth.vehicle import Vehicle
from station_ctl.core.custody import Ledger
from station_ctl.core.errors import JournalError
from station_ctl.core.points import Scalar, ScanClass, Value
from station_ctl.engine.events import Record
from station_ctl.engine.journal import Journal
from station_ctl.engine.journal_thread import Committer
from tests.bench.virtual_bench import VirtualBench

SPEED = 60.0


@dataclass(frozen=True, slots=True)
class Point:
    """A moment at which the controller may die. `image` is all that a successor can find: equal ones are one case."""

    text: str
    image: tuple[int, int, int]


Hears = Callable[["CrashBench", Point], None]

Strikes = Callable[[str, list[Record], Ledger | None], None]
"""Told of every commit just before it, with what it will write."""


class World:
    """What outlives the controller: the plant, and everything that was truly ordered, moved and done there."""

    def __init__(self, seed: int = 1) -> None:
        self.sim = SimStation(seed=seed, speed=SPEED)
        self.moves: list[tuple[str, str, str]] = []
        self.orders: list[tuple[str, int, int]] = []
        self.writes = self.commits = 0
        self.vehicles: list[Vehicle] = []
        self.sim.plant.places.moved.append(self._moved)

    def arrive(self) -> None:
        """The next vehicle stands at the entry."""
        self.tell(cmd="vehicle")
        self.vehicles.append(self.plant.lift.queue[-1])

    @property
    def plant(self) -> Plant:
        """The true plant."""
        return self.sim.plant

    def _moved(self, pack: Pack, source: str, place: str) -> None:
        self.moves.append((pack.code, source, place))

    def tell(self, **command: Any) -> dict[str, Any]:
        """A control command; a wrong one is a fault of the test."""
        answer = self.sim.command(command)
        if not answer["ok"]:
            raise AssertionError(answer)
        return answer

    def packs(self) -> dict[str, str]:
        """True places."""
        found: dict[str, str] = self.tell(cmd="report")["packs"]
        return found

    def violations(self) -> list[str]:
        """What the plant's own monitor saw."""
        found = self.tell(cmd="report")["violations"]
        return [f"{v['rule']} {v['plc']} {v['text']} (order {v['order']})" for v in found]

    def done(self) -> dict[str, int]:
        """Orders done to their good end, counted by device and opcode."""
        counts: dict[str, int] = {}
        for channel, ended in self.tell(cmd="report")["durations"].items():
            for order in ended.values():
                if order["result"] == 1:
                    name = f"{channel}:{order['opcode']}"
                    counts[name] = counts.get(name, 0) + 1
        return counts


class _Wire:
    """A PLC as the link sees it; orders and stops are points before they arrive, and once they have arrived."""

    def __init__(self, name: str, plc: Backend, bench: CrashBench) -> None:
        self._name, self._plc, self._bench = name, plc, bench

    @property
    def values(self) -> dict[str, Value]:
        """As the PLC has them."""
        return self._plc.values

    @property
    def online(self) -> bool:
        """As the PLC is."""
        return self._plc.online

    @property
    def boot_id(self) -> int:
        """As the PLC counts."""
        return self._plc.boot_id

    def write(self, values: dict[str, Scalar]) -> None:
        """The write; a point before and after it unless it is a heartbeat."""
        world, what = self._bench.world, _what(values)
        if what:
            self._bench.point(f"{what} {self._name} before it arrives")
        self._plc.write(values)
        world.writes += 1
        for prefix in ("", "VEH_"):
            if f"{prefix}CMD_ID" in values:
                number, opcode = int(values[f"{prefix}CMD_ID"]), int(values[f"{prefix}CMD_OPCODE"])
                world.orders.append((f"{self._name}:{prefix}", number, opcode))
        if what:
            self._bench.point(f"{what} {self._name} arrived, not answered")


def _what(values: dict[str, Scalar]) -> str:
    if any(tag.endswith("CMD_ID") for tag in values):
        return "order to"
    return "stop level of" if any(tag.endswith("STOP_REQ") for tag in values) else ""


class _Commits:
    """The journal at the end of the gate; each commit is a point before and after."""

    def __init__(self, bench: CrashBench) -> None:
        self._bench = bench

    async def commit(self, records: list[Record], ledger: Ledger | None) -> None:
        """Durable on return."""
        bench, text = self._bench, " + ".join(f"{r.kind} {r.step or r.run_id}".strip() for r in records)
        bench.point(f"commit of {text} before")
        if bench.strikes is not None:
            bench.strikes(f"commit of {text}", records, ledger)
        if bench.sabotage == "hasty":
            # What a gate would be that sends first and commits when there is time.
            asyncio.get_running_loop().call_later(0.1, bench.journal.commit, records, ledger)
            return
        bench.journal.commit(records, ledger)
        bench.world.commits += 1
        bench.point(f"commit of {text} after")


class CrashBench(VirtualBench):
    """A controller on a world. `hears` is told of every point; a `sabotage` proves that a campaign would notice."""

    # A third of the usual scans: a campaign of some thousand swaps in virtual time lives on it.
    periods = MappingProxyType({**PERIODS, ScanClass.FAST: 0.03})

    def __init__(
        self, folder: Path, world: World, *, journal: Path | None = None, hears: Hears | None = None, sabotage: str = ""
    ) -> None:
        self.world, self.hears, self.sabotage = world, hears, sabotage
        self.strikes: Strikes | None = None
        super().__init__(folder, speed=SPEED, sim=world.sim, journal=journal)

    def _committer(self) -> Committer:
        return _Commits(self)

    def _backend(self, name: str) -> Backend:
        plc = super()._backend(name)
        return plc if name == "reader" else _Wire(name, plc, self)

    def point(self, text: str) -> None:
        """Something durable or visible is about to happen, or has happened."""
        if self.hears is not None:
            world = self.world
            self.hears(self, Point(text, (world.commits, world.sim.cycles, world.writes)))

    def on_own_files(self, folder: Path) -> None:
        """In a copy of this process: go on with a copy of the journal, for the original still writes its own."""
        self.journal = Journal(copied(self.journal.path, folder), self.built.config.station.code)
        self.journal.restore()


def copied(journal: Path, folder: Path, *, forgets: bool = False) -> Path:
    """A copy of the journal's files as they lie on the disk. Never called in the process that has them open.

    `forgets`: without the file that holds the newest rows, which is what a sabotaged disk would do.
    """
    copy = Path(tempfile.mkdtemp(dir=folder)) / "journal.sqlite"
    for suffix in ("",) if forgets else ("", "-wal"):
        source = journal.with_name(journal.name + suffix)
        if source.exists():
            copy.with_name(copy.name + suffix).write_bytes(source.read_bytes())
    if not copy.exists():
        raise JournalError(f"no journal at {journal}")
    return copy

"""An alarm board before an engine that only stands there: state, links and time are set by the test.

Knows what the board asks of an engine. Decides nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from station_ctl.config import load_alarms
from station_ctl.core.conditions import Condition, ModeIs
from station_ctl.core.links import LinkSnapshot
from station_ctl.core.modes import Mode
from station_ctl.core.signals import Image
from station_ctl.core.steps import OnLoss
from station_ctl.engine.events import Announce, Effect, Record, Verb
from station_ctl.engine.state import StationState, Trip
from station_ctl.service.alarm_board import SETTLING, Acknowledged, AlarmBoard
from station_ctl.service.alarm_store import AlarmStore
from station_ctl.service.history import HistoryFile
from station_ctl.service.history_thread import InlineHistory

CATALOGUE = load_alarms()
WALL = 1_800_000_000.0
"""The wall clock (s) when the monotonic clock of a bench is 0."""

GONE, STANDS = ModeIs(Mode.AUTOMATIC), ModeIs(Mode.MANUAL)
"""A cause that is gone and one that stands, in mode automatic."""


class StandIn:
    """An engine without machine: `state`, links up or down, a clock that the test turns."""

    def __init__(self, *links: str) -> None:
        self.now = 0.0
        self.state = StationState(mode=Mode.AUTOMATIC)
        self.clock = SimpleNamespace(monotonic=lambda: self.now)
        self.facts = SimpleNamespace(channels={}, name="TEST-0001")
        self.links = {name: SimpleNamespace(io={}, snapshot=LinkSnapshot(name, 1, 0.0, None)) for name in links}
        self.listeners: list[Callable[[Effect], None]] = []
        self.asked: list[Any] = []

    def image(self) -> Image:
        return Image(self.now, {name: link.snapshot for name, link in self.links.items()})

    def listen(self, listener: Callable[[Effect], None]) -> None:
        self.listeners.append(listener)

    def show(self, effect: Effect) -> None:
        for listener in self.listeners:
            listener(effect)

    async def record(self, *rows: Any) -> None:
        self.asked += rows

    async def ask(self, verb: Verb, who: str, *, trips: tuple[Trip, ...], audit: Any = None) -> None:
        self.asked.append((verb, who, trips, audit))
        self.state = replace(self.state, trips=tuple(t for t in self.state.trips if t not in trips))
        for trip in trips:
            self.show(Record("acknowledged", trip.run_id, trip.step, data=(("code", trip.code), ("who", who))))

    def trip(self, *trips: Trip) -> None:
        """Latch trips and announce them, as the engine does."""
        self.state = replace(self.state, trips=(*self.state.trips, *trips))
        for trip in trips:
            self.show(Announce(trip.code, trip.text, "first-out" if trip.first_out else ""))

    def link(self, name: str, fault: str | None) -> None:
        self.links[name].snapshot = replace(self.links[name].snapshot, fault=fault)


def trip(code: str, row: str, cause: Condition | None = None, *, first: bool = False) -> Trip:
    return Trip(code, f"{row} lost", OnLoss.HOLD, "S-0001", 50, row, first, cause)


def acknowledge(bench: AlarmBench, alarm: str, by: str = "li", note: str = "") -> Acknowledged:
    """A person has seen an alarm."""
    return asyncio.run(bench.board.acknowledge(alarm, by, note))


class AlarmBench:
    """A board before a stand-in, with its history in a file if there is a folder for it."""

    def __init__(self, *links: str, file: HistoryFile | None = None, engine: StandIn | None = None) -> None:
        self.engine = engine or StandIn(*links)
        self.trouble, self.skew = "", 0.0
        store = AlarmStore(InlineHistory(file)) if file is not None else None
        self.board = AlarmBoard(
            self.engine,  # type: ignore[arg-type]
            CATALOGUE, store=store, trouble=lambda: self.trouble, wall=lambda: WALL + self.engine.now + self.skew,
        )  # fmt: skip

    def settle(self) -> None:
        """Past the time in which links are still connecting."""
        self.wait(SETTLING + 1)

    def wait(self, seconds: float, step: float = 0.2) -> None:
        """Let time pass, looking as often as the board does."""
        until = self.engine.now + seconds
        while self.engine.now < until - 1e-9:
            self.engine.now = min(until, self.engine.now + step)
            self.board.look()

    def trip(self, *trips: Trip) -> None:
        """Trips latched by the engine, and the look that follows."""
        self.engine.trip(*trips)
        self.board.look()

    def states(self) -> dict[str, str]:
        """Every alarm listed after a look, with its state."""
        self.board.look()
        return {a.id: a.state.value for a in self.board.active()}

    def told(self, alarm: str = "") -> list[str]:
        """What happened, oldest first, after a look."""
        self.board.look()
        return [e.what.value for e in reversed(self.board.history(alarm=alarm))]

"""The queue before the entry: vehicles that were announced, who goes first, who is held back, whether it is open.

Knows what persons have said of vehicles. Does not know which vehicle really stands at the entry; reception sees that.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

from station_ctl.core.errors import NotFound, Refused
from station_ctl.engine.events import Record
from station_ctl.engine.journal import JournalRow

KIND = "queue"

LONGEST = 50
"""Vehicles in one queue; more is not a queue but a mistake."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """One vehicle that is expected. `since` is wall time (s). `held` says why it is held back, and by whom."""

    vehicle: str
    since: float
    by: str
    priority: int = 0
    note: str = ""
    held: str = ""

    def over(self, now: float, patience_s: float) -> bool:
        """True once it has waited so long that no priority goes before it any more."""
        return now - self.since >= patience_s


@dataclass(frozen=True)
class VehicleQueue:
    """Immutable; every change is one journal row with the whole queue. `closed` says why nobody is let in."""

    waiting: tuple[Waiting, ...] = ()
    closed: str = ""

    def __iter__(self) -> Iterator[Waiting]:
        return iter(self.waiting)

    @classmethod
    def of_rows(cls, rows: Iterable[JournalRow]) -> VehicleQueue:
        """The queue of the last row. Raises ValueError for a row that is none."""
        queue = cls()
        for row in rows:
            if row.kind == KIND:
                queue = _read(row.data)
        return queue

    @property
    def row(self) -> Record:
        """The queue as a journal row."""
        return Record(KIND, data=(("closed", self.closed), ("waiting", [asdict(one) for one in self.waiting])))

    @property
    def next(self) -> Waiting | None:
        """Who goes first: not held back, of the highest priority, waiting longest."""
        return next((one for one in self.waiting if not one.held), None)

    def in_order(self, now: float, patience_s: float) -> tuple[Waiting, ...]:
        """Who goes before whom: first those whose patience is over, by their coming, then the others as they stand."""
        return tuple(sorted(self.waiting, key=lambda one: (0, one.since) if one.over(now, patience_s) else (1, 0.0)))

    def named(self, vehicle: str) -> Waiting:
        """The vehicle of that VIN. Raises NotFound."""
        for one in self.waiting:
            if one.vehicle == vehicle:
                return one
        there = ", ".join(one.vehicle for one in self.waiting) or "nobody"
        raise NotFound(f"no vehicle {vehicle!r} in the queue; waiting: {there}")

    def add(self, one: Waiting) -> VehicleQueue:
        """With one more vehicle. Raises Refused for one that waits already, and for a queue too long."""
        if any(other.vehicle == one.vehicle for other in self.waiting):
            raise Refused(f"vehicle {one.vehicle} waits already; see: station-ctl queue list")
        if len(self.waiting) >= LONGEST:
            raise Refused(f"the queue has {LONGEST} vehicles; remove who does not come: station-ctl queue remove VIN")
        return self._with((*self.waiting, one))

    def change(self, vehicle: str, **changes: Any) -> VehicleQueue:
        """With one vehicle changed. Raises NotFound."""
        changed = replace(self.named(vehicle), **changes)
        return self._with(tuple(changed if one.vehicle == vehicle else one for one in self.waiting))

    def without(self, vehicle: str) -> VehicleQueue:
        """Without this vehicle; one that nobody announced changes nothing."""
        return replace(self, waiting=tuple(one for one in self.waiting if one.vehicle != vehicle))

    def _with(self, waiting: tuple[Waiting, ...]) -> VehicleQueue:
        return replace(self, waiting=tuple(sorted(waiting, key=lambda one: (-one.priority, one.since))))

    def why_not(
        self, vehicle: str, unannounced: Waiting | None = None, now: float = 0.0, patience_s: float = float("inf")
    ) -> str:
        """Why this vehicle is not let in now; empty if it may. One that nobody announced has priority 0, or waits as
        `unannounced` says. Whoever stands at the entry after `patience_s` (s) of waiting is let in before all others.
        """
        if self.closed:
            return f"the queue is closed: {self.closed}; open it: station-ctl queue open"
        mine = next((one for one in self.waiting if one.vehicle == vehicle), unannounced)
        if mine is not None and mine.held:
            return f"vehicle {vehicle} is held back: {mine.held}; let it in: station-ctl queue let-in {vehicle}"
        first, priority = self.next, mine.priority if mine is not None else 0
        patient = mine is not None and mine.over(now, patience_s)
        if first is not None and first.vehicle != vehicle and first.priority > priority and not patient:
            return (
                f"vehicle {first.vehicle} goes first (priority {first.priority}, {vehicle} has {priority}); "
                f"change it: station-ctl queue priority {vehicle} {first.priority}"
            )
        return ""


def _read(facts: dict[str, object]) -> VehicleQueue:
    waiting = facts.get("waiting")
    try:
        if not isinstance(waiting, list):
            raise TypeError("waiting is no list")
        return VehicleQueue(tuple(Waiting(**one) for one in waiting), str(facts.get("closed") or ""))
    except TypeError as error:
        raise ValueError(f"queue: {error}") from None

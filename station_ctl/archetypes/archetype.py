"""A station type: the roles it needs, its procedures, its interlocks, and the places that its sensors see.

Knows what service, charging and engine ask of any station. Does not know one station type from another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

from station_ctl.core.conditions import Condition
from station_ctl.core.devices import Device
from station_ctl.core.interlock_table import InterlockTable, TableRow
from station_ctl.core.maintenance import MaintenanceProcedure
from station_ctl.core.policy import SitePolicy
from station_ctl.core.positions import Position
from station_ctl.core.roles import ChargingRack
from station_ctl.core.steps import Interlock, Job, Kept, Recipe, Sequence
from station_ctl.engine.custody_watch import WatchedPlace
from station_ctl.service import charging_duty, reception
from station_ctl.service.procedures import WayBack


class Stand(reception.Stand, charging_duty.ChargingStand, Protocol):
    """What service and charging need of a station, whatever its type."""


class CelledRow(Protocol):
    """A row of a station type's interlock table."""

    @property
    def interlock(self) -> Interlock: ...
    def cell(self, column: StrEnum) -> str: ...


def table(rows: Iterable[CelledRow], columns: type[StrEnum]) -> InterlockTable:
    """Rows and columns as they are printed."""
    names = {str(column): column.name.lower() for column in columns}
    return InterlockTable(names, tuple(TableRow(r.interlock, tuple(map(r.cell, columns))) for r in rows))


S = TypeVar("S", bound=Stand)


@dataclass(frozen=True)
class Archetype(Generic[S]):
    """A station type. `S` is its stand: the roles as its own sequences see them.

    `assemble` gets the devices by role, the racks in the order of the station file, and the site's policy. `safe` is
    needed to reset, start and resume, `always` stays on watch while anything acts, `places` are held against the
    ledger.
    """

    name: str
    required: tuple[str, ...]
    assemble: Callable[[Mapping[str, Device], tuple[ChargingRack, ...], SitePolicy], S]
    reception: Callable[[S], Sequence]
    swap: Callable[[S, Job], Sequence]
    swap_key: str
    retreats: Callable[[S], Mapping[str, Callable[[Job], Sequence]]]
    way_back: WayBack
    interlocks: Callable[[S, Job], InterlockTable]
    positions: Callable[[S], Mapping[str, tuple[Position, ...]]]
    places: Callable[[S], tuple[WatchedPlace, ...]]
    always: Callable[[S], tuple[Kept, ...]]
    safe: Callable[[S], tuple[Interlock, ...]]
    maintenance: Callable[[S, Mapping[str, Recipe]], tuple[MaintenanceProcedure, ...]]
    charging: Callable[[S, Mapping[str, Recipe]], tuple[MaintenanceProcedure, ...]]
    bypasses: Callable[[S], tuple[Mapping[str, Interlock], Condition]]
    """Rows that may be bypassed, by name, and what must be proven for a bypass to stand."""

    def why_forward(self, key: str, begun: frozenset[int], proven: frozenset[int], job: Job) -> str:
        """Why a run has no way back, only forward; empty if it has one."""
        way = self.way_back(key, begun, proven, job)
        return way if isinstance(way, str) else ""

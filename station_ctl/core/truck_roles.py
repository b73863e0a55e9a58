"""Roles of a heavy-truck station with top lift: the crane with its gripper, the stand, and the truck itself.

Sequences of the truck station see these beside `core/roles.py`. A driver fills a role by having what stands here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

from station_ctl.core.devices import Command
from station_ctl.core.jog import Axis
from station_ctl.core.roles import VehicleLink
from station_ctl.core.signals import Signal


class Over(IntEnum):
    """What the crane's gripper hangs over."""

    BETWEEN = 0
    PARK = 1
    TRUCK = 2
    BAY = 3
    ISOLATION = 4


class GantryCrane(Protocol):
    """Travels over the truck and the bays, hoists one pack by a gripper with four locks.

    x, y, z in mm (z: underside of the gripper above the floor), turn in degrees, load in kg, sway in degrees from the
    plumb line, wind in m/s. Masks have one bit per corner (1 to 4) or cone (1, 2). It lifts `rated_kg` at most.

    The stand's scanner is wired to the crane's PLC: what a scan has measured is not known when a procedure is made, so
    that `travel_to_truck` counts its offsets from the truck as it was scanned on this visit, and without a scan from
    its nominal place. `aim_x`, `aim_y` (mm), `aim_turn` (degrees) are how far the gripper hangs beside that place.
    Offsets and aim are in the truck's own axes: along the chassis, towards the cab positive, and across it.
    """

    rated_kg: float
    over: Signal[int]
    over_bay: Signal[int]
    x: Signal[float]
    y: Signal[float]
    z: Signal[float]
    turn: Signal[float]
    aim_x: Signal[float]
    aim_y: Signal[float]
    aim_turn: Signal[float]
    hoisted: Signal[bool]
    landed: Signal[int]
    gripper_closed: Signal[int]
    gripper_open: Signal[int]
    load_kg: Signal[float]
    ropes_tight: Signal[bool]
    not_overloaded: Signal[bool]
    sway: Signal[float]
    wind: Signal[float]
    path_clear: Signal[bool]
    cones_seated: Signal[int]
    pack_code: Signal[str]
    isolation_empty: Signal[bool]
    isolation_present: Signal[bool]
    isolation_ready: Signal[bool]
    homed: Signal[bool]
    brake_ok: Signal[bool]
    no_fault: Signal[bool]
    axes: dict[str, Axis]

    def home(self) -> Command: ...
    def travel_to_truck(self, dx_mm: float, dy_mm: float, turn_deg: float) -> Command: ...
    def travel_to_bay(self, bay: int) -> Command: ...
    def travel_to_isolation(self) -> Command: ...
    def lower(self, z_mm: float) -> Command: ...
    def grip(self) -> Command: ...
    def ungrip(self) -> Command: ...
    def hoist(self, load_max_kg: float) -> Command: ...
    def jog(self, name: str, target_mm: float) -> Command: ...


class TruckStand(Protocol):
    """Where the truck stands: entry, wheel stop, exit, and the laser scanner that measures its pose.

    Pose: offset of the truck's pack from its nominal place, dx and dy in mm, yaw and roll in degrees, quality in
    percent. `shift` is how far (mm) the truck has moved since it was scanned.
    """

    entry_beam: Signal[bool]
    exit_beam: Signal[bool]
    bay_empty: Signal[bool]
    bay_clear: Signal[bool]
    at_wheel_stop: Signal[bool]
    scanned: Signal[bool]
    quality: Signal[float]
    dx: Signal[float]
    dy: Signal[float]
    yaw: Signal[float]
    roll: Signal[float]
    shift: Signal[float]
    homed: Signal[bool]
    no_fault: Signal[bool]

    def home(self) -> Command: ...
    def open_entry(self) -> Command: ...
    def scan(self) -> Command: ...
    def open_exit(self) -> Command: ...


@dataclass(frozen=True, slots=True)
class PackSeat:
    """One place for a pack on a truck: the truck's own sensors of it, and the code of the pack that it reads there."""

    latched: Signal[bool]
    connector_mated: Signal[bool]
    connector_apart: Signal[bool]
    coolant_mated: Signal[bool]
    pack_id: Signal[str]


class TruckLink(VehicleLink, Protocol):
    """The truck, as far as it speaks to the station: a vehicle that opens and closes the locks of its packs itself."""

    seats: tuple[PackSeat, ...]
    """As many as the radio can tell of; a truck with fewer shows the rest empty, all their signals off."""

    def unlock_pack(self, mask: int) -> Command: ...
    def lock_pack(self, mask: int) -> Command: ...

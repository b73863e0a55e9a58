"""The truck's lane: entry and exit lights, who waits and who stands there, the laser scanner above it.

Knows where the truck stands and what the scanner saw of it. Does not know orders, nor what the crane does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from hil_tests.simplc.truck.lorry import Truck
from hil_tests.simplc.truth.motion import Motions, Steps, Until, Wait
from hil_tests.simplc.truth.packs import Places

FULL_SIGHT = 96.0
LEAST_SIGHT = 50.0
"""Percent of the pack's outline that a scan must see to be one."""
BLUR_MM, BLUR_DEG = 0.9, 0.01
"""What a percent of sight less than all adds to the error of a scan."""
SHARP_MM, SHARP_DEG = 2.0, 0.05


@dataclass(frozen=True, slots=True)
class Scan:
    """What the scanner has measured: quality in percent, pose in mm and degrees, and where the truck stood then."""

    quality: float
    x: float
    y: float
    yaw: float
    roll: float
    stood_at: float


@dataclass(slots=True, eq=False)
class Lane:
    """`sight`: percent of the outline that night, rain and dust leave to the scanner."""

    motions: Motions
    places: Places
    rng: Random
    gone: Callable[[Truck], None] = lambda truck: None
    entry_green: bool = False
    exit_green: bool = False
    homed: bool = True
    person_free: bool = True
    sight: float = FULL_SIGHT
    scan: Scan | None = None
    queue: list[Truck] = field(default_factory=list)
    vehicle: Truck | None = None
    linked: Truck | None = None

    # ---- trucks --------------------------------------------------------------------------------------------
    def arrive(self, truck: Truck) -> None:
        """The truck queues at the entry; from here on its driver follows the lights."""
        self.queue.append(truck)
        enter = Until(lambda: truck.dismissed or self._may_enter(truck))
        leave = Until(lambda: self._may_leave(truck))
        self.motions.start(self._visit(truck, enter, leave), driven=False)

    def _visit(self, truck: Truck, enter: Until, leave: Until) -> Steps:
        yield enter
        self.queue.remove(truck)
        if not truck.dismissed:
            self.vehicle, self.scan = truck, None
            yield from truck.drive_in()
            yield leave
            yield from truck.drive_out()
            self.vehicle = self.scan = None
        if self.linked is truck:
            self.linked = None
        self.gone(truck)

    def _may_enter(self, truck: Truck) -> bool:
        return self.entry_green and self.vehicle is None and self.queue[0] is truck

    def _may_leave(self, truck: Truck) -> bool:
        return self.exit_green and truck.contactors and truck.postcheck

    # ---- the scanner ---------------------------------------------------------------------------------------
    def measure(self, seconds: float) -> Steps:
        """One sweep over the truck. The last result is void until the new one is there."""
        self.scan = None
        yield Wait(seconds)
        truck = self.vehicle
        if truck is None:
            return
        off, rng = 100.0 - self.sight, self.rng
        mm, deg = SHARP_MM + BLUR_MM * off, SHARP_DEG + BLUR_DEG * off
        self.scan = Scan(
            self.sight + rng.uniform(-1.0, 1.0) if self.sight < 99.0 else self.sight,
            truck.x_err + rng.uniform(-mm, mm), truck.y_err + rng.uniform(-mm, mm),
            truck.yaw_err + rng.uniform(-deg, deg), truck.roll_err + rng.uniform(-deg, deg), truck.left_behind,
        )  # fmt: skip

    @property
    def shift_mm(self) -> float:
        """How far the truck has moved since it was scanned."""
        if self.scan is None or self.vehicle is None:
            return 0.0
        return abs(self.vehicle.left_behind - self.scan.stood_at)

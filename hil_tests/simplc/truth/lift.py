"""The vehicle lift: entry and exit lights, grooves, clamps, platform, floor doors, and who stands on it.

Knows positions and forces. Does not know orders, sensors or the robot's work beneath.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from hil_tests.simplc.truth.models import SEDAN
from hil_tests.simplc.truth.motion import Motions, Ramp, Stall, Steps, Until, Wait
from hil_tests.simplc.truth.packs import Places
from hil_tests.simplc.truth.vehicle import Vehicle

CLAMP_FORCE_N = 8000.0
CLAMPED_FORCE_N = 5000.0
TABLE_ZERO_MM = 230.0


@dataclass(slots=True, eq=False)
class Lift:
    """Heights in mm over the floor; `floor` 0 closed to 1 open; `clamps` 0 open to 1 closed; `force` in N."""

    motions: Motions
    places: Places
    under_clear: Callable[[], bool] = lambda: True
    height: float = 0.0
    work_height: float = 0.0
    locked: bool = False
    floor: float = 0.0
    clamps: float = 0.0
    force: float = 0.0
    entry_green: bool = False
    exit_green: bool = False
    homed: bool = True
    person_free: bool = True
    queue: list[Vehicle] = field(default_factory=list)
    vehicle: Vehicle | None = None
    linked: Vehicle | None = None

    @property
    def down(self) -> bool:
        return self.height <= 1.0

    @property
    def clamped(self) -> bool:
        return self.force >= CLAMPED_FORCE_N

    @property
    def unclamped(self) -> bool:
        return self.clamps <= 0.01

    @property
    def pack_height(self) -> float:
        """Table height at which the table meets the pack in the vehicle on the platform, mm."""
        build = self.vehicle.build if self.vehicle is not None else SEDAN
        return self.height + build.underside - TABLE_ZERO_MM

    # ---- vehicles ------------------------------------------------------------------------------------------
    def arrive(self, vehicle: Vehicle) -> None:
        """The vehicle queues at the entry; from here on its driver follows the lights."""
        self.queue.append(vehicle)
        enter = Until(lambda: vehicle.dismissed or self._may_enter(vehicle))
        leave = Until(lambda: self._may_leave(vehicle))
        self.motions.start(self._visit(vehicle, enter, leave), driven=False)

    def _visit(self, vehicle: Vehicle, enter: Until, leave: Until) -> Steps:
        yield enter
        self.queue.remove(vehicle)
        if not vehicle.dismissed:
            self.vehicle = vehicle
            yield from vehicle.drive_in()
            yield leave
            yield from vehicle.drive_out()
            self.vehicle = None
        if self.linked is vehicle:
            self.linked = None
        pack = vehicle.pack(self.places)
        if pack is not None:
            self.places.move(pack, f"left:{vehicle.vin}")

    def _may_enter(self, vehicle: Vehicle) -> bool:
        return self.entry_green and self.vehicle is None and self.queue[0] is vehicle

    def _may_leave(self, vehicle: Vehicle) -> bool:
        return (
            self.exit_green and self.unclamped and self.down and self.floor <= 0.0
            and vehicle.contactors and vehicle.postcheck
        )  # fmt: skip

    # ---- the machine ---------------------------------------------------------------------------------------
    def clamp(self, pace: float) -> Steps:
        """Pushers square the vehicle up, then the clamps close; without a vehicle they close on nothing."""
        vehicle = self.vehicle
        if vehicle is None or not vehicle.in_grooves:
            yield Ramp(self, 4.0 * pace, clamps=1.0)
            return
        if not self.clamped:
            yield Ramp(vehicle, 6.0 * pace, x_err=vehicle.x_err / 10, y_err=vehicle.y_err / 10, yaw_err=0.02)
        yield Ramp(self, 3.0 * pace, clamps=1.0)
        yield Ramp(self, 1.0 * pace, force=CLAMP_FORCE_N)

    def unclamp(self, pace: float) -> Steps:
        yield Ramp(self, 1.0 * pace, force=0.0)
        yield Ramp(self, 4.0 * pace, clamps=0.0)

    def drift(self) -> Steps:
        """A leaking clamp: the force falls away in 3 s."""
        yield Ramp(self, 3.0, force=0.0)

    def pump(self) -> Steps:
        """The leak is closed: the force comes back where the clamps are closed."""
        yield Ramp(self, 2.0, force=CLAMP_FORCE_N if self.clamps >= 1.0 else 0.0)

    def open_floor(self, seconds: float) -> Steps:
        yield Ramp(self, seconds * (1.0 - self.floor), floor=1.0)

    def close_floor(self, seconds: float) -> Steps:
        """The doors meet whatever stands in the opening."""
        if self.floor > 0.0 and not self.under_clear():
            yield Ramp(self, seconds / 2, floor=0.5)
            raise Stall("floor doors closed on the robot")
        yield Ramp(self, seconds * self.floor, floor=0.0)

    def raise_to(self, height: float, seconds: float) -> Steps:
        """Up or down to `height`, then the mechanical lock engages."""
        self.locked = False
        yield Ramp(self, seconds - 1.0, height=height)
        yield Wait(1.0)
        self.work_height = height
        self.locked = True

    def unlock(self) -> None:
        """The mechanical lock opens; the drive holds the platform."""
        self.locked = False

    def lower(self, seconds: float) -> Steps:
        """The lock opens and the platform sinks, unless the robot stands under it."""
        if self.down:
            return
        yield Wait(0.5)
        self.locked = False
        if not self.under_clear():
            yield Ramp(self, 0.5, height=max(0.0, self.height - 5.0))
            raise Stall("platform lowered onto the robot")
        yield Ramp(self, seconds - 0.5, height=0.0)

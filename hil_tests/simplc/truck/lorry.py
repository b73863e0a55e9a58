"""A truck with its driver: drives in on green, opens and closes its own pack locks, leaves when it may.

Knows its locks, its pose, high voltage and driver's habits. Does not know the orders of the station.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import hypot

from hil_tests.simplc.truth.motion import Ramp, Steps, Together, Wait
from hil_tests.simplc.truth.packs import Pack
from hil_tests.simplc.truth.vehicle import Bolt, Vehicle

LOCKS = 4
ALL_LOCKS = (1 << LOCKS) - 1
TRUCK_VOLTS = 620.0


@dataclass(slots=True, eq=False)
class Truck(Vehicle):
    """`errors` x, y (mm), yaw, roll (degrees): where its pack will stand beside the nominal place, once it is in.

    Its `bolts` are the four locks of its pack, a turn each. `stuck` are locks that do not move.
    """

    volts: float = TRUCK_VOLTS
    roll_err: float = 0.0
    left_behind: float = 0.0
    """How far (mm) it has moved since it came to stand."""
    stuck: set[int] = field(default_factory=set)
    connector_stuck: bool = False
    set_off_with: int = LOCKS
    """Locks that were closed when it drove off."""

    def close_contactors(self) -> None:
        """High voltage needs a mated connector; without one the contactors close on nothing."""
        self.contactors = True
        if self.connector >= 1.0:
            self.volts = TRUCK_VOLTS

    @property
    def squared(self) -> bool:
        return True

    def drive_in(self) -> Steps:
        """38 s to the wheel stop, 2 s until it counts as standing."""
        errors = self.errors
        self.x_err, self.y_err, self.yaw_err = errors["x"], errors["y"], errors["yaw"]
        self.roll_err = errors["roll"]
        yield Ramp(self, 38.0 * self.rng.uniform(0.98, 1.02), travel=0.5)
        yield Wait(2.0)
        self.in_grooves = True

    def drive_out(self) -> Steps:
        """15 s from the green light to the empty bay."""
        pace = self.rng.uniform(0.97, 1.03)
        yield Wait(2.0 * pace)
        self.set_off_with = sum(bolt.is_closed for bolt in self.bolts)
        self.gear_p = self.epb = self.confirmed = False
        self.in_grooves = False
        yield Ramp(self, 13.0 * pace, travel=1.0)

    def roll_on(self, x_mm: float, y_mm: float = 0.0) -> None:
        """The whole truck has moved so far in its place, and its pack with it."""
        self.x_err += x_mm
        self.y_err += y_mm
        self.left_behind += hypot(x_mm, y_mm)

    def move_locks(self, mask: int, closed: bool, seconds: float) -> Steps:
        """The locks of `mask` (bit k-1) open or close at once; a stuck one stays as it is."""
        chosen = [bolt for k, bolt in enumerate(self.bolts) if mask >> k & 1 and k not in self.stuck]
        yield Together([Ramp(bolt, seconds, wound=1.0 if closed else 0.0) for bolt in chosen])

    def part_connector(self, seconds: float) -> Steps:
        """The truck draws its connector back from the pack."""
        if not self.connector_stuck:
            yield Ramp(self, seconds, connector=0.0)

    def mate_connector(self, seconds: float) -> Steps:
        """The truck puts its connector to the pack in its seat; a bent pin keeps it from going home."""
        yield Ramp(self, seconds, connector=0.9 if self.bent_connector else 1.0)


def truck_locks() -> list[Bolt]:
    """All four closed."""
    return [Bolt(1.0, 1.0, 0.0) for _ in range(LOCKS)]


def beside(truck: Truck) -> tuple[float, float, float]:
    """Where the truck's pack stands: x, y (mm) and yaw (degrees) beside its nominal place."""
    return truck.x_err, truck.y_err, truck.yaw_err


def read_by(truck: Truck, pack: Pack | None) -> str:
    """The code that the truck reads off a pack through its mated connector."""
    return pack.label if pack is not None and truck.connector >= 1.0 else ""

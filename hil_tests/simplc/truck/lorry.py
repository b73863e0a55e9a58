"""A truck with its driver: drives in on green, opens and closes its own pack locks, leaves when it may.

Knows its seats and their locks, its pose, high voltage and driver's habits. Does not know the orders of the station.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import hypot

from hil_tests.simplc.truck.ground import turned
from hil_tests.simplc.truth.motion import Ramp, Steps, Together, Wait
from hil_tests.simplc.truth.vehicle import Bolt, Seat, Vehicle

LOCKS = 4
"""Of one pack."""
ALL_LOCKS = (1 << LOCKS) - 1
TRUCK_VOLTS = 620.0
TWIN_MM = {"SIM-TWIN": (1500.0, -1500.0)}
"""Of the models with two packs: how far along the chassis each stands, towards the cab positive."""
SEAT_REACH_MM = 750.0
"""So far along the chassis beside its place a crane still works on this pack, and not on the other."""


@dataclass(slots=True, eq=False, kw_only=True)
class SecondSeat(Seat):
    """The place of the other pack of a truck with two."""

    vin: str
    arrival_code: str

    @property
    def place(self) -> str:
        return f"vehicle:{self.vin}/2"


@dataclass(slots=True, eq=False)
class Truck(Vehicle):
    """`errors` x, y (mm), yaw, roll (degrees): where it will stand beside its nominal place, once it is in.

    Its `bolts` are the four locks of each pack, a turn each. `stuck` are locks that do not move.
    """

    volts: float = TRUCK_VOLTS
    roll_err: float = 0.0
    left_behind: float = 0.0
    """How far (mm) it has moved since it came to stand."""
    stuck: set[int] = field(default_factory=set)
    set_off_open: int = 0
    """Locks that were not closed when it drove off."""
    second: SecondSeat | None = None

    # ---- its places for packs ------------------------------------------------------------------------------
    @property
    def seats(self) -> tuple[Seat, ...]:
        return (self,) if self.second is None else (self, self.second)

    @property
    def arrival_codes(self) -> tuple[str, ...]:
        return (self.arrival_code,) if self.second is None else (self.arrival_code, self.second.arrival_code)

    @property
    def places(self) -> tuple[str, ...]:
        """Where its packs stand, seat by seat."""
        return tuple(seat.place for seat in self.seats)

    def locks(self, seat: Seat) -> list[Bolt]:
        """The four that hold the pack of a seat."""
        return self.bolts[seat.first_lock : seat.first_lock + LOCKS]

    def closed(self, seat: Seat) -> int:
        """How many locks of a seat are closed."""
        return sum(lock.is_closed for lock in self.locks(seat))

    def opened(self, seat: Seat) -> bool:
        """All locks of a seat are open."""
        return all(lock.is_open for lock in self.locks(seat))

    def touched(self, mask: int) -> list[Seat]:
        """The seats whose locks are in a mask (bit k-1 = lock k)."""
        return [seat for seat in self.seats if mask >> seat.first_lock & ALL_LOCKS]

    def seat_below(self, along_mm: float) -> Seat | None:
        """The seat on which a crane works that hangs so far along the chassis; None between two."""
        if self.second is None:
            return self
        nearest = min(self.seats, key=lambda seat: abs(along_mm - seat.along_mm))
        return nearest if abs(along_mm - nearest.along_mm) <= SEAT_REACH_MM else None

    def stands(self, seat: Seat) -> tuple[float, float, float]:
        """Where a seat is: x, y (mm) and yaw (degrees) beside the nominal place of the truck."""
        x, y = turned(seat.along_mm, 0.0, self.yaw_err)
        return self.x_err + x, self.y_err + y, self.yaw_err

    def along(self, x: float, y: float) -> float:
        """How far along the chassis (mm) a point is that lies so far beside the truck's nominal place."""
        return turned(x - self.x_err, y - self.y_err, -self.yaw_err)[0]

    # ---- what it does --------------------------------------------------------------------------------------
    def close_contactors(self) -> None:
        """High voltage needs a mated connector; without one the contactors close on nothing."""
        self.contactors = True
        if any(seat.connector >= 1.0 for seat in self.seats):
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
        self.set_off_open = sum(not bolt.is_closed for bolt in self.bolts)
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

    def part_connector(self, seat: Seat, seconds: float) -> Steps:
        """The truck draws a connector back from its pack."""
        if not seat.connector_stuck:
            yield Ramp(seat, seconds, connector=0.0)

    def mate_connector(self, seat: Seat, seconds: float) -> Steps:
        """The truck puts a connector to the pack in its seat; a bent pin keeps it from going home."""
        yield Ramp(seat, seconds, connector=0.9 if seat.bent_connector else 1.0)


def closed_locks(packs: int) -> list[Bolt]:
    """The locks of so many packs, all closed."""
    return [Bolt(1.0, 1.0, 0.0) for _ in range(LOCKS * packs)]

"""A vehicle with its driver: drives in on green, takes part in the swap, leaves when it may.

Knows its locks, high voltage and driver's habits. Does not know the orders of the station.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from hil_tests.simplc.truth.models import SEDAN, Build
from hil_tests.simplc.truth.motion import Ramp, Steps, Until, Wait
from hil_tests.simplc.truth.packs import Pack, Places

BOLTS = 10
PACK_VOLTS = 380.0
SAFE_VOLTS = 60.0
GROOVE_TOLERANCE_MM = 20.0


@dataclass(slots=True)
class Bolt:
    """One lock bolt: `wound` turns of `turns` are in; `torque` in Nm is the last tightening."""

    turns: float
    wound: float
    torque: float

    @property
    def is_open(self) -> bool:
        return self.wound <= 0.05

    @property
    def is_closed(self) -> bool:
        return self.wound >= self.turns - 0.05


@dataclass(slots=True, eq=False, kw_only=True)
class Seat:
    """One place for a pack in a vehicle: its connector (1 mated, 0 apart), its coolant coupling, the code read there.

    `along_mm`: how far along the chassis, towards the front positive. `first_lock` counts in the vehicle's bolts.
    """

    along_mm: float = 0.0
    first_lock: int = 0
    connector: float = 1.0
    bent_connector: bool = False
    connector_stuck: bool = False
    coolant: bool = True
    read_code: str = ""

    @property
    def place(self) -> str:
        """Where a pack is that stands here."""
        raise NotImplementedError

    def pack(self, places: Places) -> Pack | None:
        return places.at(self.place)


@dataclass(slots=True, eq=False)
class Vehicle(Seat):
    """`travel` is its way through the station: 0 at the entry, 0.5 in its grooves, 1 gone.

    A vehicle is the first of its seats itself: most have no other.
    """

    vin: str
    model: str
    pack_type: int
    arrival_code: str
    rng: Random
    bolts: list[Bolt]
    errors: dict[str, float]
    travel: float = 0.0
    x_err: float = 0.0
    y_err: float = 0.0
    yaw_err: float = 0.0
    in_grooves: bool = False
    gear_p: bool = False
    epb: bool = False
    doors_closed: bool = True
    brake_pressed: bool = True
    confirmed: bool = False
    contactors: bool = True
    volts: float = PACK_VOLTS
    welded: bool = False
    precheck: bool = False
    postcheck: bool = False
    settled: bool = False
    dismissed: bool = False
    port_closed: bool = True
    radio: bool = True
    told_vin: str = ""
    build: Build = SEDAN

    @property
    def place(self) -> str:
        return f"vehicle:{self.vin}"

    @property
    def seats(self) -> tuple[Seat, ...]:
        return (self,)

    @property
    def arrival_codes(self) -> tuple[str, ...]:
        """Of the packs that it came with, seat by seat."""
        return (self.arrival_code,)

    @property
    def all_bolts(self) -> int:
        """One bit for each of its bolts."""
        return (1 << len(self.bolts)) - 1

    @property
    def squared(self) -> bool:
        return abs(self.x_err) <= GROOVE_TOLERANCE_MM and abs(self.y_err) <= GROOVE_TOLERANCE_MM

    @property
    def all_open(self) -> bool:
        return all(b.is_open for b in self.bolts)

    @property
    def all_closed(self) -> bool:
        return all(b.is_closed for b in self.bolts)

    @property
    def hv_live(self) -> bool:
        return self.contactors or self.volts >= SAFE_VOLTS

    def close_contactors(self) -> None:
        """High voltage needs a mated connector; without one the contactors close on nothing."""
        self.contactors = True
        if self.connector >= 1.0:
            self.volts = PACK_VOLTS

    def drive_in(self) -> Steps:
        """48 s into the grooves, 2 s until they count as settled."""
        self.x_err, self.y_err, self.yaw_err = self.errors["x"], self.errors["y"], self.errors["yaw"]
        yield Ramp(self, 48.0 * self.rng.uniform(0.98, 1.02), travel=0.5)
        yield Wait(2.0)
        self.in_grooves = True

    def drive_out(self) -> Steps:
        """20 s from the green light to the empty bay."""
        pace = self.rng.uniform(0.97, 1.03)
        yield Wait(3.0 * pace)
        self.gear_p = self.epb = self.confirmed = False
        self.in_grooves = False
        yield Ramp(self, 17.0 * pace, travel=1.0)

    def secure(self, pace: float) -> Steps:
        """The driver, once he stands, sets P and the parking brake, shuts the doors, lets go of the pedal, confirms."""
        yield Until(lambda: self.in_grooves)
        yield Wait(2.0 * pace)
        self.gear_p = True
        yield Wait(1.5 * pace)
        self.epb = True
        yield Wait(2.0 * pace)
        self.brake_pressed = False
        yield Wait(2.5 * pace)
        self.confirmed = self.doors_closed

    def discharge(self) -> Steps:
        """The DC link falls exponentially once the contactors are open."""
        yield Ramp(self, 8.0, shape=_settling, volts=4.0)

    def high_voltage_off(self, pace: float) -> Steps:
        yield Wait(3.0 * pace)
        self.precheck = self.doors_closed
        yield Wait(1.0 * pace)
        if not self.welded:
            self.contactors = False


def _settling(part: float) -> float:
    return 1.0 - float(2.718281828 ** (-4.5 * part))

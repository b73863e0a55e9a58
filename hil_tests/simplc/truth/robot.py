"""The swap robot: travel under the vehicle and to the handover, lifting table, pins, ten lock runners.

Knows what a table, a pin and a runner can do to a pack and a bolt. Does not know orders or sensors.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import exp
from random import Random

from hil_tests.simplc.truth.heat import AMBIENT_C
from hil_tests.simplc.truth.lift import Lift
from hil_tests.simplc.truth.motion import Ramp, Stall, Steps, Together, Wait
from hil_tests.simplc.truth.packs import HANDOVER_IN, HANDOVER_OUT, ROBOT, Collision, Pack, Places
from hil_tests.simplc.truth.vehicle import BOLTS, Bolt, Vehicle

HOME, UNDER, OUT, IN = 0.0, 4000.0, 8000.0, 10000.0
SPEED_MM_S = 1600.0
TRAVEL_Z, DOWN_Z, SET_Z, FLOOR_Z = 200.0, 0.0, 100.0, 250.0
NEAR_MM = 1200.0
NEARLY = 0.9
"""Part of the ordered torque that a runner shows before its bolt has seated: below every band, it proves nothing."""
CROSSED_AT, SLIP = 0.25, 0.6
"""Part of its turns at which a crossed thread seizes; what the turn counter of a slipping runner still counts."""

SELF_C, STIFF_C = 6.5, -5.0
"""How much warmer than the air the runners are at rest; below which their grease is too stiff to turn a bolt."""
WARMING_C_S, COOLING_S = 0.5, 1800.0
"""What turning in the air warms them by each second; time in which most of it is lost again."""


@dataclass(slots=True)
class Runner:
    """Turns and torque (Nm) of its last run; phase and result as in the robot's I/O list."""

    turns: float = 0.0
    torque: float = 0.0
    phase: int = 0
    result: int = 0
    direction: int = 0
    interrupted: bool = False


@dataclass(slots=True, eq=False)
class Robot:
    """`x` along the lane and table height `z` in mm; `pins` 0 in to 1 out; `heading` = where it goes."""

    places: Places
    lift: Lift
    rng: Random
    x: float = HOME
    z: float = DOWN_Z
    pins: float = 0.0
    heading: float = HOME
    contact: bool = False
    homed: bool = True
    runners: list[Runner] = field(default_factory=lambda: [Runner() for _ in range(BOLTS)])
    stuck: set[int] = field(default_factory=set)
    loose: set[int] = field(default_factory=set)
    tight: set[int] = field(default_factory=set)
    slipping: set[int] = field(default_factory=set)
    crossed: set[int] = field(default_factory=set)
    runner_c: float = AMBIENT_C + SELF_C
    seized: bool = False
    """Its runners do not turn in the air either."""
    mishaps: list[tuple[str, str]] = field(default_factory=list)

    # ---- what is the case ----------------------------------------------------------------------------------
    @property
    def load(self) -> Pack | None:
        return self.places.at(ROBOT)

    @property
    def under(self) -> bool:
        """Inside the envelope under the platform."""
        return abs(self.x - UNDER) < NEAR_MM

    @property
    def home(self) -> bool:
        return abs(self.x - HOME) < 5.0 and self.z < FLOOR_Z

    @property
    def in_handover(self) -> bool:
        """At one of the two handover places, or on the way there."""
        return self.x > OUT - NEAR_MM or self.heading in (OUT, IN)

    def seated(self) -> Pack | None:
        """The pack in the seat of the vehicle above, held by its bolts or still by the table."""
        vehicle = self.lift.vehicle
        own = vehicle.pack(self.places) if vehicle is not None else None
        return self.load if own is None and self.contact else own

    def load_kg(self) -> float:
        if self.load is not None:
            return self.load.weight_kg
        vehicle = self.lift.vehicle
        seated = self.seated()
        if not self.contact or vehicle is None or seated is None:
            return 0.0
        return seated.weight_kg if vehicle.all_open else 180.0

    # ---- movements -----------------------------------------------------------------------------------------
    def travel(self, to: float, pace: float) -> Steps:
        """A table that stands up in the opening does not travel."""
        if self.x == to:
            self.heading = to
            return
        if self.z > FLOOR_Z and self.under:
            self._refuse("S5", "travel with the table up under the vehicle")
        self.heading = to
        self.contact = False
        yield Ramp(self, abs(to - self.x) / SPEED_MM_S * pace, x=to)

    def raise_table(self, to: float, seconds: float) -> Steps:
        """Up to height `to` mm, or to the pack or seat above; a raised pack ends in the vehicle's seat."""
        vehicle = self.lift.vehicle
        if abs(self.x - UNDER) > 5.0 or self.contact:
            yield Ramp(self, seconds if self.z < to else 0.0, z=max(self.z, to))
            return
        if self.lift.floor < 0.99 and to > FLOOR_Z:
            yield Ramp(self, seconds / 2, z=FLOOR_Z)
            self._refuse("S4", "table raised against the closed floor")
        seat = self.lift.pack_height
        if vehicle is None or to < seat - 10.0:
            yield Ramp(self, seconds, z=to)
            return
        in_vehicle = vehicle.pack(self.places)
        if self.load is not None and in_vehicle is not None:
            yield Ramp(self, seconds, z=seat - 250.0)
            self._refuse("S11", "a pack driven against the pack in the vehicle")
        yield Ramp(self, seconds, z=seat)
        if self.load is not None:
            vehicle.connector = 0.9 if vehicle.bent_connector else 1.0
        self.contact = True

    def lower_table(self, to: float, seconds: float) -> Steps:
        """Down to `to` mm. An unlocked pack comes along, a locked one stays where it is."""
        vehicle = self.lift.vehicle
        if self.z <= to:
            return
        if self.contact and vehicle is not None:
            pack = self.seated()
            if pack is not None and vehicle.all_open:
                yield Ramp(self, seconds * 0.2, z=max(to, self.z - 40.0))
                vehicle.connector = vehicle.volts = 0.0
                if pack is not self.load:
                    self.places.move(pack, ROBOT)
                seconds *= 0.8
            elif pack is not None and pack is self.load:
                self.places.move(pack, vehicle.place)
            self.contact = False
        yield Ramp(self, seconds, z=to)

    def drive_pins(self, out: bool, seconds: float) -> Steps:
        yield Ramp(self, seconds, pins=1.0 if out else 0.0)

    def set_down(self, seconds: float) -> Steps:
        """Sets the pack on handover OUT and comes free beneath it."""
        pack = self.load
        yield Ramp(self, seconds * 0.5, z=min(self.z, SET_Z))
        if pack is not None:
            try:
                self.places.move(pack, HANDOVER_OUT)
            except Collision as error:
                self._refuse("S11", str(error))
        yield Ramp(self, seconds * 0.5, z=DOWN_Z, pins=0.0)

    def pick_up(self, seconds: float) -> Steps:
        """Lifts what stands on handover IN; with nothing there the table comes up empty."""
        if self.load is None:
            yield Ramp(self, seconds * 0.3, pins=1.0)
            yield Ramp(self, seconds * 0.3, z=SET_Z)
            pack = self.places.at(HANDOVER_IN)
            if pack is not None:
                self.places.move(pack, ROBOT)
            seconds *= 0.4
        yield Ramp(self, seconds, z=TRAVEL_Z, pins=1.0)

    # ---- lock runners --------------------------------------------------------------------------------------
    def warm_runners(self, to: float, pace: float) -> Steps:
        """Turn alternately in the air until the coldest runner has `to` °C."""
        if self.runner_c < to:
            seconds = (to - self.runner_c) / WARMING_C_S * pace
            yield Wait(seconds) if self.seized else Ramp(self, seconds, runner_c=to)

    def cool_runners(self, dt: float, ambient: float) -> bool:
        """Towards the air around them; True if a thermometer sees it."""
        step = (ambient + SELF_C - self.runner_c) * (1.0 - exp(-dt / COOLING_S))
        self.runner_c += step
        return abs(step) > 0.005

    def turn_bolts(self, mask: int, direction: int, torque: float, dock_s: float, run_s: float) -> Steps:
        """Runners in `mask` dock and turn: direction -1 opens, +1 closes up to `torque` Nm."""
        chosen = [k for k in range(BOLTS) if mask >> k & 1]
        vehicle = self.lift.vehicle
        bolts: list[Bolt] | None = vehicle.bolts if vehicle is not None and self.contact else None
        for k in chosen:
            self._begin(self.runners[k], direction)
        try:
            yield Wait(dock_s)
            ramps: list[Ramp] = []
            for k in chosen:
                self.runners[k].phase = 2
                ramps += self._turn(k, bolts, direction, run_s, torque)
            yield Together(ramps) if ramps else Wait(run_s)
            for k in chosen:
                self._finish(k, bolts, direction, torque)
            self._hand_over(direction)
        except GeneratorExit:
            for k in chosen:
                self.runners[k].interrupted = True
                self.runners[k].phase = 0
            raise

    @staticmethod
    def _begin(runner: Runner, direction: int) -> None:
        """Turns go on counting only after an interrupted run in the same direction."""
        if not (runner.interrupted and runner.direction == direction):
            runner.turns = 0.0
        runner.interrupted = False
        runner.direction = direction
        runner.torque, runner.result, runner.phase = 0.0, 0, 1

    def _turn(self, k: int, bolts: list[Bolt] | None, direction: int, seconds: float, torque: float) -> list[Ramp]:
        if bolts is None or k >= len(bolts) or k in self.stuck or self.runner_c < STIFF_C:
            return []
        bolt = bolts[k]
        to = 0.0 if direction < 0 else bolt.turns
        if direction > 0 and k in self.crossed:
            to = max(bolt.wound, CROSSED_AT * bolt.turns)
        turned = self.runners[k].turns + abs(to - bolt.wound) * (SLIP if k in self.slipping else 1.0)
        ramps = [Ramp(bolt, seconds, wound=to), Ramp(self.runners[k], seconds, turns=turned)]
        if direction > 0 and k not in self.crossed:
            ramps.append(Ramp(self.runners[k], seconds, _seating, torque=NEARLY * torque))
        return ramps

    def _finish(self, k: int, bolts: list[Bolt] | None, direction: int, torque: float) -> None:
        runner = self.runners[k]
        runner.phase = 0
        if bolts is None or k >= len(bolts):
            runner.result = 7
            return
        if k in self.stuck or self.runner_c < STIFF_C or (direction > 0 and k in self.crossed):
            runner.torque = 118.0 + self.rng.uniform(-3.0, 3.0)
            runner.result = 3
            return
        if direction < 0:
            runner.torque = bolts[k].torque = 0.0
        else:
            wrong = 0.6 if k in self.loose else 1.25 if k in self.tight else 0.0
            reached = torque * (wrong or self.rng.uniform(0.98, 1.02))
            runner.torque = bolts[k].torque = reached

    def _hand_over(self, direction: int) -> None:
        """A seated pack is the vehicle's as soon as most of its bolts are closed."""
        vehicle, pack = self.lift.vehicle, self.load
        if direction < 0 or vehicle is None or pack is None or not self.contact:
            return
        if sum(bolt.is_closed for bolt in vehicle.bolts) > len(vehicle.bolts) // 2:
            self.places.move(pack, vehicle.place)

    def _refuse(self, rule: str, text: str) -> None:
        """What physics does not do is a mishap for the monitor and an obstacle for the drive."""
        self.mishaps.append((rule, text))
        raise Stall(text)


def supported(robot: Robot, vehicle: Vehicle) -> bool:
    """The pack in the vehicle cannot fall: held by most of its bolts, or by the table beneath it."""
    held = sum(not b.is_open for b in vehicle.bolts)
    return robot.contact or held > len(vehicle.bolts) // 2


def _seating(part: float) -> float:
    """A bolt runs in with little torque, and meets its seat in the last tenth of its way."""
    return 0.06 * part if part < 0.9 else 0.054 + 0.946 * (part - 0.9) / 0.1

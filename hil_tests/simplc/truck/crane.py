"""The gantry crane: hoist, turning gripper with four locks, and the pack that hangs on it.

Knows what a hoist and a gripper do to a pack and to what holds it. Does not know orders or sensors.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import hypot

from hil_tests.simplc.truck.bridge import Bridge
from hil_tests.simplc.truck.ground import CATCH_DEG, CATCH_MM, CRANE, LEAST_Z, PACK_MM, PARK, TRAVEL_Z
from hil_tests.simplc.truck.lorry import ALL_LOCKS, LOCKS
from hil_tests.simplc.truck.pendulum import PIVOT_MM
from hil_tests.simplc.truth.motion import Ramp, Steps, Together, Wait
from hil_tests.simplc.truth.packs import Pack, Places
from hil_tests.simplc.truth.vehicle import Bolt

GRIPPER_KG = 600.0
HOIST_MM_S, CREEP_MM_S = 400.0, 60.0
PACK_ROPE_M = 0.5
CREEP_MM = 150.0
"""The last way down and the first up, at creeping speed."""
BACK_MM = 20.0
HELD_DOWN_KG = 6000.0

Beneath = Callable[[str], tuple[float, float, float, float]]
"""Of a place: height of its seat (mm), and x, y (mm) and turn (degrees) of what stands or belongs there."""


@dataclass(slots=True, eq=False, kw_only=True)
class Crane(Bridge):
    """A bridge with `z` in mm, the underside of the gripper. `resting`: the ropes are slack, gripper or pack rests on
    something. `straight`: it has found its cones. `gripped`: the pack that the locks hold, in its place or hanging.
    `pull_kg`: what the ropes pull besides.
    """

    places: Places
    beneath: Beneath
    holds_down: Callable[[str], str] = lambda place: ""
    """What holds a pack in its place now, in words."""
    key: Callable[[str], str] = lambda place: place
    """Under which name packs stand at a place that the crane goes to; empty where nothing is to stand below it."""
    torn: Callable[[str], None] = lambda place: None
    """A pack has been lifted out of a place."""
    set_in: Callable[[str], None] = lambda place: None
    """A pack has found its seat in a place."""
    mishaps: list[tuple[str, str]] = field(default_factory=list)
    z: float = TRAVEL_Z
    locks: list[Bolt] = field(default_factory=lambda: [Bolt(1.0, 0.0, 0.0) for _ in range(LOCKS)])
    resting: bool = False
    straight: bool = False
    pressed: int = 0
    """Corners at which something presses on the landing sensors."""
    cones: int = 0
    gripped: Pack | None = None
    pull_kg: float = 0.0
    brake_ok: bool = True
    stuck_locks: set[int] = field(default_factory=set)
    dead_corners: set[int] = field(default_factory=set)
    blocked_cones: set[int] = field(default_factory=set)
    snag_kg: float = 0.0
    slack: bool = False

    # ---- what is the case ----------------------------------------------------------------------------------
    @property
    def load(self) -> Pack | None:
        """The pack that hangs, or rests askew, in the gripper."""
        return self.places.at(CRANE)

    @property
    def landed(self) -> int:
        """What the landing sensors show."""
        return self.pressed & ~sum(1 << k for k in self.dead_corners)

    @property
    def closed(self) -> int:
        """How many gripper locks are closed."""
        return sum(lock.is_closed for lock in self.locks)

    @property
    def load_kg(self) -> float:
        """What the weigh cell feels below the gripper."""
        if self.resting:
            return -GRIPPER_KG
        return (self.load.weight_kg if self.load is not None else 0.0) + self.pull_kg

    @property
    def low(self) -> bool:
        return self.z < TRAVEL_Z - 20.0

    def sway_deg(self) -> float:
        """Greatest angle of the present swing; what rests does not swing."""
        return 0.0 if self.resting else self.pendulum.degrees(self.motions.now)

    def beside(self) -> tuple[float, float]:
        """How far (mm, degrees) gripper or pack hangs beside what is beneath it."""
        _, x, y, turn = self.beneath(self.at)
        swing_x, swing_y = self.pendulum.beside_mm(self.motions.now)
        return hypot(self.x + swing_x - x, self.y + swing_y - y), abs(self.turn - turn)

    def landing_z(self) -> float | None:
        """Where the gripper, or its pack, would land now; None over nothing."""
        if self.at not in self.spots or self.at == PARK:
            return None
        key = self.key(self.at)
        if not key:
            return None
        seat = self.beneath(self.at)[0]
        below = self.places.at(key)
        if self.load is not None:
            return seat + PACK_MM * (2.0 if below is not None else 1.0)
        return seat + PACK_MM if below is not None else None

    # ---- hoist ---------------------------------------------------------------------------------------------
    def lower(self, expected: float, deepest: float, pace: float) -> Steps:
        """Fast to shortly above `expected`, creeping on to `deepest`; ends where something is in the way."""
        if self.resting:
            return
        self.pull_kg = 0.0
        landing = self.landing_z()
        bottom = max(deepest, LEAST_Z, landing if landing is not None else 0.0)
        turns_slow = min(self.z, max(bottom, expected + CREEP_MM))
        yield from self._hoist_to(turns_slow, HOIST_MM_S / pace)
        if landing is not None and landing >= turns_slow and landing > expected + CREEP_MM:
            self.mishaps.append(("S21", f"gripper or pack lowered at full speed onto {self.at}"))
        yield from self._hoist_to(bottom, CREEP_MM_S / pace)
        if landing is not None and self.z <= landing + 0.5:
            self._land()

    def _hoist_to(self, z: float, speed: float) -> Steps:
        yield Ramp(self, abs(z - self.z) / speed, z=z)
        self._rope()

    def _rope(self) -> None:
        metres = (PIVOT_MM - self.z) / 1000.0 + (PACK_ROPE_M if self.load is not None else 0.0)
        self.pendulum.rope(self.motions.now, metres)

    def _land(self) -> None:
        """The ropes slacken. What came down beside its cones stands on an edge."""
        beside, turned = self.beside()
        found_in = beside <= CATCH_MM and turned <= CATCH_DEG
        self.resting, self.straight, self.pull_kg = True, found_in, 0.0
        cones = sum(1 << k for k in range(2) if k not in self.blocked_cones) if found_in else 0b01
        load = self.load
        if load is None:
            corners = 0b1111 if found_in else 0b0011
        elif self.places.at(self.key(self.at)) is not None:
            self.mishaps.append(("S11", f"pack {load.code} set onto the pack in {self.at}"))
            corners, cones = 0b1111, 0
        else:
            corners = 0b1111
            if cones == 0b11:
                self.places.move(load, self.key(self.at))
                self.set_in(self.at)
        self.pressed = corners
        self.cones = cones

    @property
    def on_seat(self) -> bool:
        """The locks hold a pack that still stands in its place."""
        return self.gripped is not None and self.load is None

    def take_up(self, most_kg: float) -> Steps:
        """The ropes tighten and weigh. A pack that nothing holds down, and no heavier than `most_kg`, comes off."""
        if self.resting:
            yield Wait(1.0)
        self.resting = self.straight = False
        pack, place = self.gripped, self.at
        if pack is None or not self.on_seat:
            self.pressed = ALL_LOCKS if self.load is not None else 0
            self.cones = 0
            return
        yield Ramp(self, 1.5, pull_kg=min(most_kg + 1.0, pack.weight_kg))
        holder = self.holds_down(place)
        if holder and pack.weight_kg <= most_kg:
            yield Ramp(self, 1.0, pull_kg=min(most_kg + 1.0, HELD_DOWN_KG))
            self.mishaps.append(("S20", f"hoisted against {holder}"))
        if not holder and pack.weight_kg <= most_kg:
            self._lift_off(pack, place)

    def _lift_off(self, pack: Pack, place: str) -> None:
        if self.closed < LOCKS:
            self.mishaps.append(("S5", f"pack hoisted by {self.closed} of {LOCKS} gripper locks"))
        self.places.move(pack, CRANE)
        pack.askew = False
        self.pull_kg = 0.0
        self.cones = 0
        self.torn(place)
        self._rope()
        if self.closed < LOCKS - 1:
            self.drop()

    def give_back(self) -> Steps:
        """20 mm down again: a pack that has not come off its seat rests as before."""
        hangs = self.load is not None
        yield Ramp(self, 1.0, z=max(LEAST_Z, self.z - BACK_MM) if hangs else self.z, pull_kg=0.0)
        self.resting = self.straight = self.on_seat

    def raise_to(self, z: float, most_kg: float, pace: float) -> Steps:
        """Creeping at first, then fast. A load that catches on something stands with the ropes pulling."""
        if self.load is None:
            self.pressed = self.cones = 0
        slow = min(z, self.z + CREEP_MM)
        yield from self._hoist_to(slow, CREEP_MM_S / pace)
        if self.snag_kg and self.load is not None:
            yield Ramp(self, 0.5, pull_kg=min(self.snag_kg, max(0.0, most_kg - self.load.weight_kg) + 1.0))
        if self.load_kg <= most_kg:
            self.pull_kg = 0.0
            yield from self._hoist_to(z, HOIST_MM_S / pace)

    # ---- gripper -------------------------------------------------------------------------------------------
    def grip(self, seconds: float) -> Steps:
        """All four locks close; they hold the pack that the gripper has landed on straight."""
        yield Together([Ramp(lock, seconds, wound=self._reach(k)) for k, lock in enumerate(self.locks)])
        if self.load is None and self.resting and self.straight and self.closed:
            self.gripped = self.places.at(self.key(self.at))

    def _reach(self, k: int) -> float:
        return max(0.4, self.locks[k].wound) if k in self.stuck_locks else 1.0

    def ungrip(self, seconds: float) -> Steps:
        """All four locks open; what hangs falls."""
        if self.load is not None and not self.resting:
            self.drop()
        elif self.load is not None:
            self._leave_askew(self.load)
        opened = [lock for k, lock in enumerate(self.locks) if k not in self.stuck_locks]
        yield Together([Ramp(lock, seconds, wound=0.0) for lock in opened])
        if not any(lock.wound > 0.05 for lock in self.locks):
            self.gripped = None

    def _leave_askew(self, pack: Pack) -> None:
        """What stands on an edge stays there, unless it stands on another pack."""
        place = self.key(self.at)
        if self.places.at(place) is not None:
            self.drop()
            return
        self.mishaps.append(("S5", f"pack {pack.code} left standing on an edge"))
        pack.askew = True
        self.places.move(pack, place)

    def drop(self) -> None:
        """The pack in the gripper falls."""
        pack = self.load
        if pack is not None:
            self.mishaps.append(("S5", f"pack {pack.code} dropped"))
            self.places.move(pack, f"dropped:{pack.code}")
            self.gripped = None
            self.pressed = 0
            self._rope()

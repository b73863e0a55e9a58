"""Bridge and trolley of the gantry crane: travel, braking, and the swing that both leave in what hangs below.

Knows where the crane hangs and how it gets there. Does not know what it carries, nor orders or sensors.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import hypot
from typing import ClassVar

from hil_tests.simplc.truck.ground import END_STOPS, PARK, SPOTS, TRAVEL_Z, TRUCK
from hil_tests.simplc.truck.pendulum import PIVOT_MM, Pendulum, period_s
from hil_tests.simplc.truth.motion import Motions, Ramp, Steps, TimedOut, Wait

SPEED_MM_S = 1000.0
FASTEST_MM_S = 1.1 * SPEED_MM_S
ROPE_M = (PIVOT_MM - TRAVEL_Z) / 1000.0
RAMP_S = period_s(ROPE_M)
"""Time to speed up or slow down: a whole swing of the empty gripper, which leaves it hanging still."""
BRAKE_MM_S2 = SPEED_MM_S / RAMP_S
ALIGNED_MM, REACH_MM = 50.0, 2900.0
SETTLE_S = 60.0


@dataclass(slots=True, eq=False)
class Bridge:
    """x, y in mm, turn in degrees; `at` = the place it hangs over, `heading` = where it goes."""

    end_stops: ClassVar[Mapping[str, tuple[float, float]]] = END_STOPS
    motions: Motions
    spots: dict[str, tuple[float, float]] = field(default_factory=lambda: dict(SPOTS))
    arrived: Callable[[str], None] = lambda place: None
    """It hangs over a place now."""
    x: float = SPOTS[PARK][0]
    y: float = SPOTS[PARK][1]
    turn: float = 0.0
    at: str = PARK
    heading: str = PARK
    homed: bool = True
    path_clear: bool = True
    wind_m_s: float = 3.0
    pendulum: Pendulum = field(default_factory=lambda: Pendulum(ROPE_M))
    _speed: tuple[float, float] = (0.0, 0.0)
    _gain: tuple[float, float] = (0.0, 0.0)
    _since: float = 0.0

    def sway_deg(self) -> float:
        """Greatest angle of the present swing."""
        return self.pendulum.degrees(self.motions.now)

    @property
    def travelling(self) -> bool:
        return hypot(*self.velocity()) > 1.0

    @property
    def aligned(self) -> bool:
        """As far as the switches of its places tell: over the truck anywhere in its reach."""
        spot = self.spots.get(self.at)
        near = REACH_MM if self.at == TRUCK else ALIGNED_MM
        return spot is not None and hypot(self.x - spot[0], self.y - spot[1]) <= near

    def velocity(self) -> tuple[float, float]:
        """Of bridge and trolley now, mm/s: a drive that takes longer than it should turns round no sooner."""
        seconds = self.motions.now - self._since
        (vx, vy), (ax, ay) = self._speed, self._gain
        x, y = vx + ax * seconds, vy + ay * seconds
        if vx * ax + vy * ay < 0.0 and x * vx + y * vy < 0.0:
            return 0.0, 0.0
        much = max(1.0, hypot(x, y) / FASTEST_MM_S)
        return x / much, y / much

    # ---- travel --------------------------------------------------------------------------------------------
    def travel(self, place: str, beside: tuple[float, float, float], pace: float) -> Steps:
        """To `beside` (x, y in mm, turn) of a place: faster for a swing, level, slower for a swing."""
        x, y, turn = self.spots[place][0] + beside[0], self.spots[place][1] + beside[1], beside[2]
        self.heading = place
        if self.at != place:
            self.at = ""
        way_x, way_y = x - self.x, y - self.y
        way, start, start_turn = hypot(way_x, way_y), (self.x, self.y), self.turn
        if way < 0.5:
            yield Ramp(self, abs(turn - self.turn) * pace, x=x, y=y, turn=turn)
        else:
            speed = min(SPEED_MM_S / pace, way / RAMP_S)
            ramp = speed * RAMP_S / 2.0 / way
            ux, uy = way_x / way, way_y / way

            def to(part: float) -> dict[str, float]:
                turned = start_turn + (turn - start_turn) * part
                return {"x": start[0] + way_x * part, "y": start[1] + way_y * part, "turn": turned}

            try:
                self._accelerate(speed / RAMP_S, ux, uy)
                yield Ramp(self, RAMP_S, shape=_faster, **to(ramp))
                self._accelerate(0.0, ux, uy)
                yield Ramp(self, (1.0 - 2.0 * ramp) * way / speed, **to(1.0 - ramp))
                self._accelerate(-speed / RAMP_S, ux, uy)
                yield Ramp(self, RAMP_S, shape=_slower, **to(1.0))
            finally:
                self._stand()
        self.at = place
        self.arrived(place)

    def settle(self, limit_deg: float) -> Steps:
        """Until it hangs still. Raises TimedOut when it goes on swinging."""
        until = self.motions.now + SETTLE_S
        while self.sway_deg() > limit_deg:
            left = until - self.motions.now
            if left <= 0.01:
                raise TimedOut("the load goes on swinging")
            yield Wait(min(left, max(0.1, self.pendulum.settles_in(self.motions.now, limit_deg))))

    def brake(self) -> Steps | None:
        """From travel to rest in a controlled way; None when nothing travels."""
        vx, vy = self.velocity()
        speed = hypot(vx, vy)
        if speed < 1.0:
            return None
        self._speed, self._gain = (0.0, 0.0), (0.0, 0.0)
        return self._brake(vx, vy, speed)

    def _brake(self, vx: float, vy: float, speed: float) -> Steps:
        seconds = speed / BRAKE_MM_S2
        now = self.motions.now
        self._speed, self._gain, self._since = (vx, vy), (-vx / seconds, -vy / seconds), now
        self.pendulum.drive(now, -vx / seconds / 1000.0, -vy / seconds / 1000.0)
        self.heading = ""
        try:
            yield Ramp(self, seconds, shape=_slower, x=self.x + vx * seconds / 2, y=self.y + vy * seconds / 2)
        finally:
            self._stand()

    def _accelerate(self, gain: float, ux: float, uy: float) -> None:
        now = self.motions.now
        self._speed, self._gain, self._since = self.velocity(), (gain * ux, gain * uy), now
        self.pendulum.drive(now, gain * ux / 1000.0, gain * uy / 1000.0)

    def _stand(self) -> None:
        """No drive any more: what speed was left is gone at once, into the swing."""
        now = self.motions.now
        vx, vy = self.velocity()
        self.pendulum.drive(now, 0.0, 0.0)
        if hypot(vx, vy) > 1.0:
            self.pendulum.jolt(now, vx / 1000.0, vy / 1000.0)
        self._speed = self._gain = (0.0, 0.0)


def _faster(part: float) -> float:
    return part * part


def _slower(part: float) -> float:
    return part * (2.0 - part)

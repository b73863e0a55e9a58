"""What hangs on ropes and swings: a damped pendulum in two directions whose point of suspension is driven.

Knows angles, exactly at any instant. Does not know what hangs there, nor who drives.
"""

from __future__ import annotations

import cmath
from math import degrees, inf, log, pi, sin, sqrt

G = 9.81
DAMPING = 0.1
PIVOT_MM = 9500.0
"""Height of the rope drum less that of the swinging mass over the gripper's underside."""


def period_s(metres: float) -> float:
    """Of a swing on so long a rope."""
    return 2.0 * pi * sqrt(metres / G)


class Pendulum:
    """`gust_deg` is a swing that wind keeps up, whatever else happens.

    Of either direction the state is one complex number: angle beside the rest position, and angular speed over the
    natural frequency. Left alone it turns and shrinks.
    """

    __slots__ = ("_at", "_lean", "_swing", "gust_deg", "metres")

    def __init__(self, metres: float) -> None:
        self.metres = metres
        self.gust_deg = 0.0
        self._at = 0.0
        self._swing = [0j, 0j]
        self._lean = [0.0, 0.0]

    @property
    def _frequency(self) -> float:
        return sqrt(G / self.metres)

    def _until(self, now: float) -> None:
        seconds, self._at = now - self._at, now
        if seconds > 0.0 and any(self._swing):
            turn = cmath.exp(complex(-DAMPING, -1.0) * self._frequency * seconds)
            self._swing = [swing * turn for swing in self._swing]

    def rope(self, now: float, metres: float) -> None:
        """The rope has become so long."""
        self._until(now)
        self.metres = metres

    def drive(self, now: float, *acceleration: float) -> None:
        """From now on the suspension is accelerated so much (m/s², in x and y): the rest position leans."""
        self._until(now)
        for axis, value in enumerate(acceleration):
            lean = -value / G
            self._swing[axis] += self._lean[axis] - lean
            self._lean[axis] = lean

    def jolt(self, now: float, *speed: float) -> None:
        """The suspension has lost so much speed (m/s, in x and y) at once."""
        self._until(now)
        for axis, value in enumerate(speed):
            self._swing[axis] += complex(0.0, value / self.metres / self._frequency)

    def push(self, now: float, angle_deg: float) -> None:
        """Something has pushed it so far in x."""
        self._until(now)
        self._swing[0] += angle_deg * pi / 180.0

    def degrees(self, now: float) -> float:
        """Greatest angle of the present swing."""
        self._until(now)
        return max(self.gust_deg, degrees(sqrt(sum(abs(swing) ** 2 for swing in self._swing))))

    def beside_mm(self, now: float) -> tuple[float, float]:
        """How far the mass hangs beside the suspension now; a gust is taken at its worst."""
        self._until(now)
        angles = [swing.real + lean for swing, lean in zip(self._swing, self._lean, strict=True)]
        angles[0] += self.gust_deg * pi / 180.0
        x, y = (1000.0 * self.metres * sin(angle) for angle in angles)
        return x, y

    def settles_in(self, now: float, limit_deg: float) -> float:
        """Seconds until it swings no further than `limit_deg`; inf while wind keeps it up."""
        swings = self.degrees(now)
        if swings <= limit_deg:
            return 0.0
        if self.gust_deg > limit_deg:
            return inf
        return log(swings / limit_deg) / (DAMPING * self._frequency)

"""Bypasses: one row, or one signal of such rows, held to be in order by two persons for a while.

Knows how long a bypass counts, and the only condition that has a branch for it. Does not know who may ask for one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from station_ctl.core.conditions import NOT_SAMPLED, AllOf, AnyOf, Compare, Condition, Unmet
from station_ctl.core.points import Value

if TYPE_CHECKING:
    from station_ctl.core.signals import Image

LONGEST = 1800.0
"""Wall seconds that a bypass lasts at most, whoever asked for it."""


@dataclass(frozen=True, slots=True)
class Bypass:
    """One bypass. `what` is the name of a bypassable row, or a point as link.TAG that then reads `value`.

    `began` and `ends` are monotonic s; `by` asked for it, `second` agreed, both with `reason`.
    """

    what: str
    began: float
    ends: float
    by: str
    second: str
    reason: str
    value: Value | None = None

    @property
    def forced(self) -> bool:
        """True if one signal is forced, False if a whole row is bypassed."""
        return self.value is not None

    def counts(self, now: float) -> bool:
        """Within its time, no longer than the longest, and asked for by two. Judged anew on every image."""
        return self.began <= now < self.ends <= self.began + LONGEST and "" != self.by != self.second != ""

    def __str__(self) -> str:
        shown = {True: "on", False: "off"}.get(self.value, self.value) if isinstance(self.value, bool) else self.value
        return f"{self.what} forced to {shown}" if self.forced else f"row {self.what} bypassed"


@dataclass(frozen=True, slots=True)
class Bypassable(Condition):
    """What sensors show, or a bypass that counts now. `attended` must be proven for any bypass to count.

    Rows are made with this branch or without it; one without it no bypass can reach, whatever the memory holds.
    """

    name: str
    sensors: Condition
    attended: Condition

    def proven(self, image: Image) -> bool:
        return self._bypassed(image) or self.sensors.proven(self._as_forced(image))

    def unmet(self, image: Image) -> tuple[Unmet, ...]:
        return () if self._bypassed(image) else self.sensors.unmet(self._as_forced(image))

    def sampled_at(self, image: Image) -> float:
        return self.sensors.sampled_at(image) if self.sensors.proven(image) else NOT_SAMPLED

    def _bypassed(self, image: Image) -> bool:
        return any(b.what == self.name and not b.forced for b in self._standing(image))

    def _as_forced(self, image: Image) -> Image:
        forced = {b.what: b.value for b in self._standing(image) if b.value is not None}
        return image.forced(forced) if forced else image

    def _standing(self, image: Image) -> tuple[Bypass, ...]:
        counting = tuple(b for b in image.own.bypasses if b.counts(image.now))
        return counting if counting and self.attended.proven(image) else ()

    def __str__(self) -> str:
        return f"{self.sensors} (or bypass {self.name})"


def points_of(condition: Condition) -> Iterator[str]:
    """Every point, as link.TAG, that a condition is proven by."""
    if isinstance(condition, Compare):
        yield f"{condition.signal.link}.{condition.signal.tag}"
    elif isinstance(condition, AllOf | AnyOf):
        for part in condition.parts:
            yield from points_of(part)
    elif isinstance(condition, Bypassable):
        yield from points_of(condition.sensors)

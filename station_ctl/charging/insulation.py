"""Insulation of the racks' DC side by its monitor: when it ends all charging, and when charging may go on.

Knows readings and times. Does not know bays: one monitor sees all racks, and cannot say which pack leaks.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import isfinite

LEAST_KOHM = 100.0
"""100 Ω for each volt of a side of 1,000 V."""

SETTLES_S = 600.0
"""Charging goes on when the insulation has been good for so long: a leak that is seen only while current flows would
otherwise be tried again at every look."""

UNREAD_S = 300.0
"""So long without a new measurement the monitor is not believed: its count stands still, or it cannot be read."""


@dataclass(frozen=True, slots=True)
class Monitor:
    """What the monitor says on one image; None is not known. `count` counts its measurements."""

    kohm: float | None = None
    ok: bool | None = None
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Insulation:
    """What is known of it. Times are monotonic s: of the last new measurement, and of the last one that was low.

    `kohm` is the lowest measured since it was last good for long enough.
    """

    count: int | None = None
    measured_at: float | None = None
    low_at: float | None = None
    kohm: float = 0.0

    @property
    def why_not(self) -> str:
        """Why nothing may be charged on its account; empty if it may."""
        if self.low_at is None:
            return ""
        return f"site insulation: needs {LEAST_KOHM:g} kOhm for {SETTLES_S / 60:g} min; found {self.kohm:.0f}"


def watch(before: Insulation, seen: Monitor | None, now: float) -> Insulation:
    """What is known after one more look; None: the site has no monitor. Total.

    Only a new, good measurement brings the time nearer at which charging goes on: not knowing does not.
    """
    if seen is None:
        return before
    first = before.measured_at is None
    kohm = seen.kohm if seen.ok is True and seen.kohm is not None and isfinite(seen.kohm) else None
    fresh = kohm is not None and seen.count is not None and seen.count != before.count
    after = replace(before, count=seen.count, measured_at=now) if fresh else before
    if first and not fresh:
        after = replace(after, measured_at=now)
    if kohm is not None and kohm < LEAST_KOHM:
        lowest = kohm if before.low_at is None else min(kohm, before.kohm)
        return replace(after, low_at=now, kohm=lowest)
    if after.low_at is not None and not believed(after, now):
        return replace(after, low_at=now)
    settled = fresh and after.low_at is not None and now - after.low_at >= SETTLES_S
    return replace(after, low_at=None, kohm=0.0) if settled else after


def believed(known: Insulation, now: float) -> bool:
    """The monitor has measured lately."""
    return known.measured_at is not None and now - known.measured_at < UNREAD_S

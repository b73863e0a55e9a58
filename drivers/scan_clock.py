"""Absolute deadlines of the scan classes.

Knows periods and monotonic time. Does not know what is read.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from station_ctl.core.points import ScanClass

PERIODS: Mapping[ScanClass, float] = {ScanClass.FAST: 0.01, ScanClass.NORMAL: 0.1, ScanClass.SLOW: 1.0}
"""Scan periods in s."""


class ScanClock:
    """Deadlines `start + k × period` of each scan class; a late scan skips deadlines and makes no burst."""

    def __init__(
        self, classes: Iterable[ScanClass], periods: Mapping[ScanClass, float], start: float
    ) -> None:
        order = [c for c in (ScanClass.FAST, ScanClass.NORMAL, ScanClass.SLOW) if c in set(classes)]
        self._start = start
        self._period = {c: periods[c] for c in order}
        self._due = dict.fromkeys(order, start)
        self.skipped = 0
        """Deadlines that passed without a scan, since the start of this clock."""

    def due(self, now: float) -> tuple[ScanClass, ...]:
        """Classes to scan now, fastest first; each is due again at its next deadline in the future."""
        ready = tuple(c for c, deadline in self._due.items() if deadline <= now)
        for c in ready:
            period = self._period[c]
            steps = math.floor((now - self._start) / period) + 1
            self.skipped += max(0, steps - 1 - round((self._due[c] - self._start) / period))
            self._due[c] = self._start + steps * period
        return ready

    def next(self) -> float:
        """The nearest deadline (s, monotonic); +inf when nothing is scanned."""
        return min(self._due.values(), default=math.inf)

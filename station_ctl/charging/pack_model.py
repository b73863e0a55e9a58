"""What a pack can take: capacity, voltage, and the current its cells bear by state of charge and temperature.

Knows cell data. Does not know chargers, sites, nor which pack stands where.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

SOC_AXIS = (0.0, 5.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 85.0, 90.0, 95.0)
"""State of charge, %, of the columns of `CURRENT_A`."""

CURRENT_A: tuple[tuple[float, tuple[float, ...]], ...] = (
    (-10.0, (82, 82, 73, 54, 52, 49, 45, 44, 39, 29, 25, 20, 15)),
    (0.0, (150, 203, 168, 135, 119, 101, 89, 82, 74, 57, 51, 42, 28)),
    (25.0, (150, 250, 350, 350, 350, 285, 230, 201, 179, 146, 131, 93, 28)),
)
"""Current, A, that a pack of 280 Ah bears, by °C and SoC; above the last column and row it stays the same."""

TABLE_AH = 280.0
DERATED_FROM_C, DERATED_TO_C = 45.0, 55.0
"""Between these the current falls to nothing."""


@dataclass(frozen=True, slots=True)
class PackModel:
    """One kind of pack: usable kWh, Ah, and open-circuit V when empty and full (linear between)."""

    capacity_kwh: float = 100.0
    capacity_ah: float = TABLE_AH
    volts_empty: float = 336.0
    volts_full: float = 406.0

    def acceptance_kw(self, soc: float, temp_c: float) -> float:
        """Power, kW, that the pack takes at `soc` % with its hottest cell at `temp_c`; 0 when too hot."""
        rows = [_between(SOC_AXIS, row, soc) for _, row in CURRENT_A]
        amps = _between([t for t, _ in CURRENT_A], rows, temp_c) * self.capacity_ah / TABLE_AH
        volts = self.volts_empty + (self.volts_full - self.volts_empty) * min(max(soc, 0.0), 100.0) / 100.0
        return amps * volts / 1000.0 * derating(temp_c)

    def missing_kwh(self, soc: float, target: float) -> float:
        """Energy, kWh, from `soc` to `target` %; 0 if it is there already."""
        return max(target - soc, 0.0) / 100.0 * self.capacity_kwh

    def minutes_to(self, soc: float, target: float, kw: float, temp_c: float = 25.0) -> float:
        """Minutes of charging with at most `kw` until `target` %; +inf if the pack takes nothing on the way."""
        minutes, step = 0.0, 1.0
        while soc < target:
            part = min(step, target - soc)
            taken = min(kw, self.acceptance_kw(soc + part / 2, temp_c))
            if taken <= 0:
                return float("inf")
            minutes += part / 100.0 * self.capacity_kwh / taken * 60.0
            soc += part
        return minutes


def derating(temp_c: float) -> float:
    """Share 1 to 0 of the current that a warm pack still gets."""
    share = (DERATED_TO_C - temp_c) / (DERATED_TO_C - DERATED_FROM_C)
    return min(max(share, 0.0), 1.0)


def _between(axis: Sequence[float], values: Sequence[float], at: float) -> float:
    """Linear between the points of the axis, constant beyond its ends."""
    k = bisect_right(axis, at)
    if k == 0:
        return values[0]
    if k == len(axis):
        return values[-1]
    share = (at - axis[k - 1]) / (axis[k] - axis[k - 1])
    return values[k - 1] + share * (values[k] - values[k - 1])


ANY_PACK = PackModel()
"""A pack of a type of which nothing better is known."""

"""How long a charge takes until the pack is full: the integral over what its BMS will let in on the way.

Knows one bay and its pack as they are now. Does not know who will change the power, nor that the pack warms up.
"""

from __future__ import annotations

from math import ceil

from hil_tests.simplc.truth.bay import CHARGING, Bay
from hil_tests.simplc.truth.cells import chemistry
from hil_tests.simplc.truth.packs import Pack

NO_END_MIN = 6000
"""What the charger shows while nothing flows."""

Key = tuple[Pack, float, int, int, int]


class Estimate:
    """The minutes to full of one bay; the part beyond the next whole % is worked out anew only when it changes."""

    def __init__(self, bay: Bay) -> None:
        self.bay = bay
        self._key: Key | None = None
        self._tail = 0.0

    def minutes(self) -> int:
        """0 when no charge is open, 6000 when nothing flows or no end is in sight."""
        bay, pack = self.bay, self.bay.pack
        if pack is None or not bay.live:
            return 0
        told = bay.told_kw
        if bay.state != CHARGING or bay.amps_into(pack, pack.soc, told) <= 0.0:
            return NO_END_MIN
        whole = ceil(pack.soc)
        key = (pack, told, bay.modules, whole, round(pack.temperature / 2.0))
        if key != self._key:
            self._key = key
            self._tail = sum(self._slice(pack, told, low, low + 1.0) for low in range(whole, 100))
        return min(NO_END_MIN, round(self._tail + self._slice(pack, told, pack.soc, float(whole))))

    def _slice(self, pack: Pack, told: float, low: float, high: float) -> float:
        """Minutes from one state of charge to another, with the current in the middle."""
        amps = self.bay.amps_into(pack, (low + high) / 2.0, told)
        if amps <= 0.0:
            return float(NO_END_MIN)
        return (high - low) / 100.0 * chemistry(pack.pack_type).amp_hours / amps * 60.0

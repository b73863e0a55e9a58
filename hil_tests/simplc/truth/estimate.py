"""How long a charge takes until the pack is full: the integral over what its BMS will let in on the way.

Knows one bay and its pack as they are now. Does not know who will change the power, nor that the pack warms up.
"""

from __future__ import annotations

from functools import lru_cache
from math import ceil

from hil_tests.simplc.truth.bay import CHARGING, Bay, flowing_amps
from hil_tests.simplc.truth.cells import chemistry

NO_END_MIN = 6000
"""What the charger shows while nothing flows."""


def minutes_to_full(bay: Bay) -> int:
    """0 when no charge is open, 6000 when nothing flows or no end is in sight."""
    pack = bay.pack
    if pack is None or not bay.live:
        return 0
    if bay.state != CHARGING or bay.amps_into(pack, pack.soc, bay.told_kw) <= 0.0:
        return NO_END_MIN
    kw, amps = bay.most(bay.told_kw)
    whole, warmth, kw = ceil(pack.soc), round(pack.temperature), round(kw, 1)
    first = _minutes(pack.pack_type, pack.soc, whole, warmth, kw, amps)
    return min(NO_END_MIN, round(first + _beyond(pack.pack_type, whole, warmth, kw, amps)))


@lru_cache(maxsize=1 << 16)
def _beyond(pack_type: int, soc: int, celsius: int, kw: float, amps: float) -> float:
    """Minutes from a whole per cent to full, at whole degrees: what was once added up serves again."""
    if soc >= 100:
        return 0.0
    return _minutes(pack_type, soc, soc + 1, celsius, kw, amps) + _beyond(pack_type, soc + 1, celsius, kw, amps)


def _minutes(pack_type: int, low: float, high: float, celsius: float, kw: float, amps: float) -> float:
    """From one state of charge (%) to another, with the current in the middle."""
    of = chemistry(pack_type)
    current = flowing_amps(of, (low + high) / 2.0, celsius, kw, amps)
    return (high - low) / 100.0 * of.amp_hours / current * 60.0 if current > 0.0 else float(NO_END_MIN)

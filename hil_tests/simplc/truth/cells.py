"""The cells of a traction battery: charge, voltage, resistance, and the current they take.

Knows one pack by its type. Does not know chargers, bays or what a BMS says about it.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from itertools import pairwise

COLD_C, COLD_OFF_C = -10.0, -25.0
DERATE_C, HOT_OFF_C = 45.0, 55.0
SOC_AXIS = (0.0, 5.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 85.0, 90.0, 95.0)
OCV_AXIS = (0.0, 5.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0, 95.0, 100.0)


@dataclass(frozen=True, slots=True)
class Chemistry:
    """Capacity (Ah), open-circuit volts over `OCV_AXIS`, current limits (A) over `SOC_AXIS` for each temperature."""

    amp_hours: float
    ocv: tuple[float, ...]
    limits: tuple[tuple[float, tuple[float, ...]], ...]


PACK_100 = Chemistry(
    280.0,
    (336, 343, 346, 349, 352, 356, 362, 370, 380, 392, 402, 405, 406),
    (
        (-10.0, (82, 82, 73, 54, 52, 49, 45, 44, 39, 29, 25, 20, 15)),
        (0.0, (150, 203, 168, 135, 119, 101, 89, 82, 74, 57, 51, 42, 28)),
        (25.0, (150, 250, 350, 350, 350, 285, 230, 201, 179, 146, 131, 93, 28)),
    ),
)
PACK_75 = Chemistry(
    195.0,
    PACK_100.ocv,
    (
        (-10.0, (59, 59, 59, 39, 39, 29, 29, 20, 16, 16, 10, 10, 6)),
        (0.0, (137, 137, 137, 137, 98, 98, 78, 78, 59, 39, 29, 29, 16)),
        (25.0, (390, 390, 390, 390, 371, 293, 254, 250, 195, 156, 117, 78, 64)),
    ),
)
PACK_70 = Chemistry(
    204.0,
    (337, 344, 347, 350, 353, 358, 364, 372, 382, 392, 401, 403, 404),
    (
        (-10.0, (20, 20, 20, 20, 20, 20, 20, 20, 20, 20, 20, 20, 10)),
        (0.0, (40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 40, 20)),
        (25.0, (240, 240, 240, 240, 240, 240, 160, 160, 160, 67, 67, 67, 67)),
    ),
)
_TRUCK_OCV = (560, 588, 597, 606, 612, 616, 620, 622, 624, 627, 630, 632, 648)
PACK_282 = Chemistry(
    456.0,
    _TRUCK_OCV,
    (
        (-10.0, (91, 91, 91, 91, 82, 73, 73, 64, 64, 55, 46, 36, 23)),
        (0.0, (228, 228, 228, 205, 205, 182, 182, 160, 137, 114, 91, 68, 46)),
        (25.0, (456, 456, 456, 456, 456, 456, 456, 433, 410, 342, 273, 205, 114)),
    ),
)
PACK_141 = Chemistry(
    228.0, _TRUCK_OCV, tuple((warm, tuple(a / 2 for a in amps)) for warm, amps in PACK_282.limits)
)
_BY_TYPE = {70: PACK_70, 75: PACK_75, 100: PACK_100, 141: PACK_141, 280: PACK_282, 282: PACK_282}

OHMS_25C, OHMS_PER_K = 0.022, 0.0006
"""Resistance of the pack at 25 °C, and what each degree below adds."""


def chemistry(pack_type: int) -> Chemistry:
    """Of packs of 70 to 100 kWh for cars, 141 to 282 for trucks; a type nobody has measured is taken for 100."""
    return _BY_TYPE.get(pack_type, PACK_100)


def between(axis: tuple[float, ...], values: tuple[float, ...], at: float) -> float:
    """The value at `at` on straight lines between the points, level outside them."""
    right = bisect_right(axis, at)
    if right == 0:
        return values[0]
    if right == len(axis):
        return values[-1]
    low, high = axis[right - 1], axis[right]
    first, second = values[right - 1], values[right]
    return first + (second - first) * (at - low) / (high - low)


def open_volts(of: Chemistry, soc: float) -> float:
    """Open-circuit voltage (V) at a state of charge (%)."""
    return between(OCV_AXIS, of.ocv, soc)


def ohms(celsius: float) -> float:
    """Inner resistance of a pack; the cold raises it, warmth beyond 25 °C changes nothing."""
    return OHMS_25C + OHMS_PER_K * max(0.0, 25.0 - celsius)


def amps_allowed(of: Chemistry, soc: float, celsius: float) -> float:
    """The most (A) that the BMS lets in: its table, nothing below -25 °C, less above 45 °C, nothing from 55 °C on."""
    if celsius <= COLD_OFF_C or celsius >= HOT_OFF_C:
        return 0.0
    rows = of.limits
    amps = between(SOC_AXIS, rows[-1][1], soc)
    for (low, below), (high, above) in pairwise(rows):
        if celsius < high:
            first, second = between(SOC_AXIS, below, soc), between(SOC_AXIS, above, soc)
            amps = first + (second - first) * max(0.0, (celsius - low) / (high - low))
            break
    if celsius < COLD_C:
        amps *= (celsius - COLD_OFF_C) / (COLD_C - COLD_OFF_C)
    if celsius > DERATE_C:
        amps *= (HOT_OFF_C - celsius) / (HOT_OFF_C - DERATE_C)
    return amps

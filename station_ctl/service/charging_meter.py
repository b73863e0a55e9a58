"""The site's meter and insulation monitor as charging takes them: numbers that may be believed, or None.

Knows their signals. Does not know limits, nor what is done without them.
"""

from __future__ import annotations

from station_ctl.charging.insulation import Monitor
from station_ctl.core.roles import SiteMeter
from station_ctl.core.signals import Image, Signal


def number(signal: Signal[float], image: Image) -> float | None:
    """The reading, if it is good and a number."""
    reading = signal.read(image)
    return float(reading.value) if reading.good and isinstance(reading.value, int | float) else None


def monitor_of(meter: SiteMeter | None, image: Image) -> Monitor | None:
    """What the insulation monitor says; a station without a site meter has none."""
    if meter is None:
        return None
    passed, count = meter.imd_ok.good_value(image), meter.imd_count.good_value(image)
    return Monitor(
        number(meter.insulation, image),
        passed if isinstance(passed, bool) else None,
        count if isinstance(count, int) else None,
    )

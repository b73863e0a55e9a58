"""What the site drew from the grid, what that cost, and the highest power.

Knows the truth of the site's power and a tariff. Does not know who drew it.
"""

from __future__ import annotations

from hil_tests.simplc.plant import Plant
from station_ctl.charging.tariff import Tariff


class EnergyLedger:
    """Adds up power by time; `cost` is None without a tariff."""

    STEP_S = 12.0
    """Process seconds between two measurements: no price span is shorter than a minute."""

    def __init__(self, tariff: Tariff | None) -> None:
        self._tariff = tariff
        self._zero = self._at = self._kw = 0.0
        self.kwh = self.peak_kw = 0.0
        self.cost: float | None = None if tariff is None else 0.0

    def begin(self, plant_s: float) -> None:
        """Midnight is now."""
        self._zero = self._at = plant_s

    def measure(self, plant: Plant) -> None:
        """The power since the last measurement was the mean of then and now."""
        kw = plant.site_kw()
        kwh = (kw + self._kw) / 2 * (plant.now - self._at) / 3600.0
        if self._tariff is not None and self.cost is not None:
            self.cost += kwh * self._tariff.price_at((self._at + plant.now) / 2 - self._zero)
        self.kwh += kwh
        self.peak_kw = max(self.peak_kw, kw)
        self._at, self._kw = plant.now, kw

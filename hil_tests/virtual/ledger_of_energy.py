"""What the site drew from the grid, what that cost, and the highest power; and what its packs hold.

Knows the truth of the site's power and a tariff. Does not know who drew it.
"""

from __future__ import annotations

from hil_tests.simplc.plant import Plant
from hil_tests.simplc.truth.cells import chemistry, open_volts
from hil_tests.simplc.truth.grid import EFFICIENCY
from station_ctl.charging.tariff import DAY_S, Tariff


class EnergyLedger:
    """Adds up power by time; `cost` is None without a tariff.

    After midnight only what chargers draw counts: the rest belongs to the next day. `after_kwh` is that part.
    """

    STEP_S = 12.0
    """Process seconds between two measurements: no price span is shorter than a minute."""

    def __init__(self, tariff: Tariff | None) -> None:
        self._tariff = tariff
        self._zero = self._at = self._kw = 0.0
        self.kwh = self.after_kwh = self.peak_kw = 0.0
        self.cost: float | None = None if tariff is None else 0.0
        self.by_price: dict[float, float] = {}

    def begin(self, plant_s: float, second_of_day: float = 0.0) -> None:
        """This second of the day is now."""
        self._zero, self._at = plant_s - second_of_day, plant_s

    def measure(self, plant: Plant) -> None:
        """The power since the last measurement was the mean of then and now."""
        kw = drawn = plant.site_kw()
        after = plant.now - self._zero > DAY_S
        if after:
            kw = max(drawn - plant.grid.drawn_kw(0.0), 0.0)
        kwh = (kw + self._kw) / 2 * (plant.now - self._at) / 3600.0
        self._take(kwh, (self._at + plant.now) / 2 - self._zero)
        self.after_kwh += kwh if after else 0.0
        self.peak_kw = max(self.peak_kw, drawn)
        self._at, self._kw = plant.now, kw

    def lack(self, kwh: float) -> None:
        """Packs lack so much of what they began with and there is no more time: bought at the dearest price."""
        if self._tariff is not None and self.cost is not None:
            self.cost += kwh / EFFICIENCY * max(price for _, _, price in self._tariff.spans)

    def _take(self, kwh: float, second: float) -> None:
        self.kwh += kwh
        if self._tariff is not None and self.cost is not None:
            price = self._tariff.price_at(second)
            self.cost += kwh * price
            self.by_price[price] = self.by_price.get(price, 0.0) + kwh


def stored_kwh(plant: Plant) -> float:
    """Energy in the packs that are in bays, by capacity, mean voltage and state of charge."""
    held = (bay.pack for bay in plant.bays.values())
    kinds = ((pack, chemistry(pack.pack_type)) for pack in held if pack is not None)
    return sum(kind.amp_hours * open_volts(kind, 50.0) / 1000.0 * pack.soc / 100.0 for pack, kind in kinds)

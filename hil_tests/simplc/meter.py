"""Site meter and insulation monitor SM1: two units on one serial bus.

Knows what the site draws. Does not know who asks.
"""

from __future__ import annotations

from hil_tests.simplc.hall import Hall
from hil_tests.simplc.plc import Plc, Value

REFRESH_CYCLES = 100


class Meter(Plc):
    """Measures every second of wall time; ENERGY_KWH counts plant time. It keeps no order contract."""

    prefixes = ()

    def __init__(self, name: str, plant: Hall) -> None:
        super().__init__(name, plant)
        self.counted = 0.0
        self.energy = 125000.0
        self.count = 0
        self._measure()

    def identity(self) -> dict[str, Value]:
        return {}

    def scan(self) -> None:
        if self.booting:
            super().scan()

    def cycle(self) -> None:
        if self.booting:
            return
        self.uptime_ms += 10
        if self.uptime_ms % (REFRESH_CYCLES * 10) == 0:
            self._measure()
        if self.stuck:
            self.values.update(self.stuck)

    def _measure(self) -> None:
        power = self.plant.site_kw() + self.rng.uniform(-0.2, 0.2)
        now = self.plant.now
        self.energy += power * (now - self.counted) / 3600.0
        self.counted = now
        self.count = self.count + 1 & 0xFFFF
        sag = power * 0.004
        self.values.update(
            POWER_KW=round(power, 2),
            ENERGY_KWH=round(self.energy, 2),
            VOLTS_L1=round(230.6 - sag + self.rng.uniform(-0.3, 0.3), 1),
            VOLTS_L2=round(230.1 - sag + self.rng.uniform(-0.3, 0.3), 1),
            VOLTS_L3=round(231.0 - sag + self.rng.uniform(-0.3, 0.3), 1),
            FREQUENCY=round(50.0 + self.rng.uniform(-0.015, 0.015), 3),
            GRID_LIMIT_KW=self.plant.grid.limit_kw,
            INSULATION=self.plant.dc_insulation_kohm + self.rng.randrange(-20, 21),
            IMD_OK=True,
            IMD_COUNT=self.count,
        )

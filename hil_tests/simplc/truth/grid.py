"""The station's connection to the grid: what it may draw, and what it draws.

Knows the site's own consumers. Does not know racks or who shares out the power.
"""

from __future__ import annotations

from dataclasses import dataclass

EFFICIENCY = 0.955
"""Of the chargers, from the mains to the pack."""


@dataclass(slots=True)
class Grid:
    """Powers in kW: `limit_kw` is what the operator allows, the others what the station draws beside its chargers."""

    limit_kw: float = 1250.0
    auxiliary_kw: float = 9.5
    heater_kw: float = 0.0

    def drawn_kw(self, charging_kw: float) -> float:
        """What the meter sees while the packs take in `charging_kw`."""
        return charging_kw / EFFICIENCY + self.auxiliary_kw + self.heater_kw

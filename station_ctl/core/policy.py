"""Site policy: the numbers a site may set, each within a range checked on loading.

Knows units and meaning. Does not know where the numbers are used.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SitePolicy:
    """Limits of one site. Units in the names; ranges in config/schema/station.json."""

    swap_soc_min_percent: float = 90.0
    pack_soh_min_percent: float = 70.0
    pack_temp_max_c: float = 45.0
    pack_insulation_min_kohm: int = 500
    pack_weight_tolerance_percent: float = 10.0
    charge_power_kw: float = 40.0
    position_tolerance_mm: float = 15.0
    yaw_tolerance_deg: float = 1.0
    lift_sync_tolerance_mm: float = 5.0
    float_tolerance_mm: float = 3.0
    site_power_max_kw: float = 600.0

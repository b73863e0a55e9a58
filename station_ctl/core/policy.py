"""Site policy: the numbers a site may set, each within a range checked on loading.

Knows units and meaning. Does not know where the numbers are used.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SitePolicy:
    """Limits of one site. Units in the names; ranges in config/schema/station.json.

    Power: `site_power_max_kw` is drawn from the grid, auxiliaries and losses included; `site_power_safe_kw` holds
    while the meter is not good. `rack`, `bay` and `pair` count what chargers give out. Two neighbours (1 and 2, 3
    and 4 … of a rack) whose chargers share their modules get `pair_power_max_kw` together; 0: no two share. Below
    `bay_power_min_kw` a charge is not worth its losses. `aux_power_kw` is what everything but the chargers draws
    when nothing better is known.

    Hot: a pack at `hot_temp_c`, rising by `hot_rise_c_per_min` or giving off `hot_gas_ppm` is charged no more,
    nor are its neighbours; above `hot_move_max_c` it is not carried either.

    Climate: in heat a charger holds only `charger_power_percent` of its power. `driver_time_percent` of the usual time
    is given to people who drive in, secure and drive out. Lock runners colder than `preheat_below_c` are warmed before
    they turn a bolt; None: never. A crane travels in wind up to `wind_max_mps`; its own PLC allows more.

    Quarantine: a returned pack must look well for `quarantine_settle_s` before it is charged. SoC standing still
    while `quarantine_frozen_percent` of a pack flows in, or `quarantine_no_gain_min` of charging without gain, is
    a lie.
    """

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
    # ---- climate ----
    driver_time_percent: int = 100
    preheat_below_c: float | None = None
    wind_max_mps: float = 12.0
    charger_power_percent: int = 100
    # ---- power ----
    site_power_safe_kw: float = 200.0
    rack_power_max_kw: float = 600.0
    bay_power_max_kw: float = 60.0
    pair_power_max_kw: float = 0.0
    bay_power_min_kw: float = 3.0
    charger_efficiency_percent: float = 94.0
    aux_power_kw: float = 15.0
    charge_end_percent: float = 95.0
    charge_temp_min_c: float = -20.0
    # ---- hot packs ----
    hot_temp_c: float = 60.0
    hot_rise_c_per_min: float = 3.0
    hot_gas_ppm: int = 300
    hot_move_max_c: float = 80.0
    isolation_allowed: bool = True
    # ---- quarantine ----
    quarantine_settle_s: float = 30.0
    quarantine_frozen_percent: float = 3.0
    quarantine_no_gain_min: float = 20.0
    charger_silent_s: float = 20.0

    @property
    def bay_kw(self) -> float:
        """The most that one bay is given here, kW: what the site allows, in this climate."""
        return min(self.bay_power_max_kw, self.charge_power_kw) * self.charger_power_percent / 100

    def people_s(self, usual: float) -> float:
        """Seconds that people get here for what takes them up to `usual` seconds elsewhere."""
        return usual * self.driver_time_percent / 100

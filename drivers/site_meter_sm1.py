"""Site meter SM-1 with insulation monitor, on one serial bus. I/O list: config/io/site_meter_sm1.csv.

Knows the registers of the two instruments. Gives no orders; does not know who uses the power.
"""

from __future__ import annotations

from station_ctl.core.devices import Device


class SiteMeterSM1(Device):
    """Energy meter (unit 1) and insulation monitor (unit 2); Modbus RTU, read only, once a second.

    The meter gives 32-bit floats, high word first. The instruments have no heartbeat, magic or map version:
    a wrong instrument shows in implausible values only; IMD_COUNT standing still means no new measurement.
    GRID_LIMIT_KW is what the grid operator's signal at the meter allows the whole site.
    Verified against the simulated instruments only.
    """

    driver = "site_meter_sm1"

    def declare(self) -> None:
        """Signal, type and tag of every quantity."""
        self.power_kw = self.signal(float, "POWER_KW", "power_kw", unit="kW")
        self.energy_kwh = self.signal(float, "ENERGY_KWH", "energy_kwh", unit="kWh")
        self.volts = tuple(self.signal(float, f"VOLTS_L{k}", f"volts_l{k}", unit="V") for k in (1, 2, 3))
        self.frequency = self.signal(float, "FREQUENCY", "frequency", unit="Hz")
        self.grid_limit_kw = self.signal(float, "GRID_LIMIT_KW", "grid_limit_kw", unit="kW")
        self.insulation = self.signal(float, "INSULATION", "insulation", unit="kOhm")
        self.imd_ok = self.signal(bool, "IMD_OK", "imd_ok")
        self.imd_count = self.signal(int, "IMD_COUNT", "imd_count")

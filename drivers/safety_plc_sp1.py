"""Safety PLC SP-1 as the controller reads it. I/O list: config/io/safety_plc_sp1.csv, map version 1.

Knows the registers that mirror the safety chain. Gives no orders: the chain is hardwired, not ours.
"""

from __future__ import annotations

from station_ctl.core.devices import Device


class SafetyPlcSP1(Device):
    """Emergency stops, doors, curtains, scanner, safe torque off, fire and water; Modbus TCP, read only.

    All bits stand in ir:10, read every 10 ms, and are 1 in the healthy state, so that a lost wire or a zeroed
    register reads as "stop". Exceptions: KEY_MAINT and ENABLING, where 1 is the unusual state. SAFETY_CRC
    changes when the safety program does. Verified against the simulated PLC only.
    """

    driver = "safety_plc_sp1"

    def declare(self) -> None:
        """Role attribute, type and tag of every signal."""
        self.estop_ok = self.signal(bool, "ESTOP_OK", "estop_ok")
        self.doors_locked = tuple(
            self.signal(bool, f"DOOR_{k}_LOCKED", f"door_{k}_locked") for k in (1, 2, 3)
        )
        self.curtains_clear = tuple(
            self.signal(bool, f"CURTAIN_{k}_CLEAR", f"curtain_{k}_clear") for k in (1, 2)
        )
        self.scanner_clear = self.signal(bool, "SCANNER_CLEAR", "scanner_clear")
        self.drives_enabled = self.signal(bool, "DRIVES_ENABLED", "drives_enabled")
        self.reset_not_needed = self.signal(bool, "RESET_NOT_NEEDED", "reset_not_needed")
        self.no_muting = self.signal(bool, "NO_MUTING", "no_muting")
        self.no_fire = self.signal(bool, "NO_FIRE", "no_fire")
        self.no_water = self.signal(bool, "NO_WATER", "no_water")
        self.no_prealarm = self.signal(bool, "NO_PREALARM", "no_prealarm")
        self.grid_ok = self.signal(bool, "GRID_OK", "grid_ok")
        self.key_maintenance = self.signal(bool, "KEY_MAINT", "key_maintenance")
        self.enabling = self.signal(bool, "ENABLING", "enabling")
        self.estop_id = self.signal(int, "ESTOP_ID", "estop_id")
        self.safety_crc = self.signal(int, "SAFETY_CRC", "safety_crc")

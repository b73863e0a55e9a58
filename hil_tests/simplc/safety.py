"""Program of the safety PLC SP1: shows the chain, takes no orders.

Knows the chain's inputs and latch. Does not know who reads it.
"""

from __future__ import annotations

from hil_tests.simplc.hall import Hall
from hil_tests.simplc.plc import Plc


class SafetyPlc(Plc):
    """Read only. After any opening DRIVES_ENABLED and RESET_NOT_NEEDED stay false until the reset."""

    prefixes = ()

    def __init__(self, name: str, plant: Hall) -> None:
        super().__init__(name, plant)
        self.first_estop = 0
        self.values.update(SAFETY_CRC=0x5AFE0107)

    def sense(self) -> None:
        chain, values = self.plant.safety, self.values
        if not chain.latched:
            self.first_estop = 0
        elif chain.estop and not self.first_estop:
            self.first_estop = chain.estop
        values["ESTOP_OK"] = chain.estop == 0
        values["DOOR_1_LOCKED"], values["DOOR_2_LOCKED"], values["DOOR_3_LOCKED"] = chain.doors
        values["CURTAIN_1_CLEAR"], values["CURTAIN_2_CLEAR"] = chain.curtains
        values["SCANNER_CLEAR"] = chain.scanner
        values["DRIVES_ENABLED"] = values["RESET_NOT_NEEDED"] = not chain.latched
        values["NO_MUTING"] = not chain.muted
        values["KEY_MAINT"] = chain.key
        values["ENABLING"] = chain.enabling
        values["NO_FIRE"] = chain.no_fire
        values["NO_WATER"] = chain.no_water
        values["GRID_OK"] = chain.grid
        values["NO_PREALARM"] = chain.no_prealarm
        values["ESTOP_ID"] = self.first_estop

    def restart(self, cycles: int) -> None:
        """A safety PLC without power holds nothing closed."""
        super().restart(cycles)
        self.plant.safety.trip()
        self.plant.motions.version += 1

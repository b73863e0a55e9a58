"""Truck stand TS-1: entry, wheel stop, laser scanner, exit. I/O list: config/io/truck_stand_ts1.csv, map version 2.

Knows the stand's registers and orders. Does not know what a swap is; the truck's radio is elsewhere.
"""

from __future__ import annotations

from enum import IntEnum

from station_ctl.core.devices import Command, Device


class StandOrder(IntEnum):
    """Opcodes of the TS-1's own channel."""

    HOME = 10
    OPEN_ENTRY = 11
    SCAN = 12
    OPEN_EXIT = 13


class TruckStandTS1(Device):
    """Lane with wheel guides and a wheel stop under the crane, and a laser scanner above; Modbus TCP.

    | order         | the PLC does                                                                       |
    |---------------|------------------------------------------------------------------------------------|
    | 10 HOME       | lights red, scanner referenced                                                     |
    | 11 OPEN_ENTRY | entry green; done when a truck has stood at the wheel stop for 2 s                 |
    | 12 SCAN       | measure the pose of the truck's pack; fails when too little of its outline is seen |
    | 13 OPEN_EXIT  | exit green; done when the bay is empty                                             |

    No parameters. Orders are written at hr:0, the answers read at ir:10. Pose and quality are those of the last
    scan, SHIFT_MM is measured on since then. The second channel of this PLC, prefix VEH_, belongs to the driver
    truck_link_tk1.
    Verified against the simulated PLC only.
    """

    driver = "truck_stand_ts1"
    orders = StandOrder

    def declare(self) -> None:
        """Role attribute, type and tag of every signal."""
        self.entry_beam = self.signal(bool, "ENTRY_BEAM", "entry_beam")
        self.exit_beam = self.signal(bool, "EXIT_BEAM", "exit_beam")
        self.bay_empty = self.signal(bool, "BAY_EMPTY", "bay_empty")
        self.bay_clear = self.signal(bool, "BAY_CLEAR", "bay_clear")
        self.at_wheel_stop = self.signal(bool, "AT_WHEEL_STOP", "at_wheel_stop")
        self.bay_empty, self.at_wheel_stop = self.exclusive(self.bay_empty, self.at_wheel_stop)
        self.scanned = self.signal(bool, "SCANNED", "scanned")
        self.quality = self.signal(float, "SCAN_QUALITY", "quality", unit="%")
        self.dx = self.signal(float, "DX_MM", "dx", unit="mm")
        self.dy = self.signal(float, "DY_MM", "dy", unit="mm")
        self.yaw = self.signal(float, "YAW_DEG", "yaw", unit="deg")
        self.roll = self.signal(float, "ROLL_DEG", "roll", unit="deg")
        self.shift = self.signal(float, "SHIFT_MM", "shift", unit="mm")
        self.homed = self.signal(bool, "HOMED", "homed")
        self.no_fault = self.signal(bool, "NO_FAULT", "no_fault")
        self.entry_green = self.signal(bool, "ENTRY_GREEN", "entry_green")
        self.exit_green = self.signal(bool, "EXIT_GREEN", "exit_green")
        self.scanner_temp = self.signal(float, "SCANNER_TEMP", "scanner_temp", unit="C")

    def home(self) -> Command:
        """Lights red, scanner referenced."""
        return self.command(StandOrder.HOME, text="home")

    def open_entry(self) -> Command:
        """Show green at the entry and wait for a truck at the wheel stop."""
        return self.command(StandOrder.OPEN_ENTRY, text="open_entry")

    def scan(self) -> Command:
        """Measure the pose of the truck's pack."""
        return self.command(StandOrder.SCAN, text="scan")

    def open_exit(self) -> Command:
        """Show green at the exit and wait until the bay is empty."""
        return self.command(StandOrder.OPEN_EXIT, text="open_exit")

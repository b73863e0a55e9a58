"""Vehicle lift VL-1: entry, clamps, platform, exit. I/O list: config/io/vehicle_lift_vl1.csv, map version 2.

Knows the lift's registers and orders. Does not know what a swap is; the vehicle's radio is elsewhere.
"""

from __future__ import annotations

from enum import IntEnum

from drivers.parameter import whole
from station_ctl.core.devices import Command, Device

HEIGHT_MM = (100, 1800)


class LiftOrder(IntEnum):
    """Opcodes of the VL-1's own channel."""

    HOME = 10
    OPEN_ENTRY = 11
    CLAMP = 12
    LIFT_TO_WORK = 13
    CLOSE_FLOOR = 14
    LOWER = 15
    UNCLAMP = 16
    OPEN_EXIT = 17
    JOG = 50


class VehicleLiftVL1(Device):
    """Four-column platform with wheel clamps and floor doors over the robot's pit; Modbus TCP.

    | order           | P1                 | the PLC does                                                |
    |-----------------|--------------------|-------------------------------------------------------------|
    | 10 HOME         |                    | platform down, clamps open, axes referenced                 |
    | 11 OPEN_ENTRY   |                    | entry green; done when a vehicle stands in position for 2 s |
    | 12 CLAMP        |                    | centre the vehicle, close the wheel clamps                  |
    | 13 LIFT_TO_WORK | working height, mm | open the floor, lift, engage the mechanical lock            |
    | 14 CLOSE_FLOOR  |                    | close the floor doors                                       |
    | 15 LOWER        |                    | release the lock, platform fully down                       |
    | 16 UNCLAMP      |                    | open the wheel clamps                                       |
    | 17 OPEN_EXIT    |                    | exit green; done when the bay is empty                      |
    | 50 JOG          | axis, P2 = target  | creeps there (0.1 mm) while JOG_RENEW moves; axis 1 z       |

    Orders are written at hr:0, the answers read at ir:10. Range of the working height 100 to 1800 mm.
    The second channel of this PLC, prefix VEH_, belongs to the driver vehicle_link_vl1.
    Verified against the simulated PLC only.
    """

    driver = "vehicle_lift_vl1"
    orders = LiftOrder

    def declare(self) -> None:
        """Role attribute, type and tag of every signal."""
        self.in_position = self.signal(bool, "IN_POSITION", "in_position")
        self.clamped = self.signal(bool, "CLAMPED", "clamped")
        self.unclamped = self.signal(bool, "UNCLAMPED", "unclamped")
        self.clamped, self.unclamped = self.exclusive(self.clamped, self.unclamped)
        self.at_work = self.signal(bool, "LIFT_AT_WORK", "at_work")
        self.down = self.signal(bool, "LIFT_DOWN", "down")
        self.at_work, self.down = self.exclusive(self.at_work, self.down)
        self.locked = self.signal(bool, "LIFT_LOCKED", "locked")
        self.floor_open = self.signal(bool, "FLOOR_OPEN", "floor_open")
        self.floor_closed = self.signal(bool, "FLOOR_CLOSED", "floor_closed")
        self.floor_open, self.floor_closed = self.exclusive(self.floor_open, self.floor_closed)
        self.homed = self.signal(bool, "HOMED", "homed")
        self.bay_clear = self.signal(bool, "BAY_CLEAR", "bay_clear")
        self.bay_empty = self.signal(bool, "BAY_EMPTY", "bay_empty")
        self.no_fault = self.signal(bool, "NO_FAULT", "no_fault")
        self.entry_beam = self.signal(bool, "ENTRY_BEAM", "entry_beam")
        self.exit_beam = self.signal(bool, "EXIT_BEAM", "exit_beam")
        self.entry_green = self.signal(bool, "ENTRY_GREEN", "entry_green")
        self.exit_green = self.signal(bool, "EXIT_GREEN", "exit_green")
        self.x_err = self.signal(float, "X_ERR", "x_err", unit="mm")
        self.y_err = self.signal(float, "Y_ERR", "y_err", unit="mm")
        self.yaw_err = self.signal(float, "YAW_ERR", "yaw_err", unit="deg")
        self.height = self.signal(float, "LIFT_MM", "height", unit="mm")
        self.sync_err = self.signal(float, "LIFT_SYNC_ERR", "sync_err", unit="mm")
        self.clamp_force = self.signal(float, "CLAMP_FORCE", "clamp_force", unit="N")
        self.drive_temp = self.signal(float, "LIFT_TEMP", "drive_temp", unit="C")
        self.axis("z", 1, self.height, 0.0, 1800.0)

    def home(self) -> Command:
        """Platform down, clamps open, axes referenced."""
        return self.command(LiftOrder.HOME, text="home")

    def open_entry(self) -> Command:
        """Show green at the entry and wait for a vehicle in position."""
        return self.command(LiftOrder.OPEN_ENTRY, text="open_entry")

    def clamp(self) -> Command:
        """Centre the vehicle and close the wheel clamps."""
        return self.command(LiftOrder.CLAMP, text="clamp")

    def lift_to_work(self, height_mm: int) -> Command:
        """Open the floor and lift the vehicle to `height_mm`, locked."""
        height = whole("working height in mm", height_mm, *HEIGHT_MM)
        return self.command(LiftOrder.LIFT_TO_WORK, height, text=f"lift_to_work({height} mm)")

    def close_floor(self) -> Command:
        """Close the floor doors over the pit."""
        return self.command(LiftOrder.CLOSE_FLOOR, text="close_floor")

    def lower(self) -> Command:
        """Lower the platform fully."""
        return self.command(LiftOrder.LOWER, text="lower")

    def unclamp(self) -> Command:
        """Open the wheel clamps."""
        return self.command(LiftOrder.UNCLAMP, text="unclamp")

    def open_exit(self) -> Command:
        """Show green at the exit and wait until the bay is empty."""
        return self.command(LiftOrder.OPEN_EXIT, text="open_exit")

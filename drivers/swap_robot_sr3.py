"""Swap robot SR-3, under the vehicle floor. I/O list: config/io/swap_robot_sr3.csv, map version 2.

Knows the robot's tags and orders. Does not know what a swap is.
"""

from __future__ import annotations

from enum import IntEnum

from drivers.parameter import bolts, in_steps
from station_ctl.core.devices import Command, Device
from station_ctl.core.roles import At

BOLTS = 10
HEIGHT_MM = (300.0, 2000.0)
TURNS = (0.0, 30.0)
TORQUE_NM = (5.0, 200.0)
BAND_NM = (0.1, 50.0)
WARM_C = (1.0, 40.0)


class RobotOrder(IntEnum):
    """Opcodes of the SR-3."""

    HOME = 10
    ENGAGE = 11
    LOWER = 12
    INSERT = 13
    UNLOCK = 20
    LOCK = 21
    PREHEAT = 22
    SET_DOWN = 30
    PICK_UP = 31
    JOG = 50


class SwapRobotSR3(Device):
    """Rail-guided robot with a floating lifting table, two locating pins and ten lock runners; OPC UA.

    | order       | P1              | P2              | P3            | P4           | what happens                   |
    |-------------|-----------------|-----------------|---------------|--------------|--------------------------------|
    | 10 HOME     |                 |                 |               |              | pins in, table down, home      |
    | 11 ENGAGE   | height, 0.1 mm  |                 |               |              | travel, raise empty, pins in   |
    | 12 LOWER    |                 |                 |               |              | table down with the pack       |
    | 13 INSERT   | height, 0.1 mm  |                 |               |              | travel, raise pack, pins in    |
    | 20 UNLOCK   | bolts, bit k-1  | turns, 0.01     | warm, 0.1 °C  |              | runners dock, turn bolts out   |
    | 21 LOCK     | bolts, bit k-1  | torque, 0.01 Nm | band, 0.01 Nm | warm, 0.1 °C | runners dock, turn bolts in    |
    | 22 PREHEAT  | warm, 0.1 °C    |                 |               |              | runners turn in the air        |
    | 30 SET_DOWN | 3, handover OUT |                 |               |              | travel there, set it down      |
    | 31 PICK_UP  | 4, handover IN  |                 |               |              | travel there, take the pack    |
    | 50 JOG      | axis 1 x, 2 z   | target, 0.1 mm  |               |              | creeps while JOG_RENEW moves   |

    Every motion is absolute. BOLT_TURNS, BOLT_TORQUE and BOLT_RESULT hold the last run of each runner until
    its next one. Heights 300 to 2000 mm, turns 0 to 30, torque 5 to 200 Nm, band 0.1 to 50 Nm. `warm`, 1 to 40 °C:
    runners colder than that first turn alternately in the air, bolts untouched, until they are; 0: as they are.
    DRIVE_TEMP is that of the coldest runner.
    Verified against the simulated PLC only.
    """

    driver = "swap_robot_sr3"
    orders = RobotOrder

    def declare(self) -> None:
        """Role attribute, type and tag of every signal."""
        self.at = self.signal(int, "AT_POSITION", "at")
        self.x = self.signal(float, "X_MM", "x", unit="mm")
        self.z = self.signal(float, "Z_MM", "z", unit="mm")
        self.pack_present = self.signal(bool, "PACK_PRESENT", "pack_present")
        self.pack_seated = self.signal(bool, "PACK_SEATED", "pack_seated")
        self.pin_1 = self.signal(bool, "PIN_1", "pin_1")
        self.pin_2 = self.signal(bool, "PIN_2", "pin_2")
        self.load_kg = self.signal(float, "LOAD_KG", "load_kg", unit="kg")
        self.float_dx = self.signal(float, "FLOAT_DX", "float_dx", unit="mm")
        self.float_dy = self.signal(float, "FLOAT_DY", "float_dy", unit="mm")
        self.path_clear = self.signal(bool, "PATH_CLEAR", "path_clear")
        self.homed = self.signal(bool, "HOMED", "homed")
        self.brake_ok = self.signal(bool, "BRAKE_OK", "brake_ok")
        self.no_fault = self.signal(bool, "NO_FAULT", "no_fault")
        self.bolt_turns = self.signal(float, "BOLT_TURNS", "bolt_turns", count=BOLTS, unit="turns")
        self.bolt_torque = self.signal(float, "BOLT_TORQUE", "bolt_torque", count=BOLTS, unit="Nm")
        self.bolt_phase = self.signal(int, "BOLT_PHASE", "bolt_phase", count=BOLTS)
        self.bolt_result = self.signal(int, "BOLT_RESULT", "bolt_result", count=BOLTS)
        self.bolts_open = self.signal(int, "BOLT_OPEN", "bolts_open")
        self.bolts_closed = self.signal(int, "BOLT_CLOSED", "bolts_closed")
        self.bolts_open, self.bolts_closed = self.exclusive(self.bolts_open, self.bolts_closed)
        self.drive_temp = self.signal(float, "DRIVE_TEMP", "drive_temp", unit="C")
        self.axis("x", 1, self.x, 0.0, 10000.0)
        self.axis("z", 2, self.z, 0.0, 200.0)

    def home(self) -> Command:
        """Pins in, table down, travel home."""
        return self.command(RobotOrder.HOME, text="home")

    def engage(self, height_mm: float) -> Command:
        """Travel under the vehicle with an empty table, raise it to the pack at `height_mm`, pins in."""
        return self.command(RobotOrder.ENGAGE, _height(height_mm), text=f"engage({height_mm:g} mm)")

    def lower(self) -> Command:
        """Lower the table with the pack to travel height."""
        return self.command(RobotOrder.LOWER, text="lower")

    def insert(self, height_mm: float) -> Command:
        """Travel under the vehicle with the pack, raise it into the seat at `height_mm`, pins in."""
        return self.command(RobotOrder.INSERT, _height(height_mm), text=f"insert({height_mm:g} mm)")

    def preheat(self, warm_c: float) -> Command:
        """Turn the runners in the air, bolts untouched, until the coldest has `warm_c` °C."""
        return self.command(RobotOrder.PREHEAT, _warm(warm_c), text=f"preheat({warm_c:g} °C)")

    def unlock(self, mask: int, turns_min: float, warm_c: float | None = None) -> Command:
        """Turn out the bolts of `mask` (bit k-1 = bolt k), each by at least `turns_min` turns.

        `warm_c`: runners colder than that (°C) are warmed before they touch a bolt.
        """
        chosen = bolts(mask, BOLTS)
        turns = in_steps("turns", turns_min, 0.01, *TURNS, "turns")
        warm = () if warm_c is None else (_warm(warm_c),)
        return self.command(RobotOrder.UNLOCK, mask, turns, *warm, text=f"unlock({chosen})")

    def lock(self, mask: int, torque_nm: float, band_nm: float, warm_c: float | None = None) -> Command:
        """Turn in the bolts of `mask` to `torque_nm` ± `band_nm`; `warm_c` as for `unlock`."""
        chosen = bolts(mask, BOLTS)
        torque = in_steps("torque", torque_nm, 0.01, *TORQUE_NM, "Nm")
        band = in_steps("torque band", band_nm, 0.01, *BAND_NM, "Nm")
        text = f"lock({chosen}, {torque_nm:g} ± {band_nm:g} Nm)"
        warm = () if warm_c is None else (_warm(warm_c),)
        return self.command(RobotOrder.LOCK, mask, torque, band, *warm, text=text)

    def set_down(self, where: At) -> Command:
        """Travel to handover OUT and set the pack down; no other place can take it."""
        if where is not At.HANDOVER_OUT:
            raise ValueError(f"set down at {where!r}: needs HANDOVER_OUT")
        return self.command(RobotOrder.SET_DOWN, where, text="set_down(handover OUT)")

    def pick_up(self, where: At) -> Command:
        """Travel to handover IN and take the pack; no other place gives one."""
        if where is not At.HANDOVER_IN:
            raise ValueError(f"pick up at {where!r}: needs HANDOVER_IN")
        return self.command(RobotOrder.PICK_UP, where, text="pick_up(handover IN)")


def _height(height_mm: float) -> int:
    return in_steps("raise height", height_mm, 0.1, *HEIGHT_MM, "mm")


def _warm(celsius: float) -> int:
    return in_steps("runner temperature", celsius, 0.1, *WARM_C, "°C")

"""Stacker ST-2 between the bays and the handover. I/O list: config/io/stacker_st2.csv, map version 2.

Knows the stacker's registers and orders. Does not know what a swap is, nor what a bay holds.
"""

from __future__ import annotations

from enum import IntEnum

from drivers.parameter import whole
from station_ctl.core.devices import Command, Device

BAYS = (1, 48)


class StackerOrder(IntEnum):
    """Opcodes of the ST-2."""

    HOME = 10
    FETCH = 20
    STORE = 21
    MOVE = 22
    TO_ISOLATION = 23
    RETURN = 24
    JOG = 50


class StackerST2(Device):
    """Rack feeder with hoist and telescopic fork, one pack at a time; Modbus TCP.

    | order           | P1       | P2     | the PLC does                                        |
    |-----------------|----------|--------|-----------------------------------------------------|
    | 10 HOME         |          |        | fork in, axes referenced, park                      |
    | 20 FETCH        | from bay |        | pack from the bay to handover IN, then park         |
    | 21 STORE        | to bay   |        | pack from handover OUT to the bay, then park        |
    | 22 MOVE         | from bay | to bay | pack from bay to bay, then park                     |
    | 23 TO_ISOLATION | from bay |        | pack from the bay to the isolation place, then park |
    | 24 RETURN       | to bay   |        | pack from handover IN back to the bay, then park    |
    | 50 JOG          | axis     | target | creeps there (0.1 mm) while JOG_RENEW moves         |

    Bays are numbered through the station, 1 to 48: 1-12 are rack A, 13-24 rack B … Axes: 1 x, 2 z, 3 fork.
    Orders are written at hr:0, the answers read at ir:10. Verified against the simulated PLC only.
    """

    driver = "stacker_st2"
    orders = StackerOrder

    def declare(self) -> None:
        """Role attribute, type and tag of every signal."""
        self.fork_retracted = self.signal(bool, "FORK_RETRACTED", "fork_retracted")
        self.fork_extended = self.signal(bool, "FORK_EXTENDED", "fork_extended")
        self.fork_retracted, self.fork_extended = self.exclusive(self.fork_retracted, self.fork_extended)
        self.pack_on_fork = self.signal(bool, "PACK_ON_FORK", "pack_on_fork")
        self.not_overloaded = self.signal(bool, "NOT_OVERLOADED", "not_overloaded")
        self.chain_tight = self.signal(bool, "CHAIN_TIGHT", "chain_tight")
        self.in_present = self.signal(bool, "HANDOVER_IN_PRESENT", "in_present")
        self.out_present = self.signal(bool, "HANDOVER_OUT_PRESENT", "out_present")
        self.in_seated = self.signal(bool, "HANDOVER_IN_SEATED", "in_seated")
        self.out_seated = self.signal(bool, "HANDOVER_OUT_SEATED", "out_seated")
        self.homed = self.signal(bool, "HOMED", "homed")
        self.brake_ok = self.signal(bool, "BRAKE_OK", "brake_ok")
        self.no_fault = self.signal(bool, "NO_FAULT", "no_fault")
        self.aisle_clear = self.signal(bool, "AISLE_CLEAR", "aisle_clear")
        self.parked = self.signal(bool, "PARKED", "parked")
        self.parked, self.fork_extended = self.exclusive(self.parked, self.fork_extended)
        self.at_handover = self.signal(bool, "AT_HANDOVER", "at_handover")
        self.isolation_empty = self.signal(bool, "ISOLATION_EMPTY", "isolation_empty")
        self.isolation_present = self.signal(bool, "ISOLATION_PRESENT", "isolation_present")
        self.isolation_empty, self.isolation_present = self.exclusive(self.isolation_empty, self.isolation_present)
        self.isolation_ready = self.signal(bool, "ISOLATION_READY", "isolation_ready")
        self.at_bay = self.signal(int, "AT_BAY", "at_bay")
        self.x = self.signal(float, "X_MM", "x", unit="mm")
        self.z = self.signal(float, "Z_MM", "z", unit="mm")
        self.fork = self.signal(float, "FORK_MM", "fork", unit="mm")
        self.load_kg = self.signal(float, "LOAD_KG", "load_kg", unit="kg")
        self.drive_temp = self.signal(float, "DRIVE_TEMP", "drive_temp", unit="C")
        self.axis("x", 1, self.x, 0.0, 15000.0)
        self.axis("z", 2, self.z, 0.0, 4000.0)
        self.axis("fork", 3, self.fork, 0.0, 1400.0)

    def home(self) -> Command:
        """Fork in, axes referenced, park."""
        return self.command(StackerOrder.HOME, text="home")

    def fetch(self, bay: int) -> Command:
        """Bring the pack of `bay` to handover IN."""
        return self.command(StackerOrder.FETCH, _bay(bay), text=f"fetch(bay {bay})")

    def store(self, bay: int) -> Command:
        """Bring the pack of handover OUT to `bay`."""
        return self.command(StackerOrder.STORE, _bay(bay), text=f"store(bay {bay})")

    def put_back(self, bay: int) -> Command:
        """Bring the pack of handover IN back to `bay`."""
        return self.command(StackerOrder.RETURN, _bay(bay), text=f"put_back(bay {bay})")

    def move(self, origin: int, target: int) -> Command:
        """Bring the pack of bay `origin` to bay `target`. Raises ValueError when they are the same."""
        if origin == target:
            raise ValueError(f"move from bay {origin} to bay {target}: needs two different bays")
        return self.command(
            StackerOrder.MOVE, _bay(origin), _bay(target), text=f"move(bay {origin} to bay {target})"
        )

    def isolate(self, bay: int) -> Command:
        """Bring the pack of `bay` to the isolation place."""
        return self.command(StackerOrder.TO_ISOLATION, _bay(bay), text=f"isolate(bay {bay})")


def _bay(number: int) -> int:
    return whole("bay", number, *BAYS)

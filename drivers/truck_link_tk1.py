"""Truck link TK-1 on the stand TS-1: the truck's radio. I/O list: config/io/truck_stand_ts1.csv, map version 2.

Knows the VEH_ registers and orders of that PLC. Does not know what a swap is, nor how the crane moves.
"""

from __future__ import annotations

from enum import IntEnum

from drivers.parameter import bolts
from drivers.vehicle_link_vl1 import VehicleLinkVL1
from station_ctl.core.devices import Command
from station_ctl.core.truck_roles import PackSeat

LOCKS = 8


class TruckOrder(IntEnum):
    """Opcodes of the TS-1's truck channel."""

    IDENTIFY = 40
    SECURE = 41
    HV_OFF = 42
    CHECK_PACK = 43
    HV_ON = 44
    SETTLE = 45
    UNLOCK_PACK = 46
    LOCK_PACK = 47


class TruckLinkTK1(VehicleLinkVL1):
    """Radio unit of the VL-1 for a truck that opens and closes the locks of its pack itself; Modbus TCP.

    | order          | P1              | the PLC does                                                     |
    |----------------|-----------------|------------------------------------------------------------------|
    | 40 IDENTIFY    |                 | link up and authenticated; VIN, model, pack code, type readable  |
    | 41 SECURE      |                 | driver sets the brake and confirms in the cab                    |
    | 42 HV_OFF      |                 | truck's pre-check, contactors open, wait for less than 60 V      |
    | 43 CHECK_PACK  |                 | truck checks locks, connector, coolant, pack code and insulation |
    | 44 HV_ON       |                 | contactors close, truck's self-check                             |
    | 45 SETTLE      |                 | accounts are settled; the truck acknowledges it                  |
    | 46 UNLOCK_PACK | locks, bit k-1  | truck opens these locks                                          |
    | 47 LOCK_PACK   | locks, bit k-1  | truck closes these locks                                         |

    One pack or two, four locks a pack: locks 1 to 4 hold that of the first seat, 5 to 8 that of the second, and an
    order moves locks of one seat. A truck with one pack shows the second seat with all its signals off. Orders are
    written at hr:32, the answers read at ir:18. All but HV_ON, UNLOCK_PACK and LOCK_PACK go on while the safety chain
    is open. EPOCH and UPTIME_MS are those of the PLC.
    Verified against the simulated PLC only.
    """

    driver = "truck_link_tk1"
    orders = TruckOrder

    def declare(self) -> None:
        """The first seat is that of any vehicle; the tags of the second end in _2."""
        super().declare()
        self.pack_latched_2 = self.signal(bool, "VEH_PACK_LATCHED_2", "pack_latched_2")
        self.connector_mated_2 = self.signal(bool, "VEH_CONNECTOR_MATED_2", "connector_mated_2")
        self.connector_apart_2 = self.signal(bool, "VEH_CONNECTOR_APART_2", "connector_apart_2")
        mated, apart = self.exclusive(self.connector_mated_2, self.connector_apart_2)
        self.connector_mated_2, self.connector_apart_2 = mated, apart
        self.coolant_mated_2 = self.signal(bool, "VEH_COOLANT_MATED_2", "coolant_mated_2")
        self.pack_id_2 = self.signal(str, "VEH_PACK_ID_2", "pack_id_2")
        self.pack_ids = (self.pack_id, self.pack_id_2)
        self.seats: tuple[PackSeat, ...] = (
            PackSeat(self.pack_latched, self.connector_mated, self.connector_apart, self.coolant_mated, self.pack_id),
            PackSeat(self.pack_latched_2, mated, apart, self.coolant_mated_2, self.pack_id_2),
        )

    def unlock_pack(self, mask: int) -> Command:
        """Open the truck's pack locks of `mask` (bit k-1 = lock k)."""
        return self.command(TruckOrder.UNLOCK_PACK, mask, text=f"unlock_pack({_locks(mask)})")

    def lock_pack(self, mask: int) -> Command:
        """Close the truck's pack locks of `mask` (bit k-1 = lock k)."""
        return self.command(TruckOrder.LOCK_PACK, mask, text=f"lock_pack({_locks(mask)})")


def _locks(mask: int) -> str:
    return bolts(mask, LOCKS, "lock")

"""Vehicle link on the lift VL-1: the vehicle's radio. I/O list: config/io/vehicle_lift_vl1.csv, map 1.

Knows the VEH_ registers and orders of that PLC. Does not know what a swap is, nor how the platform moves.
"""

from __future__ import annotations

from enum import IntEnum

from station_ctl.core.devices import Command, Device
from station_ctl.core.signals import Signal


class VehicleOrder(IntEnum):
    """Opcodes of the VL-1's vehicle channel."""

    IDENTIFY = 40
    SECURE = 41
    HV_OFF = 42
    CHECK_PACK = 43
    HV_ON = 44
    SETTLE = 45


class VehicleLinkVL1(Device):
    """Radio unit on the lift's PLC, with an order channel of its own (prefix VEH_); Modbus TCP.

    | order         | the PLC does                                                                     |
    |---------------|----------------------------------------------------------------------------------|
    | 40 IDENTIFY   | link up and authenticated; VIN, model, pack code and pack type readable          |
    | 41 SECURE     | ask the driver for P, parking brake, doors shut, pedal free; done when confirmed |
    | 42 HV_OFF     | vehicle pre-check, contactors open, wait for less than 60 V                      |
    | 43 CHECK_PACK | vehicle checks locks, connector, coolant, pack code and insulation               |
    | 44 HV_ON      | contactors close, vehicle self-check                                             |
    | 45 SETTLE     | accounts are settled; the vehicle acknowledges it, until the next IDENTIFY       |

    No parameters. Orders are written at hr:32, the answers read at ir:18. Nothing here moves the station:
    these orders go on while the safety chain is open, but HV_ON is refused then. EPOCH and UPTIME_MS are those
    of the PLC.
    Verified against the simulated PLC only.
    """

    driver = "vehicle_link_vl1"
    prefix = "VEH_"
    orders: type[IntEnum] | None = VehicleOrder

    def declare(self) -> None:
        """Role attribute, type and tag of every signal."""
        self.link_ok = self.signal(bool, "VEH_LINK_OK", "link_ok")
        self.auth_ok = self.signal(bool, "VEH_AUTH_OK", "auth_ok")
        self.gear_p = self.signal(bool, "VEH_GEAR_P", "gear_p")
        self.epb_on = self.signal(bool, "VEH_EPB_ON", "epb_on")
        self.doors_closed = self.signal(bool, "VEH_DOORS_CLOSED", "doors_closed")
        self.brake_released = self.signal(bool, "VEH_BRAKE_RELEASED", "brake_released")
        self.ready = self.signal(bool, "VEH_READY", "ready")
        self.hv_off = self.signal(bool, "VEH_HV_OFF", "hv_off")
        self.hv_on = self.signal(bool, "VEH_HV_ON", "hv_on")
        self.hv_off, self.hv_on = self.exclusive(self.hv_off, self.hv_on)
        self.port_closed = self.signal(bool, "VEH_PORT_CLOSED", "port_closed")
        self.connector_mated = self.signal(bool, "VEH_CONNECTOR_MATED", "connector_mated")
        self.connector_apart = self.signal(bool, "VEH_CONNECTOR_APART", "connector_apart")
        self.connector_mated, self.connector_apart = self.exclusive(self.connector_mated, self.connector_apart)
        self.coolant_mated = self.signal(bool, "VEH_COOLANT_MATED", "coolant_mated")
        self.precheck_ok = self.signal(bool, "VEH_PRECHECK_OK", "precheck_ok")
        self.postcheck_ok = self.signal(bool, "VEH_POSTCHECK_OK", "postcheck_ok")
        self.pack_latched = self.signal(bool, "VEH_PACK_LATCHED", "pack_latched")
        self.settled = self.signal(bool, "VEH_SETTLED", "settled")
        self.hv_volts = self.signal(float, "VEH_HV_VOLTS", "hv_volts", unit="V")
        self.locks_open = self.signal(int, "VEH_LOCKS_OPEN", "locks_open")
        self.locks_closed = self.signal(int, "VEH_LOCKS_CLOSED", "locks_closed")
        self.locks_open, self.locks_closed = self.exclusive(self.locks_open, self.locks_closed)
        self.insulation = self.signal(float, "VEH_INSULATION", "insulation", unit="kOhm")
        self.soc = self.signal(float, "VEH_SOC", "soc", unit="%")
        self.vin = self.signal(str, "VEH_VIN", "vin")
        self.model = self.signal(str, "VEH_MODEL", "model")
        self.pack_id = self.signal(str, "VEH_PACK_ID", "pack_id")
        self.pack_type = self.signal(int, "VEH_PACK_TYPE", "pack_type")
        self.pack_ids: tuple[Signal[str], ...] = (self.pack_id,)

    def identify(self) -> Command:
        """Bring the radio link up and read who the vehicle is."""
        return self.command(VehicleOrder.IDENTIFY, text="identify")

    def secure(self) -> Command:
        """Ask the driver to secure the vehicle and to confirm."""
        return self.command(VehicleOrder.SECURE, text="secure")

    def switch_hv_off(self) -> Command:
        """Open the main contactors and wait for the discharge."""
        return self.command(VehicleOrder.HV_OFF, text="switch_hv_off")

    def check_pack(self) -> Command:
        """Let the vehicle check the pack it holds."""
        return self.command(VehicleOrder.CHECK_PACK, text="check_pack")

    def switch_hv_on(self) -> Command:
        """Close the main contactors and let the vehicle check itself."""
        return self.command(VehicleOrder.HV_ON, text="switch_hv_on")

    def settle(self) -> Command:
        """Settle the accounts of the swap."""
        return self.command(VehicleOrder.SETTLE, text="settle")

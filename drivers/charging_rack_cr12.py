"""Charging rack CR-12: twelve bays with chargers. I/O list: config/io/charging_rack_cr12.csv, map version 2.

Knows the rack's registers and orders. Does not know which pack is needed next, nor what a swap is.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from math import floor

from drivers.parameter import in_steps, whole
from station_ctl.core.devices import Command, Device
from station_ctl.core.points import IoList, Value
from station_ctl.core.roles import BaySignals

BAYS = (1, 12)
POWER_KW = (0.0, 500.0)


class RackOrder(IntEnum):
    """Opcodes of the CR-12."""

    PLUG_IN = 30
    PLUG_OUT = 31
    START_CHARGE = 32
    STOP_CHARGE = 33
    SET_POWER = 34


class Bay:
    """One bay: `name` as painted on it (A01), `number` through the station, `local` in its rack 1..12."""

    def __init__(self, rack: Device, local: int, number: int, name: str) -> None:
        self.local = local
        self.number = number
        self.name = name
        tag, shown = f"BAY{local:02d}_", f"{name}."
        self.present = rack.signal(bool, f"{tag}PRESENT", f"{shown}present")
        self.seated = rack.signal(bool, f"{tag}SEATED", f"{shown}seated")
        self.plug_out = rack.signal(bool, f"{tag}PLUG_OUT", f"{shown}plug_out")
        self.plug_in = rack.signal(bool, f"{tag}PLUG_IN", f"{shown}plug_in")
        self.plug_out, self.plug_in = rack.exclusive(self.plug_out, self.plug_in)
        self.socket_dead = rack.signal(bool, f"{tag}SOCKET_DEAD", f"{shown}socket_dead")
        self.coolant_ok = rack.signal(bool, f"{tag}COOLANT_OK", f"{shown}coolant_ok")
        self.no_smoke = rack.signal(bool, f"{tag}NO_SMOKE", f"{shown}no_smoke")
        self.no_prealarm = rack.signal(bool, f"{tag}NO_PREALARM", f"{shown}no_prealarm")
        self.no_crash = rack.signal(bool, f"{tag}NO_CRASH", f"{shown}no_crash")
        self.enabled = rack.signal(bool, f"{tag}ENABLED", f"{shown}enabled")
        self.charger_link = rack.signal(bool, f"{tag}CHARGER_LINK", f"{shown}charger_link")
        self.bms_link = rack.signal(bool, f"{tag}BMS_LINK", f"{shown}bms_link")
        self.charge_state = rack.signal(int, f"{tag}CHG_STATE", f"{shown}charge_state")
        self.stop_reason = rack.signal(int, f"{tag}STOP_REASON", f"{shown}stop_reason")
        self.volts = rack.signal(float, f"{tag}VOLTS", f"{shown}volts", unit="V")
        self.amps = rack.signal(float, f"{tag}AMPS", f"{shown}amps", unit="A")
        self.power = rack.signal(float, f"{tag}POWER", f"{shown}power", unit="kW")
        self.power_set = rack.signal(float, f"{tag}POWER_SET", f"{shown}power_set", unit="kW")
        self.energy = rack.signal(float, f"{tag}ENERGY", f"{shown}energy", unit="kWh")
        self.soc = rack.signal(float, f"{tag}SOC", f"{shown}soc", unit="%")
        self.soh = rack.signal(float, f"{tag}SOH", f"{shown}soh", unit="%")
        self.temp_max = rack.signal(float, f"{tag}TEMP_MAX", f"{shown}temp_max", unit="C")
        self.temp_min = rack.signal(float, f"{tag}TEMP_MIN", f"{shown}temp_min", unit="C")
        self.cell_max = rack.signal(float, f"{tag}CELL_MAX", f"{shown}cell_max", unit="mV")
        self.cell_min = rack.signal(float, f"{tag}CELL_MIN", f"{shown}cell_min", unit="mV")
        self.insulation = rack.signal(float, f"{tag}INSULATION", f"{shown}insulation", unit="kOhm")
        self.gas = rack.signal(float, f"{tag}GAS", f"{shown}gas", unit="ppm")
        self.socket_temp = rack.signal(float, f"{tag}SOCKET_TEMP", f"{shown}socket_temp", unit="C")
        self.pack_type = rack.signal(int, f"{tag}PACK_TYPE", f"{shown}pack_type")
        self.pack_id = rack.signal(str, f"{tag}PACK_ID", f"{shown}pack_id")
        self.cycles = rack.signal(int, f"{tag}CYCLES", f"{shown}cycles")
        self.remain_min = rack.signal(float, f"{tag}REMAIN_MIN", f"{shown}remain_min", unit="min")

    def __str__(self) -> str:
        return self.name


class ChargingRackCR12(Device):
    """Frame of up to twelve bays, each with plug actuator, charger, BMS link and detectors; Modbus TCP.

    | order           | P1       | P2            | the PLC does                                           |
    |-----------------|----------|---------------|--------------------------------------------------------|
    | 30 PLUG_IN      | bay 1-12 |               | plug fully in                                          |
    | 31 PLUG_OUT     | bay 1-12 |               | plug fully out; refused while the socket is live       |
    | 32 START_CHARGE | bay 1-12 | power, 0.1 kW | start; low voltage, handshake and charging go on alone |
    | 33 STOP_CHARGE  | bay 1-12 |               | current off, socket dead                               |
    | 34 SET_POWER    | bay 1-12 | power, 0.1 kW | change the power of a running charge                   |

    P1 counts bays in this rack. Bay k's tags begin with BAYkk_ and its block of 40 registers with ir:40·k.
    Range of power 0 to 500 kW. Beside the orders stand written levels: BAYkk_LIMIT at hr:63+k, the most that the
    charger may draw now, 0 after the PLC's start, and FAN at hr:76. Orders are written at hr:0, the answers read at
    ir:10.
    Verified against the simulated PLC only.

    `bays` is how many bays are fitted (1..12), `first_bay` the station-wide number of the first, `bay_prefix`
    the letter painted before the local number.
    """

    driver = "charging_rack_cr12"
    orders = RackOrder
    bays: tuple[BaySignals, ...]

    def __init__(
        self, role: str, link: str, io: IoList, *, bays: int = 12, first_bay: int = 1, bay_prefix: str = "A"
    ) -> None:
        self._fitted = whole("bays", bays, *BAYS)
        self.first_bay = whole("first bay", first_bay, 1, 999)
        self.bay_prefix = bay_prefix
        super().__init__(role, link, io)

    def declare(self) -> None:
        """One set of signals for each bay fitted."""
        self.fan_running = self.signal(bool, "FAN_RUNNING", "fan_running")
        self.bays = tuple(
            Bay(self, local, self.first_bay + local - 1, f"{self.bay_prefix}{local:02d}")
            for local in range(1, self._fitted + 1)
        )

    def plug_in(self, bay: BaySignals) -> Command:
        """Drive the charging plug of the bay fully in."""
        return self.command(RackOrder.PLUG_IN, self._local(bay), text=f"plug_in({bay.name})")

    def plug_out(self, bay: BaySignals) -> Command:
        """Drive the charging plug of the bay fully out."""
        return self.command(RackOrder.PLUG_OUT, self._local(bay), text=f"plug_out({bay.name})")

    def start_charge(self, bay: BaySignals, power_kw: float) -> Command:
        """Start to charge the pack in the bay with at most `power_kw`."""
        text = f"start_charge({bay.name}, {power_kw:g} kW)"
        return self.command(RackOrder.START_CHARGE, self._local(bay), _power(power_kw), text=text)

    def stop_charge(self, bay: BaySignals) -> Command:
        """End the charge of the bay; the socket is dead afterwards."""
        return self.command(RackOrder.STOP_CHARGE, self._local(bay), text=f"stop_charge({bay.name})")

    def set_power(self, bay: BaySignals, power_kw: float) -> Command:
        """Change the power limit of the bay's charge to `power_kw`."""
        text = f"set_power({bay.name}, {power_kw:g} kW)"
        return self.command(RackOrder.SET_POWER, self._local(bay), _power(power_kw), text=text)

    def power_limits(self, levels: Mapping[BaySignals, float]) -> dict[str, Value]:
        """Tags for the link's write: each bay may draw at most so many kW from now on, 0 to 500 kW, down to 0.1 kW.

        A level, not an order: it moves nothing and opens no charge, and may be written again. What lies between two
        steps is rounded down. Raises ValueError for a bay of another rack, or a power out of range or no number.
        """
        return {f"BAY{self._local(bay):02d}_LIMIT": _level(kw) for bay, kw in levels.items()}

    def fan(self, *, on: bool) -> dict[str, Value]:
        """Tag for the link's write that switches the exhaust fan; a level. Smoke keeps it running whatever is told."""
        return {"FAN": int(on)}

    def _local(self, bay: BaySignals) -> int:
        """Number of the bay in this rack. Raises ValueError for a bay of another rack."""
        if bay not in self.bays:
            last = f"{self.bays[0].name} to {self.bays[-1].name}"
            raise ValueError(f"bay {bay.name} is not in {self.role}: needs one of {last}")
        return bay.number - self.first_bay + 1


def _level(power_kw: float) -> int:
    if not POWER_KW[0] <= power_kw <= POWER_KW[1]:
        raise ValueError(f"power {power_kw:g} kW: needs {POWER_KW[0]:g} to {POWER_KW[1]:g} kW")
    return floor(power_kw * 10 + 1e-6)


def _power(power_kw: float) -> int:
    return in_steps("power", power_kw, 0.1, *POWER_KW, "kW")

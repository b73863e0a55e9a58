"""Roles: the places that devices fill in a station, and what a sequence may ask of them.

Sequences see these and nothing else. A driver fills a role by having these signals and commands.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Protocol

from station_ctl.core.devices import Command
from station_ctl.core.jog import Axis
from station_ctl.core.points import Value
from station_ctl.core.signals import Signal


class At(IntEnum):
    """Stations of the swap robot."""

    BETWEEN = 0
    HOME = 1
    UNDER_VEHICLE = 2
    HANDOVER_OUT = 3
    HANDOVER_IN = 4


class SwapRobot(Protocol):
    """Travels under the vehicle, carries one pack, turns the bolts."""

    at: Signal[int]
    z: Signal[float]
    pack_present: Signal[bool]
    pack_seated: Signal[bool]
    pin_1: Signal[bool]
    pin_2: Signal[bool]
    load_kg: Signal[float]
    float_dx: Signal[float]
    float_dy: Signal[float]
    path_clear: Signal[bool]
    homed: Signal[bool]
    brake_ok: Signal[bool]
    no_fault: Signal[bool]
    bolt_turns: Signal[tuple[float, ...]]
    bolt_torque: Signal[tuple[float, ...]]
    bolts_open: Signal[int]
    bolts_closed: Signal[int]
    drive_temp: Signal[float]
    axes: dict[str, Axis]

    def home(self) -> Command: ...
    def engage(self, height_mm: float) -> Command: ...
    def lower(self) -> Command: ...
    def insert(self, height_mm: float) -> Command: ...
    def preheat(self, warm_c: float) -> Command: ...
    def unlock(self, mask: int, turns_min: float, warm_c: float | None = None) -> Command: ...
    def lock(self, mask: int, torque_nm: float, band_nm: float, warm_c: float | None = None) -> Command: ...
    def set_down(self, where: At) -> Command: ...
    def pick_up(self, where: At) -> Command: ...
    def jog(self, name: str, target_mm: float) -> Command: ...


class VehicleLift(Protocol):
    """Lets the vehicle in, centres and clamps it, lifts it, opens the floor, lets it out."""

    in_position: Signal[bool]
    clamped: Signal[bool]
    unclamped: Signal[bool]
    at_work: Signal[bool]
    down: Signal[bool]
    locked: Signal[bool]
    floor_open: Signal[bool]
    floor_closed: Signal[bool]
    homed: Signal[bool]
    bay_clear: Signal[bool]
    bay_empty: Signal[bool]
    no_fault: Signal[bool]
    entry_beam: Signal[bool]
    exit_beam: Signal[bool]
    x_err: Signal[float]
    y_err: Signal[float]
    yaw_err: Signal[float]
    sync_err: Signal[float]
    axes: dict[str, Axis]

    def home(self) -> Command: ...
    def open_entry(self) -> Command: ...
    def clamp(self) -> Command: ...
    def lift_to_work(self, height_mm: int) -> Command: ...
    def close_floor(self) -> Command: ...
    def lower(self) -> Command: ...
    def unclamp(self) -> Command: ...
    def open_exit(self) -> Command: ...
    def jog(self, name: str, target_mm: float) -> Command: ...


class VehicleLink(Protocol):
    """The vehicle itself, as far as it speaks to the station."""

    link_ok: Signal[bool]
    auth_ok: Signal[bool]
    gear_p: Signal[bool]
    epb_on: Signal[bool]
    doors_closed: Signal[bool]
    brake_released: Signal[bool]
    ready: Signal[bool]
    hv_off: Signal[bool]
    hv_on: Signal[bool]
    port_closed: Signal[bool]
    connector_mated: Signal[bool]
    connector_apart: Signal[bool]
    coolant_mated: Signal[bool]
    precheck_ok: Signal[bool]
    postcheck_ok: Signal[bool]
    settled: Signal[bool]
    pack_latched: Signal[bool]
    hv_volts: Signal[float]
    locks_open: Signal[int]
    locks_closed: Signal[int]
    insulation: Signal[float]
    vin: Signal[str]
    model: Signal[str]
    pack_id: Signal[str]
    pack_type: Signal[int]
    pack_ids: tuple[Signal[str], ...]
    """Codes of its packs, one for each that this link can tell of; the first is `pack_id`."""

    def identify(self) -> Command: ...
    def secure(self) -> Command: ...
    def switch_hv_off(self) -> Command: ...
    def check_pack(self) -> Command: ...
    def switch_hv_on(self) -> Command: ...
    def settle(self) -> Command: ...


class Stacker(Protocol):
    """Carries packs between the bays and the handover."""

    fork_retracted: Signal[bool]
    pack_on_fork: Signal[bool]
    not_overloaded: Signal[bool]
    chain_tight: Signal[bool]
    load_kg: Signal[float]
    in_present: Signal[bool]
    out_present: Signal[bool]
    in_seated: Signal[bool]
    out_seated: Signal[bool]
    homed: Signal[bool]
    brake_ok: Signal[bool]
    no_fault: Signal[bool]
    aisle_clear: Signal[bool]
    parked: Signal[bool]
    isolation_empty: Signal[bool]
    isolation_present: Signal[bool]
    isolation_ready: Signal[bool]
    axes: dict[str, Axis]

    def home(self) -> Command: ...
    def fetch(self, bay: int) -> Command: ...
    def store(self, bay: int) -> Command: ...
    def put_back(self, bay: int) -> Command: ...
    def move(self, origin: int, target: int) -> Command: ...
    def isolate(self, bay: int) -> Command: ...
    def jog(self, name: str, target_mm: float) -> Command: ...


class BaySignals(Protocol):
    """One bay of a rack: pack, plug, charger, BMS and detectors."""

    name: str
    number: int
    present: Signal[bool]
    seated: Signal[bool]
    plug_out: Signal[bool]
    plug_in: Signal[bool]
    socket_dead: Signal[bool]
    coolant_ok: Signal[bool]
    no_smoke: Signal[bool]
    no_prealarm: Signal[bool]
    no_crash: Signal[bool]
    enabled: Signal[bool]
    charger_link: Signal[bool]
    bms_link: Signal[bool]
    charge_state: Signal[int]
    stop_reason: Signal[int]
    volts: Signal[float]
    amps: Signal[float]
    power: Signal[float]
    power_set: Signal[float]
    energy: Signal[float]
    soc: Signal[float]
    soh: Signal[float]
    temp_max: Signal[float]
    temp_min: Signal[float]
    cell_max: Signal[float]
    cell_min: Signal[float]
    socket_temp: Signal[float]
    gas: Signal[float]
    cycles: Signal[int]
    insulation: Signal[float]
    pack_type: Signal[int]
    pack_id: Signal[str]
    remain_min: Signal[float]


class ChargingRack(Protocol):
    """A frame of bays with their chargers; commands name the bay by its number in this rack.

    `power_limits` and `fan` are levels: they give the tags and values for a write of `link`, and may be written again.
    """

    role: str
    link: str
    bays: tuple[BaySignals, ...]
    fan_running: Signal[bool]

    def plug_in(self, bay: BaySignals) -> Command: ...
    def plug_out(self, bay: BaySignals) -> Command: ...
    def start_charge(self, bay: BaySignals, power_kw: float) -> Command: ...
    def stop_charge(self, bay: BaySignals) -> Command: ...
    def power_limits(self, levels: Mapping[BaySignals, float]) -> dict[str, Value]: ...
    def fan(self, *, on: bool) -> dict[str, Value]: ...


class SiteMeter(Protocol):
    """What the whole site draws, what the grid operator allows it, and the insulation of the racks' DC side."""

    power_kw: Signal[float]
    energy_kwh: Signal[float]
    grid_limit_kw: Signal[float]
    insulation: Signal[float]
    imd_ok: Signal[bool]
    imd_count: Signal[int]


class SafetyChain(Protocol):
    """The safety PLC as we read it. Hardwired, not ours, never counted as our doing."""

    estop_ok: Signal[bool]
    doors_locked: tuple[Signal[bool], ...]
    curtains_clear: tuple[Signal[bool], ...]
    scanner_clear: Signal[bool]
    drives_enabled: Signal[bool]
    reset_not_needed: Signal[bool]
    no_muting: Signal[bool]
    no_fire: Signal[bool]
    no_water: Signal[bool]
    no_prealarm: Signal[bool]
    grid_ok: Signal[bool]
    key_maintenance: Signal[bool]
    enabling: Signal[bool]


class PackIdReader(Protocol):
    """Reads the code of a pack on either handover place; an empty code = none in view."""

    in_code: Signal[str]
    out_code: Signal[str]

"""What the links show of the plant: tag values of every PLC, as the real I/O lists name them.

Knows tags and truth. Judges nothing; quality and age are put on in image.py.
"""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any

from tests.explore.plant import (
    CURTAIN,
    EARLIER,
    ESTOP,
    FRESH,
    GONE,
    IN_BAND,
    IN_BAY,
    LOCKED,
    NONE,
    OPEN,
    SPENT,
    TOO_LOOSE,
    UNDONE,
    Truth,
)

MASK = 0x3FF
CODES = {NONE: "", SPENT: "D" * 24, FRESH: "F" * 24, EARLIER: "E" * 24}
VIN, EARLIER_VIN, MODEL, PACK_TYPE = "VIN-0001", "VIN-0000", "SIM-SEDAN", 100
HEIGHTS = {0: 200.0, 1: 350.0, 2: 520.0}
TURNS = {IN_BAND: 8.0, TOO_LOOSE: 8.0, UNDONE: 8.0}
TORQUE = {IN_BAND: 85.0, TOO_LOOSE: 60.0, UNDONE: 12.0}
OPEN_BITS = {LOCKED: 0, OPEN: MASK}
CLOSED_BITS = {LOCKED: MASK, OPEN: 0}
HALF_BITS = 0x01F
HOMES = {FRESH: 0, SPENT: 1, EARLIER: 2}
"""The bay that each pack is taken from or stored in."""

Values = dict[str, Any]


def lift(t: Truth) -> Values:
    """The lift and the vehicle's radio on its PLC."""
    here = t.car != GONE
    pack = t.in_vehicle if here else NONE
    values: Values = {
        "IN_POSITION": t.car == IN_BAY, "CLAMPED": t.clamp == 2, "UNCLAMPED": t.clamp == 0,
        "LIFT_AT_WORK": t.lift == 2, "LIFT_DOWN": t.lift == 0, "LIFT_LOCKED": t.lift == 2,
        "FLOOR_OPEN": t.floor == 2, "FLOOR_CLOSED": t.floor == 0, "HOMED": True, "NO_FAULT": True,
        "BAY_CLEAR": True, "BAY_EMPTY": t.car != IN_BAY, "ENTRY_BEAM": True, "EXIT_BEAM": True, "LIFT_SYNC_ERR": 0.4,
        "X_ERR": 0.0, "Y_ERR": 0.0, "YAW_ERR": 0.0,
        "VEH_LINK_OK": here, "VEH_AUTH_OK": here, "VEH_BRAKE_RELEASED": here, "VEH_PORT_CLOSED": here,
        "VEH_GEAR_P": here and t.secured, "VEH_EPB_ON": here and t.secured,
        "VEH_DOORS_CLOSED": here and t.secured, "VEH_READY": here and t.secured,
        "VEH_HV_OFF": here and not t.high_voltage, "VEH_HV_ON": here and t.high_voltage,
        "VEH_HV_VOLTS": 400.0 if here and t.high_voltage else 0.0,
        "VEH_PRECHECK_OK": here and t.prechecked, "VEH_POSTCHECK_OK": here and t.postchecked,
        "VEH_SETTLED": here and t.settled,
        "VEH_CONNECTOR_MATED": pack != NONE, "VEH_CONNECTOR_APART": here and pack == NONE,
        "VEH_COOLANT_MATED": pack != NONE, "VEH_PACK_LATCHED": pack != NONE,
        "VEH_LOCKS_OPEN": OPEN_BITS.get(t.bolts, HALF_BITS) if here else 0,
        "VEH_LOCKS_CLOSED": CLOSED_BITS.get(t.bolts, MASK ^ HALF_BITS) if here else 0,
        "VEH_INSULATION": 8000, "VEH_PACK_ID": CODES[pack],
        "VEH_VIN": VIN if here else "", "VEH_MODEL": MODEL if here else "",
        "VEH_PACK_TYPE": PACK_TYPE if here else 0,
    }  # fmt: skip
    return values


def robot(t: Truth) -> Values:
    """The robot with its runners."""
    pins = t.carried and t.pins
    seen = t.car == IN_BAY
    return {
        "AT_POSITION": t.robot, "Z_MM": HEIGHTS[t.table], "PACK_PRESENT": t.carried, "PACK_SEATED": t.carried,
        "PIN_1": pins, "PIN_2": pins, "LOAD_KG": 560.0 if t.carried else 0.0, "FLOAT_DX": 0.0, "FLOAT_DY": 0.0,
        "HOMED": True, "BRAKE_OK": True, "NO_FAULT": True, "PATH_CLEAR": True,
        "BOLT_TURNS": (TURNS.get(t.torque, 3.0 if t.torque else 0.0),) * 10,
        "BOLT_TORQUE": (TORQUE.get(t.torque, 0.0),) * 10,
        "BOLT_OPEN": OPEN_BITS.get(t.bolts, HALF_BITS) if seen else 0,
        "BOLT_CLOSED": CLOSED_BITS.get(t.bolts, MASK ^ HALF_BITS) if seen else 0,
    }  # fmt: skip


def stacker(t: Truth) -> Values:
    """The stacker and the two handover places."""
    return {
        "PACK_ON_FORK": t.on_fork != NONE, "LOAD_KG": 560.0 if t.on_fork != NONE else 0.0, "PARKED": t.stacker == 0, "AISLE_CLEAR": True,
        "HANDOVER_IN_PRESENT": t.at_in != NONE, "HANDOVER_IN_SEATED": t.at_in != NONE,
        "HANDOVER_OUT_PRESENT": t.at_out != NONE, "HANDOVER_OUT_SEATED": t.at_out != NONE,
        "ISOLATION_EMPTY": t.isolated == NONE, "ISOLATION_PRESENT": t.isolated != NONE, "ISOLATION_READY": True,
        "NOT_OVERLOADED": True, "CHAIN_TIGHT": True, "HOMED": True, "BRAKE_OK": True, "NO_FAULT": True,
    }  # fmt: skip


LOW_OHM, WELL_OHM = 20, 8000
WARM, COOL = 65.0, 25.0
SOC = {FRESH: 92.0}
"""The charged pack is not yet full; every other has been driven empty."""


def beside_detectors(t: Truth, at: int) -> int:
    """The pack that the detectors of a bay can tell of: in it, or being taken out of it or put into it."""
    if t.bays[at].pack:
        return t.bays[at].pack
    return t.on_fork if t.on_fork and at == HOMES[t.on_fork] else NONE


def _bay(local: int, at: int, t: Truth) -> Values:
    """A hot pack gives the pre-alarm, the charged one smoke, too. Without its plug a pack says nothing of itself."""
    bay = t.bays[at]
    speaks = bay.plug == 2 and bay.pack != NONE
    hot = t.hot != NONE and beside_detectors(t, at) == t.hot
    shown: Values = {
        "PRESENT": bay.pack != NONE, "SEATED": bay.pack != NONE, "PLUG_OUT": bay.plug == 0, "PLUG_IN": bay.plug == 2,
        "SOCKET_DEAD": not bay.charges, "NO_SMOKE": not (hot and t.hot == FRESH), "NO_PREALARM": not hot,
        "NO_CRASH": True, "ENABLED": True, "COOLANT_OK": True, "CHARGER_LINK": True, "BMS_LINK": speaks,
        "CHG_STATE": 3 if bay.charges else 0, "STOP_REASON": 0, "POWER": 0.0, "SOC": SOC.get(bay.pack, 40.0), "SOH": 98.0,
        "TEMP_MAX": WARM if hot else COOL, "INSULATION": LOW_OHM if speaks and bay.pack == t.sick else WELL_OHM,
        "GAS": 0, "PACK_TYPE": PACK_TYPE if speaks else 0, "PACK_ID": CODES[bay.pack] if speaks else "",
    }  # fmt: skip
    return {f"BAY{local:02d}_{tag}": value for tag, value in shown.items()}


def rack_a(t: Truth) -> Values:
    """The rack with the charged pack, and the bay that an earlier run puts its pack into."""
    return {**_bay(1, 0, t), **_bay(2, 2, t)}


def rack_b(t: Truth) -> Values:
    """The rack that takes the spent pack."""
    return _bay(1, 1, t)


def safety(t: Truth) -> Values:
    """The safety PLC."""
    well = t.safe == 0
    return {
        "ESTOP_OK": t.safe != ESTOP, "CURTAIN_1_CLEAR": t.safe != CURTAIN, "CURTAIN_2_CLEAR": True,
        "DOOR_1_LOCKED": True, "DOOR_2_LOCKED": True, "DOOR_3_LOCKED": True, "DRIVES_ENABLED": well,
        "RESET_NOT_NEEDED": well, "SCANNER_CLEAR": True, "NO_MUTING": True, "NO_FIRE": True, "NO_WATER": True,
        "GRID_OK": True,
    }  # fmt: skip


def reader(t: Truth) -> Values:
    """The pack-id reader at the handover."""
    return {"IN_CODE": CODES[t.at_in], "OUT_CODE": CODES[t.at_out]}


LINKS = {
    "lift": lift, "robot": robot, "stacker": stacker, "rack_a": rack_a, "rack_b": rack_b, "safety": safety,
    "reader": reader,
}  # fmt: skip
"""Every link and what it shows."""

SEES = {
    "lift": (
        "car", "secured", "high_voltage", "prechecked", "postchecked", "settled", "clamp", "lift", "floor", "bolts",
        "in_vehicle",
    ),
    "robot": ("car", "robot", "table", "pins", "bolts", "torque", "in_vehicle", "on_robot"),
    "stacker": ("on_fork", "stacker", "at_in", "at_out", "isolated"),
    "safety": ("safe",),
    "reader": ("at_in", "at_out"),
}  # fmt: skip
"""Which part of the truth each link depends on: two plants alike in it give the same scan."""


def _rack(*bays: int) -> Callable[[Truth], Any]:
    def part(t: Truth) -> Any:
        hot = t.hot and (t.hot, t.on_fork == t.hot)
        return *(t.bays[at][:3] for at in bays), hot, t.sick

    return part


PARTS: dict[str, Callable[[Truth], Any]] = {
    **{link: attrgetter(*names) for link, names in SEES.items()}, "rack_a": _rack(0, 2), "rack_b": _rack(1),
}  # fmt: skip
"""The same as functions of the truth; racks see their own bays."""

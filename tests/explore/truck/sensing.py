"""What the links of the truck station show of its plant: tag values of every PLC, as the real I/O lists name them.

Knows tags and truth. Judges nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any

from tests.explore.image import Camera
from tests.explore.plant import CURTAIN, ESTOP, GONE, IN_BAY, LOCKED, NONE, OPEN
from tests.explore.sensing import CODES, COOL, SOC, VIN, WELL_OHM, Values
from tests.explore.truck.plant import DOWN, GUST, HALF, HIGH, OVER_BAY, OVER_TRUCK, Truth

MODEL, PACK_TYPE, PACK_KG, GRIPPER_KG = "SIM-TRACTOR", 282, 2800.0, 600.0
ALL, CONES, SOME = 0b1111, 0b11, 0b0011
BESIDE_MM = 40.0
"""How far a truck stands beside its nominal place, and beside where it was scanned when it has rolled."""

TRAVEL, IN_TRUCK_MM, IN_BAY_MM = 6000.0, 3200.0, 2200.0


def crane(t: Truth) -> Values:
    """The gantry crane. What rests shows slack ropes, and the reader sees what is near."""
    seat = IN_TRUCK_MM if t.over == OVER_TRUCK else IN_BAY_MM
    near = t.load or (t.below if t.height == DOWN else NONE)
    beside = 0.0 if t.aimed else BESIDE_MM if t.over == OVER_TRUCK else 9000.0
    return {
        "OVER": t.over, "OVER_BAY": t.bay_below + 1 if t.over == OVER_BAY else 0,
        "X_MM": 0.0, "Y_MM": 0.0, "Z_MM": {DOWN: seat, HALF: 4500.0, HIGH: TRAVEL}[t.height], "TURN_DEG": 0.0,
        "AIM_X_MM": beside, "AIM_Y_MM": 0.0, "AIM_TURN_DEG": 0.0,
        "HOISTED": t.height == HIGH, "LANDED": ALL if t.load or t.height == DOWN else 0,
        "GRIPPER_CLOSED": SOME if t.half else ALL if t.grips else 0, "GRIPPER_OPEN": ALL ^ SOME if t.half else 0 if t.grips else ALL,
        "LOAD_KG": PACK_KG if t.load else -GRIPPER_KG if t.height == DOWN else 0.0, "ROPES_TIGHT": t.height != DOWN,
        "NOT_OVERLOADED": True, "SWAY_DEG": 5.0 if t.swings else 0.2, "WIND": 13.0 if t.air == GUST else 3.0,
        "PATH_CLEAR": True, "CONES_SEATED": CONES if t.height == DOWN else 0, "PACK_CODE": CODES[near],
        "ISOLATION_EMPTY": True, "ISOLATION_PRESENT": False, "ISOLATION_READY": True, "HOMED": True, "BRAKE_OK": True, "NO_FAULT": True,
    }  # fmt: skip


def stand(t: Truth) -> Values:
    """Lane, scanner, and the truck's radio on the same PLC."""
    here, there = t.truck != GONE, t.truck == IN_BAY
    pack = t.in_truck if here else NONE
    secure = here and t.secured
    return {
        "ENTRY_BEAM": True, "EXIT_BEAM": True, "BAY_EMPTY": not there, "BAY_CLEAR": not t.person, "AT_WHEEL_STOP": there,
        "SCANNED": there and t.scanned, "SCAN_QUALITY": 95.0 if t.scanned else 0.0, "DX_MM": BESIDE_MM if t.scanned else 0.0,
        "DY_MM": 0.0, "YAW_DEG": 0.0, "ROLL_DEG": 0.0, "SHIFT_MM": BESIDE_MM if t.rolled else 0.0, "HOMED": True, "NO_FAULT": True,
        "VEH_LINK_OK": here, "VEH_AUTH_OK": here, "VEH_BRAKE_RELEASED": here, "VEH_PORT_CLOSED": here,
        "VEH_GEAR_P": secure, "VEH_EPB_ON": secure, "VEH_DOORS_CLOSED": secure, "VEH_READY": secure,
        "VEH_HV_OFF": here and not t.high_voltage, "VEH_HV_ON": here and t.high_voltage,
        "VEH_HV_VOLTS": 600.0 if here and t.high_voltage else 0.0,
        "VEH_PRECHECK_OK": here and t.prechecked, "VEH_POSTCHECK_OK": here and t.postchecked, "VEH_SETTLED": here and t.settled,
        "VEH_CONNECTOR_MATED": here and t.connector == HIGH, "VEH_CONNECTOR_APART": here and t.connector == DOWN,
        "VEH_COOLANT_MATED": pack != NONE, "VEH_PACK_LATCHED": pack != NONE,
        "VEH_LOCKS_OPEN": {LOCKED: 0, OPEN: ALL}.get(t.locks, SOME) if here else 0,
        "VEH_LOCKS_CLOSED": {LOCKED: ALL, OPEN: 0}.get(t.locks, ALL ^ SOME) if here else 0,
        "VEH_INSULATION": WELL_OHM, "VEH_PACK_ID": CODES[pack], "VEH_VIN": VIN if here else "", "VEH_MODEL": MODEL if here else "",
        "VEH_PACK_TYPE": PACK_TYPE if here else 0,
    }  # fmt: skip


def rack_a(t: Truth) -> Values:
    """The bay of the charged pack and the one that takes the spent pack. Without its plug a pack says nothing of itself."""
    return {tag: value for at in (0, 1) for tag, value in _bay(t, at).items()}


def _bay(t: Truth, at: int) -> Values:
    bay = t.bays[at]
    speaks = bay.plug == 2 and bay.pack != NONE
    shown: Values = {
        "PRESENT": bay.pack != NONE, "SEATED": bay.pack != NONE, "PLUG_OUT": bay.plug == 0, "PLUG_IN": bay.plug == 2,
        "SOCKET_DEAD": not bay.charges, "NO_SMOKE": True, "NO_PREALARM": True, "NO_CRASH": True, "ENABLED": True, "COOLANT_OK": True,
        "CHARGER_LINK": True, "BMS_LINK": speaks, "CHG_STATE": 3 if bay.charges else 0, "STOP_REASON": 0, "POWER": 0.0,
        "SOC": SOC.get(bay.pack, 40.0), "SOH": 98.0, "TEMP_MAX": COOL, "INSULATION": WELL_OHM, "GAS": 0,
        "PACK_TYPE": PACK_TYPE if speaks else 0, "PACK_ID": CODES[bay.pack] if speaks else "",
    }  # fmt: skip
    return {f"BAY{at + 1:02d}_{tag}": value for tag, value in shown.items()}


def safety(t: Truth) -> Values:
    """The safety PLC."""
    well = t.safe == 0
    return {
        "ESTOP_OK": t.safe != ESTOP, "CURTAIN_1_CLEAR": t.safe != CURTAIN, "CURTAIN_2_CLEAR": True,
        "DOOR_1_LOCKED": True, "DOOR_2_LOCKED": True, "DOOR_3_LOCKED": True, "DRIVES_ENABLED": well,
        "RESET_NOT_NEEDED": well, "SCANNER_CLEAR": True, "NO_MUTING": True, "NO_FIRE": True, "NO_WATER": True, "GRID_OK": True,
    }  # fmt: skip


class TruckCamera(Camera):
    """Takes what the links of the truck station show."""

    links: Mapping[str, Callable[[Any], Values]] = {"crane": crane, "stand": stand, "rack_a": rack_a, "safety": safety}
    parts: Mapping[str, Callable[[Any], Any]] = {
        "crane": attrgetter("over", "bay_below", "aimed", "height", "gripper", "sprung", "load", "in_truck", "bays", "air", "truck"),
        "stand": attrgetter(
            "truck", "secured", "high_voltage", "prechecked", "postchecked", "settled", "scanned", "rolled", "locks", "connector",
            "in_truck", "person",
        ),
        "rack_a": attrgetter("bays"),
        "safety": attrgetter("safe"),
    }  # fmt: skip


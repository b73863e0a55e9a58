"""The PLCs' own interlocks: each refuses with its own cause, whatever the controller asks."""

from __future__ import annotations

import pytest

MASK, RAISE = 0x3FF, 5200


def stick(client, tag, value):
    assert client.station.command({"cmd": "fault", "name": "sensor-stuck", "tag": tag, "value": value})["ok"]
    client.station.advance(0.01)


def refused(client, plc, opcode, *params, prefix=""):
    """The cause of a refusal by interlock; nothing has started."""
    device = client.station.plcs[plc]
    state = device.values[prefix + "ORDER_STATE"]
    assert client.give(plc, opcode, *params, prefix=prefix) == 6
    assert device.values[prefix + "ORDER_STATE"] == state
    return device.refusal


ROBOT_AWAY = "robot not at home"
HOLD = "vehicle not clamped on a locked lift"
UNDER = "vehicle not clamped at working height over an open floor"
CASES = [
    ("LIFT_TO_WORK", "robot.PACK_PRESENT", True, "robot", 11, (RAISE,), "pack on the table"),
    ("LIFT_TO_WORK", "lift.CLAMPED", False, "robot", 11, (RAISE,), UNDER),
    ("LIFT_TO_WORK", "lift.LIFT_AT_WORK", False, "robot", 11, (RAISE,), UNDER),
    ("LIFT_TO_WORK", "lift.LIFT_LOCKED", False, "robot", 11, (RAISE,), UNDER),
    ("LIFT_TO_WORK", "lift.FLOOR_OPEN", False, "robot", 11, (RAISE,), UNDER),
    ("LIFT_TO_WORK", "robot.Z_MM", 400.0, "robot", 11, (RAISE,), "table is up"),
    ("ENGAGE", "lift.CLAMPED", False, "robot", 20, (MASK, 700), HOLD),
    ("ENGAGE", "lift.LIFT_LOCKED", False, "robot", 20, (MASK, 700), HOLD),
    ("ENGAGE", "lift.VEH_HV_VOLTS", 61.0, "robot", 20, (MASK, 700), "high voltage at the pack"),
    ("ENGAGE", "robot.Z_MM", 100.0, "robot", 20, (MASK, 700), "table not raised under the vehicle"),
    ("ENGAGE", "robot.AT_POSITION", 1, "robot", 21, (MASK, 8500, 500), "table not raised under the vehicle"),
    ("ENGAGE", "robot.PIN_2", False, "robot", 20, (MASK, 700), "pins not engaged"),
    ("ENGAGE", "robot.BOLT_OPEN", MASK - 1, "robot", 12, (), "bolts not all open"),
    ("LIFT_TO_WORK", "robot.BOLT_OPEN", MASK, "robot", 12, (), "not under the vehicle"),
    (
        "ENGAGE",
        "robot.BOLT_CLOSED",
        MASK - 1,
        "robot",
        10,
        (),
        "table under a pack whose bolts are not all closed",
    ),
    ("LOWER", "stacker.HANDOVER_OUT_PRESENT", True, "robot", 30, (3,), "handover OUT is taken"),
    ("LOWER", "stacker.AT_HANDOVER", True, "robot", 30, (3,), "stacker in the handover"),
    ("LOWER", "robot.Z_MM", 400.0, "robot", 30, (3,), "table is up"),
    ("SET_DOWN", "stacker.HANDOVER_IN_PRESENT", False, "robot", 31, (4,), "no pack on handover IN"),
    ("SET_DOWN", "stacker.AT_HANDOVER", True, "robot", 31, (4,), "stacker in the handover"),
    ("SET_DOWN", "robot.PACK_PRESENT", True, "robot", 31, (4,), "pack on the table"),
    ("PICK_UP", "robot.PACK_PRESENT", False, "robot", 13, (RAISE,), "no pack on the table"),
    ("PICK_UP", "robot.BOLT_OPEN", 0, "robot", 13, (RAISE,), "bolts of the vehicle not open"),
    ("PICK_UP", "lift.CLAMPED", False, "robot", 13, (RAISE,), UNDER),
    ("IDENTIFY", "lift.UNCLAMPED", False, "lift", 11, (), "not UNCLAMPED"),
    ("IDENTIFY", "lift.LIFT_DOWN", False, "lift", 11, (), "not LIFT_DOWN"),
    ("IDENTIFY", "lift.FLOOR_CLOSED", False, "lift", 11, (), "not FLOOR_CLOSED"),
    ("IDENTIFY", "lift.BAY_CLEAR", False, "lift", 11, (), "not BAY_CLEAR"),
    ("HV_OFF", "lift.IN_POSITION", False, "lift", 12, (), "not IN_POSITION"),
    ("HV_OFF", "lift.LIFT_DOWN", False, "lift", 12, (), "not LIFT_DOWN"),
    ("HV_OFF", "robot.AT_POSITION", 2, "lift", 12, (), ROBOT_AWAY),
    ("CLAMP", "lift.CLAMPED", False, "lift", 13, (600,), "not CLAMPED"),
    ("CLAMP", "robot.AT_POSITION", 2, "lift", 13, (600,), ROBOT_AWAY),
    ("HOME", "robot.AT_POSITION", 2, "lift", 14, (), ROBOT_AWAY),
    ("HOME", "robot.AT_POSITION", 0, "lift", 10, (), ROBOT_AWAY),
    ("CLOSE_FLOOR", "lift.FLOOR_CLOSED", False, "lift", 15, (), "not FLOOR_CLOSED"),
    ("CLOSE_FLOOR", "robot.AT_POSITION", 2, "lift", 15, (), ROBOT_AWAY),
    ("LOWER_LIFT", "lift.LIFT_DOWN", False, "lift", 16, (), "not LIFT_DOWN"),
    ("LOWER_LIFT", "robot.AT_POSITION", 2, "lift", 16, (), ROBOT_AWAY),
    ("SETTLE", "lift.UNCLAMPED", False, "lift", 17, (), "not UNCLAMPED"),
    ("IDENTIFY", "lift.IN_POSITION", False, "lift.VEH", 41, (), "not IN_POSITION"),
    ("SECURE", "lift.VEH_LINK_OK", False, "lift.VEH", 42, (), "not VEH_LINK_OK"),
    ("LOCK", "lift.VEH_LINK_OK", False, "lift.VEH", 43, (), "not VEH_LINK_OK"),
    ("UNCLAMP", "lift.VEH_LOCKS_CLOSED", MASK - 1, "lift.VEH", 44, (), "locks of the vehicle not all closed"),
    ("UNCLAMP", "lift.VEH_CONNECTOR_MATED", False, "lift.VEH", 44, (), "not VEH_CONNECTOR_MATED"),
    ("HV_ON", "lift.VEH_LINK_OK", False, "lift.VEH", 45, (), "not VEH_LINK_OK"),
]


@pytest.mark.parametrize(("after", "tag", "value", "channel", "opcode", "params", "cause"), CASES)
def test_a_machine_refuses_on_its_own_inputs(client, after, tag, value, channel, opcode, params, cause):
    client.swap_until(after)
    stick(client, tag, value)
    name, prefix = channel.split(".")[0], "VEH_" if "." in channel else ""
    assert refused(client, name, opcode, *params, prefix=prefix) == cause


def test_without_a_vehicle_nobody_is_identified(client):
    assert refused(client, "lift", 40, prefix="VEH_") == "no vehicle"


STACKER = [
    ("stacker.AISLE_CLEAR", False, 20, (1,), "aisle not clear"),
    ("stacker.HANDOVER_IN_PRESENT", True, 20, (1,), "handover IN is taken"),
    ("robot.AT_POSITION", 3, 20, (1,), "robot in the handover"),
    ("robot.AT_POSITION", 4, 20, (1,), "robot in the handover"),
    ("rack_a.BAY01_PRESENT", False, 20, (1,), "no pack in the bay"),
    ("rack_a.BAY01_PLUG_OUT", False, 20, (1,), "plug in or socket live"),
    ("rack_a.BAY01_SOCKET_DEAD", False, 20, (1,), "plug in or socket live"),
    ("stacker.PACK_ON_FORK", True, 20, (1,), "another pack on the fork"),
    ("stacker.HANDOVER_OUT_PRESENT", False, 21, (12,), "no pack on handover OUT"),
    ("rack_a.BAY12_PRESENT", True, 22, (1, 12), "bay is taken"),
    ("rack_a.BAY12_PLUG_OUT", False, 22, (1, 12), "plug in or socket live"),
    ("rack_a.BAY12_ENABLED", False, 22, (1, 12), "bay is not enabled"),
    ("rack_b.BAY12_PRESENT", True, 22, (1, 24), "bay is taken"),
    ("stacker.ISOLATION_EMPTY", False, 23, (1,), "isolation place is taken"),
    ("stacker.AISLE_CLEAR", False, 23, (1,), "aisle not clear"),
]


@pytest.mark.parametrize(("tag", "value", "opcode", "params", "cause"), STACKER)
def test_the_stacker_refuses_on_its_own_inputs(client, tag, value, opcode, params, cause):
    client.do("rack_a", 31, 1)
    stick(client, tag, value)
    assert refused(client, "stacker", opcode, *params) == cause


def test_the_stacker_stores_nothing_while_the_robot_is_in_the_handover(client):
    client.swap_until("SET_DOWN")
    assert refused(client, "stacker", 21, 12) == "robot in the handover"


RACK = [
    ("BAY12_PRESENT", None, 30, (12,), "no pack seated in the bay"),
    ("BAY01_SEATED", False, 30, (1,), "no pack seated in the bay"),
    ("BAY01_ENABLED", False, 30, (1,), "bay is not enabled"),
    ("BAY01_SOCKET_DEAD", False, 31, (1,), "charging"),
    ("BAY01_PLUG_IN", False, 32, (1, 400), "not PLUG_IN"),
    ("BAY01_COOLANT_OK", False, 32, (1, 400), "not COOLANT_OK"),
    ("BAY01_NO_SMOKE", False, 32, (1, 400), "not NO_SMOKE"),
    ("BAY01_NO_PREALARM", False, 32, (1, 400), "not NO_PREALARM"),
    ("BAY01_NO_CRASH", False, 32, (1, 400), "not NO_CRASH"),
]


@pytest.mark.parametrize(("tag", "value", "opcode", "params", "cause"), RACK)
def test_the_rack_refuses_on_its_own_inputs(client, tag, value, opcode, params, cause):
    if value is not None:
        stick(client, f"rack_a.{tag}", value)
    assert refused(client, "rack_a", opcode, *params) == cause


@pytest.mark.parametrize(
    ("after", "plc", "opcode", "params", "tag", "value"),
    [
        ("LIFT_TO_WORK", "robot", 11, (RAISE,), "lift.CLAMPED", False),
        ("UNLOCK", "robot", 12, (), "lift.LIFT_LOCKED", False),
        ("PICK_UP", "robot", 13, (RAISE,), "lift.CLAMPED", False),
        ("ENGAGE", "robot", 20, (MASK, 700), "lift.VEH_HV_VOLTS", 61.0),
        ("INSERT", "robot", 21, (MASK, 8500, 500), "lift.CLAMPED", False),
        ("CLAMP", "lift", 13, (600,), "lift.CLAMPED", False),
        ("CLAMP", "lift", 13, (600,), "lift.BAY_CLEAR", False),
        ("CLOSE_FLOOR", "lift", 15, (), "lift.BAY_CLEAR", False),
        ("OPEN_EXIT", "stacker", 21, (12,), "stacker.AISLE_CLEAR", False),
    ],
)
def test_an_input_lost_during_the_motion_stops_it(client, after, plc, opcode, params, tag, value):
    client.swap_until(after)
    assert client.give(plc, opcode, *params) == 1
    client.advance(0.1)
    stick(client, tag, value)
    values = client.station.plcs[plc].values
    assert (values["ORDER_STATE"], values["RESULT"]) == (3, 3)

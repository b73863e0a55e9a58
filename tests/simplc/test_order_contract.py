"""The PLC side of the order contract: every answer it gives, and what it remembers."""

from __future__ import annotations

import pytest

from hil_tests.simplc.contract import crc16, order_words

ACCEPTED, BAD_CRC, EXPIRED, WRONG_EPOCH, OLD, INTERLOCK, BUSY, UNKNOWN, STOP, NOT_READY = range(1, 11)
HOME = 10


def test_checksum_agrees_with_the_worked_example_of_the_contract():
    words = order_words(70001, 7, 21, (1023, 8500, 500, 0), 123456)
    assert words[:6] == [0x0001, 0x1171, 0x0007, 0x0015, 0x0000, 0x03FF]
    assert crc16(words) == 0x2976


def test_negative_parameters_travel_as_two_words():
    assert order_words(1, 1, 1, (-2, 0, 0, 0), 0)[4:6] == [0xFFFF, 0xFFFE]


def test_an_accepted_order_is_busy_at_once_and_done_later(client):
    stacker = client.station.plcs["stacker"]
    assert client.give("stacker", HOME) == ACCEPTED
    assert stacker.values["ORDER_STATE"] == 1
    assert stacker.values["DONE_ID"] != stacker.values["ACK_ID"]
    assert client.done("stacker") == [1]
    assert stacker.values["ORDER_STATE"] == 2
    assert stacker.values["DONE_ID"] == stacker.values["ACK_ID"]


def test_a_bad_checksum_is_told_and_uses_up_no_number(client):
    assert client.give("robot", HOME, ID=500, CRC=1) == BAD_CRC
    assert client.give("robot", HOME, ID=500) == ACCEPTED
    client.done("robot")
    assert client.give("robot", HOME, ID=4_000_000_000, CRC=1) == BAD_CRC
    assert client.give("robot", HOME, ID=501) == ACCEPTED


def test_nothing_is_looked_at_before_the_commit_word_fits(client):
    robot = client.station.plcs["robot"]
    block = client.block("robot", HOME)
    commit = block.pop("CMD_COMMIT")
    robot.write(block)
    client.station.advance(0.05)
    assert robot.values["ACK_ID"] == 0
    robot.write({"CMD_COMMIT": commit})
    client.station.advance(0.01)
    assert (robot.values["ACK_ID"], robot.values["ACK_CODE"]) == (block["CMD_ID"], ACCEPTED)


def test_the_same_number_again_changes_nothing(client):
    robot = client.station.plcs["robot"]
    block = client.block("robot", HOME)
    robot.write(block)
    client.station.advance(0.01)
    client.done("robot")
    orders = client.report()["orders"]
    robot.write(block)
    client.station.advance(0.05)
    assert robot.values["ORDER_STATE"] == 2
    assert robot.values["ACK_CODE"] == ACCEPTED
    assert client.report()["orders"] == orders


def test_a_refused_number_is_used_up(client):
    assert client.give("robot", 99, ID=700) == UNKNOWN
    assert client.give("robot", HOME, ID=701) == ACCEPTED
    assert client.give("robot", HOME, ID=700) == OLD


@pytest.mark.parametrize(
    ("changed", "code"),
    [({"ID": 1}, OLD), ({"EPOCH": 9}, WRONG_EPOCH), ({"EXPIRES": 10}, EXPIRED)],
)
def test_old_foreign_and_late_blocks_are_refused(client, changed, code):
    client.do("robot", HOME)
    assert client.give("robot", HOME, **changed) == code
    assert client.station.plcs["robot"].values["ORDER_STATE"] == 2


def test_expiry_holds_across_the_wrap_of_the_uptime(client):
    robot = client.station.plcs["robot"]
    robot.uptime_ms = 2**32 - 500
    assert client.give("robot", HOME, EXPIRES=400) == ACCEPTED
    client.advance(1.0)
    assert robot.uptime_ms < 1000
    assert client.give("robot", HOME, EXPIRES=2**32 - 100) == EXPIRED


@pytest.mark.parametrize(
    ("plc", "opcode", "params"),
    [
        ("robot", 11, (100,)), ("robot", 20, (0, 700)), ("robot", 21, (1023, 0, 500)), ("robot", 30, (4,)),
        ("robot", 31, (3,)), ("lift", 13, (50,)), ("stacker", 20, (0,)), ("stacker", 21, (25,)),
        ("stacker", 22, (3, 3)), ("rack_a", 30, (13,)), ("rack_b", 32, (1, 5001)),
    ],
)  # fmt: skip
def test_a_parameter_out_of_range_is_an_unknown_order(client, plc, opcode, params):
    assert client.give(plc, opcode, *params) == UNKNOWN


def test_checks_come_in_the_order_of_the_contract(client):
    """Everything wrong at once: each repaired fault uncovers the next answer."""
    client.station.command({"cmd": "fault", "name": "e-stop"})
    robot = client.station.plcs["robot"]
    robot.write({"STOP_REQ": 1})
    number = {"ID": 1000}
    assert client.give("robot", 99, **number, EPOCH=9, EXPIRES=1, CRC=1) == BAD_CRC
    assert client.give("robot", 99, ID=1000, EPOCH=9, EXPIRES=1) == WRONG_EPOCH
    assert client.give("robot", 99, ID=999, EPOCH=9, EXPIRES=1) == OLD
    assert client.give("robot", 99, ID=1001, EXPIRES=1) == EXPIRED
    assert client.give("robot", 99, ID=1002) == UNKNOWN
    assert client.give("robot", 12, ID=1003) == STOP
    robot.write({"STOP_REQ": 0})
    assert client.give("robot", 12, ID=1004) == NOT_READY
    client.station.command({"cmd": "fault", "name": "e-stop", "on": False})
    client.station.command({"cmd": "safety-reset"})
    assert client.give("robot", 12, ID=1005) == INTERLOCK


def test_a_second_order_on_a_busy_channel_is_refused(client):
    assert client.give("stacker", HOME) == ACCEPTED
    assert client.give("stacker", HOME) == BUSY
    assert client.rules() == {"S8"}


def test_the_two_channels_of_the_lift_work_side_by_side(client):
    client.station.command({"cmd": "vehicle"})
    assert client.give("lift", 11) == ACCEPTED
    assert client.give("lift", 40, prefix="VEH_") == ACCEPTED
    assert client.done("lift.VEH") == [1]
    assert client.station.plcs["lift"].values["ORDER_STATE"] == 1


def test_the_stop_level_ends_an_order_and_bars_the_next(client):
    stacker = client.station.plcs["stacker"]
    client.do("rack_a", 31, 1)
    client.give("stacker", 20, 1)
    client.advance(0.2)
    x = stacker.values["X_MM"]
    stacker.write({"STOP_REQ": 1})
    client.station.advance(0.01)
    assert stacker.values["ORDER_STATE"] == 3
    assert (stacker.values["RESULT"], stacker.values["DONE_ID"]) == (3, stacker.values["ACK_ID"])
    client.advance(1.0)
    assert abs(stacker.values["X_MM"] - x) <= 2000 * 0.01 * client.station.speed
    assert client.give("stacker", HOME) == STOP
    stacker.write({"STOP_REQ": 0})
    client.advance(0.5)
    assert stacker.values["ORDER_STATE"] == 3
    assert client.give("stacker", HOME) == ACCEPTED


def test_a_silent_controller_stops_the_machine(client):
    stacker, rack = client.station.plcs["stacker"], client.station.plcs["rack_a"]
    stacker.rng.uniform = lambda low, high: 10.0
    charging = [b for b in client.station.plant.bays.values() if b.state == 4]
    assert charging
    client.give("stacker", HOME)
    client.beating = False
    client.advance(0.8)
    assert stacker.values["ORDER_STATE"] == 1
    client.advance(0.3)
    assert (stacker.values["ORDER_STATE"], stacker.values["RESULT"]) == (3, 3)
    assert client.give("stacker", HOME) == NOT_READY
    client.advance(1.0)
    assert all(b.state == 7 and b.reason == 6 for b in charging)
    assert rack.values["ORDER_STATE"] == 0
    client.beating = True
    client.advance(0.2)
    assert stacker.values["ORDER_STATE"] == 3
    assert client.give("stacker", HOME) == ACCEPTED


def test_a_heartbeat_that_never_moved_bars_nothing(make_client):
    client = make_client()
    fresh = type(client)(type(client.station)(speed=20.0))
    fresh.beating = False
    fresh.advance(3.0)
    assert fresh.give("stacker", HOME) == ACCEPTED


def test_a_restart_forgets_the_order_and_keeps_the_numbers(client):
    stacker = client.station.plcs["stacker"]
    client.do("rack_a", 31, 1)
    client.do("stacker", HOME)
    done = stacker.values["DONE_ID"]
    block = client.block("stacker", 20, 1)
    stacker.write(block)
    client.advance(0.2)
    client.station.command({"cmd": "fault", "name": "plc-restart", "plc": "stacker", "seconds": 0.5})
    assert not stacker.online
    place = client.report()["packs"]
    x = client.station.plant.stacker.x
    client.advance(0.6)
    values = stacker.values
    assert stacker.online and stacker.boot_id == 2
    assert (values["EPOCH"], values["ORDER_STATE"]) == (2, 0)
    assert values["UPTIME_MS"] <= 150
    assert (values["ACK_ID"], values["DONE_ID"]) == (block["CMD_ID"], done)
    stacker.write(block)
    client.advance(1.0)
    assert values["ORDER_STATE"] == 0
    assert client.station.plant.stacker.x == x
    assert client.report()["packs"] == place
    assert client.give("stacker", HOME, ID=block["CMD_ID"] + 1, EPOCH=1) == WRONG_EPOCH
    client.do("stacker", HOME)


def test_after_a_restart_the_order_block_and_the_stop_level_read_zero(client):
    stacker = client.station.plcs["stacker"]
    stacker.write({"STOP_REQ": 1})
    assert client.give("stacker", HOME) == STOP
    client.station.command({"cmd": "fault", "name": "plc-restart", "plc": "stacker", "seconds": 0.2})
    client.advance(0.5)
    stacker.write({"CMD_COMMIT": 0})
    client.advance(0.1)
    assert stacker.values["ACK_CODE"] == STOP
    assert client.give("stacker", HOME) == ACCEPTED


def test_own_inputs_lost_during_an_order_stop_it(client):
    client.swap_until("ENGAGE")
    robot = client.station.plcs["robot"]
    assert client.give("robot", 20, 0x3FF, 700) == ACCEPTED
    client.advance(0.2)
    client.station.command({"cmd": "fault", "name": "sensor-stuck", "tag": "lift.CLAMPED", "value": False})
    client.station.advance(0.02)
    assert (robot.values["ORDER_STATE"], robot.values["RESULT"]) == (3, 3)
    assert robot.refusal


def test_uptime_and_heartbeat_run_on_wall_time(make_client):
    for speed in (1.0, 50.0):
        lift = make_client(speed=speed).station.plcs["lift"]
        assert (lift.values["UPTIME_MS"], lift.values["HB_PLC"]) == (200, 20)


def test_a_drive_that_has_stalled_takes_no_order_until_a_person_has_reset_it(client):
    robot = client.station.plcs["robot"]
    client.swap_until("LIFT_TO_WORK")
    client.station.command({"cmd": "fault", "name": "drive-stops", "on": True, "plc": "robot"})
    assert client.give("robot", 11, 5200) == ACCEPTED
    assert client.done("robot") == [2]
    client.station.command({"cmd": "fault", "name": "drive-stops", "on": False, "plc": "robot"})
    client.advance(0.1)
    assert (robot.values["FAULT"], robot.values["NO_FAULT"]) == (1, False)
    assert client.give("robot", HOME) == NOT_READY
    before = client.station.plant.robot.x
    assert client.station.command({"cmd": "fault-reset", "plc": "robot"})["ok"]
    client.advance(0.5)
    assert (robot.values["FAULT"], robot.values["NO_FAULT"]) == (0, True)
    assert client.station.plant.robot.x == before, "the reset moves nothing"
    assert client.give("robot", HOME) == ACCEPTED
    assert client.station.command({"cmd": "fault-reset", "plc": "reader"})["ok"] is False


def test_an_empty_robot_comes_to_its_place_beneath_the_pack_it_has_set_down_with_its_table_low(client):
    client.swap_until("SET_DOWN")
    robot = client.station.plant.robot
    robot.x, robot.z = robot.x + 240.0, 150.0
    client.station.plant.motions.version += 1
    assert client.give("robot", 30, 3) == ACCEPTED
    while robot.x == 8240.0:
        client.station.advance(0.01)
    assert robot.z == 0.0, "the table comes down before the robot drives"
    assert client.done("robot") == [1]
    assert (robot.x, robot.z) == (8000.0, 0.0)
    assert client.report()["violations"] == []

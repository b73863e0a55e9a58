"""Each fault acts where it says, and goes away again."""

from __future__ import annotations

import pytest

MASK = 0x3FF


def fault(client, name, on=True, **args):
    answer = client.station.command({"cmd": "fault", "name": name, "on": on, **args})
    assert answer["ok"], answer
    return answer


def reset(client):
    return client.station.command({"cmd": "safety-reset"})["ok"]


CHAIN = [
    ("e-stop", {}, "ESTOP_OK"), ("e-stop", {"id": 4}, "ESTOP_OK"), ("curtain", {}, "CURTAIN_1_CLEAR"),
    ("curtain", {"which": 2}, "CURTAIN_2_CLEAR"), ("maintenance-door", {"which": 3}, "DOOR_3_LOCKED"),
    ("scanner", {}, "SCANNER_CLEAR"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "args", "tag"), CHAIN)
def test_an_opened_chain_takes_the_drives_until_the_reset(client, name, args, tag):
    safety, stacker = client.station.plcs["safety"], client.station.plcs["stacker"]
    client.do("rack_a", 31, 1)
    client.give("stacker", 20, 1)
    client.give("rack_a", 31, 2)
    client.advance(0.1)
    x = client.station.plant.stacker.x
    fault(client, name, **args)
    client.station.advance(0.01)
    values = safety.values
    assert not values[tag] and not values["DRIVES_ENABLED"] and not values["RESET_NOT_NEEDED"]
    assert values["ESTOP_ID"] == (args.get("id", 1) if name == "e-stop" else 0)
    assert (stacker.values["ORDER_STATE"], stacker.values["RESULT"]) == (3, 3)
    assert client.done("rack_a") == [1]
    assert client.station.plant.stacker.x == x
    assert not reset(client)
    fault(client, name, on=False, **args)
    client.advance(0.1)
    assert values[tag] and not values["DRIVES_ENABLED"] and not values["RESET_NOT_NEEDED"]
    assert client.give("stacker", 10) == 10
    assert reset(client)
    client.advance(1.0)
    assert values["DRIVES_ENABLED"] and values["RESET_NOT_NEEDED"]
    assert client.station.plant.stacker.x == x, "a reset moves nothing"
    assert client.give("stacker", 10) == 1


def test_a_stuck_bolt_does_not_turn_and_the_others_do(client):
    fault(client, "bolt-stuck", bolt=4)
    client.swap_until("ENGAGE")
    robot, vehicle = client.station.plcs["robot"], client.station.plant.lift.vehicle
    assert client.give("robot", 20, MASK, 700) == 1
    assert client.done("robot") == [2]
    assert robot.values["BOLT_RESULT"] == (1, 1, 1, 3, 1, 1, 1, 1, 1, 1)
    assert robot.values["BOLT_TURNS"][3] == 0.0
    assert robot.values["BOLT_TORQUE"][3] > 100.0
    assert robot.values["BOLT_OPEN"] == MASK & ~8
    assert client.station.plcs["lift"].values["VEH_LOCKS_CLOSED"] == 8
    assert client.give("robot", 12) == 6
    client.do("robot", 21, MASK & ~8, 8500, 500)
    assert vehicle.all_closed
    fault(client, "bolt-stuck", on=False, bolt=4)
    client.do("robot", 20, MASK, 700)
    assert vehicle.all_open


def test_a_table_lowered_under_a_held_pack_comes_down_empty(client):
    """The PLC's lock sensors lie; the pack stays in the vehicle all the same."""
    fault(client, "bolt-stuck")
    client.swap_until("ENGAGE")
    client.give("robot", 20, MASK, 700)
    client.done("robot")
    fault(client, "sensor-stuck", tag="robot.BOLT_OPEN", value=MASK)
    assert client.give("robot", 12) == 1
    assert client.done("robot") == [2]
    assert client.station.plcs["robot"].values["PACK_PRESENT"] is False
    assert client.station.plant.robot.z == 200.0
    code = client.station.plant.lift.vehicle.arrival_code
    assert client.report()["packs"][code].startswith("vehicle:")


def test_a_stuck_sensor_is_what_the_plc_sees(client):
    client.swap_until("LIFT_TO_WORK")
    fault(client, "sensor-stuck", tag="robot.PIN_1", value=False)
    assert client.give("robot", 11, 5200) == 1
    assert client.done("robot") == [4]
    assert client.station.plant.robot.contact
    fault(client, "sensor-stuck", on=False, tag="robot.PIN_1")
    client.advance(0.1)
    assert client.station.plcs["robot"].values["PIN_1"] is True


@pytest.mark.parametrize(
    "tag", ["lift.MAGIC", "lift.HB_PLC", "rack_a.BAY01_SOC", "meter.POWER_KW", "robot.X_MM"]
)
def test_a_sensor_freezes_where_it_stands_and_thaws(client, tag):
    name, _, key = tag.partition(".")
    plc = client.station.plcs[name]
    before = plc.values[key]
    fault(client, "sensor-stuck", tag=tag)
    client.advance(1.5)
    assert plc.values[key] == before
    fault(client, "sensor-stuck", tag=tag, value=7)
    client.advance(0.1)
    assert plc.values[key] == 7
    fault(client, "sensor-stuck", on=False, tag=tag)
    client.advance(1.5)
    assert plc.values[key] != 7


def test_a_frozen_acknowledgement_does_not_confuse_the_plc(client):
    fault(client, "sensor-stuck", tag="stacker.ACK_ID", value=0)
    stacker = client.station.plcs["stacker"]
    block = client.block("stacker", 10)
    stacker.write(block)
    client.advance(3.0)
    assert (stacker.values["ACK_ID"], stacker.values["DONE_ID"]) == (0, block["CMD_ID"])
    stacker.write(block)
    client.advance(0.1)
    assert stacker.values["ORDER_STATE"] == 2


@pytest.mark.parametrize(
    "name", ["robot", "lift", "stacker", "rack_a", "rack_b", "safety", "meter", "reader"]
)
def test_a_lost_link_is_dead_on_the_wire_and_the_plc_lives_on(client, name):
    plc = client.station.reader if name == "reader" else client.station.plcs[name]
    fault(client, "link-lost", plc=name)
    assert not plc.online
    uptime = plc.uptime_ms
    client.station.reader_lines()
    client.advance(1.0)
    assert plc.uptime_ms == uptime + 1000
    assert bool(client.station.reader_lines()) == (name != "reader")
    fault(client, "link-lost", on=False, plc=name)
    assert plc.online and plc.boot_id == 1


def test_a_lost_link_stops_the_machine_after_a_second(client):
    stacker = client.station.plcs["stacker"]
    stacker.rng.uniform = lambda low, high: 10.0
    client.give("stacker", 10)
    fault(client, "link-lost", plc="stacker")
    client.advance(1.2)
    assert (stacker.values["ORDER_STATE"], stacker.values["RESULT"]) == (3, 3)


def test_a_restarted_safety_plc_wants_a_reset(client):
    fault(client, "plc-restart", plc="safety", seconds=0.3)
    client.advance(0.5)
    values = client.station.plcs["safety"].values
    assert values["EPOCH"] == 2 and not values["DRIVES_ENABLED"]
    assert reset(client)
    client.advance(0.1)
    assert values["DRIVES_ENABLED"]


def test_a_fresh_pack_with_a_wrong_label_reads_wrong_at_reader_and_vehicle(client):
    fault(client, "wrong-pack", target="fresh")
    code = client.station.plant.places.at("A01").code
    assert client.station.plcs["rack_a"].values["BAY01_PACK_ID"] == code
    client.swap_until("OPEN_ENTRY", bay=1)
    client.station.reader_lines()
    client.advance(0.4)
    shown = next(line.split(",")[1] for line in client.station.reader_lines() if line.startswith("IN,"))
    assert len(shown) == 24 and shown != code
    assert client.report()["packs"][code] == "handover_in"
    fault(client, "wrong-pack", on=False, target="fresh")
    client.advance(0.5)
    assert any(line.startswith(f"IN,{code},") for line in client.station.reader_lines())


def test_a_vehicle_with_a_wrong_label_says_so_when_identified(client):
    fault(client, "wrong-pack", target="vehicle")
    code = client.station.command({"cmd": "vehicle"})["pack"]
    client.do("lift.VEH", 40)
    shown = client.station.plcs["lift"].values["VEH_PACK_ID"]
    assert len(shown) == 24 and shown != code


def test_the_vehicle_itself_misbehaves(client):
    client.swap_until("LIFT_TO_WORK")
    lift = client.station.plcs["lift"]
    fault(client, "door-open")
    fault(client, "hv-on")
    fault(client, "creep", mm=40)
    client.advance(0.1)
    assert not lift.values["VEH_DOORS_CLOSED"] and not lift.values["IN_POSITION"]
    assert lift.values["VEH_HV_ON"] and lift.values["VEH_HV_VOLTS"] == 380.0
    for name in ("door-open", "hv-on", "creep"):
        fault(client, name, on=False)
    client.advance(0.1)
    assert lift.values["VEH_DOORS_CLOSED"] and lift.values["IN_POSITION"]
    client.do("lift.VEH", 42)
    assert lift.values["VEH_HV_VOLTS"] < 60.0


def test_welded_contactors_end_the_order_with_a_time_out(client):
    client.swap_until("SECURE")
    fault(client, "hv-on")
    assert client.give("lift", 42, prefix="VEH_") == 1
    assert client.done("lift.VEH") == [4]
    assert client.station.plant.lift.vehicle.volts == 380.0


def test_a_drifting_clamp_stops_the_runners_and_can_be_pumped_up(client):
    client.swap_until("ENGAGE")
    client.give("robot", 20, MASK, 700)
    client.advance(0.1)
    fault(client, "clamp-drift")
    assert client.done("robot") == [3]
    assert not client.station.plant.lift.vehicle.all_open
    fault(client, "clamp-drift", on=False)
    client.advance(0.5)
    client.do("robot", 20, MASK, 700)
    assert client.rules() == set()


@pytest.mark.parametrize(
    "wrong",
    [
        {"cmd": "dance"}, {}, {"cmd": "fault", "name": "gremlin"}, {"cmd": "dismiss"},
        {"cmd": "fault", "name": "bolt-stuck", "bolt": 11}, {"cmd": "fault", "name": "curtain", "which": "x"},
        {"cmd": "fault", "name": "sensor-stuck", "tag": "robot.NOSE"},
        {"cmd": "fault", "name": "sensor-stuck"},
        {"cmd": "fault", "name": "link-lost", "plc": "toaster"},
        {"cmd": "fault", "name": "hot-pack", "bay": "A12"},
        {"cmd": "fault", "name": "wrong-pack", "target": "moon"}, {"cmd": "fault", "name": "hv-on"},
        {"cmd": "vehicle", "soc": 101}, {"cmd": "vehicle", "soc": "full"},
        {"cmd": "vehicle", "vin": "X" * 19},
        {"cmd": "fault", "name": "sensor-stuck", "tag": "robot.X_MM", "value": "far"},
    ],
)  # fmt: skip
def test_a_wrong_command_is_answered_with_its_error(client, wrong):
    before = client.report()
    answer = client.station.command(wrong)
    assert answer["ok"] is False and answer["error"]
    assert client.report() == before

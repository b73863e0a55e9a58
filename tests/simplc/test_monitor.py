"""The safety monitor: each rule speaks on an unsafe order or instant, and on nothing else."""

from __future__ import annotations

import pytest

from hil_tests.simplc.truth.vehicle import PACK_VOLTS

MASK = 0x3FF
RAISE = 5200


def fault(client, name, on=True, **args):
    assert client.station.command({"cmd": "fault", "name": name, "on": on, **args})["ok"]


def texts(client, rule):
    return [v["text"] for v in client.report()["violations"] if v["rule"] == rule]


@pytest.mark.parametrize(
    ("after", "channel", "opcode", "params", "rule"),
    [
        ("OPEN_ENTRY", "robot", 11, (RAISE,), "S4"),
        ("CLAMP", "robot", 11, (RAISE,), "S4"),
        ("OPEN_ENTRY", "lift", 13, (600,), "S4"),
        ("LIFT_TO_WORK", "robot", 20, (MASK, 700), "S3"),
        ("LIFT_TO_WORK", "lift", 16, (), "S4"),
        ("LIFT_TO_WORK", "lift", 17, (), "S4"),
        ("ENGAGE", "robot", 12, (), "S5"),
        ("ENGAGE", "robot", 30, (3,), "S5"),
        ("ENGAGE", "lift", 14, (), "S4"),
        ("ENGAGE", "lift", 15, (), "S4"),
        ("ENGAGE", "lift", 10, (), "S4"),
        ("ENGAGE", "lift", 16, (), "S4"),
        ("UNLOCK", "robot", 10, (), "S5"),
        ("UNLOCK", "lift", 16, (), "S6"),
        ("UNLOCK", "lift.VEH", 44, (), "S6"),
        ("LOWER", "lift.VEH", 44, (), "S6"),
        ("SET_DOWN", "stacker", 21, (12,), "S7"),
        ("PICK_UP", "stacker", 20, (2,), "S7"),
        ("INSERT", "robot", 10, (), "S5"),
        ("HOME", "lift", 17, (), "S4"),
    ],
)
def test_an_unsafe_order_is_seen(client, after, channel, opcode, params, rule):
    client.swap_until(after)
    assert client.rules() == set()
    name, prefix = channel.split(".")[0], "VEH_" if "." in channel else ""
    code = client.give(name, opcode, *params, prefix=prefix)
    assert rule in client.rules(), client.report()["violations"]
    assert code != 1, "the PLC's own interlock refuses what the monitor calls unsafe"


def test_high_voltage_on_over_the_robot_is_seen(client):
    client.swap_until("LOCK")
    client.give("lift", 44, prefix="VEH_")
    assert texts(client, "S6") == ["high voltage ordered on while the robot is not at home"]


@pytest.mark.parametrize(
    ("prepare", "channel", "opcode", "params", "text"),
    [
        (lambda c: None, "stacker", 20, (1,), "on its plug"),
        (lambda c: None, "stacker", 21, (1,), "taken"),
        (lambda c: None, "stacker", 22, (1, 2), "taken"),
        (
            lambda c: c.do("rack_a", 31, 1) or c.do("stacker", 20, 1) or c.do("rack_a", 31, 2),
            "stacker",
            20,
            (2,),
            "IN",
        ),
    ],
)
def test_a_wrong_bay_or_place_is_seen(client, prepare, channel, opcode, params, text):
    prepare(client)
    assert client.give(channel, opcode, *params) == 6
    assert any(text in t for t in texts(client, "S12"))


def test_a_charging_bay_is_neither_unplugged_nor_emptied(client):
    number = next(n for n, bay in client.station.plant.bays.items() if bay.state == 4)
    rack, opcode, local = client.rack(31, number)
    assert client.give(rack, opcode, local) == 6
    assert client.give("stacker", 20, number) == 6
    assert len(texts(client, "S12")) == 2


def test_a_hot_pack_is_not_fetched_or_charged(client):
    client.do("rack_a", 31, 1)
    fault(client, "hot-pack", bay="A01", celsius=58.0)
    client.give("stacker", 20, 1)
    assert len(texts(client, "S16")) == 1
    fault(client, "hot-pack", bay="A02", smoke=True)
    assert client.give("rack_a", 32, 2, 600) == 6
    assert len(texts(client, "S16")) == 2


def test_a_hot_pack_may_go_to_isolation(client):
    client.do("rack_a", 31, 1)
    fault(client, "hot-pack", bay="A01", celsius=58.0)
    client.do("stacker", 23, 1)
    assert client.rules() == set()
    assert "isolation" in client.report()["packs"].values()


def test_runners_ordered_with_high_voltage_on_are_seen_and_refused(client):
    client.swap_until("ENGAGE")
    fault(client, "hv-on")
    client.advance(0.5)
    assert client.station.plant.lift.vehicle.volts == PACK_VOLTS
    assert client.give("robot", 20, MASK, 700) == 6
    assert any("high voltage" in t for t in texts(client, "S3"))


def test_runners_ordered_on_a_drifting_clamp_are_seen_and_refused(client):
    client.swap_until("ENGAGE")
    fault(client, "clamp-drift")
    client.advance(1.0)
    assert client.give("robot", 20, MASK, 700) == 6
    assert any("not clamped" in t for t in texts(client, "S3"))


def test_motion_ordered_on_an_open_chain_is_seen_after_the_reaction_time(client):
    fault(client, "e-stop")
    client.station.advance(0.1)
    assert client.give("stacker", 10) == 10
    assert client.rules() == set()
    client.advance(0.4)
    assert client.give("stacker", 10) == 10
    assert client.rules() == {"S2"}
    assert client.give("rack_a", 31, 1) == 1


def test_high_voltage_on_with_an_open_chain_is_seen_and_refused(client):
    client.swap_until("UNCLAMP")
    fault(client, "curtain")
    client.advance(0.5)
    assert client.give("lift", 44, prefix="VEH_") == 10
    assert client.rules() == {"S2"}


def test_release_with_a_loose_bolt_is_seen(client):
    fault(client, "bolt-loose", bolt=7)
    client.swap_until("INSERT")
    assert client.give("robot", 21, MASK, 8500, 500) == 1
    assert client.done("robot") == [2]
    assert client.station.plcs["robot"].values["BOLT_RESULT"][6] == 2
    assert client.rules() == set()
    assert client.give("lift", 44, prefix="VEH_") == 1
    assert any("torque" in t for t in texts(client, "S6"))


def test_release_with_the_wrong_pack_is_seen(client):
    fault(client, "wrong-pack", target="fresh")
    client.swap_until("LOWER_LIFT")
    client.give("lift", 44, prefix="VEH_")
    assert texts(client, "S6") == ["release ordered with the wrong pack"]


def test_a_pack_of_another_type_is_seen_before_it_enters(client):
    client.station.plant.places.at("A01").pack_type = 101
    client.swap_until("PICK_UP")
    client.give("robot", 13, RAISE)
    assert texts(client, "S6") == ["a pack of another type ordered into the vehicle"]


def test_a_pack_held_by_few_bolts_with_nothing_below_is_seen(client):
    client.swap_until("ENGAGE")
    for bolt in client.station.plant.lift.vehicle.bolts[:6]:
        bolt.wound = 0.0
    robot = client.station.plant.robot
    client.station.plcs["robot"].freeze("BOLT_CLOSED", MASK)
    client.give("robot", 10)
    assert client.done("robot") == [1]
    assert robot.home
    assert "pack in the vehicle is unlocked and unsupported" in texts(client, "S5")
    assert client.report()["packs"][client.station.plant.lift.vehicle.arrival_code].startswith("vehicle:")


def test_a_vehicle_that_moves_over_an_open_pit_is_seen(client):
    client.station.command({"cmd": "vehicle"})
    client.give("lift", 11)
    client.advance(1.0)
    client.station.plant.lift.floor = 0.5
    client.advance(0.2)
    assert texts(client, "S4") == ["vehicle moves over an open pit, a raised platform or the robot"]


def test_robot_and_fork_in_one_zone_are_seen(client):
    plant = client.station.plant
    client.do("rack_a", 31, 1)
    client.give("stacker", 20, 1)
    plant.robot.x = 10000.0
    client.advance(2.0)
    assert "robot and fork both in the handover" in texts(client, "S7")


def test_a_taken_bay_with_a_blind_sensor_is_a_mishap_and_no_pack_is_lost(client):
    """The PLC believes the stuck sensor; physics does not."""
    client.swap_until("HOME")
    rack, opcode, local = client.rack(31, 5)
    client.do(rack, opcode, local)
    before = client.report()["packs"]
    fault(client, "sensor-stuck", tag="rack_a.BAY05_PRESENT", value=False)
    assert client.give("stacker", 21, 5) == 1
    assert client.done("stacker") == [2]
    spent = next(code for code, place in before.items() if place == "handover_out")
    assert client.report()["packs"] == {**before, spent: "stacker"}
    assert client.rules() == {"S11", "S12"}


# ---- the rest of the rules, on a truth put there by hand ----------------------------------------------------------
@pytest.mark.parametrize(
    ("after", "change", "opcode", "params", "text"),
    [
        ("ENGAGE", lambda p: setattr(p.lift, "locked", False), 20, (MASK, 700), "unlocked lift"),
        ("ENGAGE", lambda p: setattr(p.robot, "contact", False), 20, (MASK, 700), "does not hold the pack"),
        ("ENGAGE", lambda p: setattr(p.lift, "vehicle", None), 20, (MASK, 700), "without a vehicle"),
        (
            "ENGAGE",
            lambda p: setattr(p.lift.vehicle, "in_grooves", False),
            21,
            (MASK, 8500, 500),
            "in position",
        ),
    ],
)
def test_lock_runners_in_a_wrong_state_are_seen(client, after, change, opcode, params, text):
    client.swap_until(after)
    change(client.station.plant)
    client.give("robot", opcode, *params)
    assert any(text in t for t in texts(client, "S3")), client.report()["violations"]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda p: setattr(p.lift, "locked", False), "not locked at working height"),
        (lambda p: setattr(p.lift, "height", 0.0), "not locked at working height"),
        (lambda p: setattr(p.lift, "floor", 0.3), "closed floor"),
        (lambda p: setattr(p.lift.vehicle, "in_grooves", False), "not clamped in position"),
    ],
)
def test_a_robot_sent_under_an_unready_lift_is_seen(client, change, text):
    client.swap_until("LIFT_TO_WORK")
    change(client.station.plant)
    client.give("robot", 11, RAISE)
    assert any(text in t for t in texts(client, "S4")), client.report()["violations"]


def test_clamps_ordered_onto_a_moving_vehicle_are_seen(client):
    client.station.command({"cmd": "vehicle"})
    client.give("lift", 11)
    client.advance(1.0)
    client.station.plcs["lift"].write({"STOP_REQ": 1})
    client.advance(0.1)
    client.station.plcs["lift"].write({"STOP_REQ": 0})
    assert client.give("lift", 12) == 6
    assert texts(client, "S4") == ["clamps ordered onto a moving vehicle"]


def test_a_vehicle_that_moves_in_its_clamps_is_seen(client):
    client.station.command({"cmd": "vehicle"})
    client.give("lift", 11)
    client.advance(1.0)
    client.station.plant.lift.force = 8000.0
    client.advance(0.1)
    assert texts(client, "S4") == ["vehicle moves while clamped"]


def test_an_exit_opened_for_a_clamped_vehicle_is_seen(client):
    client.swap_until("LOWER_LIFT")
    assert client.give("lift", 17) == 6
    assert texts(client, "S4") == ["exit opened for a clamped vehicle"]


def test_runners_that_turn_on_under_voltage_are_seen_when_nobody_stops_them(client):
    client.swap_until("ENGAGE")
    vehicle = client.station.plant.lift.vehicle
    fault(client, "sensor-stuck", tag="lift.VEH_HV_VOLTS", value=3.0)
    client.give("robot", 20, MASK, 700)
    client.advance(0.25)
    vehicle.close_contactors()
    client.advance(0.2)
    assert client.rules() == set(), "the controller has its reaction time"
    client.advance(0.2)
    assert texts(client, "S3") == ["lock runners turn with high voltage on"]


def test_runners_that_turn_on_in_open_clamps_are_seen_when_nobody_stops_them(client):
    client.swap_until("ENGAGE")
    fault(client, "sensor-stuck", tag="lift.CLAMPED", value=True)
    client.give("robot", 20, MASK, 700)
    client.advance(0.2)
    client.station.plant.lift.force = 0.0
    client.advance(0.45)
    assert texts(client, "S3") == ["lock runners turn on an unclamped vehicle"]


def test_taking_a_pack_out_under_voltage_is_seen(client):
    client.swap_until("UNLOCK")
    fault(client, "hv-on")
    client.advance(0.4)
    client.give("robot", 12)
    assert texts(client, "S3") == ["pack taken out with high voltage on"]


def test_a_pack_ordered_onto_or_into_a_taken_place_is_seen(client):
    client.swap_until("LOWER")
    places = client.station.plant.places
    places.move(places.at("A02"), "handover_out")
    client.give("robot", 30, 3)
    assert texts(client, "S11") == ["a pack ordered onto a taken handover place"]


def test_a_pack_ordered_into_a_vehicle_that_has_one_is_seen(client):
    client.swap_until("LIFT_TO_WORK")
    places = client.station.plant.places
    places.move(places.at("A02"), "robot")
    client.give("robot", 13, RAISE)
    assert texts(client, "S11") == ["a pack ordered into a vehicle that still has one"]


def test_a_robot_sent_into_the_working_stacker_is_seen(client):
    client.swap_until("LOWER")
    stacker = client.station.plant.stacker
    stacker.heading = "handover_out"
    client.give("robot", 30, 3)
    assert texts(client, "S7") == ["robot sent to the handover while the stacker works there"]


@pytest.mark.parametrize(("after", "opcode", "params", "place"), [
    ("SET_DOWN", 31, (4,), "handover_in"), ("PICK_UP", 13, (RAISE,), "robot"),
])  # fmt: skip
@pytest.mark.parametrize(("attribute", "value"), [("temperature", 58.0), ("insulation", 40)])
def test_a_dangerous_pack_on_its_way_to_the_vehicle_is_seen(
    client, after, opcode, params, place, attribute, value
):
    client.swap_until(after)
    setattr(client.station.plant.places.at(place), attribute, value)
    client.give("robot", opcode, *params)
    assert len(texts(client, "S16")) == 1


def test_a_pack_ordered_into_a_bay_with_its_plug_forward_is_seen(client):
    client.do("rack_a", 31, 1)
    client.station.plant.bays[12].plug = 1.0
    client.give("stacker", 22, 1, 12)
    assert texts(client, "S12") == ["pack ordered into A12 with its plug not withdrawn"]


def test_a_swap_of_another_controller_mistake_does_not_hide_in_a_refusal(client):
    """Orders are judged as given: what the PLC's interlock refuses still counts."""
    assert client.give("robot", 20, MASK, 700) == 6
    assert client.report()["violations"][0] == {
        "t": pytest.approx(4.2, abs=0.3), "plc": "robot", "order": 101, "opcode": 20, "rule": "S3",
        "text": "lock runners ordered to turn without a vehicle",
    }  # fmt: skip


@pytest.mark.parametrize("changed", [{"EPOCH": 7}, {"EXPIRES": 1}, {"CRC": 0}, {"COMMIT": 1}])
def test_a_dead_block_is_no_order(client, changed):
    block = client.block("robot", 20, MASK, 700, **changed)
    client.station.plcs["robot"].write(block)
    client.station.advance(0.05)
    assert client.report()["orders"] == 0
    assert client.rules() == set()

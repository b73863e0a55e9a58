"""Physics says no: what bodies do to each other when sensors or orders are wrong. No pack is ever lost or doubled."""

from __future__ import annotations

import pytest

from hil_tests.simplc.plant import Plant
from hil_tests.simplc.truth.motion import Stall
from hil_tests.simplc.truth.packs import HANDOVER_IN, HANDOVER_OUT, ROBOT, Collision
from hil_tests.simplc.truth.robot import OUT, UNDER


@pytest.fixture
def plant() -> Plant:
    """A vehicle clamped at working height over the open floor, driven by nobody's orders."""
    plant = Plant(seed=1, bays_per_rack=12)
    plant.make_vehicle("LSZ00000000000001", "SIM-SEDAN", 100, 20.0)
    plant.lift.entry_green = True
    plant.motions.run(60.0)
    assert plant.lift.vehicle.in_grooves
    for steps in (plant.lift.clamp(1.0), plant.lift.open_floor(4.0), plant.lift.raise_to(600.0, 8.0)):
        run(plant, steps)
    return plant


def run(plant, steps):
    """Runs one movement to its end; returns the Stall it ended with, or None."""
    ended = []
    plant.motions.start(steps, driven=True, ended=ended.append)
    plant.motions.run(plant.now + 60.0)
    return ended[0].error


def under(plant):
    assert run(plant, plant.robot.travel(UNDER, 1.0)) is None
    assert run(plant, plant.robot.raise_table(520.0, 5.0)) is None


def turn(plant, direction, mask=0x3FF):
    run(plant, plant.robot.turn_bolts(mask, direction, 85.0, 1.0, 2.0))


def test_the_table_meets_the_pack_and_stops_there(plant):
    run(plant, plant.robot.travel(UNDER, 1.0))
    run(plant, plant.robot.raise_table(900.0, 5.0))
    assert plant.robot.z == 520.0 and plant.robot.contact


def test_a_table_that_is_up_does_not_travel(plant):
    under(plant)
    assert isinstance(run(plant, plant.robot.travel(OUT, 1.0)), Stall)
    assert plant.robot.x == UNDER
    assert plant.mishaps[0][0] == "S5"


def test_a_table_does_not_go_through_the_floor(plant):
    run(plant, plant.lift.close_floor(3.0))
    run(plant, plant.robot.travel(UNDER, 1.0))
    assert isinstance(run(plant, plant.robot.raise_table(520.0, 5.0)), Stall)
    assert plant.robot.z == 250.0
    assert plant.mishaps[0][0] == "S4"


def test_floor_and_platform_do_not_go_through_the_robot(plant):
    under(plant)
    assert isinstance(run(plant, plant.lift.close_floor(3.0)), Stall)
    assert plant.lift.floor == 0.5
    height = plant.lift.height
    assert isinstance(run(plant, plant.lift.lower(7.0)), Stall)
    assert height - 10.0 < plant.lift.height < height


def test_a_second_pack_does_not_fit_into_the_vehicle(plant):
    plant.places.move(plant.places.at("A01"), ROBOT)
    run(plant, plant.robot.travel(UNDER, 1.0))
    assert isinstance(run(plant, plant.robot.raise_table(520.0, 5.0)), Stall)
    assert plant.robot.load is not None
    assert plant.lift.vehicle.pack(plant.places) is not None
    assert plant.mishaps[0][0] == "S11"


def test_an_open_pack_comes_down_with_the_table(plant):
    under(plant)
    turn(plant, -1)
    pack = plant.lift.vehicle.pack(plant.places)
    run(plant, plant.robot.lower_table(200.0, 10.0))
    assert pack.place == ROBOT
    assert plant.lift.vehicle.connector == 0.0


@pytest.mark.parametrize("closed", [1, 5, 9])
def test_a_seated_pack_held_by_some_bolts_stays_up_when_the_table_goes(plant, closed):
    under(plant)
    turn(plant, -1)
    run(plant, plant.robot.lower_table(200.0, 10.0))
    run(plant, plant.robot.raise_table(520.0, 5.0))
    assert plant.robot.load is not None, "a seated pack rests on the table until its bolts hold it"
    turn(plant, 1, (1 << closed) - 1)
    run(plant, plant.robot.lower_table(200.0, 10.0))
    assert plant.robot.load is None
    assert plant.lift.vehicle.pack(plant.places) is not None


def test_runners_without_a_bolt_above_them_find_nothing(plant):
    run(plant, plant.robot.travel(UNDER, 1.0))
    turn(plant, -1)
    assert all(runner.result == 7 and runner.turns == 0.0 for runner in plant.robot.runners)
    assert plant.lift.vehicle.all_closed


def test_turns_count_on_after_an_interruption_in_the_same_direction_only(plant):
    under(plant)
    bolt = plant.lift.vehicle.bolts[0]
    seen = []
    for direction in (-1, -1, 1):
        process = plant.motions.start(plant.robot.turn_bolts(1, direction, 85.0, 1.0, 2.0), driven=True)
        plant.motions.run(plant.now + 2.0)
        plant.motions.stop(process)
        seen.append(plant.robot.runners[0].turns / bolt.turns)
        assert not bolt.is_open and not bolt.is_closed
    assert seen == pytest.approx([1 / 2, 3 / 4, 3 / 8])


def test_the_fork_tears_no_plug_and_doubles_no_pack(plant):
    stacker = plant.stacker
    run(plant, stacker.go("A01", 1.0))
    assert isinstance(run(plant, stacker.pick(8.0)), Stall)
    assert plant.places.at("A01") is not None
    assert plant.mishaps[-1][0] == "S12"
    assert isinstance(run(plant, stacker.go("A02", 1.0)), Stall), "the fork is still out"
    run(plant, stacker.retract(2.0))
    plant.bays[1].plug = 0.0
    run(plant, stacker.pick(8.0))
    run(plant, stacker.go("A02", 1.0))
    before = plant.places.by_code()
    assert isinstance(run(plant, stacker.put(8.0)), Stall)
    assert plant.places.by_code() == before
    assert plant.mishaps[-1][0] == "S11"


def test_a_taken_handover_place_takes_no_second_pack(plant):
    plant.places.move(plant.places.at("A01"), HANDOVER_OUT)
    plant.places.move(plant.places.at("A02"), ROBOT)
    run(plant, plant.robot.travel(OUT, 1.0))
    assert isinstance(run(plant, plant.robot.set_down(10.0)), Stall)
    assert plant.robot.load is not None


def test_a_place_holds_one_pack(plant):
    plant.places.move(plant.places.at("A01"), HANDOVER_IN)
    with pytest.raises(Collision):
        plant.places.move(plant.places.at("A02"), HANDOVER_IN)
    with pytest.raises(Collision):
        plant.places.put(plant.make_pack(100, 50.0), "A03")
    assert plant.places.at("A02") is not None


def test_clamps_close_on_nothing_without_a_vehicle():
    plant = Plant(seed=1, bays_per_rack=12)
    run(plant, plant.lift.clamp(1.0))
    assert not plant.lift.clamped and not plant.lift.unclamped


def test_contactors_close_on_nothing_without_a_pack(plant):
    vehicle = plant.lift.vehicle
    vehicle.connector, vehicle.volts = 0.0, 0.0
    vehicle.close_contactors()
    assert vehicle.volts == 0.0 and vehicle.hv_live


@pytest.mark.parametrize(("cause", "reason"), [("smoke", 7), ("insulation", 5), ("heat", 4), ("gone", 3)])
def test_a_charge_ends_by_itself_and_says_why(cause, reason):
    plant = Plant(seed=1, bays_per_rack=12)
    bay = next(bay for bay in plant.bays.values() if bay.state == 4)
    match cause:
        case "smoke":
            bay.smoke = True
        case "insulation":
            bay.pack.insulation = 50
        case "heat":
            bay.pack.temperature = 66.0
        case "gone":
            plant.places.move(bay.pack, "isolation")
    plant.charge(0.1)
    plant.motions.run(2.0)
    assert (bay.state, bay.reason, bay.live) == (7, reason, False)

"""Rules of the procedures that no sensor of the moment can prove: what must have happened before what."""

from __future__ import annotations

import pytest

from sequences.interlocks import CarInterlocks, Column
from station_ctl.build import PaperStation
from station_ctl.core.modes import Mode
from station_ctl.core.steps import Job, OnLoss, OnResume, Sequence, Step
from tests.bench.cockpit import needs
from tests.bench.world import compares
from tests.sequences.conftest import all_sequences, the_station
from tests.sequences.test_structure import _all_before

SEQUENCES = [pytest.param(s, id=s.key) for s in all_sequences()]


def ordering(sequence: Sequence, opcode: str) -> list[Step]:
    """Steps whose order begins with this word."""
    return [s for s in sequence.steps if s.do is not None and s.do.text.partition("(")[0] == opcode]


def watched(step: Step) -> set[str]:
    """Every signal that a step needs or keeps."""
    return {c.signal.name for row in needs(step) for c in compares(row.holds)}


@pytest.mark.parametrize("sequence", SEQUENCES)
@pytest.mark.parametrize("opcode", ["robot.unlock", "robot.lock"])
def test_s3_bolts_turn_only_on_a_dead_clamped_identified_supported_vehicle(
    sequence: Sequence, opcode: str
) -> None:
    for step in ordering(sequence, opcode):
        kept = {c.signal.name for k in step.interlocks for c in compares(k.interlock.holds)}
        assert {"vehicle.hv_off", "vehicle.hv_volts"} <= kept, "high voltage off by two signs, all the time"
        assert {"lift.clamped", "lift.at_work", "lift.locked", "lift.in_position"} <= kept
        assert {"robot.pin_1", "robot.pin_2", "robot.load_kg"} <= kept, "the pack is carried"
        assert {"vehicle.vin", "vehicle.model"} <= watched(step) or opcode == "robot.lock"


@pytest.mark.parametrize("sequence", SEQUENCES)
def test_no_machine_moves_at_the_vehicle_with_somebody_in_the_bay(sequence: Sequence) -> None:
    """But while it drives in, with its driver in it; then nobody else may be there when it begins."""
    if sequence.mode is not Mode.AUTOMATIC:
        return
    for step in sequence.steps:
        if step.do is None or step.do.role not in ("lift", "robot"):
            continue
        assert {"lift.bay_clear", "robot.path_clear"} <= watched(step), step.text
        if step.do.text != "lift.open_entry":
            aborts = [k.interlock.holds for k in step.interlocks if k.on_loss is OnLoss.ABORT]
            signs = {c.signal.name for holds in aborts for c in compares(holds)}
            assert {"lift.bay_clear", "robot.path_clear"} <= signs, step.text


@pytest.mark.parametrize("sequence", SEQUENCES)
def test_no_vehicle_is_called_arrived_by_one_switch_and_none_is_clamped_that_may_roll(sequence: Sequence) -> None:
    for step in ordering(sequence, "lift.open_entry"):
        assert {c.signal.name for c in compares(step.done)} == {"lift.in_position", "lift.x_err", "lift.entry_beam"}
    for step in ordering(sequence, "lift.clamp"):
        assert {"lift.in_position", "lift.x_err", "vehicle.gear_p", "vehicle.epb_on"} <= watched(step)


@pytest.mark.parametrize("sequence", SEQUENCES)
def test_s4_wheels_are_released_and_the_exit_opened_only_with_the_robot_home_and_the_lift_down(
    sequence: Sequence,
) -> None:
    for step in (*ordering(sequence, "lift.unclamp"), *ordering(sequence, "lift.open_exit")):
        assert {"robot.at", "lift.floor_closed"} <= watched(step)
        before = _all_before(sequence, step.no)
        lowered = [s.no for s in ordering(sequence, "lift.lower")]
        assert set(lowered) <= before and lowered


@pytest.mark.parametrize("sequence", SEQUENCES)
def test_s6_nothing_is_given_back_to_the_driver_before_every_lock_is_closed(sequence: Sequence) -> None:
    for opcode in ("vehicle.switch_hv_on", "lift.unclamp", "lift.open_exit"):
        for step in ordering(sequence, opcode):
            assert {"robot.bolts_closed", "vehicle.locks_closed"} <= watched(step), step.text


def test_s6_after_a_swap_torque_and_pack_are_judged_too(job: Job) -> None:
    swap = the_station().procedures().swap(job)
    for opcode in ("vehicle.switch_hv_on", "lift.unclamp", "lift.open_exit"):
        for step in ordering(swap, opcode):
            assert {"robot.bolt_torque", "vehicle.pack_id"} <= watched(step), step.text


@pytest.mark.parametrize("sequence", SEQUENCES)
def test_s12_a_pack_is_put_only_where_sensor_and_ledger_see_none_and_the_plug_is_out(
    sequence: Sequence, station: PaperStation
) -> None:
    for step in (*ordering(sequence, "stacker.store"), *ordering(sequence, "stacker.put_back")):
        (move,) = step.moves
        bay = next(b for b in station.stand.bays if b.name == move.target)
        assert {bay.present.name, bay.plug_out.name} <= watched(step)
        assert f"{bay.name} empty by the ledger" in "; ".join(str(row.holds) for row in needs(step))


@pytest.mark.parametrize("sequence", SEQUENCES)
def test_s12_and_s16_a_pack_is_taken_only_unplugged_uncharged_and_cool(
    sequence: Sequence, station: PaperStation
) -> None:
    for step in (*ordering(sequence, "stacker.fetch"), *ordering(sequence, "stacker.move")):
        (move,) = step.moves
        bay = next(b for b in station.stand.bays if b.name == move.origin)
        now = (bay.plug_out, bay.socket_dead, bay.charge_state, bay.no_smoke, bay.no_prealarm)
        assert {s.name for s in now} <= watched(step)
        # The BMS is silent once the plug is out: the temperature is judged while it still answers.
        earlier = [sequence.by_no[no] for no in _all_before(sequence, step.no)]
        assert any({bay.temp_max.name, bay.bms_link.name} <= watched(s) for s in earlier)


@pytest.mark.parametrize("sequence", SEQUENCES)
def test_a_step_that_moves_a_pack_or_turns_bolts_is_looked_at_before_it_is_repeated(
    sequence: Sequence,
) -> None:
    for step in sequence.steps:
        if (
            step.moves
            or ordering(sequence, "robot.unlock") == [step]
            or ordering(sequence, "robot.lock") == [step]
        ):
            assert step.on_resume is not OnResume.REPEAT, step.text


def test_the_bolts_are_opened_only_with_the_charged_pack_at_hand_and_a_place_for_the_spent_one(
    job: Job,
) -> None:
    """Point of no return: from here on the vehicle has no pack of its own."""
    swap = the_station().procedures().swap(job)
    (unlock,) = ordering(swap, "robot.unlock")
    sentences = "; ".join(str(row.holds) for row in needs(unlock))
    assert "handover_in holds pack P-new" in sentences and "B12 empty by the ledger" in sentences
    assert "handover_out empty by the ledger" in sentences
    (fetch,) = ordering(swap, "stacker.fetch")
    assert fetch.no in _all_before(swap, unlock.no)


def test_a_returned_pack_is_looked_at_before_it_is_charged(job: Job) -> None:
    swap = the_station().procedures().swap(job)
    (charge,) = ordering(swap, "rack_b.start_charge")
    look = next(s for s in swap.steps if s.do is None and "pack_id" in str(s.done))
    assert look.no in _all_before(swap, charge.no)
    for sign in ("no_crash", "no_smoke", "insulation", "temp_max", "pack_id", "bms_link"):
        assert f"B12.{sign}" in str(look.done), sign


@pytest.mark.parametrize("sequence", SEQUENCES)
def test_nothing_is_ordered_that_cannot_be_written_down(sequence: Sequence) -> None:
    for step in sequence.steps:
        if step.do is not None:
            assert "G28" in {row.code for row in step.permissives}, f"step {step.no} {step.text}"
            assert step.ending is None or "G28" in {row.code for row in step.ending.permissives}


def test_a_row_is_left_out_by_its_name_only(job: Job) -> None:
    il = CarInterlocks(the_station().stand, job)
    left = {row.code for row in il.needs(Column.UNLOCK, without=("G16",))}
    assert left == {row.code for row in il.needs(Column.UNLOCK)} - {"G16"}
    assert "G16" not in {kept.interlock.code for kept in il.keeps(Column.UNLOCK, without=("G16",))}
    with pytest.raises(AssertionError, match="has no rows"):
        il.needs(Column.ENTRY, without=("G16",))

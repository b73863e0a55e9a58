"""Steps and sequences: what is wrong with a procedure is found before it is run, and who waits for whom."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from station_ctl.core.conditions import JournalWritable
from station_ctl.core.custody import Move
from station_ctl.core.devices import Command
from station_ctl.core.modes import ORDERED_PHASES, Phase
from station_ctl.core.steps import Ending, Exchange, Interlock, Job, OnResume, Recipe, Sequence, Step


def step(no: int, lane: str = "robot", phase: Phase = Phase.POSITIONING, **changes: Any) -> Step:
    made = Step(no, f"Step {no}", lane, phase, JournalWritable(), within=10, nominal=5)
    return replace(made, **changes)


BACK = Ending(
    JournalWritable(), Command("robot", 2, (), "robot.home"), (Interlock("T1", "", JournalWritable()),)
)
"""A way back of the robot, for a step that was stopped when its work was done."""

ASK = Command("vehicle", 1, (), "vehicle.identify")


def faults(*steps: Step) -> str:
    return "; ".join(Sequence("toy", "Toy", steps).faults())


def test_a_sound_procedure_has_no_faults() -> None:
    assert faults(step(10), step(20, "lift"), step(30, after=(20,)), step(40, phase=Phase.RELEASE)) == ""


def test_a_step_may_take_as_long_as_it_may_and_less_than_a_second() -> None:
    assert faults(step(10, nominal=10)) == "" and faults(step(10, nominal=0.5)) == ""


@pytest.mark.parametrize(
    ("steps", "fault"),
    [
        ((step(20), step(10)), "step numbers do not rise: \\[20, 10\\]"),
        ((step(10), step(10)), "step numbers do not rise"),
        ((step(10, after=(20,)), step(20)), "step 10: after=20 is not an earlier step"),
        ((step(10, after=(10,)),), "step 10: after=10 is not an earlier step"),
        ((step(10, after=(5,)),), "step 10: after=5 is not an earlier step"),
        ((step(10, within=0),), "step 10: needs 0 < nominal ≤ within"),
        ((step(10, nominal=0),), "step 10: needs 0 < nominal ≤ within"),
        ((step(10, nominal=11),), "step 10: needs 0 < nominal ≤ within"),
        ((step(10, nominal=-1),), "step 10: needs 0 < nominal ≤ within"),
        ((step(10, phase=Phase.COMPLETE),), "step 10: complete is not a phase that acts"),
        ((step(10, phase=Phase.HELD),), "step 10: held is not a phase that acts"),
        ((step(10, on_resume=OnResume.ASK),), "step 10: asks on resume, so it needs `start`"),
        ((step(10, asks=True, do=Command("lift", 1, (), "lift.ask")), step(20)), "step 10: a step that only asks"),
        ((step(10, asks=True),), "step 10: a step that only asks"),
        ((step(10, asks=True, do=ASK, moves=(Move("P", "a", "b"),)),), "step 10: a step that only asks"),
        ((step(10, asks=True, do=ASK, admits=(("P", "a"),)),), "step 10: a step that only asks"),
        ((step(10, asks=True, do=ASK, releases=("P",)),), "step 10: a step that only asks"),
        ((step(10, ending=BACK),), "step 10: its ending is ordered of another role than the step"),
        (
            (step(10, do=Command("lift", 1, (), "lift.go"), ending=BACK),),
            "step 10: its ending is ordered of another role than the step",
        ),
    ],
)
def test_a_fault_in_a_procedure_is_named_with_its_step(steps: tuple[Step, ...], fault: str) -> None:
    with pytest.raises(AssertionError, match=fault):
        assert faults(*steps) == ""


def test_all_faults_are_named_at_once() -> None:
    found = Sequence("toy", "Toy", (step(10, within=0), step(20, after=(99,)))).faults()
    assert len(found) == 2


@pytest.mark.parametrize("phase", ORDERED_PHASES)
def test_the_phases_that_act_are_all_but_the_last(phase: Phase) -> None:
    assert (faults(step(10, phase=phase)) == "") == (phase is not Phase.COMPLETE)


def test_steps_of_a_lane_wait_for_each_other_and_lanes_do_not() -> None:
    toy = Sequence("toy", "Toy", (step(10), step(20, "lift"), step(30), step(40, "lift", after=(10,))))
    assert toy.before == {10: (), 20: (), 30: (10,), 40: (20, 10)}


def test_a_step_waits_for_the_foreground_of_earlier_phases_and_not_for_the_background() -> None:
    late = Phase.LOCK_RELEASE
    toy = Sequence(
        "toy",
        "Toy",
        (
            step(10),
            step(20, "stacker", background=True),
            step(30, "lift", late),
            step(40, "lift", late, after=(20,)),
        ),
    )
    assert toy.before[30] == (10,)
    assert toy.before[40] == (30, 20, 10)


def test_steps_are_found_by_number_and_roles_are_those_that_are_ordered_something() -> None:
    orders = [Command(role, 1, (), f"{role}.go") for role in ("lift", "robot", "lift")]
    steps = (*(step(no, do=do) for no, do in zip((10, 20, 30), orders, strict=True)), step(40, "rack"))
    toy = Sequence("toy", "Toy", steps)
    assert toy.by_no[20] is steps[1] and toy.index[30] == 2
    assert toy.roles() == ("lift", "robot")


def test_a_step_whose_work_is_done_is_ordered_back_and_another_as_it_is() -> None:
    go = Command("robot", 1, (), "robot.go")
    working = step(10, do=go, ending=BACK)
    assert faults(working) == ""
    ended = working.to_its_end()
    assert (ended.do, ended.permissives, ended.done) == (BACK.do, BACK.permissives, working.done)
    plain = step(20, do=go)
    assert plain.to_its_end() is plain


def test_a_step_in_a_phase_that_does_not_act_comes_before_all_others() -> None:
    """It is a fault of the procedure; building the procedure does not fail over it, so that `faults` can name it."""
    toy = Sequence(
        "toy", "Toy", (step(10, phase=Phase.HELD), step(20, "lift"), step(30, "stacker", Phase.RELEASE))
    )
    assert toy.before == {10: (), 20: (10,), 30: (10, 20)}


def test_a_sequence_is_itself_and_no_other() -> None:
    assert Sequence("toy", "Toy", ()) != Sequence("toy", "Toy", ())


def test_a_sequence_is_printed_without_what_follows_from_its_steps() -> None:
    shown = repr(Sequence("toy", "Toy", (step(10),)))
    assert shown.startswith("Sequence(key='toy', text='Toy', steps=(Step(")
    assert not [name for name in ("by_no", "index", "before") if f"{name}=" in shown]


def test_a_step_that_says_nothing_may_be_repeated_and_moves_nothing() -> None:
    plain = step(10)
    assert plain.on_resume is OnResume.REPEAT and not plain.background
    assert not plain.measures and plain.chapter == "" and plain.ending is None
    assert (plain.moves, plain.admits, plain.releases, plain.enters, plain.leaves) == ((), (), (), (), ())


@pytest.mark.parametrize(("bolts", "mask"), [(1, 0b1), (8, 0xFF), (10, 0x3FF)])
def test_a_bolt_mask_has_one_bit_for_each_bolt(bolts: int, mask: int) -> None:
    recipe = Recipe("M", 100, bolts, 85, 5, 7, 9, 600, 520, 560, 60, 500, 90)
    assert replace(recipe, bolts=0, clips=bolts).clip_mask == mask and recipe.clip_mask == 0
    assert recipe.bolt_mask == mask


def test_a_job_names_every_pack_and_bay_of_every_exchange_and_may_get_others_for_the_same_vehicle() -> None:
    recipe = Recipe("M", 100, 0, 0, 0, 0, 0, 0, 0, 560, 60, 500, 90, clips=4)
    one = Job("V", recipe, "P-1", "P-2", "A01", "A02", turn=1)
    assert one.exchanges == (Exchange("P-1", "P-2", "A01", "A02"),) and one.packs == ("P-1", "P-2")
    two = one.with_exchanges((Exchange("P-3", "P-4", "A03", "A04"), Exchange("P-5", "P-6", "A05", "A06")))
    assert two == Job("V", recipe, "P-3", "P-4", "A03", "A04", (Exchange("P-5", "P-6", "A05", "A06"),), 1)
    assert two.packs == ("P-3", "P-4", "P-5", "P-6"), "also those that are taken out: a new code may be of any of them"
    assert (two.fresh_bays, two.spent_bays) == (("A03", "A05"), ("A04", "A06"))
    assert two.exchanges[1].names == ("P-6", "A05", "A06"), "reserved by them: the spent pack is still in the vehicle"
    assert two.with_exchanges(one.exchanges) == one, "a pack less leaves nothing behind"


INSTEAD = JournalWritable()


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"phase": Phase.PUT_AWAY}, False),
        ({"phase": Phase.PUT_AWAY, "do": ASK}, True),
        ({"phase": Phase.RELEASE}, True),
        ({"phase": Phase.RELEASE, "do": ASK}, True),
    ],
)
def test_a_run_is_ended_otherwise_only_by_a_step_of_the_put_away_that_orders_nothing(
    changes: dict[str, Any], wrong: bool
) -> None:
    told = "toy step 10: only a step of the put-away that orders nothing ends the run"
    assert faults(step(10, instead=INSTEAD, **changes)) == (told if wrong else "")


def test_a_procedure_stands_aside_that_only_asks_and_nothing_of_a_vehicle() -> None:
    def aside(*steps: Step) -> bool:
        return Sequence("toy", "Toy", steps).aside

    asking = step(10, asks=True, do=ASK, phase=Phase.PUT_AWAY)
    assert aside(asking) is True
    assert not aside(replace(asking, phase=Phase.POSITIONING)) and not aside(replace(asking, asks=False))
    assert not aside(asking, step(20, phase=Phase.PUT_AWAY)) and not aside()

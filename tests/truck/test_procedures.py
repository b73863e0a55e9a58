"""What every procedure of the truck station must be: the rules of the car's procedures, and those of a crane."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from station_ctl.build import put_together
from station_ctl.core.errors import ConfigurationError
from station_ctl.core.modes import Mode
from station_ctl.core.steps import OnLoss, OnResume, Sequence, Step, TopLift
from tests.bench.cockpit import needs
from tests.bench.world import World, compares
from tests.sequences import test_every_interlock as interlocks
from tests.sequences import test_structure as structure
from tests.truck.truck_paper import all_sequences, procedures, the_job, the_station, twin_job, twin_sequences

SEQUENCES = [
    *(pytest.param(s, id=s.key) for s in all_sequences()),
    *(pytest.param(s, id=f"{s.key} of two packs, in turn {turn + 1}") for turn in (0, 1) for s in twin_sequences(turn)),
]
LIMIT_S = 360.0
"""GB/T 29772-2024 8.5.1: a swap of a commercial vehicle, from its entry to its exit."""


@pytest.mark.parametrize("sequence", SEQUENCES)
def test_it_is_sound_and_each_step_can_be_begun_proven_and_told_from_what_was_before(
    sequence: Sequence,
) -> None:
    station = the_station()
    structure.test_a_procedure_has_no_faults_and_rising_numbers(sequence)
    structure.test_custody_follows_the_procedure_from_step_to_step(sequence, the_job())
    structure.test_every_zone_that_is_entered_is_left_again_by_the_same_device(sequence)
    structure.test_a_step_that_moves_a_pack_names_it_once_and_one_pack_at_a_time(sequence)
    for step in sequence.steps:
        structure.test_every_step_has_a_text_a_proof_a_limit_and_a_chapter(sequence, step)
        knows_order = (
            structure.test_every_step_orders_a_role_that_has_an_order_channel_and_an_opcode_its_driver_knows
        )
        knows_order(sequence, step, station)
        structure.test_every_signal_of_a_step_is_a_read_tag_of_its_plc(sequence, step, station)
        structure.test_no_interlock_stands_twice_with_two_reactions(sequence, step)
        structure.test_all_that_a_step_needs_and_its_proof_can_be_true(sequence, step)
        if step.start is not None:
            with pytest.raises(AssertionError, match="no value proves"):
                World().prove(step.start, step.done)
        interlocks.test_a_step_under_way_trips_nothing_while_all_it_keeps_is_proven(sequence, step, station)
        interlocks.test_a_step_begins_when_all_it_needs_is_proven(sequence, step, station)


@pytest.mark.parametrize("sequence", [s for s in SEQUENCES if str(s.id).startswith(("swap", "pack-isolate"))])
def test_each_row_of_each_step_lost_in_any_way_stops_it_or_keeps_it_from_beginning(
    sequence: Sequence,
) -> None:
    """Of two packs the second, which has the rows of any pack and one for the pack that is not at hand."""
    station = the_station()
    loses = interlocks.test_losing_any_interlock_in_any_way_stops_the_device_with_the_reaction_of_its_cell
    for step in [s for s in sequence.steps if "2 of 2" in s.text] or sequence.steps:
        loses(sequence, step, station)
        interlocks.test_a_step_does_not_begin_while_anything_it_needs_is_not_proven_in_any_way(
            sequence, step, station
        )
        interlocks.test_a_step_does_not_begin_against_the_controllers_own_facts(sequence, step, station)


@pytest.mark.long
@pytest.mark.parametrize(
    "sequence", [s for s in SEQUENCES if not str(s.id).startswith(("swap", "pack-isolate"))]
)
def test_the_same_of_every_other_procedure(sequence: Sequence) -> None:
    test_each_row_of_each_step_lost_in_any_way_stops_it_or_keeps_it_from_beginning(sequence)


def test_the_same_job_always_gives_the_same_steps_and_another_one_others() -> None:
    first, second = procedures(the_job("A01", "A07")), procedures(the_job("A01", "A07"))
    assert [(s.key, s.steps) for s in first] == [(s.key, s.steps) for s in second]
    assert len({s.key for s in first}) == len(first), "a key names one procedure in the journal"
    assert [s.steps for s in first] != [s.steps for s in all_sequences()]


# ---- time ----
def planned(sequence: Sequence) -> dict[int, float]:
    """When each step ends by the nominal times, if every step begins as soon as it may."""
    ends: dict[int, float] = {}
    for step in sequence.steps:
        ends[step.no] = max((ends[no] for no in sequence.before[step.no]), default=0.0) + step.nominal
    return ends


def test_a_swap_is_planned_within_the_limit_of_the_standard_and_its_lanes_save_time() -> None:
    made = the_station().procedures()
    swap, reception = made.swap(the_job()), made.reception()
    (exit_,) = (step.no for step in swap.steps if step.releases)
    until_exit = planned(reception)[10] + planned(swap)[exit_]
    one_by_one = sum(step.nominal for step in (*reception.steps, *swap.steps) if step.no <= exit_)
    assert until_exit <= LIMIT_S
    assert one_by_one - until_exit > 50, "crane, scanner, truck and rack work at the same time"


def test_two_packs_are_planned_beyond_the_limit_of_one_and_the_decision_says_so() -> None:
    made = the_station().procedures()
    seconds = planned(made.reception())[10] + planned(made.swap(twin_job()))[400]
    decisions = Path(__file__).parents[2] / "docs" / "decisions"
    (decision,) = decisions.glob("*-two-packs-are-one-swap-of-two-exchanges.md")
    assert seconds > LIMIT_S and f"Planned are {seconds:.0f} s" in decision.read_text(encoding="utf-8")


def test_a_truck_that_is_given_back_with_one_pack_of_the_station_has_paid_it() -> None:
    for turn in (0, 1):
        for sequence in twin_sequences(turn):
            if sequence.key == "give-back-truck:touched":
                paid = [s.no for s in ordering(sequence, "vehicle.settle")]
                (exit_,) = (s for s in sequence.steps if s.releases)
                assert bool(paid) == bool(turn) and set(paid) <= structure._all_before(sequence, exit_.no)


@pytest.mark.parametrize(
    ("one", "other"),
    [(40, 30), (50, 60), (22, 20), (140, 120), (140, 135), (175, 180), (175, 200)],
)
def test_these_two_steps_do_not_wait_for_each_other(one: int, other: int) -> None:
    """Crane and driver, scanner and high voltage, plug and entry, second scan and fetching, parking and leaving."""
    swap = the_station().procedures().swap(the_job())
    assert one not in structure._all_before(swap, other) and other not in structure._all_before(swap, one)


# ---- two packs ----
def test_of_two_packs_the_second_is_not_touched_before_the_first_is_locked_checked_and_left() -> None:
    swap = the_station().procedures().swap(twin_job())
    first = {s.no for s in swap.steps if "1 of 2" in s.text}
    for step in swap.steps:
        if "2 of 2" in step.text:
            assert first <= structure._all_before(swap, step.no), f"{step.no} {step.text}"


@pytest.mark.parametrize("by", [0, 200])
def test_each_of_two_packs_goes_through_the_steps_of_one_in_their_order(by: int) -> None:
    """Whatever waits in the swap of one pack waits likewise for each of two, though all of the second is one phase."""
    procedures = the_station().procedures()
    one, two = procedures.swap(the_job()), procedures.swap(twin_job())
    for step in one.steps:
        if 70 <= step.no <= 170:
            before = {no + by for no in structure._all_before(one, step.no) if no >= 70}
            assert before <= structure._all_before(two, step.no + by), f"{step.no + by} {step.text}"


def test_a_second_pack_may_go_where_the_first_charged_one_stood() -> None:
    two = the_station().procedures().swap(twin_job(spent_bay="A03"))
    unlock = next(s for s in two.steps if s.no == 80)
    needed = [row.text for row in needs(unlock) if row.code == "G15"]
    assert needed == ["Empty compatible bay reserved for the spent pack"], "A03 holds the charged pack until then"
    second = next(s for s in two.steps if s.no == 280)
    assert "A03 empty by the ledger" in str([str(row.holds) for row in needs(second) if row.code == "G15"])


def test_two_packs_are_left_with_each_that_was_exchanged_and_each_that_was_not() -> None:
    first, second = (
        {s.key: step.releases for s in twin_sequences(turn) for step in s.steps if step.releases} for turn in (0, 1)
    )
    assert first.pop("swap-truck") == ("P-new", "P-new-2")
    assert set(first.values()) == {("P-old", "P-old-2")} and set(second.values()) == {("P-new", "P-old-2")}
    assert len(first) == len(second) == 7


# ---- which trucks ----
@pytest.mark.parametrize(
    ("model", "lift", "clips", "why"),
    [
        ("SIM-TRACTOR", TopLift((-1500.0, 0.0, 1500.0), 3200.0, 2200.0), 4, "it carries 3 packs, and the truck link"),
        ("SIM-TRACTOR", TopLift((-1500.0, 1500.0), 3200.0, 2200.0), 5, "lock mask 0x3e0"),
        ("SIM-TRACTOR", TopLift((0.0,), 3200.0, 2200.0), 0, "held by bolts"),
        ("SIM-TRACTOR", None, 4, "taken from below"),
        ("SIM-TRACTOR", TopLift((2500.0,), 3200.0, 2200.0), 4, "offset along the lane"),
        ("SIM-OTHER", TopLift((0.0,), 3200.0, 2400.0), 4, "stand equally high in a bay"),
    ],
)
def test_a_model_that_this_crane_cannot_serve_is_refused_when_the_station_is_put_together(
    model: str, lift: TopLift | None, clips: int, why: str
) -> None:
    config = the_station().config
    recipe = replace(config.recipes["SIM-TRACTOR"], model=model, top_lift=lift, clips=clips)
    with pytest.raises(ConfigurationError, match=why):
        put_together(replace(config, recipes={**config.recipes, model: recipe}))


# ---- what must have happened before what ----
def ordering(sequence: Sequence, *opcodes: str) -> list[Step]:
    """Steps whose order begins with one of these words."""
    return [s for s in sequence.steps if s.do is not None and s.do.text.partition("(")[0] in opcodes]


def watched(step: Step) -> set[str]:
    """Every signal that a step needs or keeps."""
    return {c.signal.name for row in needs(step) for c in compares(row.holds)}


def aborting(step: Step) -> set[str]:
    """Every signal whose loss aborts a step."""
    kept = (k for k in step.interlocks if k.on_loss is OnLoss.ABORT)
    return {c.signal.name for k in kept for c in compares(k.interlock.holds)}


SWAPS = [s for s in SEQUENCES if str(s.id).startswith(("swap", "relock", "give-back"))]


@pytest.mark.parametrize("sequence", SWAPS)
def test_s3_locks_are_opened_and_closed_on_a_dead_truck_below_a_gripper_that_holds_its_pack(
    sequence: Sequence,
) -> None:
    for step in ordering(sequence, "vehicle.unlock_pack", "vehicle.lock_pack"):
        assert {"vehicle.hv_off", "vehicle.hv_volts"} <= aborting(step), step.text
        kept = {c.signal.name for k in step.interlocks for c in compares(k.interlock.holds)}
        assert {"crane.gripper_closed", "crane.landed", "stand.at_wheel_stop", "vehicle.epb_on"} <= kept, (
            step.text
        )
        assert step.on_resume is OnResume.ASK and step.start is not None


@pytest.mark.parametrize("sequence", SEQUENCES)
def test_s5_nothing_is_hoisted_nor_carried_but_by_four_locks_on_four_corners(sequence: Sequence) -> None:
    for step in sequence.steps:
        carried = any(move.target == "crane" for move in step.moves) or "Pack at all four corners" in str(
            [row.text for row in needs(step)]
        )
        if carried and step.do is not None and step.do.role == "crane":
            assert {"crane.gripper_closed", "crane.landed", "crane.load_kg"} <= aborting(step), step.text


@pytest.mark.parametrize("sequence", SWAPS)
def test_s20_a_pack_leaves_the_truck_with_every_lock_open_and_its_connector_apart(sequence: Sequence) -> None:
    for step in sequence.steps:
        if any(move.origin.startswith("vehicle:") for move in step.moves):
            kept = {c.signal.name for k in step.interlocks for c in compares(k.interlock.holds)}
            second = "_2" if step.moves[0].origin.endswith("/2") else ""
            assert {"vehicle.locks_open", f"vehicle.connector_apart{second}"} <= kept
            locks = "unlock_pack(locks 5" if second else "unlock_pack(locks 1"
            unlocked = [s.no for s in ordering(sequence, "vehicle.unlock_pack") if s.do and locks in s.do.text]
            assert set(unlocked) <= structure._all_before(sequence, step.no) and unlocked


@pytest.mark.parametrize("sequence", SWAPS)
def test_s6_nothing_is_given_back_before_every_lock_is_closed_and_the_crane_is_clear(
    sequence: Sequence,
) -> None:
    for step in ordering(sequence, "vehicle.switch_hv_on", "stand.open_exit"):
        assert {"vehicle.locks_closed", "vehicle.pack_latched"} <= watched(step), step.text
        kept = {c.signal.name for k in step.interlocks for c in compares(k.interlock.holds)}
        assert {"crane.hoisted", "crane.gripper_open", "crane.landed"} <= kept, step.text
    if sequence.key.startswith(("swap", "relock")):
        for step in ordering(sequence, "vehicle.switch_hv_on", "stand.open_exit"):
            assert "vehicle.pack_id" in watched(step)


@pytest.mark.parametrize("sequence", SEQUENCES)
def test_s21_the_crane_travels_high_and_lowers_still(sequence: Sequence) -> None:
    for step in ordering(
        sequence, "crane.travel_to_truck", "crane.travel_to_bay", "crane.travel_to_isolation"
    ):
        assert {"crane.hoisted", "crane.z"} <= aborting(step), step.text
        assert {"crane.sway", "crane.wind", "crane.load_kg"} <= watched(step), step.text
    for step in ordering(sequence, "crane.lower"):
        kept = {k.interlock.code: k.on_loss for k in step.interlocks}
        assert kept["G35l"] is OnLoss.HOLD and "G35s" in {row.code for row in step.permissives}
        assert "G39" in {row.code for row in step.permissives}, "over what it is lowered onto"


@pytest.mark.parametrize("sequence", SEQUENCES)
def test_s22_the_crane_moves_only_while_nobody_is_below(sequence: Sequence) -> None:
    for step in sequence.steps:
        if step.do is not None and step.do.role == "crane":
            assert {"stand.bay_clear", "crane.path_clear"} <= aborting(step), step.text


@pytest.mark.parametrize("sequence", SWAPS)
def test_s23_what_comes_down_on_the_truck_comes_down_where_it_was_scanned(sequence: Sequence) -> None:
    for step in ordering(sequence, "crane.lower"):
        if not any("Crane over the truck" in row.text for row in step.permissives):
            continue
        kept = {c.signal.name for k in step.interlocks for c in compares(k.interlock.holds)}
        assert {
            "stand.shift",
            "stand.scanned",
            "stand.quality",
            "stand.dx",
            "stand.yaw",
            "stand.roll",
        } <= kept
        scans = [
            s.no for s in ordering(sequence, "stand.scan") if s.no in structure._all_before(sequence, step.no)
        ]
        assert scans, "scanned in this very procedure"
        away = [s.no for s in ordering(sequence, "crane.travel_to_bay") if s.no < step.no]
        assert max(scans) > max(away, default=0) or (sequence.key == "swap-truck" and 140 in scans)


@pytest.mark.parametrize("sequence", SEQUENCES)
def test_s12_and_s16_a_pack_leaves_its_bay_unplugged_and_enters_one_that_is_free(sequence: Sequence) -> None:
    bays = {bay.name: bay for bay in the_station().stand.bays}
    for step in sequence.steps:
        for move in step.moves:
            if bay := bays.get(move.origin):
                assert {bay.plug_out.name, bay.socket_dead.name, bay.charge_state.name} <= watched(step)
                hot = "isol" in sequence.key
                assert hot or {bay.no_smoke.name, bay.no_prealarm.name} <= watched(step)
            if bay := bays.get(move.target):
                assert {bay.present.name, bay.plug_out.name} <= watched(step)
                assert f"{bay.name} empty by the ledger" in "; ".join(str(row.holds) for row in needs(step))


def test_the_locks_are_opened_only_with_the_charged_pack_at_hand_and_a_place_for_the_spent_one() -> None:
    """Point of no return: from here on the truck has no pack of its own."""
    swap = the_station().procedures().swap(the_job())
    (unlock,) = ordering(swap, "vehicle.unlock_pack")
    sentences = "; ".join(str(row.holds) for row in needs(unlock))
    assert "A03 holds pack P-new" in sentences and "A08 empty by the ledger" in sentences
    assert "rack_a.A03.plug_out" in sentences


@pytest.mark.parametrize("sequence", SEQUENCES)
def test_nothing_is_ordered_that_cannot_be_written_down(sequence: Sequence) -> None:
    for step in sequence.steps:
        if step.do is not None:
            assert "G28" in {row.code for row in step.permissives}, f"step {step.no} {step.text}"
            assert step.ending is None or "G28" in {row.code for row in step.ending.permissives}
        if step.moves:
            assert step.on_resume is not OnResume.REPEAT and step.start is not None


def test_maintenance_moves_under_key_and_enabling_device_with_no_truck_below() -> None:
    for sequence in all_sequences():
        if sequence.mode is Mode.MAINTENANCE:
            for step in sequence.steps:
                kept = {k.interlock.code for k in step.interlocks}
                if step.do is not None:
                    assert {"G07", "G31", "G32"} <= kept, f"{sequence.key} {step.no}"
                if step.do is not None and step.do.role == "crane":
                    assert "G33" in {row.code for row in needs(step)}, f"{sequence.key} {step.no}"

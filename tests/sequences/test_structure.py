"""What every procedure must be, whatever it does: complete, sound, about tags that exist, the same each time."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from sequences.car_station import HANDOVER_OUT
from station_ctl.build import PaperStation
from station_ctl.core.conditions import Condition
from station_ctl.core.custody import Ledger
from station_ctl.core.errors import NotFound
from station_ctl.core.points import Access
from station_ctl.core.steps import Job, OnLoss, OnResume, Sequence, Step
from tests.bench.cockpit import needs
from tests.bench.world import World, compares
from tests.sequences.conftest import EACH_STEP, all_sequences, procedures, the_job, the_station

SEQUENCES = [pytest.param(s, id=s.key) for s in all_sequences()]
MACHINES = ("robot", "lift", "stacker")


def _conditions(step: Step) -> Iterable[Condition]:
    yield from (step.done, *(row.holds for row in needs(step)))
    if step.start is not None:
        yield step.start


@pytest.mark.parametrize("sequence", SEQUENCES)
def test_a_procedure_has_no_faults_and_rising_numbers(sequence: Sequence) -> None:
    assert sequence.faults() == ()
    numbers = [step.no for step in sequence.steps]
    assert numbers == sorted(set(numbers)) and numbers


@pytest.mark.parametrize(("sequence", "step"), EACH_STEP)
def test_every_step_has_a_text_a_proof_a_limit_and_a_chapter(sequence: Sequence, step: Step) -> None:
    assert step.text and step.chapter
    assert list(compares(step.done)), "a proof is something that a sensor shows"
    assert 0 < step.nominal <= step.within


@pytest.mark.parametrize(("sequence", "step"), EACH_STEP)
def test_every_step_orders_a_role_that_has_an_order_channel_and_an_opcode_its_driver_knows(
    sequence: Sequence, step: Step, station: PaperStation
) -> None:
    if step.do is None:
        return
    assert step.do.role in station.facts.channels
    orders = station.devices[step.do.role].orders
    assert orders is not None and step.do.opcode in [int(order) for order in orders]
    assert len(step.do.params) <= 4


@pytest.mark.parametrize(("sequence", "step"), EACH_STEP)
def test_every_signal_of_a_step_is_a_read_tag_of_its_plc(
    sequence: Sequence, step: Step, station: PaperStation
) -> None:
    for condition in _conditions(step):
        for compare in compares(condition):
            signal = compare.signal
            device = next(d for d in station.devices.values() if d.link == signal.link and signal.tag in d.io)
            point = device.io[signal.tag]
            assert point.access is Access.READ and point.scan is signal.scan, signal


@pytest.mark.parametrize("fresh", ["A03", "B01"])
@pytest.mark.parametrize("spent", ["A12", "B12"])
def test_the_same_job_always_gives_the_same_steps(fresh: str, spent: str) -> None:
    first, second = procedures(the_job(fresh, spent)), procedures(the_job(fresh, spent))
    assert [s.key for s in first] == [s.key for s in second]
    assert [s.steps for s in first] == [s.steps for s in second]
    assert len({s.key for s in first}) == len(first), "a key names one procedure in the journal"


def test_another_job_gives_other_steps() -> None:
    assert [s.steps for s in procedures(the_job("A03"))] != [s.steps for s in procedures(the_job("A04"))]


def test_a_job_for_a_bay_that_does_not_exist_is_refused_by_name() -> None:
    with pytest.raises(NotFound, match="there is no bay C99"):
        the_station().procedures().swap(the_job("C99"))


@pytest.mark.parametrize(("sequence", "step"), EACH_STEP)
def test_every_motion_keeps_the_safety_chain_and_aborts_without_it(sequence: Sequence, step: Step) -> None:
    if step.do is not None and step.do.role in MACHINES:
        reactions = {k.interlock.code: k.on_loss for k in step.interlocks}
        assert {reactions.get(code) for code in ("G01", "G03", "G04")} == {OnLoss.ABORT}


@pytest.mark.parametrize(("sequence", "step"), EACH_STEP)
def test_no_interlock_stands_twice_with_two_reactions(sequence: Sequence, step: Step) -> None:
    codes = [k.interlock.code for k in step.interlocks]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize(("sequence", "step"), EACH_STEP)
def test_before_and_after_a_step_never_look_alike(sequence: Sequence, step: Step) -> None:
    """After a crash the sensors say which it is; a step that asks must be able to tell."""
    if step.start is None:
        assert step.on_resume is not OnResume.ASK
        return
    if sequence.key.startswith("relock"):
        return  # takes bolts in any state, and is done when all of them are closed
    with pytest.raises(AssertionError, match="no value proves"):
        World().prove(step.start, step.done)


@pytest.mark.parametrize(("sequence", "step"), EACH_STEP)
def test_a_step_that_ends_apart_from_its_machine_says_how_the_machine_comes_back(
    sequence: Sequence, step: Step
) -> None:
    """Who has set its pack down can neither repeat the order nor prove the step: the place is taken."""
    by_stacker = step.do is not None and step.do.role == "stacker" and bool(step.moves)
    if not by_stacker and not any(move.target == HANDOVER_OUT for move in step.moves):
        assert step.ending is None
        return
    ending = step.ending
    assert ending is not None and step.do is not None and ending.do.role == step.do.role
    assert step.start is not None
    with pytest.raises(AssertionError, match="no value proves"):
        World().prove(step.start, ending.shows)
    World().prove(*(row.holds for row in ending.permissives), ending.shows)
    moved = {row.code for row in step.permissives} - {row.code for row in ending.permissives}
    assert moved <= {"G15", "G16t", "G19", "G25", "G29", "G29p"}, (
        "the end may leave out only what speaks of the place or the pack"
    )


@pytest.mark.parametrize(("sequence", "step"), EACH_STEP)
def test_all_that_a_step_needs_and_its_proof_can_be_true(sequence: Sequence, step: Step) -> None:
    World().prove(*(row.holds for row in needs(step)))
    World().prove(step.done)


# ---- custody and zones along a procedure ----
def _start(sequence: Sequence, job: Job) -> Ledger:
    """Where the packs are when the procedure begins."""
    ledger = Ledger()
    admitted = {pack for s in sequence.steps for pack, _ in s.admits}
    for step in sequence.steps:
        for move in step.moves:
            if move.pack not in ledger and move.pack not in admitted:
                ledger = ledger.admit(move.pack, move.origin)
        for pack in step.releases:
            if pack not in ledger and pack not in admitted:
                seats = (f"vehicle:{job.vehicle}", f"vehicle:{job.vehicle}/2")
                touched = {place for s in sequence.steps for m in s.moves for place in (m.origin, m.target)}
                seat = next(s for s in seats if s not in touched and ledger.is_free(s))
                ledger = ledger.admit(pack, seat)
    return ledger


@pytest.mark.parametrize("sequence", SEQUENCES)
def test_custody_follows_the_procedure_from_step_to_step(sequence: Sequence, job: Job) -> None:
    ledger = _start(sequence, job)
    for step in sequence.steps:
        for move in step.moves:
            ledger = ledger.begin(move, step.no)
        ledger = ledger.finish(step.no)
        for pack, place in step.admits:
            ledger = ledger.admit(pack, place)
        for pack in step.releases:
            ledger = ledger.release(pack)
    assert all(not custody.moving for _, custody in ledger)


def test_a_swap_takes_the_spent_pack_into_its_bay_and_lets_the_charged_one_go(job: Job) -> None:
    swap = the_station().procedures().swap(job)
    moves = [m for step in swap.steps for m in step.moves]
    assert [str(m) for m in moves if m.pack == job.spent] == [
        "P-old: vehicle:V → robot", "P-old: robot → handover_out", "P-old: handover_out → B12",
    ]  # fmt: skip
    assert [str(m) for m in moves if m.pack == job.fresh] == [
        "P-new: A03 → handover_in", "P-new: handover_in → robot", "P-new: robot → vehicle:V",
    ]  # fmt: skip
    assert [s.admits for s in swap.steps if s.admits] == [(("P-old", "vehicle:V"),)]
    assert [s.releases for s in swap.steps if s.releases] == [("P-new",)]


@pytest.mark.parametrize("sequence", SEQUENCES)
def test_every_zone_that_is_entered_is_left_again_by_the_same_device(sequence: Sequence) -> None:
    held: dict[str, str] = {}
    for step in sequence.steps:
        role = step.do.role if step.do is not None else step.lane
        for zone in step.enters:
            assert held.get(zone, role) == role, f"step {step.no} enters {zone}, held by {held[zone]}"
            held[zone] = role
        for zone in step.leaves:
            assert held.pop(zone, role) == role
    assert not held


@pytest.mark.parametrize("sequence", SEQUENCES)
def test_a_step_that_moves_a_pack_names_it_once_and_one_pack_at_a_time(sequence: Sequence) -> None:
    for step in sequence.steps:
        assert len(step.moves) <= 1 and (not step.moves or step.do is not None)


def test_the_charged_pack_is_fetched_while_the_vehicle_positions_and_stored_while_the_next_one_enters(
    job: Job,
) -> None:
    """What makes the swap fast is in the order of the steps, not in the runner."""
    swap = the_station().procedures().swap(job)
    fetch = next(s for s in swap.steps if s.moves and s.moves[0].origin == job.fresh_bay)
    assert fetch.background and swap.by_no[20].no not in _all_before(swap, fetch.no)
    store = next(s for s in swap.steps if s.moves and s.moves[0].target == job.spent_bay)
    exit_ = next(s for s in swap.steps if s.releases)
    assert exit_.no in _all_before(swap, store.no), "put away when the vehicle has left"


def _all_before(sequence: Sequence, no: int) -> set[int]:
    found: set[int] = set()
    todo = list(sequence.before[no])
    while todo:
        earlier = todo.pop()
        if earlier not in found:
            found.add(earlier)
            todo += sequence.before[earlier]
    return found

"""Every interlock of every step of every procedure, lost in every way: the reaction is exactly the cell's.

Nothing here is listed by hand: a step or a row that is added is tested the day it is added.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from station_ctl.build import PaperStation
from station_ctl.core.custody import Ledger
from station_ctl.core.modes import Mode, Phase, State
from station_ctl.core.steps import Interlock, OnLoss, Sequence, Step
from station_ctl.engine.events import Issue, StopDevices
from station_ctl.engine.state import StepStatus
from tests.bench.cockpit import RUN, Cockpit, Outcome, needs, under_way, waiting
from tests.bench.silence import demanded, silent
from tests.bench.world import WAYS, World, compares, needed
from tests.sequences.conftest import EACH_STEP

ACTIVE = (StepStatus.INTENT, StepStatus.SENT, StepStatus.UNKNOWN, StepStatus.BUSY)


@pytest.mark.parametrize(("sequence", "step"), EACH_STEP)
def test_a_step_under_way_trips_nothing_while_all_it_keeps_is_proven(
    sequence: Sequence, step: Step, station: PaperStation
) -> None:
    for status in ACTIVE if step.do is not None else (StepStatus.BUSY,):
        found = under_way(station.facts, sequence, step, status).scan()
        assert found.state.trips == () and found.state.state is State.EXECUTE, found.state.trips


@pytest.mark.parametrize(("sequence", "step"), EACH_STEP)
def test_losing_any_interlock_in_any_way_stops_the_device_with_the_reaction_of_its_cell(
    sequence: Sequence, step: Step, station: PaperStation
) -> None:
    cockpit = under_way(station.facts, sequence, step, StepStatus.BUSY)
    for kept in step.interlocks:
        for compare in compares(kept.interlock.holds):
            for way in WAYS:
                world = cockpit.world.copy()
                world.spoil(compare, way)
                case = f"{kept.interlock.code} lost by {compare.signal} ({way})"
                if compare not in set(needed(kept.interlock.holds)) and cockpit.proven(kept.interlock, world):
                    continue  # an alternative that still holds
                assert not cockpit.proven(kept.interlock, world), case
                _tripped(cockpit, world, kept.interlock, kept.on_loss, case)


@pytest.mark.parametrize("status", ACTIVE)
@pytest.mark.parametrize(("sequence", "step"), EACH_STEP)
def test_an_interlock_is_on_watch_from_the_intent_to_the_proof(
    sequence: Sequence, step: Step, status: StepStatus, station: PaperStation
) -> None:
    if step.do is None and status is not StepStatus.BUSY:
        return
    cockpit = under_way(station.facts, sequence, step, status)
    for kept in step.interlocks:
        for compare in list(compares(kept.interlock.holds))[:1]:
            world = cockpit.world.copy()
            world.spoil(compare, "flag")
            _tripped(cockpit, world, kept.interlock, kept.on_loss, f"{kept.interlock.code} in {status}")


@pytest.mark.parametrize(("sequence", "step"), EACH_STEP)
def test_leaving_automatic_holds_every_step_that_keeps_it(
    sequence: Sequence, step: Step, station: PaperStation
) -> None:
    cockpit = under_way(station.facts, sequence, step, StepStatus.BUSY)
    keeps = [k for k in step.interlocks if k.interlock.code == "G07"]
    found = cockpit.scan(state=replace(cockpit.state, mode=Mode.MANUAL))
    assert [t.interlock for t in found.state.trips] == [k.interlock.code for k in keeps]


def _tripped(cockpit: Cockpit, world: World, row: Interlock, reaction: OnLoss, case: str) -> None:
    """Everything that must follow from this loss, in the one decision that first saw it."""
    found = cockpit.scan(world)
    lost = _lost(cockpit, world)
    expected = OnLoss.ABORT if OnLoss.ABORT in lost.values() else OnLoss.HOLD
    trips = {t.interlock: t for t in found.state.trips}
    assert set(trips) == set(lost), f"{case}: tripped {sorted(trips)}, lost {sorted(lost)}"
    assert trips[row.code].reaction is lost[row.code], case
    if lost[row.code] is OnLoss.ABORT and reaction is OnLoss.HOLD:
        assert row.code in {k.interlock.code for k in cockpit.facts.always}, f"{case}: harder than its cell"
    if lost[row.code] is OnLoss.HOLD and reaction is OnLoss.ABORT:
        assert silent(cockpit.image(world)), f"{case}: softer than its cell although every PLC answers"
    assert [t.first_out for t in found.state.trips] == [True] + [False] * (len(trips) - 1), case
    assert row.text in trips[row.code].text and row.holds.why_not(world.image()) in trips[row.code].text, case
    resting = {OnLoss.HOLD: (State.HOLDING, State.HELD), OnLoss.ABORT: (State.ABORTING, State.ABORTED)}
    assert found.state.state in resting[expected], f"{case}: {found.state.state}"
    run = found.state.run(RUN)
    assert run is not None
    assert run.phase is (Phase.HELD if expected is OnLoss.HOLD else Phase.ABORTED), case
    assert run.interrupted is cockpit.step.phase, case
    _stopped(cockpit, found, case)


def _lost(cockpit: Cockpit, world: World) -> dict[str, OnLoss]:
    """What is lost in this world, by code, with the harder reaction of step and station."""
    lost: dict[str, OnLoss] = {}
    for kept in (*cockpit.step.interlocks, *cockpit.facts.always):
        if not cockpit.proven(kept.interlock, world) and lost.get(kept.interlock.code) is not OnLoss.ABORT:
            lost[kept.interlock.code] = demanded(kept, cockpit.image(world))
    if cockpit.step.do is not None:
        epoch = cockpit.facts.channels[cockpit.step.do.role].epoch
        if not epoch.read(world.image()).good:
            lost["G02"] = OnLoss.HOLD
    return lost


def _stopped(cockpit: Cockpit, found: Outcome, case: str) -> None:
    stopped = [role for e in found.effects if isinstance(e, StopDevices) for role in e.roles]
    assert stopped == ([cockpit.step.do.role] if cockpit.step.do is not None else []), case
    assert not [e for e in found.effects if isinstance(e, Issue)], case


# ---- before a step ----
@pytest.mark.parametrize(("sequence", "step"), EACH_STEP)
def test_a_step_begins_when_all_it_needs_is_proven(
    sequence: Sequence, step: Step, station: PaperStation
) -> None:
    cockpit = waiting(station.facts, sequence, step)
    found = cockpit.scan()
    assert _begun(found, step), [str(t) for t in found.state.trips]
    issued = [e for e in found.effects if isinstance(e, Issue)]
    assert [e.command for e in issued] == ([step.do] if step.do is not None else [])


@pytest.mark.parametrize(("sequence", "step"), EACH_STEP)
def test_a_step_does_not_begin_while_anything_it_needs_is_not_proven_in_any_way(
    sequence: Sequence, step: Step, station: PaperStation
) -> None:
    cockpit = waiting(station.facts, sequence, step)
    for row in needs(step):
        for compare in compares(row.holds):
            for way in WAYS:
                world = cockpit.world.copy()
                world.spoil(compare, way)
                other_branch = way == "wrong" or compare not in set(needed(row.holds))
                if other_branch and cockpit.proven(row, world):
                    continue  # an alternative that still holds
                found = cockpit.scan(world)
                assert not _begun(found, step), f"{row.code} not proven by {compare.signal} ({way})"


@pytest.mark.parametrize(("sequence", "step"), EACH_STEP)
def test_a_step_does_not_begin_against_the_controllers_own_facts(
    sequence: Sequence, step: Step, station: PaperStation
) -> None:
    cockpit = waiting(station.facts, sequence, step)
    cases: tuple[dict[str, Any], ...] = (
        {"mode": Mode.MANUAL},
        {"journal_writable": False},
        {"ledger": Ledger()},
    )
    for changed in cases:
        state = replace(cockpit.state, **changed)
        missing = [row.code for row in needs(step) if not cockpit.proven(row, cockpit.world, state)]
        nothing_to_move = "ledger" in changed and bool(step.moves)
        found = cockpit.scan(state=state)
        assert _begun(found, step) == (not missing and not nothing_to_move), (changed, missing)


def _begun(found: Outcome, step: Step) -> bool:
    run = found.state.run(RUN)
    if run is None and not any(isinstance(effect, Issue) for effect in found.effects):
        return False  # what only asks is dropped where the station has come to rest
    return run is None or run.of(step.no).status is not StepStatus.WAITING

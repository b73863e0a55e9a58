"""What a person may ask and when: accepted with its effects, or refused with the reason and nothing changed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from station_ctl.core.modes import Mode, Phase, State
from station_ctl.core.orders import Result
from station_ctl.core.steps import Interlock, Kept, OnLoss, Sequence
from station_ctl.engine.events import Answer, Asked, Record, ReleaseStop, SetLedger, Verb
from station_ctl.engine.state import StationState, StepStatus, Trip
from tests.bench.desk import DOOR, ESTOP, G01, G03, LEVEL, Desk, issues, ledger, records, step, stopped

SAFE = (G03, G01)


def at_rest(state: State, **more: Any) -> Desk:
    return Desk(step(10), safe=SAFE, state=state, **more)


def unchanged(before: StationState, after: StationState) -> bool:
    return replace(before, time=after.time, custody_checked=after.custody_checked) == after


# ---- the morning ----
def test_a_station_is_brought_up_by_a_person_and_by_nobody_else() -> None:
    d = at_rest(State.STOPPED, mode=Mode.MAINTENANCE)
    for _ in range(20):
        assert not issues(d.scan(1.0))
    assert d.state.state is State.STOPPED
    assert d.ask(Verb.MODE, mode=Mode.AUTOMATIC) == "" and d.state.state is State.STOPPED
    assert d.ask(Verb.RESET) == "" and d.state.state is State.IDLE
    assert d.ask(Verb.START) == "" and d.state.state is State.EXECUTE


@pytest.mark.parametrize("verb", [Verb.START, Verb.RESUME, Verb.RESET, Verb.CLEAR])
@pytest.mark.parametrize("signal", [ESTOP, DOOR])
def test_nothing_is_readied_or_started_while_the_station_is_not_safe(verb: Verb, signal: Any) -> None:
    state = {
        Verb.START: State.IDLE, Verb.RESUME: State.HELD, Verb.RESET: State.STOPPED, Verb.CLEAR: State.ABORTED,
    }[verb]  # fmt: skip
    d = at_rest(state)
    d.world.set(signal, False)
    why = d.ask(verb)
    assert d.state.state is state
    assert why.startswith(f"{verb} refused: ") and f"needs {signal.name} on; found off" in why
    d.world.set(signal, True)
    d.world.stale(signal)
    assert "stale" in d.ask(verb) and d.state.state is state


@pytest.mark.parametrize(("verb", "state"), [(Verb.START, State.IDLE), (Verb.RESUME, State.HELD)])
def test_procedures_run_in_automatic_and_in_maintenance(verb: Verb, state: State) -> None:
    d = at_rest(state, mode=Mode.MANUAL)
    assert d.ask(verb) == f"{verb} refused: mode is manual, needs automatic or maintenance"
    assert d.state.state is state
    for mode in (Mode.AUTOMATIC, Mode.MAINTENANCE):
        assert at_rest(state, mode=mode).ask(verb) == ""


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("needs", [Mode.AUTOMATIC, Mode.MAINTENANCE])
def test_a_run_begins_and_goes_on_in_its_own_mode_only(mode: Mode, needs: Mode) -> None:
    d = Desk(step(10), mode=mode)
    sequence = Sequence("toy", "Toy procedure", (step(10),), needs)
    d.begin(sequence=sequence)
    assert bool(d.state.runs) is (mode is needs)
    d = Desk(step(10), mode=needs)
    d.begin(sequence=sequence)
    assert d.ask(Verb.HOLD) == ""
    d.scan()
    d.state = replace(d.state, mode=mode, state=State.HELD)
    why = d.ask(Verb.RESUME, confirmed=True)
    assert why == ("" if mode is needs else f"resume refused: mode is {mode}, needs {needs}")


def test_maintenance_moves_one_device_at_a_time() -> None:
    steps = step(10, "lift"), step(20, "robot")
    both = Sequence("toy", "Toy procedure", steps, Mode.MAINTENANCE)
    assert both.faults() == ("toy step 20: one device at a time, so it waits for step 10",)
    d = Desk(*steps, mode=Mode.MAINTENANCE)
    d.begin(sequence=both)
    assert not d.state.runs, "what is not one by one is not begun"
    d.begin(sequence=Sequence("toy", "Toy procedure", (step(10, "lift"),), Mode.MAINTENANCE))
    d.begin("S-2", Sequence("toy", "Toy procedure", (step(10, "robot"),), Mode.MAINTENANCE))
    assert [run.run_id for run in d.state.runs] == ["S-1"]


def test_a_trip_that_nobody_has_acknowledged_keeps_the_station_down() -> None:
    trip = Trip("A101", "T10 Lift level", OnLoss.HOLD)
    for verb, state in (
        (Verb.RESET, State.STOPPED), (Verb.RESUME, State.HELD), (Verb.CLEAR, State.ABORTED),
    ):  # fmt: skip
        d = at_rest(state, trips=(trip,))
        assert "A101 T10 Lift level is not acknowledged" in d.ask(verb) and d.state.state is state
        assert d.ask(Verb.ACKNOWLEDGE) == "" and d.ask(verb) == ""


def test_a_half_done_swap_keeps_the_station_from_being_reset() -> None:
    assert "run S-7 was never closed" in at_rest(State.STOPPED, half_done="run S-7 was never closed").ask(
        Verb.RESET
    )
    d = Desk(step(10))
    d.begin()
    stopped_half_way = at_rest(State.STOPPED, runs=d.state.runs)
    assert "run S-1 is half done" in stopped_half_way.ask(Verb.RESET)


def test_a_journal_older_than_the_machine_does_not_start_it() -> None:
    """A restored backup: the PLC remembers order 500, we would give number 100 again."""
    d = at_rest(State.IDLE)
    d.world.set(d.channels["robot"].done_id, 500)
    why = d.ask(Verb.START)
    assert "rail remembers order 500, the journal only 99" in why and d.state.state is State.IDLE
    d.world.set(d.channels["robot"].done_id, 99)
    assert d.ask(Verb.START) == ""


def test_a_new_journal_goes_on_after_the_highest_number_any_plc_remembers() -> None:
    d = at_rest(State.IDLE, next_order=1)
    d.world.set(d.channels["robot"].ack_id, 500)
    d.world.set(d.channels["lift"].done_id, 700)
    assert d.ask(Verb.START) == "" and d.state.next_order == 701


def test_a_new_journal_does_not_start_while_a_plc_cannot_be_asked() -> None:
    """What a silent PLC remembers is not known; its numbers may be higher than those of the others."""
    d = at_rest(State.IDLE, next_order=1)
    d.world.set(d.channels["robot"].ack_id, 500)
    d.world.lose("rail")
    why = d.ask(Verb.START)
    assert "rail" in why and d.state.state is State.IDLE


# ---- mode ----
@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("mode", Mode)
def test_the_mode_changes_only_at_rest_and_never_starts_anything(state: State, mode: Mode) -> None:
    d = at_rest(state)
    why = d.ask(Verb.MODE, mode=mode)
    if state in (State.STOPPED, State.IDLE):
        assert why == "" and d.state.mode is mode and d.state.state is State.STOPPED
    else:
        assert f"mode cannot change while the station is {state}" in why and d.state.mode is Mode.AUTOMATIC
        assert d.state.state in (state, State.HELD, State.ABORTED, State.STOPPED)


def test_a_mode_that_is_not_named_is_refused() -> None:
    d = at_rest(State.STOPPED)
    assert d.ask(Verb.MODE) != "" and d.state.mode is Mode.AUTOMATIC


# ---- hold, stop, abort ----
@pytest.mark.parametrize(
    ("verb", "state", "phase"),
    [(Verb.HOLD, State.HOLDING, Phase.HELD), (Verb.ABORT, State.ABORTING, Phase.ABORTED)],
)
def test_a_person_may_always_stop_what_runs_and_devices_are_told_first(
    verb: Verb, state: State, phase: Phase
) -> None:
    d = Desk(step(10), step(20, "robot"))
    d.begin()
    d.under_way(10)
    d.under_way(20)
    effects = d.feed(Asked(d.time, verb, "test", 1))
    assert set(stopped(effects)) == {"lift", "robot"}
    assert type(effects[0]).__name__ == "StopDevices", "the stop does not wait behind the record of it"
    assert d.state.state is state and d.run().phase is phase and d.run().interrupted is Phase.POSITIONING


@pytest.mark.parametrize("state", [s for s in State if s not in (State.ABORTING, State.ABORTED)])
def test_abort_is_never_refused(state: State) -> None:
    d = at_rest(state)
    d.world.set(ESTOP, False)
    d.world.lose("pit")
    assert d.ask(Verb.ABORT) == "" and d.state.state in (State.ABORTING, State.ABORTED)


@pytest.mark.parametrize("state", [State.ABORTING, State.ABORTED])
def test_severity_falls_by_no_request_but_clear(state: State) -> None:
    for verb in (Verb.RESET, Verb.START, Verb.HOLD, Verb.RESUME, Verb.STOP, Verb.MODE, Verb.ADMIT):
        d = at_rest(state)
        d.ask(verb)
        assert d.state.state in (State.ABORTING, State.ABORTED), verb


def test_stop_levels_are_released_by_start_and_resume_alone() -> None:
    d = at_rest(State.IDLE)
    assert any(isinstance(e, ReleaseStop) for e in d.feed(Asked(d.time, Verb.START, "test", 1)))
    for verb, state in (
        (Verb.RESET, State.STOPPED), (Verb.CLEAR, State.ABORTED), (Verb.ACKNOWLEDGE, State.HELD),
        (Verb.STOP, State.HELD), (Verb.MODE, State.STOPPED),
    ):  # fmt: skip
        d = at_rest(state)
        effects = d.feed(Asked(d.time, verb, "test", 1, mode=Mode.AUTOMATIC))
        assert not any(isinstance(e, ReleaseStop) for e in effects), verb


OF_THEIR_OWN = (Verb.ACKNOWLEDGE, Verb.ADMIT, Verb.BYPASS, Verb.MODE, Verb.STATE)


@pytest.mark.parametrize("verb", [v for v in Verb if v not in OF_THEIR_OWN])
@pytest.mark.parametrize("state", State)
def test_what_is_refused_changes_nothing_and_is_recorded_with_the_reason(verb: Verb, state: State) -> None:
    d = at_rest(state, trips=(Trip("A101", "x", OnLoss.HOLD),))
    d.scan(0.0)
    before = d.state
    effects = d.feed(Asked(d.time, verb, "somebody", 7))
    (answer,) = [e for e in effects if isinstance(e, Answer)]
    assert answer.request == 7
    (row,) = [e for e in effects if isinstance(e, Record) and e.kind in ("asked", "refused")]
    assert dict(row.data)["who"] == "somebody" and dict(row.data)["verb"] == str(verb)
    assert (row.kind == "refused") == bool(answer.refused)
    if answer.refused:
        assert unchanged(before, d.state) and answer.code in ("A401", "A402")
        assert dict(row.data)["why"] == answer.refused


# ---- acknowledge ----
def test_a_trip_whose_cause_stands_is_not_acknowledged_away() -> None:
    d = Desk(step(10), always=(Kept(G03, OnLoss.ABORT),))
    d.begin()
    d.under_way(10)
    d.world.set(DOOR, False)
    d.scan()
    why = d.ask(Verb.ACKNOWLEDGE)
    assert "A102 stays: needs safety.door_locked on; found off" in why and len(d.state.trips) == 1
    d.world.set(DOOR, True)
    assert d.ask(Verb.ACKNOWLEDGE) == "" and d.state.trips == ()


def test_acknowledging_moves_nothing() -> None:
    """S14: a door that is closed again and a trip that is acknowledged start nothing."""
    d = Desk(step(10), always=(Kept(G03, OnLoss.ABORT),), safe=SAFE)
    d.begin()
    d.under_way(10)
    d.world.set(DOOR, False)
    d.scan()
    d.end("lift", 100, Result.STOPPED)
    d.world.set(DOOR, True)
    d.ask(Verb.ACKNOWLEDGE)
    for _ in range(50):
        assert not issues(d.scan(0.1))
    assert d.state.state is State.ABORTED and d.of(10).status is StepStatus.STOPPED


def test_each_trip_is_acknowledged_by_itself() -> None:
    d = Desk(step(10), always=(Kept(G03, OnLoss.ABORT),))
    d.begin()
    d.under_way(10)
    d.world.set(DOOR, False)
    d.world.set(LEVEL, False)
    d.scan()
    d.world.set(LEVEL, True)
    effects = d.feed(Asked(d.time, Verb.ACKNOWLEDGE, "test", 1))
    assert records(effects) == ["acknowledged"]
    assert [t.interlock for t in d.state.trips] == ["G03"]


def test_only_the_trips_that_a_person_has_seen_are_acknowledged() -> None:
    d = Desk(step(10), always=(Kept(G03, OnLoss.ABORT),))
    d.begin()
    d.under_way(10)
    d.world.set(DOOR, False)
    d.world.set(LEVEL, False)
    d.scan()
    level = next(t for t in d.state.trips if t.interlock != "G03")
    door = next(t for t in d.state.trips if t.interlock == "G03")
    assert "A102 stays" in d.ask(Verb.ACKNOWLEDGE, trips=(door,)) and set(d.state.trips) == {level, door}
    d.world.set(DOOR, True)
    d.world.set(LEVEL, True)
    assert d.ask(Verb.ACKNOWLEDGE, trips=(level,)) == "" and d.state.trips == (door,)
    assert d.ask(Verb.ACKNOWLEDGE) == "" and d.state.trips == ()


# ---- admit ----
def test_an_inventory_enters_the_ledger_as_a_whole_or_not_at_all() -> None:
    d = at_rest(State.STOPPED)
    assert d.ask(Verb.ADMIT, admit=(("P-1", "A01"), ("P-2", "A02"))) == ""
    assert d.state.ledger == ledger(**{"P-1": "A01", "P-2": "A02"})
    before = d.state.ledger
    assert "already here" in d.ask(Verb.ADMIT, admit=(("P-3", "A03"), ("P-1", "A04")))
    assert d.state.ledger == before


def test_an_inventory_is_recorded_with_its_ledger() -> None:
    d = at_rest(State.STOPPED)
    effects = d.feed(Asked(d.time, Verb.ADMIT, "test", 1, admit=(("P-1", "A01"),)))
    assert records(effects) == ["admitted"]
    assert [e.ledger for e in effects if isinstance(e, SetLedger)] == [d.state.ledger]


def test_a_guard_that_has_no_name_in_the_refusal_is_still_told() -> None:
    row = Interlock("G99", "Something", LEVEL.is_on())
    d = Desk(step(10), safe=(row,), state=State.STOPPED)
    d.world.set(LEVEL, False)
    assert d.ask(Verb.RESET) == (
        "reset refused: G99 Something: needs lift.level on; found off [pit LIFT_LEVEL]"
    )
    d = at_rest(State.EXECUTE)
    assert d.ask(Verb.CLEAR) == "clear refused: clear is not possible in state execute"

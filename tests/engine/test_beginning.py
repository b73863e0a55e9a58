"""Beginning steps and runs: what begins when, and what it waits for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from station_ctl.core.custody import Custody, Move
from station_ctl.core.modes import Phase, State
from station_ctl.core.steps import Interlock
from station_ctl.engine.events import (
    Issue,
    OrderNotSent,
    Progress,
    Record,
    SetLedger,
    Verb,
)
from station_ctl.engine.state import StepStatus
from station_ctl.engine.station import PERMISSIVE_WITHIN
from tests.bench.desk import (
    CLAMPED,
    EPOCH,
    LEVEL,
    READY,
    Desk,
    done,
    issues,
    ledger,
    progress,
    records,
    step,
)

FETCH = step(20, "robot", moves=(Move("P-1", "A01", "handover"),), enters=("aisle",), leaves=("aisle",))


def test_lanes_begin_at_once_and_steps_of_a_lane_one_after_another() -> None:
    d = Desk(step(10), step(20, "robot"), step(30))
    assert [i.step.no for i in issues(d.begin())] == [10, 20]
    assert issues(d.scan()) == []
    assert [i.step.no for i in issues(d.complete(10))] == [30]


def test_an_order_is_recorded_with_its_custody_before_it_is_issued() -> None:
    d = Desk(FETCH, ledger=ledger(**{"P-1": "A01"}))
    effects = d.begin()
    kinds = [type(e) for e in effects]
    assert kinds.index(Record) < kinds.index(SetLedger) < kinds.index(Issue)
    (order,) = issues(effects)
    assert (order.number, order.epoch, order.connection) == (100, EPOCH, 1)
    (row,) = [e for e in effects if isinstance(e, Record) and e.kind == "step-ordered"]
    assert (row.run_id, row.step, row.order) == ("S-1", 20, 100)
    assert dict(row.data) == {
        "device": "robot", "opcode": 20, "params": [20, -20], "text": "robot.go(20)", "epoch": EPOCH,
        "moves": ["P-1: A01 → handover"],
    }  # fmt: skip
    assert d.state.ledger.where("P-1") == Custody("A01", "handover", 100) and d.state.next_order == 101


def test_order_numbers_rise_by_one_and_are_never_used_twice() -> None:
    d = Desk(step(10), step(20, "robot"), step(30))
    numbers = [i.number for i in issues(d.begin())] + [i.number for i in issues(d.complete(10))]
    assert numbers == [100, 101, 102]


@pytest.mark.parametrize("missing", [READY, LEVEL, CLAMPED])
def test_a_step_waits_for_its_permissives_and_its_interlocks(missing) -> None:  # type: ignore[no-untyped-def]
    d = Desk(step(10))
    d.world.set(missing, False)
    assert issues(d.begin()) == [] and issues(d.scan()) == []
    assert d.of(10).status is StepStatus.WAITING
    d.world.set(missing, True)
    assert len(issues(d.scan())) == 1


def test_a_step_that_waits_too_long_for_its_permissives_holds_and_names_every_missing_one() -> None:
    d = Desk(step(10))
    d.world.set(READY, False)
    d.world.set(LEVEL, False)
    d.begin()
    d.scan(PERMISSIVE_WITHIN - 1)
    assert d.state.state is State.EXECUTE
    d.scan(2.0)
    assert d.state.state in (State.HOLDING, State.HELD)
    (trip,) = d.state.trips
    assert trip.code == "A103" and "waited 60 s" in trip.text
    assert "T08 Lift ready: needs lift.ready on" in trip.text and "T10 Lift level" in trip.text


def test_the_wait_for_a_permissive_is_counted_from_when_it_is_missing() -> None:
    """Missing for 50 s, there for a moment, missing again: that is no wait of 60 s."""
    d = Desk(
        step(10), step(20, after=(10,), permissives=(Interlock("T9", "Level", LEVEL.is_on()),), interlocks=())
    )
    d.world.set(LEVEL, False)
    d.begin()
    d.complete(10)
    d.scan()
    d.scan(PERMISSIVE_WITHIN - 10)
    assert d.state.state is State.EXECUTE
    d.ask(Verb.HOLD)
    d.scan()
    d.scan(PERMISSIVE_WITHIN)
    assert d.ask(Verb.RESUME) == ""
    d.scan()
    d.scan(1.0)
    assert d.state.state is State.EXECUTE, "time spent held counted as waiting"


def test_a_phase_is_entered_when_its_foreground_is_proven_and_its_first_permissives_hold() -> None:
    d = Desk(
        step(10),
        step(20, "robot", background=True),
        step(30, None, Phase.LOCK_RELEASE, permissives=(Interlock("T9", "Level", LEVEL.is_on()),), interlocks=()),
    )  # fmt: skip
    d.begin()
    d.under_way(20)
    d.world.set(LEVEL, False)
    d.state = d.state.with_run(d.run())
    assert d.run().phase is Phase.POSITIONING


def test_the_next_phase_waits_for_its_interlocks() -> None:
    row = Interlock("T9", "Ready", READY.is_on())
    d = Desk(step(10, permissives=()), step(30, None, Phase.LOCK_RELEASE, permissives=(row,), interlocks=()))
    d.begin()
    d.world.set(READY, False)
    d.complete(10)
    assert d.run().phase is Phase.POSITIONING
    d.world.set(READY, True)
    assert "phase" in progress(d.scan()) and d.run().phase is Phase.LOCK_RELEASE


def test_a_background_step_does_not_hold_up_the_next_phase_but_the_end_of_the_run() -> None:
    d = Desk(step(10), step(20, "robot", background=True), step(30, None, Phase.PUT_AWAY, permissives=()))
    d.begin()
    d.complete(10)
    assert d.run().phase is Phase.PUT_AWAY
    d.world.set(done(30), True)
    d.scan()
    assert d.of(30).status is StepStatus.PROVEN and d.state.run("S-1") is not None
    effects = d.complete(20)
    assert "run-closed" in records(effects) and d.state.runs == ()


def looks_then_orders() -> Desk:
    """A run whose last but one step looks at something; sensor 50 says that there is nothing more to do with it."""
    d = Desk(step(10, None, Phase.PUT_AWAY, instead=done(50).is_on()), step(20, phase=Phase.PUT_AWAY, after=(10,)))
    d.world.set(done(50), False)
    d.begin()
    return d


def test_a_look_that_finds_otherwise_ends_the_run_with_its_reason_and_holds_nothing() -> None:
    d = looks_then_orders()
    assert d.scan() == () and d.of(10).status is StepStatus.BUSY, "nothing is found yet"
    d.world.set(done(50), True)
    effects = d.scan()
    assert records(effects) == ["run-closed"] and issues(effects) == []
    (row,) = [dict(e.data) for e in effects if isinstance(e, Record)]
    needed = "needs sensor.done_10 on; found off [pit SENSOR_DONE_10]"
    assert row == {"result": "done", "why": f"step 10 Toy step 10: {needed}"}
    assert (d.state.state, d.state.trips, d.state.runs, d.state.zones) == (State.EXECUTE, (), (), ())
    (closed,) = [dict(e.facts)["run"] for e in effects if isinstance(e, Progress) and e.what == "run-closed"]
    assert closed.phase is Phase.COMPLETE and not closed.complete


def test_a_look_that_finds_what_it_wants_goes_on() -> None:
    d = looks_then_orders()
    d.world.set(done(10), True)
    assert [i.step.no for i in (*issues(d.scan()), *issues(d.scan()))] == [20] and d.of(10).status is StepStatus.PROVEN


def test_a_look_that_a_stop_interrupts_ends_nothing_until_a_person_resumes() -> None:
    d = looks_then_orders()
    d.ask(Verb.HOLD)
    d.world.set(done(50), True)
    d.scan()
    d.scan()
    assert d.state.state is State.HELD and d.state.run("S-1") is not None
    assert d.ask(Verb.RESUME) == ""
    d.scan()
    assert d.state.runs == () and d.state.state is State.EXECUTE


@pytest.mark.parametrize(
    "changes",
    [
        {"state": State.IDLE},
        {"state": State.STOPPED},
        {"state": State.HELD},
        {"state": State.HOLDING},
        {"state": State.STOPPING},
        {"state": State.ABORTED},
        {"journal_writable": False},
    ],
)
def test_no_run_is_opened_unless_the_station_executes_and_can_write(changes: dict[str, object]) -> None:
    d = Desk(step(10), **changes)
    effects = d.begin()
    assert d.state.runs == () and not issues(effects) and records(effects)[0] == "refused"


def test_a_faulty_procedure_is_refused_with_its_fault() -> None:
    d = Desk(step(20), step(10))
    d.begin()
    assert d.state.runs == ()


def test_one_vehicle_at_a_time_and_the_next_once_it_has_left() -> None:
    late = step(40, "robot", Phase.PUT_AWAY)
    d = Desk(step(10), late)
    other = Desk(step(11)).sequence
    d.world.set(done(11), False)
    d.begin("S-1")
    d.begin("S-2", other)
    assert [r.run_id for r in d.state.runs] == ["S-1"]
    d.complete(10)
    assert d.run().phase is Phase.PUT_AWAY
    assert [i.run_id for i in issues(d.begin("S-2", other))] == ["S-2"]
    assert d.state.run("S-1") is not None, "both runs are open at once"


def test_a_run_id_is_used_once_at_a_time() -> None:
    d = Desk(step(10), step(40, "robot", Phase.PUT_AWAY))
    d.begin()
    d.complete(10)
    before = d.state.runs
    d.begin("S-1")
    assert d.state.runs == before


def test_nothing_begins_while_a_trip_is_latched() -> None:
    d = Desk(step(10), step(20, "robot", interlocks=()))
    d.begin()
    d.complete(20)
    d.world.set(LEVEL, False)
    d.scan()
    d.feed(OrderNotSent(d.time, 100, "withdrawn before it was sent"))
    d.world.set(LEVEL, True)
    for _ in range(5):
        assert issues(d.scan(0.5)) == []
    assert "T10 Lift level" in d.ask(Verb.RESUME)
    assert d.state.state is not State.EXECUTE


@pytest.mark.parametrize("state", [s for s in State if s not in (State.EXECUTE, State.STOPPING)])
def test_nothing_begins_in_a_state_that_does_not_act(state: State) -> None:
    d = Desk(step(10))
    d.begin()
    d.state = replace(d.state, state=state, runs=(d.run().with_step(10, status=StepStatus.WAITING, order=0),))
    for _ in range(3):
        assert issues(d.scan()) == []


@pytest.mark.parametrize("loss", ["lose", "silence"])
def test_no_order_is_decided_for_a_plc_that_is_not_there(loss: str) -> None:
    d = Desk(step(10, permissives=(), interlocks=()))
    getattr(d.world, loss)("pit")
    assert issues(d.begin()) == [] and issues(d.scan()) == []
    d.scan(PERMISSIVE_WITHIN + 1)
    d.scan(PERMISSIVE_WITHIN + 1)
    (trip,) = d.state.trips
    assert trip.code == "A103" and "lift" in trip.text.partition("waited")[2], (
        "the text names what was missing"
    )


def test_a_pack_that_is_not_where_the_order_takes_it_from_holds_the_station() -> None:
    d = Desk(FETCH)
    assert issues(d.begin()) == []
    assert d.state.trips[0].code == "A302" and d.state.state in (State.HOLDING, State.HELD)


def test_no_order_is_decided_that_the_plc_has_seen_before() -> None:
    """It would be acknowledged and done at once, by an order of another time."""
    d = Desk(step(10))
    d.world.set(d.channels["lift"].done_id, 100)
    assert issues(d.begin()) == []
    d.scan(PERMISSIVE_WITHIN + 1)
    assert d.state.trips[0].code == "A103" and "needs lift.done_id ≤ 99; found 100" in d.state.trips[0].text


@pytest.mark.parametrize("tag", ["epoch", "uptime_ms", "ack_id", "done_id"])
def test_no_order_is_decided_while_a_word_of_the_handshake_cannot_be_read(tag: str) -> None:
    d = Desk(step(10))
    d.world.flag(getattr(d.channels["lift"], tag))
    assert issues(d.begin()) == [] and issues(d.scan()) == []
    d.world.set(getattr(d.channels["lift"], tag), EPOCH)
    assert len(issues(d.scan())) == 1


def test_nothing_more_begins_in_the_decision_that_holds_the_station() -> None:
    """The first lane finds its pack missing; the second lane's step was ready in the same moment."""
    d = Desk(replace(FETCH, no=10), step(20, "lift"))
    d.world.set(done(10, "rail"), False)
    effects = d.begin()
    assert d.state.trips[0].code == "A302" and issues(effects) == []

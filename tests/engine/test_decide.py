"""Decisions on runs: what begins when, what an answer of gate or PLC changes, what a stop leaves behind."""

from __future__ import annotations

from dataclasses import replace

import pytest

from station_ctl.core.conditions import PlaceHolds
from station_ctl.core.custody import Custody, Move
from station_ctl.core.modes import Mode, Phase, State
from station_ctl.core.orders import AckCode, Result
from station_ctl.core.steps import Interlock, OnResume
from station_ctl.engine.events import (
    Announce,
    Issue,
    JournalFailed,
    JournalReady,
    OrderNotSent,
    OrderSent,
    OrderUnknown,
    Record,
    SetLedger,
    TaskStuck,
    Verb,
)
from station_ctl.engine.state import StepStatus, Zone
from station_ctl.engine.station import ACK_WITHIN, PERMISSIVE_WITHIN, PROOF_WITHIN
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
    stopped,
)

FETCH = step(20, "robot", moves=(Move("P-1", "A01", "handover"),), enters=("aisle",), leaves=("aisle",))


# ---- beginning ---------------------------------------------------------------------------------------------------
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


# ---- the gate's reports --------------------------------------------------------------------------------------------
def test_an_order_that_was_not_sent_gives_custody_and_zones_back() -> None:
    d = Desk(FETCH, ledger=ledger(**{"P-1": "A01"}))
    d.begin()
    assert d.state.zones == (Zone("aisle", "S-1", "robot"),)
    d.world.set(READY, False)
    effects = d.feed(OrderNotSent(d.time, 100, "guard lost"))
    assert records(effects) == ["order-withdrawn"]
    assert d.state.ledger == ledger(**{"P-1": "A01"}) and d.state.zones == ()
    assert d.of(20).status is StepStatus.WAITING
    d.world.set(READY, True)
    (order,) = issues(d.scan())
    assert order.number == 101, "a withdrawn number is never used again"


def test_a_write_that_the_plc_refuses_holds_the_station_instead_of_ordering_for_ever() -> None:
    """A PLC that answers every write with an exception would be asked hundreds of times a second."""
    d = Desk(step(10))
    d.begin()
    count = 0
    for number in range(100, 200):
        st = d.of(10)
        if st.status is not StepStatus.INTENT:
            break
        assert st.order == number
        count += 1
        d.feed(OrderNotSent(d.time, number, "exception reply 2 to the write of CMD_ID", refused=True))
    assert count == 1, f"{count} orders written to a PLC that refuses writes"
    assert d.state.trips[0].code == "A105" and "exception reply 2" in d.state.trips[0].text


def test_reports_on_foreign_orders_change_nothing() -> None:
    d = Desk(step(10))
    d.begin()
    before = d.state
    for event in (
        OrderSent(d.time, 99, d.world.now),
        OrderNotSent(d.time, 99, "x"),
        OrderUnknown(d.time, 99, d.world.now, "x"),
    ):
        assert d.feed(event) == () and d.state == before


def test_a_late_report_on_an_order_that_is_already_under_way_changes_nothing() -> None:
    d = Desk(step(10))
    d.begin()
    number = d.under_way(10)
    for event in (
        OrderSent(d.time, number, d.world.now),
        OrderNotSent(d.time, number, "x"),
        OrderUnknown(d.time, number, d.world.now, "x"),
    ):
        d.feed(event)
        assert d.of(10).status is StepStatus.BUSY


def test_an_unknown_outcome_is_read_back_and_never_ordered_again_by_itself() -> None:
    d = Desk(step(10))
    d.begin()
    assert "order-unknown" in records(d.feed(OrderUnknown(d.time, 100, d.world.now, "no answer")))
    orders = []
    for _ in range(100):
        orders += issues(d.scan(0.1))
    assert orders == [] and d.state.trips[0].code == "A108"


def test_an_order_that_nobody_acknowledges_is_never_repeated_by_itself() -> None:
    d = Desk(FETCH, ledger=ledger(**{"P-1": "A01"}))
    d.begin()
    d.sent(100)
    orders = []
    for _ in range(20):
        orders += issues(d.scan(ACK_WITHIN / 4))
    assert orders == [] and d.state.trips[0].code == "A108" and d.state.state is State.HELD
    assert d.of(20).status is StepStatus.WAITING and d.state.ledger.at("A01") == "P-1", (
        "it surely has not begun"
    )
    d.ask(Verb.ACKNOWLEDGE)
    assert d.ask(Verb.RESUME) == ""
    assert d.of(20).order == 101


@pytest.mark.parametrize("code", [AckCode.INTERLOCK, AckCode.EXPIRED, AckCode.BUSY, AckCode.STOP_REQUESTED])
def test_a_refused_order_holds_and_is_not_repeated(code: AckCode) -> None:
    d = Desk(step(10))
    d.begin()
    d.sent(100)
    d.ack("lift", 100, code)
    assert issues(d.scan()) == [] and d.state.trips[0].code == "A105"
    for _ in range(5):
        assert issues(d.scan(1.0)) == []


def test_a_failed_device_holds_and_is_not_ordered_again() -> None:
    d = Desk(step(10))
    d.begin()
    d.under_way(10)
    d.end("lift", 100, Result.FAILED)
    assert issues(d.scan()) == [] and d.state.trips[0].code == "A106"
    assert d.of(10).status is StepStatus.FAILED
    d.scan()
    assert d.state.state is State.HELD


# ---- proof ----------------------------------------------------------------------------------------------------------
def test_a_proven_step_settles_custody_and_gives_its_zones_back() -> None:
    d = Desk(FETCH, ledger=ledger(**{"P-1": "A01"}))
    d.begin()
    effects = d.complete(20)
    assert d.state.ledger.at("handover") == "P-1" and d.state.zones == ()
    assert [e.ledger for e in effects if isinstance(e, SetLedger)] == [d.state.ledger]
    assert "step-proven" in records(effects)


def test_admission_and_release_happen_with_the_proof() -> None:
    d = Desk(step(10, admits=("P-9", "vehicle")), step(30, releases="P-9"))
    d.begin()
    assert "P-9" not in d.state.ledger
    d.complete(10)
    assert d.state.ledger.at("vehicle") == "P-9"
    d.complete(30)
    assert "P-9" not in d.state.ledger


def test_a_pack_that_is_admitted_twice_holds_the_station() -> None:
    d = Desk(step(10, admits=("P-9", "vehicle")), ledger=ledger(**{"P-9": "A01"}))
    d.begin()
    d.complete(10)
    assert d.state.trips[0].code == "A302" and "already here: A01" in d.state.trips[0].text
    assert d.state.ledger.at("A01") == "P-9"


# ---- stops --------------------------------------------------------------------------------------------------------------
def test_a_step_that_takes_too_long_is_told_to_stop_and_watched_until_it_does() -> None:
    d = Desk(step(10))
    d.begin()
    number = d.under_way(10)
    effects = d.scan(31.0)
    assert d.state.trips[0].code == "A104"
    assert stopped(effects) == ("lift",), "the device that is late is the one that still moves"
    for _ in range(3):
        d.scan(1.0)
        assert d.state.state is State.HOLDING, "held means that every device has stopped"
    d.end("lift", number, Result.STOPPED)
    for _ in range(30):
        d.scan()
    assert d.state.state is State.HELD and d.of(10).status is StepStatus.STOPPED


@pytest.mark.parametrize(
    ("spoil", "alarm"),
    [
        (lambda d: d.end("lift", 100, Result.FAILED), "A106"),
        (lambda d: (d.end("lift", 100), d.scan(), d.pass_time(PROOF_WITHIN + 0.1)), "A107"),
    ],
)
def test_a_device_that_failed_is_told_to_stop_as_well(spoil, alarm: str) -> None:  # type: ignore[no-untyped-def]
    """What it says of itself is not believed twice: the stop level stands until a person resumes."""
    d = Desk(step(10))
    d.begin()
    d.under_way(10)
    spoil(d)
    assert stopped(d.scan()) == ("lift",) and d.state.trips[0].code == alarm


def test_a_refused_device_and_an_unanswered_one_are_told_to_stop_as_well() -> None:
    d = Desk(step(10))
    d.begin()
    d.sent(100)
    d.ack("lift", 100, AckCode.INTERLOCK)
    assert stopped(d.scan()) == ("lift",)
    d = Desk(step(10))
    d.begin()
    d.sent(100)
    assert stopped(d.scan(ACK_WITHIN + 0.1)) == ("lift",)


def test_a_restarted_plc_holds_and_its_order_is_not_given_again() -> None:
    d = Desk(FETCH, ledger=ledger(**{"P-1": "A01"}))
    d.begin()
    d.under_way(20)
    d.world.set(d.channels["robot"].epoch, EPOCH + 1)
    assert stopped(d.scan()) == ("robot",)
    for _ in range(5):
        assert issues(d.scan()) == []
    assert d.state.state is State.HELD and d.of(20).status is StepStatus.STOPPED
    assert d.state.ledger.where("P-1") == Custody("A01", "handover", 100), (
        "half-way: it rests at neither place"
    )


def test_a_stop_leaves_custody_as_it_truly_is() -> None:
    """Stopped before the gate sent: at its origin. Stopped half-way: on its way. Ended all the same: arrived."""
    for phase, expected in (("intent", Custody("A01")), ("half-way", None), ("arrived", Custody("handover"))):
        d = Desk(FETCH, ledger=ledger(**{"P-1": "A01"}))
        d.begin()
        if phase != "intent":
            d.under_way(20)
        d.ask(Verb.HOLD)
        if phase == "intent":
            d.feed(OrderNotSent(d.time, 100, "withdrawn"))
        else:
            d.end("robot", 100, Result.OK if phase == "arrived" else Result.STOPPED)
            d.world.set(done(20, "rail"), phase == "arrived")
        for _ in range(30):
            d.scan()
        assert d.state.state is State.HELD, phase
        assert d.state.ledger.where("P-1") == (expected or Custody("A01", "handover", 100)), phase


def test_an_order_sent_in_the_same_moment_as_the_stop_is_followed_to_its_end() -> None:
    d = Desk(step(10))
    d.begin()
    d.ask(Verb.HOLD)
    d.sent(100)
    d.ack("lift", 100)
    d.scan()
    assert d.state.state is State.HOLDING and d.of(10).status is StepStatus.BUSY
    d.end("lift", 100, Result.STOPPED)
    for _ in range(30):
        d.scan()
    assert d.state.state is State.HELD


def test_a_trip_while_the_station_finishes_its_runs_stops_it_like_any_other() -> None:
    d = Desk(step(10), step(20, "robot", interlocks=()))
    d.begin()
    d.under_way(10)
    d.under_way(20)
    assert d.ask(Verb.STOP) == "" and d.state.state is State.STOPPING
    d.world.set(LEVEL, False)
    effects = d.scan()
    assert set(stopped(effects)) == {"lift", "robot"}
    assert d.state.state is State.HOLDING, "it would go on ordering with a trip latched"
    d.end("lift", 100, Result.STOPPED)
    d.end("robot", 101, Result.STOPPED)
    d.world.set(LEVEL, True)
    for _ in range(100):
        assert issues(d.scan()) == []
    assert d.state.state is State.HELD


def test_a_station_that_is_stopped_while_held_comes_to_rest() -> None:
    d = Desk(step(10))
    d.begin()
    d.under_way(10)
    d.ask(Verb.HOLD)
    d.end("lift", 100, Result.STOPPED)
    for _ in range(30):
        d.scan()
    assert d.state.state is State.HELD
    refused = d.ask(Verb.STOP)
    d.scan()
    assert d.state.state is State.STOPPED or (refused and d.state.state is State.HELD)
    assert d.state.runs, "the run stays, to be resumed or given up"


def test_a_station_that_is_stopped_finishes_its_runs_and_begins_none() -> None:
    d = Desk(step(10), step(30))
    d.begin()
    d.complete(10)
    d.ask(Verb.STOP)
    d.begin("S-2")
    assert [r.run_id for r in d.state.runs] == ["S-1"]
    d.complete(30)
    assert d.state.state is State.STOPPED and d.state.runs == ()


# ---- journal and own tasks ------------------------------------------------------------------------------------------------
def test_a_journal_that_fails_aborts_and_stops_every_device() -> None:
    d = Desk(step(10), step(20, "robot"))
    d.begin()
    d.under_way(10)
    d.under_way(20)
    effects = d.feed(JournalFailed(d.time, "disk I/O error"))
    assert set(stopped(effects)) == {"lift", "robot"} and d.state.state is State.ABORTING
    assert not d.state.journal_writable and d.state.trips[0].code == "A501"
    assert "disk I/O error" in d.state.trips[0].text


def test_a_journal_that_keeps_failing_is_told_once() -> None:
    """Each trip is a row for the journal: told again and again, a broken disk would feed itself for ever."""
    d = Desk(step(10))
    d.begin()
    d.feed(JournalFailed(d.time, "disk full"))
    for _ in range(5):
        effects = d.feed(JournalFailed(d.time, "disk full"))
        assert not [e for e in effects if isinstance(e, Record | Announce)]
    assert [t.code for t in d.state.trips] == ["A501"]


def test_a_stuck_task_of_ours_aborts_and_is_named() -> None:
    d = Desk(step(10))
    d.begin()
    d.under_way(10)
    effects = d.feed(TaskStuck(d.time, ("gate",)))
    assert stopped(effects) == ("lift",) and d.state.state is State.ABORTING
    assert d.state.trips[0].code == "A701" and "gate" in d.state.trips[0].text


def test_a_journal_that_is_ready_restores_memory_and_nothing_moves() -> None:
    d = Desk(step(10), mode=Mode.MAINTENANCE, state=State.STOPPED, journal_writable=False, next_order=1)
    effects = d.feed(JournalReady(d.time, ledger(**{"P-1": "A01"}), 4711, "run S-7 was never closed"))
    assert d.state.ledger.at("A01") == "P-1" and d.state.next_order == 4711 and d.state.journal_writable
    assert d.state.state is State.STOPPED and not issues(effects)
    assert "S-7" in d.ask(Verb.RESET)


# ---- resuming -----------------------------------------------------------------------------------------------------------------
def held_half_way(**changes: object) -> Desk:
    fetch = replace(FETCH, **changes)
    d = Desk(fetch, ledger=ledger(**{"P-1": "A01"}))
    d.begin()
    d.under_way(20)
    d.ask(Verb.HOLD)
    d.end("robot", 100, Result.STOPPED)
    for _ in range(30):
        d.scan()
    assert d.state.state is State.HELD
    return d


def test_a_resumed_step_gets_a_new_number_and_takes_its_pack_along() -> None:
    d = held_half_way()
    assert d.ask(Verb.RESUME) == ""
    assert d.of(20).order == 101 and d.state.ledger.where("P-1") == Custody("A01", "handover", 101)
    d.complete(20)
    assert d.state.ledger.at("handover") == "P-1"


def test_a_late_completion_of_the_old_order_does_not_prove_the_resumed_step() -> None:
    d = held_half_way()
    d.ask(Verb.RESUME)
    d.end("robot", 100)
    d.world.set(done(20, "rail"), True)
    d.sent(101)
    for _ in range(5):
        d.scan()
    assert d.of(20).status is StepStatus.SENT


def test_a_resumed_order_that_is_not_sent_leaves_the_pack_on_its_way() -> None:
    """The pack hangs between two places since the first order; that the second one never left does not carry it back."""
    d = held_half_way()
    d.ask(Verb.RESUME)
    d.world.set(READY, False)
    d.feed(OrderNotSent(d.time, 101, "guard lost"))
    custody = d.state.ledger.where("P-1")
    assert custody is not None and custody.moving, f"the ledger says the pack rests at {custody}"
    d.world.set(READY, True)
    (order,) = issues(d.scan())
    assert d.state.ledger.where("P-1") == Custody("A01", "handover", order.number)
    d.complete(20)
    assert d.state.ledger.at("handover") == "P-1"


def test_a_resumed_order_that_expired_unacknowledged_leaves_the_pack_on_its_way() -> None:
    d = held_half_way()
    d.ask(Verb.RESUME)
    d.sent(101)
    for _ in range(20):
        d.scan(0.3)
    assert d.state.trips[0].code == "A108" and d.state.state is State.HELD
    custody = d.state.ledger.where("P-1")
    assert custody is not None and custody.moving


def test_a_step_that_must_be_looked_at_needs_a_confirmation() -> None:
    d = held_half_way(on_resume=OnResume.ASK, start=LEVEL.is_off())
    halfway = d.ask(Verb.RESUME)
    assert "step 20" in halfway and "confirmation" in halfway and d.state.state is State.HELD
    assert d.ask(Verb.RESUME, confirmed=True) == "" and d.state.state is State.EXECUTE


def test_a_step_that_may_not_be_repeated_is_not_resumed_even_when_confirmed() -> None:
    d = held_half_way(on_resume=OnResume.NEVER, start=LEVEL.is_off())
    assert "may not be repeated" in d.ask(Verb.RESUME, confirmed=True)
    assert d.state.state is State.HELD


def test_permissives_that_speak_of_custody_hold_again_when_a_move_is_taken_up() -> None:
    here = Interlock("T14", "Pack in its bay", PlaceHolds("A01", "P-1"))
    d = held_half_way(permissives=(here,))
    assert d.ask(Verb.RESUME) == "" and d.of(20).order == 101

"""Stops: who is told to stop, what a stop leaves behind, and what aborts."""

from __future__ import annotations

import pytest

from station_ctl.core.custody import Custody, Move
from station_ctl.core.modes import Mode, State
from station_ctl.core.orders import AckCode, Result
from station_ctl.engine.events import (
    Announce,
    JournalFailed,
    JournalReady,
    OrderNotSent,
    Record,
    TaskStuck,
    Verb,
)
from station_ctl.engine.state import StepStatus
from station_ctl.engine.station import ACK_WITHIN, CAUSE_WITHIN, PROOF_WITHIN
from tests.bench.desk import (
    EPOCH,
    LEVEL,
    Desk,
    done,
    issues,
    ledger,
    step,
    stopped,
)

FETCH = step(20, "robot", moves=(Move("P-1", "A01", "handover"),), enters=("aisle",), leaves=("aisle",))


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
    d.scan()
    assert stopped(d.scan(CAUSE_WITHIN)) == ("lift",)
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

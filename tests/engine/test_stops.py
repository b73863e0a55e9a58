"""Stops: who is told to stop, what a stop leaves behind, and what aborts."""

from __future__ import annotations

import pytest

from station_ctl.core.custody import Custody, Move
from station_ctl.core.modes import Mode, State
from station_ctl.core.orders import AckCode, OrderState, Result
from station_ctl.engine.events import (
    Announce,
    Answer,
    Asked,
    JournalFailed,
    JournalReady,
    OrderNotSent,
    Record,
    TaskStuck,
    Verb,
)
from station_ctl.engine.state import StepStatus
from station_ctl.engine.station import ACK_WITHIN, CAUSE_WITHIN, PROOF_WITHIN, STOP_WITHIN
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


@pytest.mark.parametrize("rest", [State.STOPPED, State.HELD, State.IDLE])
@pytest.mark.parametrize("verb", [Verb.ABORT, Verb.HOLD])
def test_a_person_stops_a_device_that_moves_without_an_order_in_memory(verb: Verb, rest: State) -> None:
    """As after a kill: the program is new, the machine still works on what the one before it has ordered."""
    d = Desk(step(10), state=rest)
    d.world.set(d.channels["robot"].state, int(OrderState.BUSY))
    effects = d.feed(Asked(d.time, verb, "test", 1))
    (answer,) = [e for e in effects if isinstance(e, Answer)]
    assert answer.refused or stopped(effects) == ("robot",)
    assert verb is Verb.HOLD or not answer.refused, "an abort is never refused"


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


# ---- a device that does not obey ----
def deaf(verb: Verb = Verb.HOLD) -> tuple[Desk, int]:
    """The lift is told to stop and goes on; the limit has passed."""
    d = Desk(step(10))
    d.begin()
    number = d.under_way(10)
    d.ask(verb)
    acting = d.state.state
    for _ in range(round(STOP_WITHIN) - 1):
        d.scan(1.0)
        assert d.state.state is acting and d.state.trips == (), "a slow stop is no disobedience"
    d.scan(1.1)
    return d, number


@pytest.mark.parametrize(("verb", "rest"), [(Verb.HOLD, State.HELD), (Verb.ABORT, State.ABORTED)])
def test_a_device_that_ignores_its_stop_is_named_and_the_station_comes_to_rest(verb: Verb, rest: State) -> None:
    """No acting state is without a deadline: whoever waits for the machine must be told that it does not obey."""
    d, number = deaf(verb)
    assert d.state.state is rest and d.of(10).status is StepStatus.STOPPED and d.of(10).order == number
    assert [t.code for t in d.state.trips] == ["A109"]
    assert "lift" in d.state.trips[0].text and "lift.order_state" in d.state.trips[0].text


def test_the_device_that_does_not_obey_is_told_once_and_its_stop_stays_up() -> None:
    d = Desk(step(10))
    d.begin()
    d.under_way(10)
    d.ask(Verb.HOLD)
    effects = d.scan(0.1)
    effects = (*effects, *d.scan(STOP_WITHIN + 0.1))
    assert [e.code for e in effects if isinstance(e, Announce)] == ["A109"] and stopped(effects) == ("lift",)
    for _ in range(5):
        assert d.scan(STOP_WITHIN) == ()


@pytest.mark.parametrize("verb", [Verb.HOLD, Verb.ABORT])
def test_nothing_goes_on_before_the_device_is_seen_at_rest(verb: Verb) -> None:
    d, number = deaf(verb)
    assert "A109 stays: needs lift.order_state" in d.ask(Verb.ACKNOWLEDGE)
    assert [t.code for t in d.state.trips] == ["A109"]
    for asked in (Verb.RESUME, Verb.CLEAR):
        assert d.ask(asked, confirmed=True), "refused"
    d.end("lift", number, Result.STOPPED)
    d.scan()
    assert d.ask(Verb.ACKNOWLEDGE) == ""
    if verb is Verb.ABORT:
        assert d.ask(Verb.CLEAR) == ""
    assert d.ask(Verb.RESUME, confirmed=True) == ""


def test_a_device_that_obeys_in_time_is_no_alarm_however_long_the_station_rests() -> None:
    d = Desk(step(10))
    d.begin()
    number = d.under_way(10)
    d.ask(Verb.HOLD)
    d.scan(STOP_WITHIN - 0.5)
    d.end("lift", number, Result.STOPPED)
    for _ in range(5):
        d.scan(STOP_WITHIN)
    assert d.state.state is State.HELD and d.state.trips == ()


def test_the_time_to_come_to_rest_begins_anew_with_every_stop() -> None:
    d = Desk(step(10))
    d.begin()
    number = d.under_way(10)
    d.ask(Verb.HOLD)
    d.scan(STOP_WITHIN - 0.5)
    d.end("lift", number, Result.STOPPED)
    d.scan()
    assert d.ask(Verb.RESUME) == ""
    d.scan()
    again = d.of(10).order
    assert again > number
    d.sent(again)
    d.ack("lift", again)
    d.scan()
    d.ask(Verb.HOLD)
    d.scan(STOP_WITHIN - 0.5)
    assert d.state.state is State.HOLDING and d.state.trips == ()


def test_an_order_whose_sending_is_never_told_keeps_nobody_from_resting() -> None:
    """A gate that hangs has its own alarm; the order cannot leave any more, and the device was never told anything."""
    d = Desk(step(10))
    d.begin()
    assert d.of(10).status is StepStatus.INTENT
    d.ask(Verb.ABORT)
    d.scan(0.1)
    assert d.state.state is State.ABORTING
    d.scan(STOP_WITHIN + 0.1)
    assert d.state.state is State.ABORTED and d.of(10).status is StepStatus.STOPPED and d.state.trips == ()


def test_a_device_that_stands_and_never_says_of_which_order_keeps_nobody_from_resting() -> None:
    """Its answers cannot be read: after the limit it counts as stopped, and the alarm says so."""
    d = Desk(step(10))
    d.begin()
    d.sent(100)
    d.world.flag(d.channels["lift"].ack_id)
    d.ask(Verb.HOLD)
    d.scan(0.1)
    d.scan(STOP_WITHIN + 0.1)
    assert d.state.state is State.HELD and [t.code for t in d.state.trips] == ["A109"]
    assert "never says how order 100 ended" in d.state.trips[0].text

"""What every decision does whatever the event: it takes over the journal, follows the devices, tells and records it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from station_ctl.core.bypass import Bypass, Bypassable
from station_ctl.core.conditions import NotLocked
from station_ctl.core.modes import Mode, Phase, State
from station_ctl.core.points import ScanClass
from station_ctl.core.signals import Signal
from station_ctl.core.steps import BUTTON, Interlock, OnLoss
from station_ctl.engine.custody_watch import WatchedPlace
from station_ctl.engine.events import (
    Announce,
    Answer,
    Asked,
    Audit,
    ButtonPressed,
    Effect,
    Issue,
    JournalFailed,
    JournalReady,
    PacksLocked,
    Progress,
    Record,
    RetreatAsked,
    RunAsked,
    TaskStuck,
    Verb,
)
from station_ctl.engine.state import Run, StepState, StepStatus, Zone
from station_ctl.engine.station import CUSTODY_EVERY
from tests.bench.desk import DOOR, ESTOP, LEVEL, Desk, flag, ledger, step

PRESENT = flag("bay.present")
CODE: Signal[str] = Signal("bay.code", "pit", "CODE", ScanClass.NORMAL, 0.5)


def recorded(effects: tuple[Effect, ...], kind: str) -> list[Record]:
    return [e for e in effects if isinstance(e, Record) and e.kind == kind]


def told(effects: tuple[Effect, ...]) -> list[tuple[str, str, float]]:
    return [(e.what, e.text, e.time) for e in effects if isinstance(e, Progress) and e.what == "state"]


def test_what_the_journal_knows_is_taken_over_whole() -> None:
    steps = (step(10, enters=("pit",)), step(20, leaves=("pit",)))
    d = Desk(*steps, state=State.STOPPED, journal_writable=False, next_order=1)
    states = (StepState(StepStatus.PROVEN, 41, 5), StepState())
    run = Run("S-7", d.sequence, None, Phase.HELD, states, interrupted=Phase.POSITIONING)
    d.feed(JournalReady(d.time, ledger(**{"P-1": "A01"}), 42, "run S-7 was never closed", (run,)))
    assert d.state.runs == (run,) and d.state.zones == (Zone("pit", "S-7", "lift"),)
    assert d.state.ledger == ledger(**{"P-1": "A01"}) and d.state.next_order == 42
    assert d.state.half_done == "run S-7 was never closed" and d.state.journal_writable


def test_a_step_waits_while_its_pack_is_locked_and_goes_on_when_it_is_cleared() -> None:
    d = Desk(step(10, permissives=(Interlock("G29p", "not locked", NotLocked("P-1")),), interlocks=()))
    d.feed(PacksLocked(d.time, (("P-1", "hot"),)))
    assert not [e for e in (*d.begin(), *d.scan()) if isinstance(e, Issue)]
    assert [e for e in d.feed(PacksLocked(d.time, ())) if isinstance(e, Issue)], "in the same decision"


def test_a_step_that_waits_for_the_jog_button_begins_in_the_decision_that_sees_it_pressed() -> None:
    d = Desk(step(10, permissives=(BUTTON,), interlocks=()))
    assert not [e for e in (*d.begin(), *d.scan()) if isinstance(e, Issue)]
    assert [e for e in d.feed(ButtonPressed(d.time, "wang")) if isinstance(e, Issue)]


def test_a_step_that_waits_for_a_row_begins_in_the_decision_that_accepts_its_bypass() -> None:
    row = Interlock("G19f", "Fork in", Bypassable("G19f", DOOR.is_on(), ESTOP.is_on()))
    d = Desk(step(10, permissives=(row,), interlocks=()), mode=Mode.MAINTENANCE)
    d.sequence = replace(d.sequence, mode=Mode.MAINTENANCE)
    d.facts = replace(d.facts, bypassable={"G19f": row}, attended=ESTOP.is_on())
    d.world.set(DOOR, False)
    assert not [e for e in (*d.begin(), *d.scan()) if isinstance(e, Issue)]
    now = d.world.now
    asked = Bypass("G19f", now, now + 60.0, "wang", "chen", "its sensor is broken")
    effects = d.feed(Asked(d.time, Verb.BYPASS, "wang", 1, bypass=asked))
    assert [e.refused for e in effects if isinstance(e, Answer)] == [""]
    assert [e for e in effects if isinstance(e, Issue)]


def test_a_failed_journal_is_one_trip_of_its_interlock() -> None:
    d = Desk(step(10))
    d.feed(JournalFailed(d.time, "disk full"))
    d.feed(JournalFailed(d.time, "disk full"))
    (trip,) = d.state.trips
    assert (trip.code, trip.interlock, trip.reaction) == ("A501", "G28", OnLoss.ABORT)
    assert "disk full" in trip.text and not d.state.journal_writable


def test_stuck_tasks_abort_and_are_named() -> None:
    d = Desk(step(10))
    d.feed(TaskStuck(d.time, ("gate", "scan pit")))
    (trip,) = d.state.trips
    assert (trip.code, trip.reaction) == ("A701", OnLoss.ABORT) and "gate, scan pit" in trip.text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (State.HOLDING, State.HELD),
        (State.ABORTING, State.ABORTED),
        (State.STOPPING, State.STOPPED),
    ],
)
def test_a_station_at_rest_comes_to_rest_once_and_says_so(before: State, after: State) -> None:
    d = Desk(step(10), state=before)
    effects = d.scan()
    assert d.state.state is after
    assert [r.data for r in recorded(effects, "state")] == [(("state", str(after)),)]
    assert told(effects) == [("state", f"{before} → {after}", d.time)]
    assert recorded(d.scan(), "state") == [] and d.state.state is after


@pytest.mark.parametrize(("verb", "going"), [(Verb.HOLD, State.HOLDING), (Verb.ABORT, State.ABORTING)])
def test_a_station_rests_only_when_its_devices_do(verb: Verb, going: State) -> None:
    d = Desk(step(10))
    d.begin()
    number = d.under_way(10)
    d.ask(verb)
    for _ in range(5):
        d.scan()
        assert d.state.state is going
    d.end("lift", number, 3)
    d.scan()
    assert d.state.state in (State.HELD, State.ABORTED)


def test_a_station_stops_when_its_last_run_has_ended() -> None:
    d = Desk(step(10))
    d.begin()
    d.ask(Verb.STOP)
    d.scan()
    assert d.state.state is State.STOPPING
    d.complete(10)
    d.scan()
    assert d.state.runs == () and d.state.state is State.STOPPED


def watched() -> Desk:
    """A desk whose ledger has a pack where its sensor sees none, compared just now."""
    d = Desk(step(10), ledger=ledger(**{"P-1": "A01"}))
    d.facts = replace(d.facts, places=(WatchedPlace("A01", PRESENT, CODE),))
    d.world.set(PRESENT, True)
    d.world.set(CODE, "P-1")
    d.scan(CUSTODY_EVERY)
    d.world.set(PRESENT, False)
    return d


def test_a_disagreement_stands_in_the_journal_with_its_text() -> None:
    d = watched()
    d.scan(CUSTODY_EVERY)
    effects = d.scan(CUSTODY_EVERY)
    (conflict,) = recorded(effects, "custody-conflict")
    (announced,) = [e for e in effects if isinstance(e, Announce)]
    assert announced.text and conflict.data == (("text", announced.text),)


def test_ledger_and_sensors_are_compared_at_their_own_pace_and_not_on_every_scan() -> None:
    d = watched()
    for _ in range(4):
        d.scan(CUSTODY_EVERY / 8)
    assert d.state.conflicts == ()
    d.scan(CUSTODY_EVERY / 2)
    assert len(d.state.conflicts) == 1 and d.state.custody_checked == d.world.now
    for _ in range(3):
        effects = d.scan(CUSTODY_EVERY / 8)
        assert [e for e in effects if isinstance(e, Announce)] == []
    assert [e.code for e in d.scan(CUSTODY_EVERY) if isinstance(e, Announce)] == ["A302"]


def test_a_loss_and_its_stop_come_out_of_one_decision() -> None:
    d = Desk(step(10))
    d.begin()
    d.under_way(10)
    d.world.set(LEVEL, False)
    effects = d.scan()
    assert told(effects) == [("state", "execute → holding", d.time)]
    (tripped,) = recorded(effects, "tripped")
    assert (tripped.run_id, tripped.step) == ("S-1", 10)
    (trip,) = d.state.trips
    assert tripped.data == (
        ("code", "A101"), ("text", trip.text), ("first_out", True), ("reaction", "hold"),
    )  # fmt: skip
    assert [(e.code, e.text, e.source) for e in effects if isinstance(e, Announce)] == [
        ("A101", trip.text, "first-out")
    ]


# ---- what a person asked is audited with what came of it ----
AUDIT = Audit("anna", "operator", "panel", "request")


def audited(effects: tuple[Effect, ...]) -> list[Audit]:
    return [e for e in effects if isinstance(e, Audit)]


def asked(d: Desk, event: str) -> tuple[Effect, ...]:
    match event:
        case "a verb":
            return d.feed(Asked(d.time, Verb.HOLD, "anna", 1, audit=AUDIT))
        case "a run":
            return d.feed(RunAsked(d.time, "S-1", d.sequence, None, "anna", 1, audit=AUDIT))
        case _:
            return d.feed(RetreatAsked(d.time, "S-1", "R-1", d.sequence, None, "anna", 1, audit=AUDIT))


@pytest.mark.parametrize("event", ["a verb", "a run"])
def test_an_accepted_request_is_audited_as_it_was_asked(event: str) -> None:
    d = Desk(step(10))
    effects = asked(d, event)
    assert audited(effects) == [AUDIT]
    assert [e.refused for e in effects if isinstance(e, Answer)] == [""]


@pytest.mark.parametrize("event", ["a verb", "a run", "a retreat"])
def test_a_refused_request_is_audited_with_code_and_reason(event: str) -> None:
    d = Desk(step(10), state=State.STOPPED)
    effects = asked(d, event)
    (answer,) = [e for e in effects if isinstance(e, Answer)]
    assert answer.refused and answer.code
    assert audited(effects) == [replace(AUDIT, decision="refused", why=f"{answer.code} {answer.refused}")]


def test_nothing_is_audited_that_nobody_asked_for() -> None:
    d = Desk(step(10))
    assert audited(d.begin()) == [] == audited(d.scan()) and d.ask(Verb.HOLD) == ""

"""Resuming what was stopped half-way: under new numbers, with its pack, and never without a person."""

from __future__ import annotations

from dataclasses import replace

import pytest

from station_ctl.core.conditions import PlaceHolds
from station_ctl.core.custody import Custody, Move
from station_ctl.core.devices import Command
from station_ctl.core.modes import State
from station_ctl.core.orders import Result
from station_ctl.core.steps import Ending, Interlock, OnResume
from station_ctl.engine.events import (
    Asked,
    OrderNotSent,
    Record,
    Verb,
)
from station_ctl.engine.state import StepStatus
from tests.bench.desk import (
    LEVEL,
    PERMITS,
    READY,
    Desk,
    done,
    flag,
    issues,
    ledger,
    step,
)

FETCH = step(20, "robot", moves=(Move("P-1", "A01", "handover"),), enters=("aisle",), leaves=("aisle",))


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
    """It hangs between two places since the first order; the second one, never sent, does not carry it back."""
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


# ---- work done, machine not yet back ----
STANDS = flag("handover.present", "rail")
EMPTY = Interlock("T19", "Handover empty", STANDS.is_off())
COMES_BACK = Ending(STANDS.is_on(), Command("robot", 10, (), "robot.home()"), (PERMITS,))


def held_after_its_work(**changes: object) -> Desk:
    """The pack stands at its target already, the machine was stopped on its way back."""
    d = Desk(
        replace(FETCH, ending=COMES_BACK, permissives=(PERMITS, EMPTY), **changes),
        ledger=ledger(**{"P-1": "A01"}),
    )
    d.world.set(STANDS, False)
    d.begin()
    d.under_way(20)
    d.world.set(STANDS, True)
    d.ask(Verb.HOLD)
    d.end("robot", 100, Result.STOPPED)
    for _ in range(30):
        d.scan()
    assert d.state.state is State.HELD
    return d


def test_a_step_stopped_after_its_work_is_only_brought_to_its_end() -> None:
    d = held_after_its_work()
    (order,) = issues((*d.feed(Asked(d.time, Verb.RESUME, "test", 1)), *d.scan()))
    assert d.state.ledger.where("P-1") == Custody("A01", "handover", 101), (
        "the pack is on its way until the proof"
    )
    assert (order.number, order.command.text, order.step.permissives) == (101, "robot.home()", (PERMITS,))
    d.complete(20)
    assert d.state.ledger.at("handover") == "P-1"


def test_the_end_alone_is_ordered_only_where_the_work_has_been_ordered() -> None:
    """What stands at the target before the step's own order is a stranger, and stops the step."""
    d = Desk(replace(FETCH, ending=COMES_BACK, permissives=(PERMITS, EMPTY)), ledger=ledger(**{"P-1": "A01"}))
    d.world.set(STANDS, True)
    assert issues(d.begin()) == [] and d.of(20).status is StepStatus.WAITING


def test_the_end_alone_needs_what_it_needs() -> None:
    d = held_after_its_work()
    d.world.set(READY, False)
    assert issues(d.feed(Asked(d.time, Verb.RESUME, "test", 1))) == []
    d.world.set(READY, True)
    assert [order.command.text for order in issues(d.scan())] == ["robot.home()"]


def test_a_pack_put_back_by_hand_is_fetched_anew() -> None:
    d = held_after_its_work()
    d.world.set(STANDS, False)
    effects = d.feed(Asked(d.time, Verb.RESUME, "test", 1))
    assert [order.command.text for order in issues((*effects, *d.scan()))] == ["robot.go(20)"]


# ---- found done ----
@pytest.mark.parametrize("began", [100.0, 0.0], ids=["stopped by a person", "after a restart"])
def test_a_step_found_done_has_no_duration(began: float) -> None:
    """Nobody has seen it end; the hours at rest are none of the machine's, and a restart forgets the beginning."""
    d = held_half_way()
    d.state = replace(d.state, runs=(d.run().with_step(20, began=began),))
    d.end("robot", 100)
    d.world.set(done(20, "rail"), True)
    d.scan(3600.0)
    (proven,) = (
        e
        for e in d.feed(Asked(d.time, Verb.RESUME, "test", 1))
        if isinstance(e, Record) and e.kind == "step-proven"
    )
    assert proven.data == ()

"""Supervision: every loss is seen as a level, the cause comes first, a latched loss is not told twice."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from station_ctl.core.modes import State
from station_ctl.core.steps import Interlock, Kept, OnLoss
from station_ctl.engine.state import Trip
from tests.bench.desk import (
    ABORTS,
    CLAMPED,
    DOOR,
    ESTOP,
    G01,
    G03,
    HOLDS,
    LEVEL,
    Desk,
    flag,
    issues,
    step,
    stopped,
)

ALWAYS = (Kept(G01, OnLoss.ABORT), Kept(G03, OnLoss.ABORT))


def desk(*steps: Any, **more: Any) -> Desk:
    made = Desk(*(steps or (step(10),)), **{"always": ALWAYS, **more})
    made.begin()
    return made


def codes(d: Desk) -> list[tuple[str, bool]]:
    return [(t.interlock, t.first_out) for t in d.state.trips]


def test_a_loss_stops_the_device_and_the_station_in_the_same_decision() -> None:
    d = desk()
    d.under_way(10)
    d.world.set(LEVEL, False)
    effects = d.scan()
    assert stopped(effects) == ("lift",)
    assert d.state.state is State.HOLDING and codes(d) == [("T10", True)]
    (trip,) = d.state.trips
    assert trip.code == "A101" and trip.reaction is OnLoss.HOLD and (trip.run_id, trip.step) == ("S-1", 10)
    assert trip.text == "step 10 Toy step 10: T10 Lift level: needs lift.level on; found off [pit LIFT_LEVEL]"


def test_a_loss_of_the_safety_chain_has_its_own_alarm() -> None:
    d = desk()
    d.under_way(10)
    d.world.set(ESTOP, False)
    d.scan()
    assert d.state.trips[0].code == "A102" and d.state.state is State.ABORTING


def test_the_cause_comes_first_although_its_effect_is_listed_before_it() -> None:
    """An opened door takes the drives away in the same scan: G01 is watched first, G03 is the cause."""
    d = desk()
    d.under_way(10)
    d.world.set(ESTOP, False)
    d.world.set(DOOR, False)
    d.scan()
    assert codes(d) == [("G03", True), ("G01", False)]


def test_without_its_cause_the_effect_is_the_first_out() -> None:
    d = desk()
    d.under_way(10)
    d.world.set(ESTOP, False)
    d.scan()
    assert codes(d) == [("G01", True)]


@pytest.mark.parametrize("loss", ["lose", "silence"])
def test_a_silent_plc_is_the_cause_and_its_stale_sensors_are_effects(loss: str) -> None:
    d = desk()
    d.under_way(10)
    getattr(d.world, loss)("pit")
    effects = d.scan()
    assert codes(d)[0] == ("G02", True)
    assert {code for code, first in codes(d) if not first} == {"T10", "T13", "G01", "G03"}
    assert d.state.trips[0].code == "A201" and stopped(effects) == ("lift",)
    assert d.state.state is State.ABORTING, "the hardest reaction of the burst wins"


def test_a_sensor_that_really_went_off_stays_a_cause_beside_a_silent_plc() -> None:
    """The robot's PLC falls silent in the scan in which the lift's sensor goes off: two causes."""
    d = Desk(step(10, "lift"), step(20, "robot", interlocks=()))
    d.begin()
    d.under_way(10)
    d.under_way(20)
    d.world.silence("rail")
    d.world.set(LEVEL, False)
    d.scan()
    assert [t.interlock for t in d.state.trips] == ["T10", "G02"]


def test_what_cannot_be_read_from_another_plc_is_no_effect_of_a_silent_one() -> None:
    """The robot falls silent in the scan in which the lift's link is lost: the lift's row is a cause of its own."""
    d = Desk(step(10, "lift", do=None), step(20, "robot", interlocks=()))
    d.begin()
    d.under_way(20)
    d.world.silence("rail")
    d.world.lose("pit")
    d.scan()
    found = [t.interlock for t in d.state.trips]
    assert "G02" in found and found.index("G02") > found.index("T10"), found


def test_a_restarted_plc_is_told_apart_from_a_silent_one() -> None:
    d = desk()
    d.under_way(10)
    d.world.set(d.channels["lift"].epoch, 6)
    d.scan()
    (trip,) = d.state.trips
    assert (trip.code, trip.interlock, trip.reaction) == ("A202", "G02", OnLoss.HOLD)
    assert "needs lift.epoch = 5; found 6" in trip.text


def test_a_level_that_is_already_lost_lets_no_step_begin() -> None:
    d = Desk(step(10))
    d.world.set(LEVEL, False)
    assert not issues(d.begin()) and not issues(d.scan())
    d.world.set(LEVEL, True)
    assert issues(d.scan())


def test_a_level_lost_before_its_device_moves_trips_all_the_same() -> None:
    """Between intent and acknowledgement there is no edge left to see."""
    d = desk()
    d.world.set(LEVEL, False)
    assert stopped(d.scan()) == ("lift",)
    assert codes(d) == [("T10", True)]


def test_a_loss_that_lasts_is_told_once() -> None:
    d = desk()
    d.under_way(10)
    d.world.set(LEVEL, False)
    d.scan()
    for _ in range(5):
        assert not stopped(d.scan())
    d.world.set(LEVEL, True)
    d.scan()
    d.world.set(LEVEL, False)
    d.scan()
    assert codes(d) == [("T10", True)]


def test_what_is_lost_later_is_latched_behind_the_first_out() -> None:
    d = desk()
    d.under_way(10)
    d.world.set(LEVEL, False)
    d.scan()
    d.world.set(CLAMPED, False)
    effects = d.scan()
    assert codes(d) == [("T10", True), ("T13", False)]
    assert d.state.state is State.ABORTING and stopped(effects) == ("lift",), "hold has become abort"


def test_one_interlock_of_two_steps_trips_once_with_the_harder_reaction() -> None:
    harder = Kept(HOLDS.interlock, OnLoss.ABORT)
    d = Desk(step(10, "lift"), step(20, "robot", interlocks=(harder,)))
    d.begin()
    d.under_way(10)
    d.under_way(20)
    d.world.set(LEVEL, False)
    effects = d.scan()
    assert [(t.interlock, t.reaction) for t in d.state.trips] == [("T10", OnLoss.ABORT)]
    assert set(stopped(effects)) == {"lift", "robot"}


@pytest.mark.parametrize("state", [State.EXECUTE, State.HOLDING, State.STOPPING])
def test_while_the_station_acts_the_chain_is_watched_whatever_the_step(state: State) -> None:
    d = Desk(step(10, None), always=ALWAYS, state=state)
    d.world.set(DOOR, False)
    d.scan()
    assert ("G03", True) in codes(d)


@pytest.mark.parametrize("state", [State.STOPPED, State.IDLE, State.HELD, State.ABORTED])
def test_a_station_at_rest_trips_nothing(state: State) -> None:
    """Nobody is called because somebody opens a door of a station that stands still."""
    d = Desk(step(10), always=ALWAYS, state=state)
    d.world.set(DOOR, False)
    d.scan()
    assert d.state.trips == () and d.state.state is state


def test_only_active_steps_are_watched() -> None:
    d = Desk(step(10, interlocks=()), step(20))
    d.begin()
    d.under_way(10)
    d.world.set(LEVEL, False)
    d.scan()
    assert d.state.trips == ()


def test_severity_never_falls_while_a_stop_is_under_way() -> None:
    d = desk()
    d.under_way(10)
    d.world.set(CLAMPED, False)
    d.scan()
    assert d.state.state is State.ABORTING
    d.world.set(LEVEL, False)
    d.scan()
    assert d.state.state is State.ABORTING and [t.interlock for t in d.state.trips] == ["T13"]


def test_every_silent_plc_is_named() -> None:
    """Two PLCs lost in one scan are two causes to mend, not one."""
    d = Desk(step(10, "lift", interlocks=()), step(20, "robot", interlocks=()))
    d.begin()
    d.under_way(10)
    d.under_way(20)
    d.world.lose("pit")
    d.world.lose("rail")
    d.scan()
    text = "; ".join(t.text for t in d.state.trips)
    assert "link pit" in text and "link rail" in text


def test_a_trip_that_is_latched_stays_latched_when_its_cause_is_gone() -> None:
    d = desk()
    d.under_way(10)
    d.world.set(LEVEL, False)
    d.scan()
    d.world.set(LEVEL, True)
    for _ in range(3):
        d.scan()
    assert codes(d) == [("T10", True)] and d.state.state is not State.EXECUTE


def test_reaction_and_interlock_together_make_a_trip_known() -> None:
    known = Trip("A101", "before", OnLoss.HOLD, interlock="T13")
    d = desk(trips=(known,))
    assert ABORTS.interlock.code == "T13"
    d.state = replace(d.state, trips=(known,))
    d.world.set(CLAMPED, False)
    d.state = replace(d.state, runs=d.state.runs)
    d.scan()
    assert OnLoss.ABORT in {t.reaction for t in d.state.trips if t.interlock == "T13"} or not d.run().active


def test_a_row_that_follows_another_is_a_cause_when_that_one_holds() -> None:
    a, b = flag("x.a"), flag("x.b")
    rows = (
        Kept(Interlock("X2", "Effect", b.is_on(), follows=("X1",)), OnLoss.HOLD),
        Kept(Interlock("X1", "Cause", a.is_on()), OnLoss.HOLD),
    )
    d = Desk(step(10, interlocks=rows))
    d.world.set(a, True)
    d.world.set(b, True)
    d.begin()
    d.under_way(10)
    d.world.set(b, False)
    d.scan()
    assert codes(d) == [("X2", True)]

"""Latching: what is lost is written down and told with its place in the burst; a run remembers where it was stopped."""

from __future__ import annotations

from dataclasses import replace

import pytest

from station_ctl.core.modes import Phase, State
from station_ctl.core.steps import OnLoss
from station_ctl.engine.events import Announce, Effect, Progress, Record, StopDevices
from station_ctl.engine.state import StepStatus, Trip
from station_ctl.engine.trips import latch
from tests.bench.desk import Desk, step

HOLD = Trip("A101", "level lost", OnLoss.HOLD, "S-1", 10, "T10")
ABORT = Trip("A102", "door opened", OnLoss.ABORT, interlock="G03")


def latched(d: Desk, *trips: Trip, also: tuple[str, ...] = ()) -> list[Effect]:
    effects: list[Effect] = []
    d.state = latch(d.state, trips, effects, also=also)
    return effects


def moving(*steps: object) -> Desk:
    d = Desk(*(steps or (step(10),)))  # type: ignore[arg-type]
    d.begin()
    d.under_way(10)
    return d


def test_each_loss_of_a_burst_is_a_journal_row_and_an_alarm_and_the_first_is_the_first_out() -> None:
    d = moving()
    effects = latched(d, HOLD, ABORT)
    assert [e for e in effects if isinstance(e, Record)] == [
        Record("tripped", "S-1", 10, data=(
            ("code", "A101"), ("text", "level lost"), ("first_out", True), ("reaction", "hold"))),
        Record("tripped", "", 0, data=(
            ("code", "A102"), ("text", "door opened"), ("first_out", False), ("reaction", "abort"))),
    ]  # fmt: skip
    assert [e for e in effects if isinstance(e, Announce)] == [
        Announce("A101", "level lost", "first-out"), Announce("A102", "door opened", ""),
    ]  # fmt: skip
    assert [(t.code, t.first_out) for t in d.state.trips] == [("A101", True), ("A102", False)]


def test_what_comes_behind_a_latched_trip_is_no_first_out() -> None:
    d = moving()
    latched(d, HOLD)
    latched(d, ABORT)
    assert [(t.code, t.first_out) for t in d.state.trips] == [("A101", True), ("A102", False)]


def test_the_stop_is_the_first_effect_and_names_each_device_once() -> None:
    d = moving()
    assert latched(d, HOLD, also=("robot", "lift"))[0] == StopDevices(("robot", "lift"))


def test_a_person_who_is_awaited_is_no_device_to_stop() -> None:
    d = Desk(step(10, None, interlocks=()), step(20, "robot"))
    d.begin()
    d.under_way(20)
    d.state = d.state.with_run(d.run().with_step(10, status=StepStatus.BUSY))
    assert latched(d, HOLD)[0] == StopDevices(("robot",))


def test_without_a_device_at_work_none_is_told_to_stop() -> None:
    d = Desk(step(10))
    assert not [e for e in latched(d, HOLD) if isinstance(e, StopDevices)]


@pytest.mark.parametrize(
    ("trip", "station", "phase"),
    [(HOLD, State.HOLDING, Phase.HELD), (ABORT, State.ABORTING, Phase.ABORTED)],
)
def test_station_and_run_follow_the_hardest_reaction_and_say_so(
    trip: Trip, station: State, phase: Phase
) -> None:
    d = moving()
    effects = latched(d, trip)
    assert d.state.state is station and d.run().phase is phase
    assert d.run().interrupted is Phase.POSITIONING
    assert [e for e in effects if isinstance(e, Progress)] == [
        Progress("state", text=f"execute → {station}", time=d.time)
    ]


def test_a_held_run_that_is_aborted_remembers_the_phase_in_which_it_was_held() -> None:
    d = moving()
    latched(d, HOLD)
    latched(d, ABORT)
    assert (d.run().phase, d.run().interrupted) == (Phase.ABORTED, Phase.POSITIONING)


def test_a_run_that_cannot_be_stopped_further_stays_as_it_is() -> None:
    d = moving()
    d.state = d.state.with_run(replace(d.run(), phase=Phase.ABORTED, interrupted=Phase.EXTRACTION))
    latched(d, HOLD)
    assert (d.run().phase, d.run().interrupted) == (Phase.ABORTED, Phase.EXTRACTION)


def test_an_abort_under_way_is_not_softened_by_a_hold() -> None:
    d = moving()
    latched(d, ABORT)
    effects = latched(d, HOLD)
    assert d.state.state is State.ABORTING and not [e for e in effects if isinstance(e, Progress)]

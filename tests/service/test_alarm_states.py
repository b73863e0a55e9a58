"""The life of one alarm under any sequence of levels, persons and clocks.

Knows the pure state machine alone.
"""

from __future__ import annotations

import math
from dataclasses import replace

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from station_ctl.core.alarms import Priority
from station_ctl.core.errors import NotAllowed, Refused
from station_ctl.service.alarm_states import (
    REALARM_AFTER,
    SHELF_MOST,
    AlarmRecord,
    AlarmState,
    Change,
    Filter,
    Instant,
    Level,
    acknowledged,
    announced,
    observed,
    put_back,
    shelved,
    suppressed,
    taken_out,
    unshelved,
)

LEVEL = Level("A201", "lift", "no answer")
WAIT = Filter(on=1.0, off=2.0)


def at(mono: float, wall: float | None = None) -> Instant:
    return Instant(mono, 1e9 + mono if wall is None else wall)


def raised(**more: object) -> AlarmRecord:
    record = AlarmRecord("A201-lift", "A201", Priority.HIGH)
    for second in (0, 1):
        record, _ = observed(record, replace(LEVEL, **more), at(second), WAIT)  # type: ignore[arg-type]
    return record


def test_condition_shorter_than_its_delay_is_no_alarm() -> None:
    record = AlarmRecord("A201-lift", "A201", Priority.HIGH)
    record, _ = observed(record, LEVEL, at(0), WAIT)
    record, _ = observed(record, LEVEL, at(0.9), WAIT)
    record, changes = observed(record, None, at(0.95), WAIT)
    assert (record.state, changes) == (AlarmState.NORMAL, ())
    record, changes = observed(record, LEVEL, at(1.5), WAIT)
    assert (record.state, changes) == (AlarmState.NORMAL, ())


def test_latching_alarm_has_no_delay() -> None:
    record = AlarmRecord("A101-G10", "A101", Priority.HIGH)
    record, changes = observed(record, replace(LEVEL, latching=True), at(0), WAIT)
    assert (record.state, changes) == (AlarmState.UNACK, (Change.RAISED,))
    record, changes = observed(record, None, at(0.1), WAIT)
    assert changes == (Change.RETURNED,)


def test_alarm_goes_through_its_states() -> None:
    record, _ = announced(raised(), at(1))
    assert record.state is AlarmState.UNACK
    seen, changes = acknowledged(record, "li", "", at(2))
    assert (seen.state, changes) == (AlarmState.ACKED, (Change.ACKNOWLEDGED,))
    assert acknowledged(seen, "wang", "", at(3)) == (seen, ())
    gone = record
    for second in (5, 7):
        gone, _ = observed(gone, None, at(second), WAIT)
        seen, _ = observed(seen, None, at(second), WAIT)
    assert (gone.state, seen.state) == (AlarmState.RTN_UNACK, AlarmState.NORMAL)
    again = gone
    for second in (8, 9):
        again, _ = observed(again, LEVEL, at(second), WAIT)
    assert (again.state, again.repeats, again.raised_at) == (AlarmState.UNACK, 1, gone.raised_at)


def test_what_was_never_announced_needs_nobody_when_it_is_gone() -> None:
    record = raised()
    for second in (2, 5):
        record, _ = observed(record, None, at(second), WAIT)
    assert record.state is AlarmState.NORMAL


def test_latched_alarm_shows_that_its_cause_is_gone() -> None:
    record = raised(latching=True)
    record, _ = announced(record, at(1))
    record, _ = acknowledged(record, "li", "", at(2))
    assert record.state is AlarmState.ACKED
    record, _ = observed(record, replace(LEVEL, latching=True, cause_gone=True), at(3), WAIT)
    assert record.state is AlarmState.LATCHED
    record, _ = observed(record, replace(LEVEL, latching=True), at(4), WAIT)
    assert record.state is AlarmState.ACKED


def test_shelf_ends_by_whichever_clock_is_first() -> None:
    on_shelf, _ = shelved(raised(), 3600, "li", "why", at(10))
    assert unshelved(on_shelf, at(3609))[0].state is AlarmState.SHELVED
    by_time, changes = unshelved(on_shelf, at(3610))
    assert (by_time.state, changes) == (AlarmState.UNACK, (Change.UNSHELVED,))
    # Set back by a day the wall clock alone would keep the alarm away for a day.
    assert unshelved(on_shelf, at(3610, 1e9 - 86400))[0].shelving is None
    assert unshelved(on_shelf, at(20, 1e9 + 90000))[0].shelving is None


def test_critical_alarm_is_never_put_aside() -> None:
    record = replace(raised(), priority=Priority.CRITICAL)
    with pytest.raises(NotAllowed):
        shelved(record, 60, "li", "why", at(2))
    with pytest.raises(NotAllowed):
        taken_out(record, "li", "why")


def test_suppressed_alarm_is_not_announced_until_it_stands_for_itself() -> None:
    record, changes = suppressed(raised(), "A101-G10")
    assert (record.state, changes) == (AlarmState.SUPPRESSED, (Change.SUPPRESSED,))
    assert announced(record, at(2)) == (record, ())
    assert suppressed(record, "A101-G10") == (record, ())
    record, _ = suppressed(record, "")
    assert announced(record, at(3))[1] == (Change.ANNOUNCED,)


MOVES = st.lists(
    st.tuples(
        st.sampled_from(("on", "on", "off", "ack", "shelve", "unshelve", "out", "back", "hide", "show", "gone")),
        st.floats(0.0, 90.0),
    ),
    max_size=40,
)


class Model:
    """What must be true after every move, whatever came before."""

    def __init__(self, priority: Priority, latching: bool) -> None:
        self.record = AlarmRecord("A-x", "A", priority)
        self.level = Level("A", "x", "", latching=latching)
        self.on = False
        self.calls: list[float] = []
        self.fresh = True

    def do(self, move: str, now: Instant) -> None:
        record = self.record
        try:
            match move:
                case "on" | "off":
                    self.on = move == "on"
                case "gone":
                    self.level = replace(self.level, cause_gone=not self.level.cause_gone)
                case "ack":
                    record, _ = acknowledged(record, "li", "", now)
                case "shelve":
                    record, _ = shelved(record, 30.0, "li", "why", now)
                case "unshelve":
                    record, changes = unshelved(record, now, at_once=True)
                    self.fresh |= bool(changes)
                case "out":
                    record, _ = taken_out(record, "li", "why")
                case "back":
                    record, changes = put_back(record)
                    self.fresh |= bool(changes)
                case "hide" | "show":
                    record, _ = suppressed(record, "root" if move == "hide" and record.active else "")
        except (NotAllowed, Refused):
            assert record.priority is Priority.CRITICAL or (record.latching and record.active)
        record, changes = unshelved(record, now)
        self.fresh |= bool(changes)
        record, _ = observed(record, self.level if self.on else None, now, WAIT)
        self.record, changes = announced(record, now)
        if changes:
            assert self.fresh or now.mono - self.calls[-1] >= REALARM_AFTER or record.latching
            self.calls.append(now.mono)
            self.fresh = False
        self.check(now)

    def check(self, now: Instant) -> None:
        record, state = self.record, self.record.state
        assert record.active or state not in (AlarmState.UNACK, AlarmState.ACKED, AlarmState.LATCHED)
        assert record.priority is not Priority.CRITICAL or state not in (AlarmState.SHELVED, AlarmState.OUT_OF_SERVICE)
        shelf = record.shelving
        assert shelf is None or (now.mono < shelf.ends <= now.mono + SHELF_MOST)
        # Nobody is left untold: what calls has been announced, or waits out the pause since it was.
        if record.calls and record.pending:
            assert now.mono - record.announced_mono < REALARM_AFTER


@settings(max_examples=150, deadline=None)
@given(MOVES, st.sampled_from(Priority), st.booleans())
def test_no_sequence_loses_an_alarm_or_calls_too_often(
    moves: list[tuple[str, float]], priority: Priority, latching: bool
) -> None:
    model, mono = Model(priority, latching), 0.0
    for move, pause in moves:
        mono += pause
        model.do(move, at(mono))
    assert math.isfinite(mono)

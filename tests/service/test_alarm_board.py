"""The alarm board: levels in, one list out; trips until a person says so, events for a while, causes before effects.

Knows the board before a stand-in for the engine. The real engine stands in test_root_faults.py.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from station_ctl.core.errors import Refused
from station_ctl.core.modes import Phase
from station_ctl.engine.events import Announce, Verb
from station_ctl.engine.state import Run
from station_ctl.service.alarm_board import EVENT_LASTS, Acknowledged
from station_ctl.service.alarm_states import AlarmState
from tests.service.alarm_bench import GONE, STANDS, WALL, AlarmBench, acknowledge, trip

# ---- links: a level with delays --------------------------------------------------------------------------------


def test_link_lost_is_one_alarm_from_loss_to_return_and_goes_when_it_was_seen() -> None:
    bench = AlarmBench("lift")
    bench.settle()
    bench.engine.link("lift", "no answer")
    bench.wait(0.8)
    assert bench.states() == {}
    bench.wait(0.6)
    assert bench.states() == {"A201-lift": "unacknowledged"}
    bench.engine.link("lift", None)
    bench.wait(4)
    assert bench.states() == {"A201-lift": "unacknowledged"}
    bench.wait(2)
    assert bench.states() == {"A201-lift": "gone, unacknowledged"}
    assert acknowledge(bench, "a201") == Acknowledged(("A201-lift",), (), ())
    assert bench.states() == {}
    assert bench.told() == ["raised", "announced", "returned", "acknowledged"]


def test_link_that_flaps_is_one_alarm_and_counted() -> None:
    bench = AlarmBench("lift")
    bench.settle()
    for _ in range(20):
        bench.engine.link("lift", "no answer")
        bench.wait(2)
        bench.engine.link("lift", None)
        bench.wait(2)
    assert bench.told().count("announced") == 1
    (alarm,) = bench.board.active()
    assert alarm.repeats == 19


def test_alarm_that_returns_within_a_minute_is_not_announced_again_and_later_is() -> None:
    bench = AlarmBench("lift")
    bench.settle()
    for pause in (20, 70):
        bench.engine.link("lift", "no answer")
        bench.wait(3)
        bench.engine.link("lift", None)
        bench.wait(6)
        acknowledge(bench, "all")
        bench.wait(pause)
    assert bench.told().count("announced") == 1
    bench.engine.link("lift", "no answer")
    bench.wait(3)
    assert bench.told().count("announced") == 2


def test_alarm_that_stands_longer_than_the_pause_is_announced_then() -> None:
    bench = AlarmBench("lift")
    bench.settle()
    bench.engine.link("lift", "no answer")
    bench.wait(3)
    bench.engine.link("lift", None)
    bench.wait(6)
    acknowledge(bench, "all")
    bench.engine.link("lift", "no answer")
    bench.wait(40)
    assert (bench.told().count("announced"), bench.board.horn) == (1, False)
    bench.wait(20)
    assert (bench.told().count("announced"), bench.board.horn) == (2, True)


def test_links_that_connect_for_the_first_time_are_not_called_lost() -> None:
    bench = AlarmBench("lift", "robot")
    for name in ("lift", "robot"):
        bench.engine.links[name].snapshot = replace(
            bench.engine.links[name].snapshot, connection=0, fault="never connected"
        )
    bench.wait(10)
    assert bench.states() == {}
    bench.engine.links["robot"].snapshot = replace(bench.engine.links["robot"].snapshot, connection=1, fault=None)
    bench.wait(5)
    assert bench.states() == {"A201-lift": "unacknowledged"}


def test_links_lost_together_are_one_call_and_the_one_that_stays_down_calls_later() -> None:
    bench = AlarmBench("lift", "robot", "stacker")
    bench.settle()
    for name in ("lift", "robot", "stacker"):
        bench.engine.link(name, "no answer")
        bench.wait(0.4)
    bench.wait(3)
    assert bench.states() == {
        "A201-lift": "unacknowledged", "A201-robot": "suppressed", "A201-stacker": "suppressed",
    }  # fmt: skip
    bench.engine.link("lift", None)
    bench.engine.link("robot", None)
    bench.wait(10)
    assert bench.states() == {"A201-stacker": "unacknowledged", "A201-lift": "gone, unacknowledged"}
    assert bench.told("A201-stacker") == ["raised", "suppressed", "announced"]


# ---- trips: latched until a person says so ----------------------------------------------------------------------


def test_trip_stands_until_its_cause_is_gone_and_a_person_says_so() -> None:
    bench = AlarmBench()
    bench.trip(trip("A101", "G10", STANDS, first=True))
    assert bench.states() == {"A101-G10": "unacknowledged"}
    done = acknowledge(bench, "A101-G10", note="looking")
    assert (done.seen, done.reset) == (("A101-G10",), ())
    assert done.stays == ("A101-G10 stays: needs mode manual; found automatic [station mode]",)
    (alarm,) = bench.board.active()
    assert (alarm.state, alarm.seen_by, alarm.note, alarm.seen_at) == (AlarmState.ACKED, "li", "looking", WALL)
    bench.engine.state = replace(bench.engine.state, trips=(trip("A101", "G10", GONE, first=True),))
    bench.wait(1)
    assert bench.states() == {"A101-G10": "latched"}
    done = acknowledge(bench, "A101-G10")
    assert (done.seen, done.reset, done.stays) == ((), ("A101-G10",), ())
    assert bench.states() == {} and bench.engine.state.trips == ()


def test_trip_without_a_cause_to_read_ends_with_its_acknowledgement() -> None:
    bench = AlarmBench()
    bench.trip(trip("A106", "", first=True))
    assert bench.states() == {"A106-S-0001-50": "unacknowledged"}
    assert acknowledge(bench, "A106").reset == ("A106-S-0001-50",)
    assert bench.states() == {}


def test_consequences_of_the_first_out_are_hidden_and_acknowledged_with_it() -> None:
    bench = AlarmBench()
    trips = trip("A102", "G04", GONE, first=True), trip("A102", "G01", GONE), trip("A101", "G10", GONE)
    bench.trip(*trips)
    assert bench.states() == {"A102-G04": "latched", "A102-G01": "suppressed", "A101-G10": "suppressed"}
    assert bench.told().count("announced") == 1
    assert [a.consequence_of for a in bench.board.active()] == ["", "A102-G04", "A102-G04"]
    assert set(acknowledge(bench, "A102-G04").reset) == {"A102-G04", "A102-G01", "A101-G10"}
    assert bench.engine.state.trips == ()


def test_acknowledging_one_trip_does_not_reset_another_that_nobody_has_seen() -> None:
    bench = AlarmBench()
    bench.trip(trip("A101", "G10", GONE, first=True))
    bench.wait(30)
    bench.trip(trip("A101", "G13", GONE))
    assert bench.states() == {"A101-G10": "latched", "A101-G13": "latched"}
    acknowledge(bench, "A101-G10")
    assert [t.interlock for t in bench.engine.state.trips] == ["G13"]
    ((verb, who, trips, _),) = bench.engine.asked
    assert (verb, who, [t.interlock for t in trips]) == (Verb.ACKNOWLEDGE, "li", ["G10"])


def test_critical_alarm_is_never_hidden_behind_a_lesser_one() -> None:
    bench = AlarmBench()
    bench.trip(trip("A101", "G10", GONE, first=True), trip("A102", "G01", GONE))
    assert bench.states()["A102-G01"] == "latched"
    assert bench.told("A102-G01") == ["raised", "announced"]


def test_trip_that_comes_long_after_the_first_out_calls_for_itself() -> None:
    bench = AlarmBench()
    bench.trip(trip("A101", "G10", GONE, first=True))
    bench.wait(6)
    bench.trip(trip("A101", "G13", GONE))
    assert bench.told("A101-G13") == ["raised", "announced"]


def test_trip_reset_by_another_way_is_seen_by_who_reset_it() -> None:
    bench = AlarmBench()
    bench.trip(trip("A101", "G10", GONE, first=True))
    asyncio.run(bench.engine.ask(Verb.ACKNOWLEDGE, "wang", trips=bench.engine.state.trips))
    assert bench.states() == {}
    assert [(e.what.value, e.by) for e in bench.board.history()][:2] == [("returned", ""), ("acknowledged", "wang")]


def test_audit_row_goes_with_the_reset_or_for_itself_before_the_effect() -> None:
    bench = AlarmBench("lift")
    bench.settle()
    bench.trip(trip("A101", "G10", GONE, first=True))
    asyncio.run(bench.board.acknowledge("A101", "li", audit="row 1"))  # type: ignore[arg-type]
    bench.engine.link("lift", "no answer")
    bench.wait(2)
    asyncio.run(bench.board.acknowledge("A201", "li", audit="row 2"))  # type: ignore[arg-type]
    assert bench.engine.asked[0][-1] == "row 1" and bench.engine.asked[1] == "row 2"

    async def fails(*rows: object) -> None:
        raise Refused("the journal is full")

    bench.engine.link("lift", None)
    bench.wait(80)
    bench.engine.link("lift", "no answer")
    bench.wait(2)
    bench.engine.record = fails  # type: ignore[method-assign]
    with pytest.raises(Refused):
        asyncio.run(bench.board.acknowledge("A201", "li", audit="row 3"))  # type: ignore[arg-type]
    assert bench.states() == {"A201-lift": "unacknowledged"}


# ---- events, conflicts, recovery ---------------------------------------------------------------------------------


def test_what_is_only_an_event_stands_for_a_while_and_waits_for_its_acknowledgement() -> None:
    bench = AlarmBench()
    for _ in range(3):
        bench.engine.show(Announce("A702", "event loop was 300 ms late", "event loop"))
        assert bench.states() == {"A702-event_loop": "unacknowledged"}
        bench.wait(60, 5)
    assert bench.told().count("announced") == 1
    bench.wait(EVENT_LASTS, 5)
    assert bench.states() == {"A702-event_loop": "gone, unacknowledged"}
    acknowledge(bench, "all")
    assert bench.states() == {}


def test_conflict_stands_as_long_as_ledger_and_sensor_disagree() -> None:
    bench = AlarmBench()
    text = "A03: ledger empty, sensor rack_a.bay03_present sees a pack"
    bench.engine.state = replace(bench.engine.state, announced=(text,))
    bench.engine.show(Announce("A302", text))
    assert bench.states() == {"A302-A03": "unacknowledged"}
    bench.engine.state = replace(bench.engine.state, announced=())
    bench.wait(3)
    assert bench.states() == {"A302-A03": "gone, unacknowledged"}


def test_run_that_waits_for_recovery_calls_once_the_trips_are_seen_to() -> None:
    bench = AlarmBench()
    run = Run("S-0001", None, None, Phase.ABORTED, (), Phase.EXTRACTION)  # type: ignore[arg-type]
    bench.engine.state = replace(bench.engine.state, runs=(run,))
    bench.trip(trip("A102", "G04", GONE, first=True))
    bench.wait(5)
    assert bench.states() == {"A102-G04": "latched", "A403-S-0001": "suppressed"}
    acknowledge(bench, "all")
    assert bench.states() == {"A403-S-0001": "unacknowledged"}
    assert bench.told("A403-S-0001") == ["raised", "suppressed", "announced"]


def test_alarm_that_was_announced_is_not_hidden_behind_what_comes_later() -> None:
    bench = AlarmBench()
    run = Run("S-0001", None, None, Phase.RECOVERING, (), Phase.EXTRACTION)  # type: ignore[arg-type]
    bench.engine.state = replace(bench.engine.state, runs=(run,))
    bench.wait(5)
    bench.trip(trip("A102", "G04", GONE, first=True))
    assert bench.states() == {"A102-G04": "latched", "A403-S-0001": "unacknowledged"}


def test_history_that_is_not_kept_is_an_alarm_of_its_own() -> None:
    bench = AlarmBench()
    bench.trouble = "disk is full"
    bench.wait(0.2)
    assert bench.states() == {"A703-history": "unacknowledged"}
    bench.trouble = ""
    bench.wait(0.2)
    assert bench.states() == {"A703-history": "gone, unacknowledged"}

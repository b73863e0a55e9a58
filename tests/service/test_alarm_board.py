"""The alarm board: levels in, one list out; acknowledging, shelving, the horn, and what is remembered of it all.

Knows the board before a stand-in for the engine. The real engine stands in test_root_faults.py.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from station_ctl.core.alarms import Language, Priority
from station_ctl.core.errors import NotAllowed, NotFound, Refused
from station_ctl.core.modes import Phase
from station_ctl.engine.events import Announce, Verb
from station_ctl.engine.state import Run
from station_ctl.service.alarm_board import EVENT_LASTS, Acknowledged
from station_ctl.service.alarm_states import AlarmState
from tests.service.alarm_bench import GONE, STANDS, WALL, AlarmBench, trip


def acknowledge(bench: AlarmBench, alarm: str, by: str = "li", note: str = "") -> Acknowledged:
    return asyncio.run(bench.board.acknowledge(alarm, by, note))


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


# ---- putting aside -----------------------------------------------------------------------------------------------


def lost(*links: str) -> AlarmBench:
    bench = AlarmBench(*links)
    bench.settle()
    for name in links:
        bench.engine.link(name, "no answer")
        bench.wait(5)
    return bench


def test_shelved_alarm_is_quiet_until_its_time_is_over_and_is_then_announced_anew() -> None:
    bench = lost("meter")
    acknowledge(bench, "all")
    until = bench.board.shelve("A201-meter", 1800, "li", "meter is being replaced")
    assert until == WALL + bench.engine.now + 1800
    (alarm,) = bench.board.active()
    assert (alarm.state, alarm.put_aside_by, alarm.put_aside_why) == (
        AlarmState.SHELVED, "li", "meter is being replaced",
    )  # fmt: skip
    bench.wait(1790, 10)
    assert bench.states() == {"A201-meter": "shelved"} and not bench.board.horn
    bench.wait(10.4)
    assert bench.states() == {"A201-meter": "unacknowledged"} and bench.board.horn
    assert bench.told()[-3:] == ["shelved", "unshelved", "announced"]


def test_shelf_is_refused_for_what_is_critical_or_latched_or_without_a_reason_or_for_longer_than_eight_hours() -> None:
    bench = lost("meter")
    bench.trip(trip("A102", "G04", GONE, first=True))
    bench.wait(10)
    bench.trip(trip("A101", "G10", GONE))
    with pytest.raises(NotAllowed, match="is critical and is never shelved"):
        bench.board.shelve("A102-G04", 60, "li", "it disturbs")
    with pytest.raises(NotAllowed, match="holds the station"):
        bench.board.shelve("A101-G10", 60, "li", "it disturbs")
    with pytest.raises(Refused, match="without a reason"):
        bench.board.shelve("A201-meter", 60, "li", "  ")
    for hours in (0, -1, 8.01, 24, float("nan"), float("inf")):
        with pytest.raises(Refused, match="at most 8 h"):
            bench.board.shelve("A201-meter", hours * 3600, "li", "it disturbs")
    with pytest.raises(NotFound, match=r"there stand .*A201-meter"):
        bench.board.shelve("A999-nothing", 60, "li", "it disturbs")
    assert AlarmState.SHELVED.value not in bench.states().values()


def test_alarm_out_of_service_stays_so_until_it_is_put_back() -> None:
    bench = AlarmBench("meter")
    bench.settle()
    bench.board.take_out("A201-meter", "zhao", "the site has no meter yet")
    bench.engine.link("meter", "no answer")
    bench.wait(9 * 3600, 600)
    assert bench.states() == {"A201-meter": "out of service"} and not bench.board.horn
    bench.board.put_back("A201-meter", "zhao")
    assert bench.states() == {"A201-meter": "unacknowledged"}
    for unknown in ("A201-mter", "A801-site", "A201-", "meter", ""):
        with pytest.raises(NotFound):
            bench.board.take_out(unknown, "zhao", "it disturbs")


# ---- horn, words, figures ------------------------------------------------------------------------------------------


def test_silence_stops_the_horn_and_acknowledges_nothing() -> None:
    bench = lost("lift")
    assert bench.board.horn
    bench.board.silence("li")
    assert not bench.board.horn and bench.states() == {"A201-lift": "unacknowledged"}
    bench.wait(1)
    bench.trip(trip("A101", "G10", STANDS, first=True))
    assert bench.board.horn
    acknowledge(bench, "all")
    assert not bench.board.horn


def test_low_alarm_sounds_no_horn() -> None:
    bench = AlarmBench()
    bench.trouble = "disk is full"
    bench.wait(0.2)
    assert [(a.id, a.priority) for a in bench.board.active()] == [("A703-history", Priority.LOW)]
    assert not bench.board.horn


def test_alarm_is_explained_in_both_languages_also_when_it_does_not_stand() -> None:
    bench = lost("lift")
    assert bench.board.explain("A201").detail == "link lift: no answer"
    assert bench.board.explain("a201-lift", Language.CHINESE).text == "与 PLC 的通信链路中断"
    assert bench.board.explain("A106").remedy.startswith("Look the fault code up")
    with pytest.raises(NotFound):
        bench.board.explain("A999")


def test_repeated_alarm_writes_one_line_a_minute() -> None:
    bench = AlarmBench("lift")
    bench.settle()
    with capture_logs() as lines:
        for _ in range(60):
            bench.engine.link("lift", "no answer")
            bench.wait(5)
            bench.engine.link("lift", None)
            bench.wait(5.4)
            acknowledge(bench, "all")
    assert 3 <= len(lines) <= 11  # 624 s


def test_onlooker_that_fails_is_dropped_and_the_board_goes_on() -> None:
    bench = AlarmBench("lift")
    bench.settle()
    calls: list[str] = []

    def fails(event: object) -> None:
        calls.append("x")
        raise RuntimeError("onlooker")

    bench.board.listen(fails)
    bench.engine.link("lift", "no answer")
    with capture_logs() as lines:
        bench.wait(3)
    assert calls == ["x"] and bench.states() == {"A201-lift": "unacknowledged"}
    assert [line["event"] for line in lines].count("listener-failed") == 1


def test_figures_come_from_what_was_announced() -> None:
    bench = lost("lift", "robot")
    bench.wait(20)
    acknowledge(bench, "A201-lift")
    stats = bench.board.stats(since=WALL)
    assert (stats.announced, stats.standing, stats.unacknowledged, stats.peak, stats.floods) == (2, 2, 1, 2, 0)
    assert stats.ack_median == pytest.approx(28.8, abs=0.5)
    assert stats.frequent == (("A201-lift", 1, 0.5), ("A201-robot", 1, 0.5))
    assert [n for _, n, _ in stats.by_priority] == [0, 2, 0, 0]

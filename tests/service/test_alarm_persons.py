"""What a person does at the alarm board: putting aside, silencing, reading in two languages, counting the load.

Knows the board before a stand-in for the engine.
"""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from station_ctl.core.alarms import Language, Priority
from station_ctl.core.errors import NotAllowed, NotFound, Refused
from station_ctl.service.alarm_states import AlarmState
from tests.service.alarm_bench import GONE, STANDS, WALL, AlarmBench, acknowledge, trip

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

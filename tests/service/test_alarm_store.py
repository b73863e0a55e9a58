"""Alarms over restarts: acknowledgements, the shelf and history are there again; what is unreadable calls anew.

Knows board, store and file together, before a stand-in for the engine.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest

from station_ctl.service import alarm_store
from station_ctl.service.alarm_store import AlarmStore
from station_ctl.service.history import HistoryFile
from station_ctl.service.history_thread import InlineHistory
from tests.service.alarm_bench import GONE, AlarmBench, StandIn, trip


def restarted(tmp_path: Path, before: AlarmBench, *links: str, pause: float = 30.0) -> AlarmBench:
    """The program's next life, `pause` s later: a new board, a new engine that is still connecting."""
    engine = StandIn(*links)
    engine.now = before.engine.now + pause
    for name in links:
        engine.links[name].snapshot = replace(engine.links[name].snapshot, connection=0, fault="never connected")
    return AlarmBench(file=HistoryFile(tmp_path / "history.db"), engine=engine)


def connect(bench: AlarmBench, name: str) -> None:
    link = bench.engine.links[name]
    link.snapshot = replace(link.snapshot, connection=1, fault=None)


def stood(tmp_path: Path, *links: str) -> AlarmBench:
    bench = AlarmBench(*links, file=HistoryFile(tmp_path / "history.db"))
    bench.settle()
    for name in links:
        bench.engine.link(name, "no answer")
        bench.wait(5)
    return bench


def test_acknowledgement_outlives_a_restart_while_the_alarm_stands(tmp_path: Path) -> None:
    bench = stood(tmp_path, "lift")
    asyncio.run(bench.board.acknowledge("A201", "li", "spare part is ordered"))
    again = restarted(tmp_path, bench, "lift")
    again.wait(20)
    (alarm,) = again.board.active()
    assert (alarm.id, alarm.state.value, alarm.seen_by, alarm.note) == (
        "A201-lift", "acknowledged", "li", "spare part is ordered",
    )  # fmt: skip
    assert not again.board.horn
    assert again.told() == ["raised", "announced", "acknowledged"]


def test_alarm_that_is_gone_after_the_restart_returns(tmp_path: Path) -> None:
    bench = stood(tmp_path, "lift", "robot")
    asyncio.run(bench.board.acknowledge("A201-lift", "li"))
    again = restarted(tmp_path, bench, "lift", "robot")
    connect(again, "lift")
    connect(again, "robot")
    again.wait(30)
    assert again.states() == {"A201-robot": "gone, unacknowledged"}


def test_shelf_keeps_its_end_over_a_restart(tmp_path: Path) -> None:
    bench = stood(tmp_path, "lift")
    bench.board.shelve("A201-lift", 600, "li", "spare part is ordered")
    again = restarted(tmp_path, bench, "lift", pause=300)
    again.wait(290, 5)
    assert again.states() == {"A201-lift": "shelved"}
    again.wait(15)
    assert again.states() == {"A201-lift": "unacknowledged"}
    late = stood(tmp_path, "robot")
    late.board.shelve("A201-robot", 600, "li", "spare part is ordered")
    again = restarted(tmp_path, late, "robot", pause=3600)
    again.wait(1)
    assert again.states()["A201-robot"] == "unacknowledged"


def test_clock_set_back_after_a_restart_does_not_lengthen_the_shelf(tmp_path: Path) -> None:
    bench = stood(tmp_path, "lift")
    bench.board.shelve("A201-lift", 600, "li", "spare part is ordered")
    again = restarted(tmp_path, bench, "lift")
    again.skew = -86400.0
    again.wait(580, 5)
    assert again.states() == {"A201-lift": "unacknowledged"}


def test_trip_of_the_life_before_is_shown_as_gone(tmp_path: Path) -> None:
    bench = stood(tmp_path)
    bench.trip(trip("A101", "G10", GONE, first=True))
    again = restarted(tmp_path, bench)
    again.wait(1)
    assert again.states() == {"A101-G10": "gone, unacknowledged"}
    asyncio.run(again.board.acknowledge("all", "li"))
    assert restarted(tmp_path, again).board.active() == ()


def test_alarm_that_is_normal_again_leaves_no_row(tmp_path: Path) -> None:
    bench = stood(tmp_path, "lift")
    bench.engine.link("lift", None)
    bench.wait(10)
    asyncio.run(bench.board.acknowledge("all", "li"))
    bench.wait(100, 1)
    file = HistoryFile(tmp_path / "history.db")
    assert file.ask(lambda db: db.execute("SELECT * FROM alarm").fetchall(), None) == []
    file.close()


WRONG = (
    "{", "[]", "null", '"text"', "{}",
    '{"key": "A201-lift", "code": "A201", "priority": "urgent"}',
    '{"key": "A201-lift", "code": "A201", "priority": "high", "colour": "red"}',
    '{"key": "A201-lift", "code": "A201", "priority": "high", "active": "yes"}',
    '{"key": 5, "code": "A201", "priority": "high"}',
    '{"key": "A201-lift", "code": "A201", "priority": "high", "shelving": {"until": "x", "by": "", "reason": ""}}',
    '{"key": "A201-lift", "code": "A201", "priority": "high", "shelving": 7}',
    '{"key": "A999-lift", "code": "A999", "priority": "high", "active": true}',
)  # fmt: skip


@pytest.mark.parametrize("row", WRONG)
def test_row_that_makes_no_sense_is_left_out(tmp_path: Path, row: str) -> None:
    file = HistoryFile(tmp_path / "history.db")
    good = json.dumps({"key": "A302-A03", "code": "A302", "priority": "high", "active": True, "seen": False})
    file.do([
        lambda db: db.execute("INSERT INTO alarm VALUES ('A201-lift', ?)", (row,)),
        lambda db: db.execute("INSERT INTO alarm VALUES ('A302-A03', ?)", (good,)),
        lambda db: db.execute(alarm_store._INSERT, (1.0, "A1", "A1", "urgent", "raised", "normal", "", "", "")),
    ])  # fmt: skip
    bench = AlarmBench("lift", file=file)
    bench.wait(1)
    assert bench.states() == {"A302-A03": "unacknowledged"}
    assert bench.board.history() == ()
    file.close()


def test_events_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alarm_store, "KEPT", 50)
    monkeypatch.setattr(alarm_store, "PRUNE_EVERY", 10)
    file = HistoryFile(tmp_path / "history.db")
    bench = AlarmBench("lift", file=file)
    bench.settle()
    for _ in range(30):
        bench.engine.link("lift", "no answer")
        bench.wait(2)
        bench.engine.link("lift", None)
        bench.wait(6)
        asyncio.run(bench.board.acknowledge("all", "li"))
    kept = file.ask(lambda db: db.execute("SELECT COUNT(*) FROM alarm_event").fetchone()[0], 0)
    assert 50 <= kept <= 60 < len(bench.board.history(limit=1000))
    _, events = AlarmStore(InlineHistory(file)).restore()
    assert [e.at for e in events] == sorted(e.at for e in events)
    file.close()

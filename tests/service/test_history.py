"""The history file: kept over restarts, set aside when damaged, and never in the way of the station.

Knows file and thread. Alarms in it stand in test_alarm_store.py, trends in test_trends.py.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from station_ctl.service.history import HistoryFile
from station_ctl.service.history_thread import WAITING_MOST, HistoryThread

INSERT = "INSERT INTO trend_tag (tag) VALUES (?)"


def tags(db: sqlite3.Connection) -> list[str]:
    return [tag for (tag,) in db.execute("SELECT tag FROM trend_tag ORDER BY tag")]


def put(file: HistoryFile, *names: str) -> None:
    file.do([lambda db, name=name: db.execute(INSERT, (name,)) for name in names])  # type: ignore[misc]


def test_what_was_put_is_there_at_the_next_start(tmp_path: Path) -> None:
    file = HistoryFile(tmp_path / "new" / "history.db")
    put(file, "a", "b")
    file.close()
    again = HistoryFile(tmp_path / "new" / "history.db")
    assert again.ask(tags, []) == ["a", "b"] and again.trouble == ""
    again.close()


def foreign(path: Path) -> None:
    db = sqlite3.connect(path)
    db.execute("CREATE TABLE alarm (x)")
    db.commit()
    db.close()


def torn(path: Path) -> None:
    HistoryFile(path).close()
    data = path.read_bytes()
    path.write_bytes(data[:100] + b"\xff" * (len(data) - 100))


def newer(path: Path) -> None:
    HistoryFile(path).close()
    db = sqlite3.connect(path)
    db.execute("PRAGMA user_version=9")
    db.close()


DAMAGE: dict[str, Any] = {
    "no database": lambda path: path.write_bytes(b"nothing of ours" * 1000),
    "cut off": lambda path: (HistoryFile(path).close(), path.write_bytes(path.read_bytes()[:5000])),
    "overwritten": torn,
    "of another program": foreign,
    "of another release": newer,
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_file_is_set_aside_and_a_new_one_begun(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "history.db"
    DAMAGE[damage](path)
    before = path.read_bytes()
    with capture_logs() as lines:
        file = HistoryFile(path)
    assert "a new one is begun" in file.trouble
    assert [line["event"] for line in lines] == ["history-trouble"]
    (aside,) = tmp_path.glob("history.db.damaged-*Z")
    assert aside.read_bytes() == before
    put(file, "a")
    assert file.ask(tags, []) == ["a"] and file.trouble == ""
    file.close()


def test_damage_found_later_is_set_aside_then(tmp_path: Path) -> None:
    path = tmp_path / "history.db"
    file = HistoryFile(path)
    for n in range(50):
        put(file, *(f"{n}-{m}-{'x' * 50}" for m in range(100)))
    file.close()
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2] + b"\xa5" * (len(data) - len(data) // 2))
    file = HistoryFile(path)
    file.ask(tags, [])
    assert list(tmp_path.glob("history.db.damaged-*Z"))
    put(file, "a")
    assert file.ask(tags, []) == ["a"]
    file.close()


def test_file_that_cannot_be_opened_is_told_and_tried_again(tmp_path: Path) -> None:
    blocked = tmp_path / "state"
    blocked.write_text("a file where a folder should be")
    file = HistoryFile(blocked / "history.db")
    assert "cannot be opened" in file.trouble
    assert file.ask(tags, ["nothing"]) == ["nothing"]
    put(file, "lost")
    blocked.unlink()
    put(file, "kept")
    assert file.ask(tags, []) == ["kept"] and file.trouble == ""
    file.close()


def test_full_disk_loses_what_does_not_fit_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    file = HistoryFile(tmp_path / "history.db")
    pages = file.ask(lambda db: db.execute("PRAGMA page_count").fetchone()[0], 0)
    file.ask(lambda db: db.execute(f"PRAGMA max_page_count={pages + 1}").fetchone(), None)
    with capture_logs() as lines:
        for n in range(100):
            put(file, f"{n}-{'x' * 3000}")
    assert "full" in file.trouble
    assert len(lines) == 1, "one line of log a minute"
    file.ask(lambda db: db.execute("PRAGMA max_page_count=100000").fetchone(), None)
    put(file, "kept")
    assert "kept" in file.ask(tags, []) and file.trouble == ""
    file.close()


def test_thread_answers_after_all_that_was_put_before(tmp_path: Path) -> None:
    thread = HistoryThread(HistoryFile(tmp_path / "history.db"))
    for n in range(1000):
        thread.put(lambda db, n=n: db.execute(INSERT, (f"{n:04}",)))  # type: ignore[misc]
    assert len(asyncio.run(thread.ask(tags, []))) == 1000
    assert asyncio.run(thread.ask(lambda db: db.execute("SELECT nothing"), "otherwise")) == "otherwise"  # type: ignore[arg-type]
    thread.put(lambda db: db.execute(INSERT, ("last",)))
    thread.close()
    file = HistoryFile(tmp_path / "history.db")
    assert "last" in file.ask(tags, [])
    file.close()


def test_job_with_a_defect_is_told_and_the_next_ones_are_done(tmp_path: Path) -> None:
    thread = HistoryThread(HistoryFile(tmp_path / "history.db"))

    def defect(db: sqlite3.Connection) -> list[str]:
        db.execute(INSERT, ("half",))
        raise KeyError("a defect")

    async def both() -> list[str]:
        """The question waits right behind the job."""
        go_on = threading.Event()
        thread.put(lambda db: go_on.wait(60))
        thread.put(defect)
        asked = asyncio.create_task(thread.ask(tags, ["otherwise"]))
        await asyncio.sleep(0)
        go_on.set()
        return await asked

    with capture_logs() as lines:
        assert asyncio.run(both()) == []
        assert asyncio.run(thread.ask(defect, ["otherwise"])) == ["otherwise"]
        thread.put(lambda db: db.execute(INSERT, ("whole",)))
        found = asyncio.run(thread.ask(tags, []))
    assert "whole" in found
    assert [line["event"] for line in lines].count("history-job-failed") == 2
    thread.close()


def test_disk_that_hangs_is_not_waited_for(tmp_path: Path) -> None:
    thread = HistoryThread(HistoryFile(tmp_path / "history.db"))
    hanging, go_on = threading.Event(), threading.Event()

    def hang(db: sqlite3.Connection) -> None:
        hanging.set()
        go_on.wait(60)

    thread.put(hang)
    assert hanging.wait(60)
    for _ in range(WAITING_MOST + 5):
        thread.put(lambda db: None)
    assert thread.dropped == 5
    assert asyncio.run(thread.ask(tags, ["otherwise"])) == ["otherwise"]
    with capture_logs() as lines:
        thread.close(within=0.01)
    assert [line["event"] for line in lines] == ["history-not-closed"]
    go_on.set()

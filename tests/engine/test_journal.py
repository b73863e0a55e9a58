"""The journal: one durable transaction a decision, one owner, and a plain word about every file it cannot trust."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from station_ctl.core.custody import Custody, Ledger, Move
from station_ctl.core.errors import (
    AlreadyRunning,
    DamagedJournal,
    ForeignJournal,
    JournalError,
    JournalExists,
    JournalMissing,
)
from station_ctl.engine.custody_history import told_ledger
from station_ctl.engine.events import Record
from station_ctl.engine.journal import Journal, JournalRow
from station_ctl.engine.journal_file import APPLICATION_ID, SCHEMA
from station_ctl.engine.journal_thread import JournalThread

TWO = Ledger().admit("P-1", "A01").admit("P-2", "A02")
MOVING = TWO.begin(Move("P-1", "A01", "robot"), 7)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "journal.sqlite"


def opened(path: Path, station: str = "TOY") -> Journal:
    return Journal(path, station) if path.exists() else Journal.new(path, station)


def ordered(no: int, order: int, run: str = "S-0001", epoch: int = 5) -> Record:
    return Record("step-ordered", run, no, order, (("epoch", epoch),))


# ---- opening ----
def test_a_new_journal_remembers_nothing(path: Path) -> None:
    journal = opened(path)
    restored = journal.restore()
    journal.close()
    assert (len(restored.ledger), restored.next_order, restored.open_runs) == (0, 1, ())


def test_a_journal_that_is_missing_is_not_made_silently(path: Path) -> None:
    with pytest.raises(JournalMissing, match=r"is missing$"):
        Journal(path, "TOY")
    assert not path.parent.exists()


def test_an_empty_file_is_no_journal_and_is_replaced_only_on_purpose(path: Path) -> None:
    """What a copy or a start leaves that was interrupted at its first moment."""
    path.parent.mkdir()
    path.touch()
    with pytest.raises(JournalMissing, match="is empty: whatever made or copied it was interrupted"):
        Journal(path, "TOY")
    assert path.read_bytes() == b"" and _names(path) == [path.name]
    Journal.new(path, "TOY").close()
    opened(path).close()


CRASH = """
import os, pathlib, sys
from station_ctl.engine.journal import Journal
os.link = lambda *names: os._exit(9)
Journal.new(pathlib.Path(sys.argv[1]), "TOY")
"""


def test_a_crash_at_the_first_start_leaves_no_journal_and_the_next_makes_one(path: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", CRASH, str(path)], check=False)
    assert ended.returncode == 9 and not path.exists()
    with pytest.raises(JournalMissing):
        Journal(path, "TOY")
    Journal.new(path, "TOY").close()
    opened(path).close()


@pytest.mark.parametrize("suffix", ["-wal", "-journal"])
def test_the_other_half_of_a_journal_is_never_written_over(path: Path, suffix: str) -> None:
    path.parent.mkdir()
    beside = path.with_name(path.name + suffix)
    beside.write_bytes(b"rows")
    with pytest.raises(JournalMissing, match=f"although its {beside.name} is there"):
        Journal(path, "TOY")
    with pytest.raises(JournalExists):
        Journal.new(path, "TOY")
    assert beside.read_bytes() == b"rows" and _names(path) == [beside.name]


def test_a_new_journal_never_replaces_one(path: Path) -> None:
    journal = opened(path)
    journal.commit([Record("x")], None)
    journal.close()
    before = path.read_bytes()
    with pytest.raises(JournalExists, match="already: start without asking for a new one"):
        Journal.new(path, "TOY")
    assert path.read_bytes() == before and _names(path) == [path.name]


def test_of_two_that_make_a_journal_at_once_one_makes_it(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = os.link

    def beaten(source: str, target: Path) -> None:
        monkeypatch.setattr("os.link", link)
        Journal.new(path, "OTHER").close()
        link(source, target)

    monkeypatch.setattr("os.link", beaten)
    with pytest.raises(JournalExists, match="another process has just made"):
        Journal.new(path, "TOY")
    assert _names(path) == [path.name]
    opened(path, "OTHER").close()


def _names(path: Path) -> list[str]:
    return sorted(p.name for p in path.parent.iterdir())


def test_durability_is_switched_on_and_the_file_belongs_to_one_process(path: Path) -> None:
    journal = opened(path)
    pragma = {
        name: journal._db.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("journal_mode", "synchronous", "locking_mode", "application_id", "user_version")
    }
    journal.close()
    assert pragma == {
        "journal_mode": "wal", "synchronous": 2, "locking_mode": "exclusive", "application_id": APPLICATION_ID,
        "user_version": SCHEMA,
    }  # fmt: skip


def test_a_second_instance_is_told_that_the_station_runs(path: Path) -> None:
    first = opened(path)
    with pytest.raises(AlreadyRunning, match="open in another process"):
        opened(path)
    first.commit([Record("a")], None)
    first.close()
    opened(path).close()


def test_not_even_a_reader_gets_in_beside_the_owner(path: Path) -> None:
    first = opened(path)
    with sqlite3.connect(path, timeout=0.0) as other, pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("SELECT * FROM row")
    other.close()
    first.close()


def _damaged(path: Path) -> None:
    journal = opened(path)
    journal.commit([Record("x", data=(("filler", "y" * 3000),)) for _ in range(40)], TWO)
    journal.close()
    data = bytearray(path.read_bytes())
    for offset in range(4096 * 4, len(data) - 4096, 4096):
        data[offset : offset + 64] = b"\xff" * 64
    path.write_bytes(data)


def _foreign(path: Path, statement: str = "CREATE TABLE t (x)") -> None:
    path.parent.mkdir(parents=True)
    db = sqlite3.connect(path)
    db.execute(statement)
    db.commit()
    db.close()


def _newer(path: Path) -> None:
    opened(path).close()
    db = sqlite3.connect(path)
    db.execute(f"PRAGMA user_version={SCHEMA + 1}")
    db.close()


def _halved(path: Path) -> None:
    _damaged(path)
    path.write_bytes(path.read_bytes()[: 4096 * 2])


def _without_tables(path: Path) -> None:
    _foreign(path, f"PRAGMA application_id={APPLICATION_ID}")
    db = sqlite3.connect(path)
    db.execute(f"PRAGMA user_version={SCHEMA}")
    db.close()


def _text(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.write_text("station: not a database\n" * 100)


@pytest.mark.parametrize(
    ("spoil", "code", "words"),
    [
        (_damaged, DamagedJournal, "restore the newest verified backup"),
        (_foreign, ForeignJournal, "is not a journal of this program; name another file in the station file"),
        (_newer, ForeignJournal, f"schema {SCHEMA + 1}, this release reads {SCHEMA}; use the release that wrote it"),
        (_text, DamagedJournal, "cannot be read: file is not a database; restore the newest verified backup"),
        (_halved, DamagedJournal, "cannot be read: database disk image is malformed"),
        (_without_tables, DamagedJournal, "cannot be read: no such table: fact"),
        (lambda p: opened(p, "OTHER").close(), ForeignJournal, "belongs to station OTHER, not to TOY"),
        (lambda p: p.mkdir(parents=True), JournalError, "cannot be opened"),
    ],
)
def test_a_file_that_cannot_be_trusted_is_refused_with_what_to_do(spoil, code, words: str, path: Path) -> None:  # type: ignore[no-untyped-def]
    spoil(path)
    with pytest.raises(code, match=words) as refused:
        opened(path)
    assert type(refused.value) is code


def test_another_programs_database_is_left_as_it_was(path: Path) -> None:
    _foreign(path)
    before = path.read_bytes()
    with pytest.raises(JournalError):
        opened(path)
    assert path.read_bytes() == before and [p.name for p in path.parent.iterdir()] == [path.name]


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(JournalError, match="cannot be made"):
        Journal.new(tmp_path / "file" / "journal.sqlite", "TOY")


def test_a_refused_file_is_free_for_others_again(path: Path) -> None:
    opened(path, "OTHER").close()
    with pytest.raises(JournalError):
        opened(path)
    opened(path, "OTHER").close()


# ---- writing ----
def told(ledger: Ledger) -> dict[str, list[object]]:
    return {pack: [c.place, c.to, c.order] for pack, c in ledger}


def test_what_is_committed_is_there_after_the_process_is_gone(path: Path) -> None:
    journal = opened(path)
    journal.commit([Record("run-opened", "S-0001"), ordered(10, 7)], MOVING)
    journal.close()
    again = opened(path)
    restored = again.restore()
    rows = again.rows()
    again.close()
    assert restored.ledger == MOVING and restored.next_order == 8
    assert [(r.kind, r.run, r.step, r.order, r.data) for r in rows] == [
        ("run-opened", "S-0001", 0, 0, {}), ("step-ordered", "S-0001", 10, 7, {"epoch": 5, "custody": told(MOVING)}),
    ]  # fmt: skip
    assert [r.seq for r in rows] == [1, 2] and rows[0].at.endswith("+00:00")


def test_every_ledger_comes_back_as_it_was(path: Path) -> None:
    journal = opened(path)
    steps = [TWO, MOVING, MOVING.finish(7), MOVING.finish(7).release("P-1"), Ledger(), TWO]
    for ledger in steps:
        journal.commit([Record("x")], ledger)
        assert journal.restore().ledger == ledger == told_ledger(journal.rows())
    journal.close()


def test_rows_alone_tell_the_ledger_also_where_nothing_else_is_written(path: Path) -> None:
    journal = opened(path)
    journal.commit([], TWO)
    journal.commit([Record("x")], TWO)
    assert [(row.kind, row.data) for row in journal.rows()] == [("custody", {"custody": told(TWO)}), ("x", {})]
    journal.commit([Record("y"), Record("z")], MOVING.finish(7).release("P-2"))
    assert told_ledger(journal.rows()) == MOVING.finish(7).release("P-2") == journal.restore().ledger
    journal.close()


@pytest.mark.parametrize(
    "said", [{"P-1": ["A01"]}, {"P-1": "A01"}, ["P-1"], {"": [1, 2, 3]}, {"P-1": ["A01", None, 7]}]
)
def test_custody_that_a_row_cannot_tell_is_a_damaged_journal(said: object) -> None:
    row = JournalRow(3, "", "x", "", 0, 0, {"custody": said})
    with pytest.raises(JournalError, match="journal row 3"):
        told_ledger([row])


def test_packs_may_change_places_in_one_commit(path: Path) -> None:
    """The table knows one pack a place; rows are taken out before others are put in."""
    journal = opened(path)
    journal.commit([], TWO)
    swapped = Ledger({"P-1": Custody("A02"), "P-2": Custody("A01")})
    journal.commit([], swapped)
    assert journal.restore().ledger == swapped
    journal.close()


@pytest.mark.parametrize("spoil", ["DROP TABLE custody", "DROP TABLE row"])
def test_a_commit_that_fails_has_written_nothing(path: Path, spoil: str) -> None:
    journal = opened(path)
    journal.commit([Record("before")], TWO)
    journal._db.execute(f"CREATE TABLE kept AS SELECT * FROM {'row' if 'custody' in spoil else 'custody'}")
    journal._db.execute(spoil)
    with pytest.raises(JournalError, match=str(path)):
        journal.commit([Record("after")], MOVING)
    left = "row" if "custody" in spoil else "custody"
    here = journal._db.execute(f"SELECT * FROM {left}").fetchall()
    assert here == journal._db.execute("SELECT * FROM kept").fetchall()
    assert not journal._db.in_transaction
    journal.close()


def test_after_a_failed_commit_nothing_is_written_until_the_file_is_opened_anew(path: Path) -> None:
    """A disk that has failed once may call lost pages clean: the next commit could be durable in name only."""
    journal = opened(path)
    journal.commit([], TWO)
    journal._db.execute(
        "CREATE TRIGGER no BEFORE INSERT ON row WHEN NEW.kind='bad' BEGIN SELECT RAISE(ABORT,'x'); END"
    )
    with pytest.raises(JournalError):
        journal.commit([Record("bad")], MOVING)
    with pytest.raises(JournalError, match=r"is not written any more since: x$"):
        journal.commit([Record("good")], MOVING)
    assert len(journal.rows()) == 1 and journal.restore().ledger == TWO
    journal.close()
    again = opened(path)
    assert again.restore().ledger == TWO
    again.commit([Record("good")], MOVING.finish(7))
    assert again.restore().ledger == MOVING.finish(7)
    again.close()


@pytest.mark.parametrize("value", [object(), b"bytes", {1, 2}, "\ud800"])
def test_a_row_that_cannot_be_written_is_a_journal_error_and_the_journal_goes_on(
    path: Path, value: object
) -> None:
    journal = opened(path)
    with pytest.raises(JournalError):
        journal.commit([Record("x", data=(("value", value),)), Record("kind\ud800")], TWO)
    journal.commit([Record("good")], TWO)
    assert [r.kind for r in journal.rows()] == ["good"] and journal.restore().ledger == TWO
    journal.close()


def test_the_table_itself_knows_one_pack_a_place_and_no_half_moves(path: Path) -> None:
    journal = opened(path)
    journal.commit([], TWO)
    for row in (("P-3", "A01", None, None), ("P-3", "A03", "robot", None), ("", "A03", None, None)):
        with pytest.raises(sqlite3.IntegrityError):
            journal._db.execute("INSERT INTO custody VALUES (?, ?, ?, ?)", row)
    journal.close()


def test_text_that_is_none_is_damage_and_says_what_to_do(path: Path) -> None:
    journal = opened(path)
    journal.commit([Record("run-opened", "S-0001")], None)
    journal._db.execute("UPDATE row SET data=CAST(x'66ff' AS TEXT)")
    with pytest.raises(DamagedJournal, match="restore the newest verified backup"):
        journal.restore()
    journal.close()


# ---- what was open ----
def _restored(path: Path, *records: Record):  # type: ignore[no-untyped-def]
    journal = opened(path)
    journal.commit(records, None)
    found = journal.restore()
    journal.close()
    return found


def test_a_run_that_was_never_closed_comes_back_as_far_as_it_was(path: Path) -> None:
    (run,) = _restored(
        path,
        Record("run-opened", "S-0001", data=(("vehicle", "V"),)),
        Record("run-opened", "R-0001"),
        Record("run-closed", "R-0001"),
        ordered(10, 1),
        Record("step-proven", "S-0001", 10, 1),
        ordered(20, 2, epoch=6),
        ordered(30, 3),
        Record("order-withdrawn", "S-0001", 30, 3, (("back_to", 0),)),
    ).open_runs
    assert run.run_id == "S-0001" and run.opened == {"vehicle": "V"}
    assert run.steps == {10: (1, 5, True), 20: (2, 6, False)}


def test_a_resumed_order_that_never_left_leaves_the_earlier_one_open(path: Path) -> None:
    """The pack hangs under order 2 since its half-way stop; forgetting the step would lose sight of it."""
    (run,) = _restored(
        path,
        Record("run-opened", "S-0001"),
        ordered(20, 2, epoch=6),
        ordered(20, 3, epoch=7),
        Record("order-withdrawn", "S-0001", 20, 3, (("back_to", 2),)),
    ).open_runs
    assert run.steps == {20: (2, 6, False)}


def test_numbers_go_on_after_the_highest_ever_given(path: Path) -> None:
    found = _restored(path, ordered(10, 41), Record("run-opened", "S-0012"), Record("run-closed", "S-0012"))
    assert found.next_order == 42 and found.last_run == 12


def test_rows_of_one_run_are_found_by_its_id(path: Path) -> None:
    journal = opened(path)
    journal.commit([Record("a", "S-1"), Record("b", "S-2"), Record("c", "S-1")], None)
    assert [r.kind for r in journal.rows("S-1")] == ["a", "c"] and len(journal.rows()) == 3
    journal.close()


def test_the_newest_rows_are_read_from_the_end_by_kind_and_run(path: Path) -> None:
    journal = opened(path)
    told = ("a S-1", "b S-2", "person ", "c S-1", "a S-2")
    journal.commit([Record(kind, run) for kind, _, run in (text.partition(" ") for text in told)], None)

    def kinds(most: int, *wanted: str, run: str = "", but: str = "") -> list[str]:
        return [row.kind for row in journal.newest(most, wanted, run=run, but=but)]

    assert kinds(2) == ["c", "a"] and kinds(-1) == [row.kind for row in journal.rows()]
    assert kinds(9, "a") == ["a", "a"] and kinds(1, "a", "b") == ["a"] and kinds(9, "a", run="S-1") == ["a"]
    assert kinds(9, but="person") == ["a", "b", "c", "a"] and kinds(9, "person", but="person") == []
    journal.close()


async def test_the_thread_of_the_journal_commits_in_order_and_hands_errors_over(path: Path) -> None:
    thread = JournalThread(opened(path))
    for kind in "abc":
        await thread.commit([Record(kind)], None)
    thread._journal._db.execute("DROP TABLE custody")
    with pytest.raises(JournalError):
        await thread.commit([Record("d")], TWO)
    thread.close()
    again = sqlite3.connect(path)
    assert [kind for (kind,) in again.execute("SELECT kind FROM row ORDER BY seq")] == ["a", "b", "c"]
    again.close()

"""Backups: one file, believed only after it has been opened; anything altered is found; nothing is deleted."""

from __future__ import annotations

import json
import sqlite3
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from station_ctl.core.custody import Ledger, Move
from station_ctl.core.errors import (
    AlreadyRunning,
    DamagedJournal,
    ForeignJournal,
    JournalError,
    JournalExists,
    NotFound,
)
from station_ctl.engine.events import Record
from station_ctl.engine.journal import Journal
from station_ctl.service import backup

TWO = Ledger().admit("P-1", "A01").admit("P-2", "A02")
MOVING = TWO.begin(Move("P-1", "A01", "robot"), 7)
CONFIG = {"stations/here.yaml": b"station: {}\n", "io/lift.csv": b"tag\n"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A journal of station TOY that nobody uses: a run that is open, a pack on its way under order 7."""
    journal = Journal.new(tmp_path / "state" / "journal.sqlite", "TOY")
    journal.commit([Record("admitted")], TWO)
    opened = (("sequence", "swap"), ("steps", [20]))
    journal.commit([Record("run-opened", "S-0001", data=opened)], None)
    journal.commit([Record("step-ordered", "S-0001", 20, 7, (("epoch", 5),))], MOVING)
    journal.close()
    return journal.path


@pytest.fixture
def made(path: Path, tmp_path: Path) -> backup.Backup:
    return backup.make(path, tmp_path / "one.zip", "TOY", "0.1.0", CONFIG)


def altered(made: backup.Backup, name: str, change: Callable[[bytes], bytes], *, hashed: bool = False) -> Path:
    """The backup with another content of one of its files; `hashed` = by somebody who knows the manifest."""
    with zipfile.ZipFile(made.path) as box:
        files = {n: box.read(n) for n in box.namelist()}
    files[name] = change(files[name])
    if hashed:
        import hashlib

        facts = json.loads(files[backup.MANIFEST])
        facts["sha256"][name] = hashlib.sha256(files[name]).hexdigest()
        files[backup.MANIFEST] = json.dumps(facts).encode()
    other = made.path.with_name("other.zip")
    with zipfile.ZipFile(other, "w") as box:
        for n, content in files.items():
            box.writestr(n, content)
    return other


def test_backup_holds_journal_and_configuration_and_says_what_is_in_it(made: backup.Backup, path: Path) -> None:
    assert made.contents == backup.Contents("TOY", rows=3, packs=2, open_runs=1, last_order=7)
    assert made.config == ("io/lift.csv", "stations/here.yaml") and made.version == "0.1.0"
    assert backup.verify(made.path) == made
    assert sorted(p.name for p in made.path.parent.iterdir()) == ["one.zip", "state"]
    with zipfile.ZipFile(made.path) as box:
        assert box.read("config/stations/here.yaml") == CONFIG["stations/here.yaml"]


@pytest.mark.parametrize("name", ["journal.sqlite", "config/io/lift.csv", "config/stations/here.yaml"])
def test_any_altered_file_is_found(made: backup.Backup, name: str) -> None:
    other = altered(made, name, lambda content: content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(DamagedJournal, match=f"{name} was altered"):
        backup.verify(other)


def test_every_flipped_byte_of_the_file_is_found_or_changes_nothing(made: backup.Backup) -> None:
    """Some bytes of a zip file mean nothing, as its time stamps; whatever is read is what was written."""
    whole = made.path.read_bytes()
    found = 0
    for at in range(0, len(whole), max(1, len(whole) // 200)):
        made.path.write_bytes(whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1 :])
        try:
            assert backup.verify(made.path).contents == made.contents
        except DamagedJournal:
            found += 1
    assert found > 150


@pytest.mark.parametrize("cut", [0, 10, 1000, -30])
def test_cut_or_foreign_file_is_no_backup(made: backup.Backup, cut: int) -> None:
    made.path.write_bytes(made.path.read_bytes()[:cut])
    with pytest.raises(DamagedJournal, match="cannot be read"):
        backup.verify(made.path)


def test_zip_of_somebody_else_is_no_backup(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as box:
        box.writestr(backup.MANIFEST, '{"schema": "photos/1"}')
    with pytest.raises(DamagedJournal, match="no backup of this program"):
        backup.verify(tmp_path / "x.zip")
    with pytest.raises(NotFound):
        backup.verify(tmp_path / "absent.zip")


def test_file_that_the_manifest_does_not_name_is_found(made: backup.Backup) -> None:
    with zipfile.ZipFile(made.path, "a") as box:
        box.writestr("config/extra.yaml", "x")
    with pytest.raises(DamagedJournal, match="does not hold the files that it names"):
        backup.verify(made.path)


@pytest.mark.parametrize(
    ("statement", "word"),
    [
        ("UPDATE custody SET place='B09' WHERE pack='P-2'", "P-2 ledger B09, rows A02"),
        ("DELETE FROM custody WHERE pack='P-2'", "P-2 ledger not here, rows A02"),
        ("INSERT INTO custody VALUES ('P-3', 'A03', NULL, NULL)", "P-3 ledger A03, rows not here"),
        ("DELETE FROM row WHERE seq=1", "custody is not what its rows tell"),
        ("UPDATE row SET data='{' WHERE seq=2", "cannot be read"),
    ],
)
def test_ledger_that_the_rows_do_not_tell_is_found_also_under_a_right_hash(
    made: backup.Backup, tmp_path: Path, statement: str, word: str
) -> None:
    def edit(content: bytes) -> bytes:
        file = tmp_path / "edited.sqlite"
        file.write_bytes(content)
        db = sqlite3.connect(file)
        db.execute(statement)
        db.commit()
        db.close()
        return file.read_bytes()

    with pytest.raises(DamagedJournal, match=word):
        backup.verify(altered(made, backup.JOURNAL, edit, hashed=True))


def test_backup_that_cannot_be_proven_is_not_made(path: Path, tmp_path: Path) -> None:
    db = sqlite3.connect(path)
    db.execute("DELETE FROM custody WHERE pack='P-2'")
    db.commit()
    db.close()
    with pytest.raises(DamagedJournal):
        backup.make(path, tmp_path / "b" / "one.zip", "TOY", "0.1.0", CONFIG)
    assert list((tmp_path / "b").iterdir()) == []


def test_backup_is_never_written_over_another(made: backup.Backup, path: Path) -> None:
    before = made.path.read_bytes()
    with pytest.raises(JournalExists):
        backup.make(path, made.path, "TOY", "0.1.0", CONFIG)
    assert made.path.read_bytes() == before


def test_disk_that_takes_nothing_is_told(path: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(JournalError, match="cannot be written"):
        backup.make(path, tmp_path / "file" / "one.zip", "TOY", "0.1.0", CONFIG)


def test_restored_journal_is_the_one_that_was_backed_up_and_the_other_is_set_aside(
    made: backup.Backup, path: Path
) -> None:
    later = Journal(path, "TOY")
    later.commit([Record("step-proven", "S-0001", 20, 7)], MOVING.finish(7))
    later.close()
    proven, old = backup.restore(made.path, path, "TOY")
    assert proven == made and old is not None
    back, kept = Journal(path, "TOY"), Journal(old / path.name, "TOY")
    assert back.restore().ledger == MOVING and kept.restore().ledger == MOVING.finish(7)
    back.close()
    kept.close()


def test_restored_where_nothing_was(made: backup.Backup, tmp_path: Path) -> None:
    target = tmp_path / "new pc" / "journal.sqlite"
    assert backup.restore(made.path, target, "TOY") == (made, None)
    assert backup.examine(target, "TOY") == made.contents


def test_nothing_is_restored_over_a_journal_in_use(made: backup.Backup, path: Path) -> None:
    running = Journal(path, "TOY")
    assert backup.is_held(path)
    with pytest.raises(AlreadyRunning, match="stop the station first"):
        backup.restore(made.path, path, "TOY")
    running.commit([Record("x")], None)
    running.close()
    assert not backup.is_held(path) and not backup.is_held(path.with_name("absent"))


def test_backup_of_another_station_is_not_restored(made: backup.Backup, path: Path) -> None:
    with pytest.raises(ForeignJournal, match="belongs to station TOY, not to OTHER"):
        backup.restore(made.path, path, "OTHER")
    assert backup.examine(path, "TOY") == made.contents


def test_damaged_backup_leaves_the_journal_where_it_is(made: backup.Backup, path: Path) -> None:
    before = path.read_bytes()
    other = altered(made, backup.JOURNAL, lambda content: content[:4096])
    with pytest.raises(DamagedJournal):
        backup.restore(other, path, "TOY")
    assert path.read_bytes() == before and len(list(path.parent.iterdir())) == 1


def test_copy_is_whole_although_commits_go_on(path: Path, tmp_path: Path) -> None:
    """Whatever instant the copy shows, rows and ledger of it belong together."""
    journal = Journal(path, "TOY")
    for _ in range(30):
        journal.commit([Record("x", data=(("much", "y" * 60_000),)) for _ in range(3)], None)
    copying = threading.Thread(target=journal.copy_to, args=(tmp_path / "copy.sqlite",))
    copying.start()
    no = 8
    while copying.is_alive():
        journal.commit([Record("y", order=no)], MOVING.finish(7) if no % 2 else MOVING)
        no += 1
    copying.join()
    journal.close()
    found = backup.examine(tmp_path / "copy.sqlite", "TOY")
    assert 93 <= found.rows <= 93 + no - 8 and [p.name for p in tmp_path.glob("copy*")] == ["copy.sqlite"]


def test_as_many_stay_as_are_kept_and_other_stations_are_left_alone(tmp_path: Path) -> None:
    names = [f"TOY-202611{day:02}T000000Z.zip" for day in range(1, 21)]
    for name in (*names, "OTHER-20261101T000000Z.zip", "TOY-notes.txt"):
        (tmp_path / name).touch()
    gone = backup.prune(tmp_path, "TOY")
    assert [path.name for path in backup.listed(tmp_path, "TOY")] == names[:5:-1]
    assert sorted(path.name for path in gone) == names[:6]
    assert (tmp_path / "OTHER-20261101T000000Z.zip").exists() and (tmp_path / "TOY-notes.txt").exists()
    assert backup.new_name(tmp_path, "TOY") > backup.listed(tmp_path, "TOY")[0]
    backup.prune(tmp_path, "TOY", keep=0)
    assert len(backup.listed(tmp_path, "TOY")) == 1, "the newest is never deleted"

"""The journal's file: made whole or not at all, and looked at before it is believed.

Knows SQLite's files and whose journal one is. Does not know what a row or a place means.
"""

from __future__ import annotations

import os
import sqlite3
import tempfile
from pathlib import Path

from station_ctl.core.errors import (
    AlreadyRunning,
    DamagedJournal,
    ForeignJournal,
    JournalError,
    JournalExists,
    JournalMissing,
)
from station_ctl.engine.audit_chain import TABLE as AUDIT_TABLE

APPLICATION_ID = 0x53544354
SCHEMA = 1

BACKUP = "restore the newest verified backup"

_TABLES = """
CREATE TABLE row (
  seq INTEGER PRIMARY KEY, at TEXT NOT NULL, kind TEXT NOT NULL, run TEXT NOT NULL, step INTEGER NOT NULL,
  order_no INTEGER NOT NULL, data TEXT NOT NULL
) STRICT;
CREATE INDEX row_run ON row(run) WHERE run <> '';
CREATE TABLE custody (
  pack TEXT PRIMARY KEY CHECK (pack <> ''), place TEXT NOT NULL, target TEXT, order_no INTEGER,
  CHECK ((target IS NULL) = (order_no IS NULL))
) STRICT;
CREATE UNIQUE INDEX custody_place ON custody(place);
CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
"""


def make(path: Path, station: str) -> None:
    """Make a new, empty journal of `station`; after a crash half-way there is none. Folders are made with it.

    Raises JournalExists if anything of a journal is there already, JournalError if it cannot be made.
    """
    if path.is_dir() or _size(path) or any(_size(beside) for beside in _beside(path)):
        raise JournalExists(f"there is a journal at {path} already: start without asking for a new one")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}-", suffix=".new", dir=path.parent)
        os.close(handle)
        try:
            _fill(name, station)
            _put(name, path)
        finally:
            os.unlink(name)
        _make_durable(path.parent)
    except (sqlite3.Error, OSError) as error:
        raise JournalError(f"journal {path} cannot be made: {error}") from error


def _put(name: str, path: Path) -> None:
    """Give the whole journal its name. An empty file holds nothing; anything else is never replaced."""
    if path.exists() and not _size(path):
        path.unlink()
    try:
        os.link(name, path)
    except FileExistsError as error:
        raise JournalExists(f"another process has just made the journal {path}") from error


def _fill(name: str, station: str) -> None:
    db = sqlite3.connect(name, isolation_level=None)
    try:
        db.execute("PRAGMA synchronous=FULL")
        db.execute("BEGIN EXCLUSIVE")
        for statement in _TABLES.split(";"):
            db.execute(statement)
        db.execute(f"PRAGMA application_id={APPLICATION_ID}")
        db.execute(f"PRAGMA user_version={SCHEMA}")
        db.execute("INSERT INTO fact VALUES ('station', ?)", (station,))
        db.execute("COMMIT")
    finally:
        db.close()


def _make_durable(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _beside(path: Path) -> tuple[Path, Path]:
    """Files in which SQLite keeps what is not in the journal's own file yet."""
    return path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-journal")


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def connect(path: Path, station: str) -> sqlite3.Connection:
    """Open the journal of `station` for this process alone, durable with every commit.

    Raises JournalMissing, AlreadyRunning, ForeignJournal, DamagedJournal or JournalError; never makes a file.
    """
    try:
        _must_be_there(path)
        db = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=rw", uri=True, isolation_level=None, check_same_thread=False, timeout=0.2
        )
        try:
            _take(db, path, station)
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            db.close()
            raise
    # Of a damaged file SQLite may complain in bytes that are no text: then there is a UnicodeError.
    except (sqlite3.Error, UnicodeError, OSError) as error:
        raise refusal(path, error) from error
    return db


def _must_be_there(path: Path) -> None:
    if not path.exists():
        lost = [beside.name for beside in _beside(path) if _size(beside)]
        more = f", although its {lost[0]} is there: somebody has moved or deleted it" if lost else ""
        raise JournalMissing(f"journal {path} is missing{more}")
    if path.is_file() and not _size(path):
        raise JournalMissing(f"journal {path} is empty: whatever made or copied it was interrupted")


def _take(db: sqlite3.Connection, path: Path, station: str) -> None:
    db.execute("PRAGMA locking_mode=EXCLUSIVE")
    _check_program(db, path)  # first, because the next line changes the file
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    db.execute("PRAGMA wal_autocheckpoint=500")
    db.execute("BEGIN EXCLUSIVE")
    owner = db.execute("SELECT value FROM fact WHERE name='station'").fetchone()
    if owner is None:
        raise DamagedJournal(f"{path} does not say whose journal it is; {BACKUP}")
    if owner != (station,):
        raise ForeignJournal(f"{path} belongs to station {owner[0]}, not to {station}")
    (verdict,) = db.execute("PRAGMA quick_check").fetchone()
    if verdict != "ok":
        raise DamagedJournal(f"{path} is damaged: {verdict}; {BACKUP}")
    db.execute(AUDIT_TABLE)  # an addition that older releases do not look at, so the schema's number stays
    db.execute("COMMIT")


def _check_program(db: sqlite3.Connection, path: Path) -> None:
    (application,) = db.execute("PRAGMA application_id").fetchone()
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION_ID:
        raise ForeignJournal(f"{path} is not a journal of this program; name another file in the station file")
    if version != SCHEMA:
        raise ForeignJournal(
            f"{path} has schema {version}, this release reads {SCHEMA}; use the release that wrote it"
        )


def refusal(path: Path, error: Exception) -> JournalError:
    """What SQLite or the system says of the file, as an error with a code."""
    code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
    if code == sqlite3.SQLITE_BUSY:
        return AlreadyRunning(f"journal {path} is open in another process")
    # SQLITE_ERROR: a table or column that is not there, in a file that says that it is ours.
    damaged = code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_ERROR)
    # Python says this itself and gives no code.
    if damaged or isinstance(error, UnicodeError) or "decode to UTF-8" in str(error):
        return DamagedJournal(f"journal {path} cannot be read: {error}; {BACKUP}")
    return JournalError(f"journal {path} cannot be opened: {error}")

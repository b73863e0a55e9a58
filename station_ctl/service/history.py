"""The history file: alarms and trends in one SQLite file that may be lost without harm.

Knows durability (WAL, synchronous NORMAL) and damage: a bad file is set aside. It is no journal.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

import structlog

log = structlog.get_logger()

T = TypeVar("T")
Job = Callable[[sqlite3.Connection], object]

APPLICATION_ID = 0x53544348
SCHEMA = 1

TROUBLE = "A703"
"""The alarm of a history that is not kept."""

TROUBLE_TOLD_EVERY = 60.0
"""Seconds between two lines of log about the same trouble."""

_TABLES = """
CREATE TABLE alarm (key TEXT PRIMARY KEY, data TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE alarm_event (
  seq INTEGER PRIMARY KEY, at REAL NOT NULL, key TEXT NOT NULL, code TEXT NOT NULL, priority TEXT NOT NULL,
  what TEXT NOT NULL, state TEXT NOT NULL, detail TEXT NOT NULL, person TEXT NOT NULL, note TEXT NOT NULL
) STRICT;
CREATE TABLE trend_tag (id INTEGER PRIMARY KEY, tag TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE trend (
  tag INTEGER NOT NULL, minute INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY (tag, minute)
) STRICT, WITHOUT ROWID;
CREATE INDEX trend_minute ON trend(minute);
"""

_DAMAGED = frozenset((sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB))


class NotThisFile(sqlite3.DatabaseError):
    """The file is a database, but of another program or release."""


class HistoryFile:
    """One open file. Not thread-safe. `trouble` says why the newest job could not be done; empty = all is well."""

    def __init__(self, path: Path) -> None:
        """Open or create. A damaged or foreign file is renamed and a new one begun; a sick disk is in `trouble`."""
        self.path = path
        self.trouble = ""
        self._told = float("-inf")
        self._db: sqlite3.Connection | None = None
        self._open()

    def _open(self) -> None:
        try:
            self._db = self._opened()
        except (sqlite3.DatabaseError, UnicodeError) as error:
            if isinstance(error, sqlite3.OperationalError) and not _damaged(error):
                self._troubled(f"history {self.path} cannot be opened: {error}")
                return
            self._set_aside(error)
        except OSError as error:
            self._troubled(f"history {self.path} cannot be opened: {error}")

    def _opened(self) -> sqlite3.Connection:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        new = not self.path.exists() or self.path.stat().st_size == 0
        db = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=0.2)
        try:
            if not new:
                _check_program(db)  # first, because the next line changes the file
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=NORMAL")
            db.execute("PRAGMA journal_size_limit=8388608")
            if new:
                whose = f"PRAGMA application_id={APPLICATION_ID}; PRAGMA user_version={SCHEMA};"
                db.executescript(f"BEGIN; {_TABLES} {whose} COMMIT;")
            for table in ("alarm", "alarm_event", "trend_tag", "trend"):
                db.execute(f"SELECT * FROM {table} LIMIT 1").fetchone()
        except BaseException:
            db.close()
            raise
        return db

    def _set_aside(self, why: BaseException) -> None:
        if self._db is not None:
            self._db.close()
            self._db = None
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        aside = self.path.with_name(f"{self.path.name}.damaged-{stamp}")
        try:
            for suffix in ("", "-wal", "-shm"):
                part = self.path.with_name(self.path.name + suffix)
                if part.exists():
                    part.rename(aside.with_name(aside.name + suffix))
            self._db = self._opened()
        except (sqlite3.Error, OSError) as error:
            self._troubled(f"history {self.path} is damaged ({why}) and cannot be begun anew: {error}")
            return
        self._troubled(f"history {self.path} could not be read ({why}); it lies at {aside.name}, a new one is begun")

    def _troubled(self, text: str) -> None:
        self.trouble = text
        now = time.monotonic()
        if now - self._told >= TROUBLE_TOLD_EVERY:
            self._told = now
            log.warning("history-trouble", why=text)

    def do(self, jobs: Iterable[Job]) -> None:
        """Do jobs in one transaction. Never raises for the file's sake: what cannot be written is lost, and told."""
        if self._db is None:
            self._open()
        db = self._db
        if db is None:
            return
        try:
            db.execute("BEGIN IMMEDIATE")
            for job in jobs:
                job(db)
            db.execute("COMMIT")
            self.trouble = ""
        except (sqlite3.Error, UnicodeError) as error:
            self._failed(db, error)
        except BaseException:
            db.execute("ROLLBACK")  # a defect of a job: the jobs after it are not to be lost with it
            raise

    def ask(self, question: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        """The answer of the file, or `otherwise` when it cannot be read."""
        if self._db is None:
            return otherwise
        try:
            return question(self._db)
        except (sqlite3.Error, UnicodeError, ValueError) as error:
            self._failed(self._db, error)
            return otherwise

    def _failed(self, db: sqlite3.Connection, error: Exception) -> None:
        if isinstance(error, sqlite3.Error) and _damaged(error):
            self._set_aside(error)
            return
        if db.in_transaction:
            try:
                db.execute("ROLLBACK")
            except sqlite3.Error as worse:
                log.warning("history-not-rolled-back", why=str(worse))
        self._troubled(f"history {self.path}: {error}")

    def close(self) -> None:
        """Close the file."""
        if self._db is not None:
            self._db.close()
            self._db = None


def _check_program(db: sqlite3.Connection) -> None:
    (application,) = db.execute("PRAGMA application_id").fetchone()
    (version,) = db.execute("PRAGMA user_version").fetchone()
    if (application, version) != (APPLICATION_ID, SCHEMA):
        raise NotThisFile(f"it is of program {application:#x}, version {version}")


def _damaged(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in _DAMAGED

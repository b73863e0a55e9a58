"""The journal: every intent, proof, trip and request, and the custody ledger, in one SQLite file.

Knows durability: WAL, synchronous FULL, one exclusive connection. Does not know what a row means to the engine.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from station_ctl.core.custody import Custody, Ledger
from station_ctl.core.errors import DamagedJournal, JournalError
from station_ctl.engine import audit_chain, journal_file
from station_ctl.engine.audit_chain import AuditRow, Verified
from station_ctl.engine.events import Audit, Record
from station_ctl.engine.journal_file import BACKUP, refusal

LAST_ORDER = 0xFFFF_FFFF
"""The highest order number that fits into an order block (docs/plc_contract.md)."""


COPY_PAUSE = 0.005
"""Seconds between two pieces of a copy, so that an order's commit comes first."""


@dataclass(frozen=True, slots=True)
class OpenRun:
    """A run that was never closed: its facts when it was opened, and per step (last order, epoch, proven)."""

    run_id: str
    opened: dict[str, object]
    steps: dict[int, tuple[int, int, bool]]


@dataclass(frozen=True, slots=True)
class Restored:
    """What the journal remembers at start: the ledger, the next order number, runs that were never closed.

    `last_run` is the highest number in any run's id: an id given twice would make an open run look closed.
    """

    ledger: Ledger
    next_order: int
    open_runs: tuple[OpenRun, ...] = ()
    last_run: int = 0


@dataclass(frozen=True, slots=True)
class JournalRow:
    """One row as read back."""

    seq: int
    at: str
    kind: str
    run: str
    step: int
    order: int
    data: dict[str, object]


def _row(seq: int, at: str, kind: str, run: str, step: int, order: int, data: str) -> JournalRow:
    try:
        facts = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise DamagedJournal(f"journal row {seq} ({kind}) cannot be read: {error}; {BACKUP}") from error
    if not isinstance(facts, dict):
        raise DamagedJournal(f"journal row {seq} ({kind}) says {data[:40]!r}, needs named facts; {BACKUP}")
    return JournalRow(seq, at, kind, run, step, order, facts)


def _whole(row: JournalRow, name: str, highest: int, absent: int | None = None) -> int:
    """A fact of a row that is a whole number from 0 to `highest`. Raises JournalError."""
    value = row.data.get(name, absent)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= highest:
        raise DamagedJournal(f"journal row {row.seq} ({row.kind}): {name} is {value!r}, needs 0..{highest}; {BACKUP}")
    return value


def _recoded(opened: dict[str, object], was: object, code: object) -> dict[str, object]:
    """What a run was opened with, the pack called by its true code wherever it is named."""
    named = {pack: code for pack in ("spent", "fresh") if opened.get(pack) == was}
    also = opened.get("also")
    if isinstance(also, list) and all(isinstance(names, list) for names in also):
        named["also"] = [[code if name == was else name for name in names] for names in also]
    return {**opened, **named}


def _open_run(run_id: str, rows: list[JournalRow]) -> OpenRun:
    """How far a run is by its rows: an order is proven, withdrawn, or of unknown outcome. Raises JournalError."""
    if not run_id or sum(row.kind == "run-opened" for row in rows) != 1:
        raise DamagedJournal(f"journal: run {run_id!r} has no name, or was opened twice; {BACKUP}")
    opened: dict[str, object] = {}
    steps: dict[int, tuple[int, int, bool]] = {}
    epochs: dict[int, int] = {}
    for row in rows:
        if row.kind == "run-opened":
            opened = row.data
        elif row.kind == "job-recoded":
            opened = _recoded(opened, row.data.get("was"), row.data.get("code"))
        elif row.kind == "step-ordered":
            epochs[row.order] = _whole(row, "epoch", 0xFFFF)
            steps[row.step] = (row.order, epochs[row.order], False)
        elif row.kind == "step-proven":
            order, epoch, _ = steps.get(row.step, (row.order, 0, False))
            steps[row.step] = (order, epoch, True)
        elif row.kind == "order-withdrawn" and row.step in steps and steps[row.step][0] == row.order:
            before = _whole(row, "back_to", LAST_ORDER, absent=0)
            if before:
                steps[row.step] = (before, epochs.get(before, 0), False)
            else:
                del steps[row.step]
    return OpenRun(run_id, opened, steps)


def _impossible(ledger: Ledger) -> str:
    """A pack that shares a place with another, or has none; empty = there is none such."""
    taken: set[str] = set()
    for pack, custody in ledger:
        ends = {custody.place} | ({custody.to} if custody.to is not None else set())
        if taken & ends or "" in ends or (custody.moving and len(ends) < 2):
            return f"pack {pack}: {custody or 'nowhere'}, which another pack has, too, or which is no place"
        taken |= ends
    return ""


def _changes(before: Ledger, after: Ledger) -> dict[str, Custody | None]:
    """Every pack whose custody is another one afterwards; None = it has left."""
    old, new = dict(before), dict(after)
    return {pack: new.get(pack) for pack in (*new, *(old.keys() - new.keys())) if old.get(pack) != new.get(pack)}


def _told(records: Iterable[Record], at: str, changes: Mapping[str, Custody | None]) -> list[tuple[object, ...]]:
    """Rows as they are written. The last one tells what became of the ledger with it: the rows alone rebuild it."""
    rows = [(r, dict(r.data)) for r in records]
    if changes:
        if not rows:
            rows = [(Record("custody"), {})]
        rows[-1][1]["custody"] = {p: c and [c.place, c.to, c.order] for p, c in changes.items()}
    return [(at, r.kind, r.run_id, r.step, r.order, json.dumps(facts)) for r, facts in rows]


class Journal:
    """One open journal. Not thread-safe: one thread owns it (see `JournalThread`)."""

    def __init__(self, path: Path, station: str) -> None:
        """Open the journal of `station`; a new one is made by `Journal.new` and nowhere else.

        Raises JournalMissing, AlreadyRunning if another process has it open, ForeignJournal, DamagedJournal,
        JournalError.
        """
        self.path, self.station = path, station
        self._ledger = Ledger()
        self._failed = ""
        self._db = journal_file.connect(path, station)
        self._audited = audit_chain.head(self._db)

    @classmethod
    def new(cls, path: Path, station: str) -> Journal:
        """Make a new journal and open it. Raises JournalExists, JournalError."""
        journal_file.make(path, station)
        return cls(path, station)

    def restore(self) -> Restored:
        """Ledger, next order number and open runs, as committed. Raises JournalError for what is no such memory."""
        try:
            return self._restore()
        except (sqlite3.Error, UnicodeError) as error:
            raise refusal(self.path, error) from error

    def _restore(self) -> Restored:
        # Never a number again under which a pack still moves, wherever it is written down.
        lowest, last = self._db.execute(
            "SELECT COALESCE(MIN(order_no), 0), COALESCE(MAX(order_no), 0)"
            " FROM (SELECT order_no FROM row UNION ALL SELECT order_no FROM custody)"
        ).fetchone()
        if lowest < 0 or last >= LAST_ORDER:
            raise DamagedJournal(f"journal: order numbers {lowest}..{last} are none; {BACKUP}")
        rows = self._db.execute("SELECT pack, place, target, order_no FROM custody").fetchall()
        self._ledger = Ledger({pack: Custody(place, target, order) for pack, place, target, order in rows})
        if wrong := _impossible(self._ledger):
            raise DamagedJournal(f"journal: custody of {wrong}; {BACKUP}")
        opened = self._db.execute(
            "SELECT run FROM row WHERE kind='run-opened' AND run NOT IN (SELECT run FROM row WHERE kind='run-closed')"
            " ORDER BY seq"
        ).fetchall()
        (last_run,) = self._db.execute(
            "SELECT COALESCE(MAX(CAST(SUBSTR(run, 3) AS INTEGER)), 0) FROM row WHERE kind='run-opened'"
        ).fetchone()
        open_runs = tuple(_open_run(run, self.rows(run)) for (run,) in opened)
        return Restored(self._ledger, last + 1, open_runs, last_run)

    def commit(self, records: Sequence[Record | Audit], ledger: Ledger | None) -> None:
        """Write rows, audit rows and ledger in one durable transaction. Raises JournalError; then nothing was written.

        Once SQLite has failed, every later commit is refused: after a failed synchronisation the system may call
        lost pages clean, and the next one would be told durable although it is not. A restart reads the disk anew.
        """
        if self._failed:
            raise JournalError(f"journal {self.path} is not written any more since: {self._failed}")
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        plain = [e for e in records if isinstance(e, Record)]
        audits = [e for e in records if isinstance(e, Audit)]
        changes = {} if ledger is None else _changes(self._ledger, ledger)
        db = self._db
        try:
            db.execute("BEGIN IMMEDIATE")
            db.executemany(
                "INSERT INTO row (at, kind, run, step, order_no, data) VALUES (?, ?, ?, ?, ?, ?)",
                _told(plain, at, changes),
            )
            audited = audit_chain.append(db, self._audited, at, audits)
            self._write_changes(changes)
            db.execute("COMMIT")
        except (sqlite3.Error, TypeError, ValueError, OverflowError) as error:
            # The last three: a value that neither JSON nor SQLite can hold.
            if isinstance(error, sqlite3.Error):
                self._failed = str(error)
            if db.in_transaction:
                with suppress(sqlite3.Error):
                    db.execute("ROLLBACK")
            raise JournalError(f"journal {self.path}: {error}") from error
        self._audited = audited
        if ledger is not None:
            self._ledger = ledger

    def _write_changes(self, changes: Mapping[str, Custody | None]) -> None:
        self._db.executemany("DELETE FROM custody WHERE pack=?", [(pack,) for pack in changes])
        rows = [(pack, c.place, c.to, c.order) for pack, c in changes.items() if c is not None]
        self._db.executemany("INSERT INTO custody VALUES (?, ?, ?, ?)", rows)

    def rows(self, run: str = "") -> list[JournalRow]:
        """Rows of one run, or all, oldest first."""
        return list(self.each(run))

    def each(self, run: str = "", since: str = "") -> Iterator[JournalRow]:
        """Rows of one run, or all, oldest first, one by one; `since` is the earliest `at` (ISO, UTC)."""
        wanted = [(f"{name}?", value) for name, value in (("run=", run), ("at>=", since)) if value]
        where = f" WHERE {' AND '.join(condition for condition, _ in wanted)}" if wanted else ""
        sql = f"SELECT seq, at, kind, run, step, order_no, data FROM row{where} ORDER BY seq"
        for values in self._db.execute(sql, [value for _, value in wanted]):
            yield _row(*values)

    def newest(self, most: int, kinds: Sequence[str] = (), *, run: str = "", but: str = "") -> list[JournalRow]:
        """The last rows of these kinds (none: all) or of any kind `but` one, oldest first; read from the end."""
        marks = ", ".join("?" * len(kinds))
        wanted = f"kind <> ? {f'AND kind IN ({marks})' if kinds else ''} {'AND run = ?' if run else ''}"
        sql = f"SELECT seq, at, kind, run, step, order_no, data FROM row WHERE {wanted} ORDER BY seq DESC LIMIT ?"
        found = self._db.execute(sql, (but, *kinds, *filter(None, [run]), most)).fetchall()
        return [_row(*values) for values in reversed(found)]

    def check_integrity(self) -> None:
        """Read every page and every index entry. Raises DamagedJournal."""
        try:
            verdicts = [verdict for (verdict,) in self._db.execute("PRAGMA integrity_check(5)")]
        except (sqlite3.Error, UnicodeError) as error:
            raise refusal(self.path, error) from error
        if verdicts != ["ok"]:
            raise DamagedJournal(f"{self.path} is damaged: {'; '.join(verdicts)}; {BACKUP}")

    def copy_to(self, path: Path, given_up: Callable[[], bool] = lambda: False) -> None:
        """Copy the whole journal, as it is at the end of the copying, into one new file. Raises JournalError.

        In a thread of its own it may run while commits go on: between two pieces of 1 MiB the connection is free, and
        `given_up` is asked. The journal must stay open until this has returned.
        """

        def between(_status: int, _left: int, _pages: int) -> None:
            if given_up():
                raise JournalError(f"copying {self.path} was given up")
            time.sleep(COPY_PAUSE)

        try:
            copy = sqlite3.connect(path, isolation_level=None)
            try:
                copy.execute("PRAGMA synchronous=OFF")  # flushing it would hold up commits; whoever keeps it, does so
                self._db.backup(copy, pages=256, progress=between, sleep=COPY_PAUSE)
                copy.execute("PRAGMA journal_mode=DELETE")  # one file, with nothing beside it
            finally:
                copy.close()
        except sqlite3.Error as error:
            raise JournalError(f"journal {self.path} cannot be copied to {path}: {error}") from error

    @property
    def audit_head(self) -> audit_chain.Head:
        """The last audit row as committed."""
        return self._audited

    def audit_rows(self, most: int) -> list[AuditRow]:
        """The newest audit rows, oldest first."""
        return audit_chain.newest(self._db, most)

    def audit_from(self, begin: int, most: int) -> Iterator[AuditRow]:
        """Audit rows from this number on, oldest first."""
        return audit_chain.rows(self._db, begin, most)

    def verify_audit(self, anchors: Iterable[audit_chain.Head] = ()) -> Verified:
        """The whole audit chain, checked. Raises DamagedJournal where the file cannot be read."""
        try:
            return audit_chain.verify(audit_chain.rows(self._db), anchors)
        except sqlite3.Error as error:
            raise refusal(self.path, error) from error

    def close(self) -> None:
        """Close the file and give up the lock."""
        self._db.close()

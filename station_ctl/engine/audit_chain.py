"""The audit chain: every request and what was decided on it, each row bound to the one before by its hash.

Knows how rows are chained and what a check of them can and cannot find. Does not know who may ask for what.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, replace

from station_ctl.engine.events import Audit

TABLE = """
CREATE TABLE IF NOT EXISTS audit (
  seq INTEGER PRIMARY KEY, at TEXT NOT NULL, actor TEXT NOT NULL, role TEXT NOT NULL, origin TEXT NOT NULL,
  action TEXT NOT NULL, args TEXT NOT NULL, decision TEXT NOT NULL, why TEXT NOT NULL, reason TEXT NOT NULL,
  state TEXT NOT NULL, key TEXT NOT NULL, prev TEXT NOT NULL, hash TEXT NOT NULL
) STRICT
"""

BEGINNING = "0" * 64
"""What the first row is bound to."""

COLUMNS = (
    "seq", "at", "actor", "role", "origin", "action", "args", "decision", "why", "reason", "state", "key", "prev",
    "hash",
)  # fmt: skip

CAST_COLUMNS = ("seq", *(f"CAST({name} AS BLOB)" for name in COLUMNS[1:]))
"""As bytes: what is no text any more is a row that was changed, and shall not end the check of the others."""


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One row as it stands in the file; `at` is UTC, `args` is JSON."""

    seq: int
    at: str
    actor: str
    role: str
    origin: str
    action: str
    args: str
    decision: str
    why: str
    reason: str
    state: str
    key: str
    prev: str
    hash: str

    def bound(self) -> str:
        """The hash that this row must have: SHA-256 over all of it but the hash, as one JSON list."""
        content = [getattr(self, f.name) for f in fields(self) if f.name != "hash"]
        return hashlib.sha256(json.dumps(content, ensure_ascii=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Head:
    """The last row of a chain: what is written down elsewhere, so that a shortened chain is noticed."""

    seq: int = 0
    hash: str = BEGINNING


def head(db: sqlite3.Connection) -> Head:
    """The last row as committed."""
    last = db.execute("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1").fetchone()
    return Head(*last) if last is not None else Head()


def append(db: sqlite3.Connection, after: Head, at: str, audits: Iterable[Audit]) -> Head:
    """Write rows inside the transaction that is open. Returns the new head; it counts once that is committed.

    Raises TypeError or ValueError for arguments that are no JSON.
    """
    for audit in audits:
        row = _row(after, at, audit)
        marks = ", ".join("?" * len(COLUMNS))
        db.execute(f"INSERT INTO audit VALUES ({marks})", [getattr(row, name) for name in COLUMNS])
        after = Head(row.seq, row.hash)
    return after


def _row(after: Head, at: str, a: Audit) -> AuditRow:
    args = json.dumps(dict(a.args), sort_keys=True, ensure_ascii=True, allow_nan=False)
    given = (a.actor, a.role, a.origin, a.action, args, a.decision, a.why, a.reason, a.state, a.key)
    unbound = AuditRow(after.seq + 1, at, *given, after.hash, "")
    return replace(unbound, hash=unbound.bound())


LOWEST = -(2**63)
"""The lowest number that a row can have: one before the first is one that somebody has put there."""


def rows(db: sqlite3.Connection, begin: int = LOWEST, most: int = -1) -> Iterator[AuditRow]:
    """Rows from this number on, oldest first, at most so many (-1: all)."""
    for seq, *texts in db.execute(
        f"SELECT {', '.join(CAST_COLUMNS)} FROM audit WHERE seq >= ? ORDER BY seq LIMIT ?", (begin, most)
    ):
        yield AuditRow(seq, *((b"\xff" if t is None else t).decode("utf-8", "surrogateescape") for t in texts))


def newest(db: sqlite3.Connection, most: int) -> list[AuditRow]:
    """The last rows, oldest first."""
    found = db.execute(f"SELECT {', '.join(COLUMNS)} FROM audit ORDER BY seq DESC LIMIT ?", (most,)).fetchall()
    return [AuditRow(*values) for values in reversed(found)]


@dataclass(frozen=True, slots=True)
class Verified:
    """What a check of the chain found. `faults` empty = every row is as it was written, none is missing in between."""

    rows: int
    head: Head
    faults: tuple[str, ...]
    anchors: int

    @property
    def limits(self) -> str:
        """What this check cannot find, in words: it belongs to every report of it."""
        if self.anchors:
            return (
                "Rows cut off or added after the newest anchor, and a whole chain written anew together with new "
                "anchors, cannot be seen from the file: keep anchors where whoever writes the file cannot write."
            )
        return (
            "Without an anchor, rows cut off or added at the end and a whole chain written anew cannot be seen from "
            "the file: give heads that were written down elsewhere (the system's journal has one every 100 rows) "
            "with --anchors SEQ:HASH."
        )


class Verification:
    """A check of the chain that takes its rows piece by piece, so that a long one holds nobody up."""

    def __init__(self, anchors: Iterable[Head] = ()) -> None:
        """`anchors` are heads that were written down elsewhere."""
        self._known = {a.seq: a.hash for a in anchors}
        self._faults: list[str] = []
        self._before, self._seen = Head(), 0

    def take(self, piece: Iterable[AuditRow]) -> int:
        """Check rows against what stands before them and against anchors. Returns how many there were."""
        seen = self._seen
        for row in piece:
            self._seen += 1
            self._faults += self._wrong(row)
            self._before = Head(row.seq, row.hash)
        return self._seen - seen

    def _wrong(self, row: AuditRow) -> Iterator[str]:
        before = self._before
        if row.seq != before.seq + 1:
            yield f"row {row.seq}: the row before it is {before.seq}, rows in between are missing"
        if row.prev != before.hash:
            yield f"row {row.seq}: is not bound to row {before.seq} as that stands there now"
        if row.bound() != row.hash:
            yield f"row {row.seq}: was changed after it was written"
        if self._known.get(row.seq, row.hash) != row.hash:
            yield f"row {row.seq}: another row was anchored under this number"

    @property
    def next(self) -> int:
        """The number from which on rows are to be taken next."""
        return self._before.seq + 1 if self._seen else LOWEST

    def ended(self) -> Verified:
        """What was found, once all rows are taken."""
        cut = [seq for seq in sorted(self._known) if seq > self._before.seq]
        missed = [f"row {seq}: was anchored and is not there: the end was cut off" for seq in cut]
        return Verified(self._seen, self._before, (*self._faults, *missed), len(self._known))


def verify(chain: Iterable[AuditRow], anchors: Iterable[Head] = ()) -> Verified:
    """Check every row against the one before it, and the chain against heads that were written down elsewhere."""
    checked = Verification(anchors)
    checked.take(chain)
    return checked.ended()

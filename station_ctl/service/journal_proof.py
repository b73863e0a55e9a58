"""Proof of a journal: opened, every page read, and its custody told again from the first row to the last.

Knows what a journal must agree on with itself. Does not know where it lies, nor whether it is a copy.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from station_ctl.core.errors import DamagedJournal
from station_ctl.engine.custody_history import told_ledger
from station_ctl.engine.journal import Journal, JournalRow


@dataclass(frozen=True, slots=True)
class Contents:
    """What was found in a journal: rows, packs in custody, runs not closed, and the highest order number."""

    station: str
    rows: int
    packs: int
    open_runs: int
    last_order: int


def examine(path: Path, station: str) -> Contents:
    """Open a journal that nobody uses and read it whole. Raises JournalError with what is wrong.

    SQLite's integrity check, everything that a start restores, and the custody ledger: told again from the first
    row to the last one it must be the ledger that is kept.
    """
    journal = Journal(path, station)
    try:
        return _contents(journal, station)
    finally:
        journal.close()


def _contents(journal: Journal, station: str) -> Contents:
    journal.check_integrity()
    restored = journal.restore()
    rows = 0

    def counted() -> Iterator[JournalRow]:
        nonlocal rows
        for row in journal.each():
            rows += 1
            yield row

    told = dict(told_ledger(counted()))
    kept = dict(restored.ledger)
    differs = sorted(pack for pack in kept.keys() | told.keys() if kept.get(pack) != told.get(pack))
    if differs:
        texts = [f"{p} ledger {kept.get(p) or 'not here'}, rows {told.get(p) or 'not here'}" for p in differs[:5]]
        raise DamagedJournal(f"journal {journal.path}: custody is not what its rows tell: {'; '.join(texts)}")
    return Contents(station, rows, len(kept), len(restored.open_runs), restored.next_order - 1)

"""Bays that a person has taken out of use: by whom, why, since when.

Knows what the controller is told to leave alone. Does not know the bay's own PLC, which has an enable of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from station_ctl.core.steps import Sequence
from station_ctl.engine.events import Record
from station_ctl.engine.journal import JournalRow
from station_ctl.engine.state import Run

KIND = "bay-lock"

EXEMPT = frozenset(("bay.isolate",))
"""Procedures that take no notice: a pack that is hot leaves the rack whoever locked its bay."""


@dataclass(frozen=True, slots=True)
class BayLock:
    """One bay out of use. `since` is wall time, s since 1970 (UTC)."""

    bay: str
    who: str
    reason: str
    since: float

    def __str__(self) -> str:
        return f"bay {self.bay} is disabled by {self.who}: {self.reason}"


class BayLocks:
    """Locks by bay. Changes are journal rows; the book is made of them again at start."""

    def __init__(self, locks: Iterable[BayLock] = ()) -> None:
        self._locks = {lock.bay: lock for lock in locks}

    def __iter__(self) -> Iterator[BayLock]:
        return iter(self._locks.values())

    def __contains__(self, bay: object) -> bool:
        return bay in self._locks

    @classmethod
    def of_rows(cls, rows: Iterable[JournalRow]) -> BayLocks:
        """The book as the journal tells it; the last row of a bay counts."""
        book = cls()
        for row in rows:
            if row.kind == KIND:
                book._put(row.data)
        return book

    def _put(self, facts: Mapping[str, object]) -> None:
        bay, since = str(facts.get("bay")), facts.get("since")
        self._locks.pop(bay, None)
        if facts.get("locked"):
            at = float(since) if isinstance(since, (int, float)) else 0.0
            self._locks[bay] = BayLock(bay, str(facts.get("who")), str(facts.get("reason")), at)

    def put(self, row: Record) -> None:
        """Take a change whose row is durable."""
        self._put(dict(row.data))

    def why_not(self, bay: str) -> str:
        """Why this bay is not to be used; empty if it may be."""
        return str(self._locks[bay]) if bay in self._locks else ""

    def why_not_run(self, sequence: Sequence) -> str:
        """Why a procedure of maintenance is not to be run: it works at a bay that is disabled."""
        bays = [] if sequence.key in EXEMPT else [value for _, value in sequence.args]
        return "; ".join(filter(None, map(self.why_not, bays)))


def locked(lock: BayLock) -> Record:
    """The journal row that disables a bay."""
    facts = ("bay", lock.bay), ("locked", True), ("who", lock.who), ("reason", lock.reason), ("since", lock.since)
    return Record(KIND, data=facts)


def unlocked(bay: str, who: str) -> Record:
    """The journal row that enables a bay."""
    return Record(KIND, data=(("bay", bay), ("locked", False), ("who", who)))


def counted_on(runs: Iterable[Run], bay: str) -> str:
    """Which open run is to take a pack out of the bay or put one in; empty if none."""
    for run in runs:
        job = {*run.job.fresh_bays, *run.job.spent_bays} if run.job is not None else set()
        if bay in job or bay in {value for _, value in run.sequence.args}:
            return run.run_id
    return ""

"""The thread that owns the journal, so that a slow disk never holds up the scan.

Knows how to hand one commit after another to one thread. Does not know what is in them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

from station_ctl.core.custody import Ledger
from station_ctl.engine.events import Audit, Record
from station_ctl.engine.journal import Journal

T = TypeVar("T")


class Committer(Protocol):
    """Whoever makes records durable before the gate sends anything."""

    async def commit(self, records: list[Record | Audit], ledger: Ledger | None) -> None:
        """Durable on return. Raises JournalError."""
        ...


class JournalThread:
    """Commits in one thread of its own; the caller awaits durability, the loop goes on."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="journal")

    async def commit(self, records: list[Record | Audit], ledger: Ledger | None) -> None:
        """Durable on return. Raises JournalError."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._journal.commit, records, ledger)

    async def ask(self, question: Callable[[Journal], T]) -> T:
        """What `question` reads from the journal, after everything handed over before it."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, question, self._journal)

    def close(self) -> None:
        """Finish what is queued, then close the file."""
        self._thread.shutdown(wait=True)
        self._journal.close()


class InlineJournal:
    """Commits at once in the caller: for tests in virtual time, where no thread may run."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    async def commit(self, records: list[Record | Audit], ledger: Ledger | None) -> None:
        """Durable on return. Raises JournalError."""
        self._journal.commit(records, ledger)

    async def ask(self, question: Callable[[Journal], T]) -> T:
        """What `question` reads from the journal."""
        return question(self._journal)

    def close(self) -> None:
        """Close the file."""
        self._journal.close()

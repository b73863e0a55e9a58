"""The thread that owns the history file: a slow disk holds up nothing; jobs are handed over and never waited for.

Knows queueing. Does not know what is in the file.
"""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Protocol, TypeVar

import structlog

from station_ctl.service.history import HistoryFile, Job

log = structlog.get_logger()

T = TypeVar("T")

WAITING_MOST = 10_000
"""Jobs that may wait for a slow disk; further ones are dropped and counted."""

BATCH = 500
"""Jobs done in one transaction at most."""


class History(Protocol):
    """Whoever keeps the history file."""

    @property
    def trouble(self) -> str:
        """Why nothing is kept now; empty = all is well."""
        ...

    def put(self, job: Job) -> None:
        """Do a job some time soon; never waits."""
        ...

    def at_start(self, question: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        """An answer before anything else is going on; blocks."""
        ...

    async def ask(self, question: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        """An answer, after all jobs put so far."""
        ...


class _Question:
    """A question that waits for its turn, and the way its answer takes."""

    def __init__(self, put: Callable[[HistoryFile], None]) -> None:
        self.put = put


class HistoryThread:
    """The history file in a thread of its own: a slow disk holds up nothing."""

    def __init__(self, file: HistoryFile) -> None:
        self._file = file
        self._waiting: queue.Queue[Job | _Question | None] = queue.Queue(WAITING_MOST)
        self.dropped = 0
        self._thread = threading.Thread(target=self._work, name="history", daemon=True)
        self._started = False

    @property
    def trouble(self) -> str:
        """Why nothing is kept now; empty = all is well."""
        return self._file.trouble

    def put(self, job: Job) -> None:
        """Do a job some time soon; dropped and counted when too many wait."""
        self._hand_over(job)

    def at_start(self, question: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        """An answer before the first job is put; blocks."""
        assert not self._started
        return self._file.ask(question, otherwise)

    async def ask(self, question: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        """An answer, after all jobs put so far. `otherwise` also when too many jobs wait."""
        answer: Future[T] = Future()

        def put(file: HistoryFile) -> None:
            found = otherwise
            try:
                found = file.ask(question, otherwise)
            finally:
                answer.set_result(found)

        if not self._hand_over(_Question(put)):
            return otherwise
        return await asyncio.shield(asyncio.wrap_future(answer))

    def _hand_over(self, work: Job | _Question) -> bool:
        if not self._started:
            self._started = True
            self._thread.start()
        try:
            self._waiting.put_nowait(work)
        except queue.Full:
            self.dropped += 1
            return False
        return True

    def _work(self) -> None:
        batch: list[Job] = []
        while True:
            work = self._waiting.get()
            if work is not None and not isinstance(work, _Question):
                batch.append(work)
                if len(batch) < BATCH and not self._waiting.empty():
                    continue
            jobs, batch = batch, []
            if jobs:
                self._guarded(lambda file, jobs=jobs: file.do(jobs))  # type: ignore[misc]
            if work is None:
                return
            if isinstance(work, _Question):
                self._guarded(work.put)

    def _guarded(self, work: Callable[[HistoryFile], None]) -> None:
        """A defect of one job must not silence all that come after it."""
        try:
            work(self._file)
        except Exception:
            log.exception("history-job-failed")

    def close(self, within: float = 5.0) -> None:
        """Finish what waits, close the file. A disk that does not answer within `within` s is left alone."""
        if self._started:
            with suppress(queue.Full):
                self._waiting.put(None, timeout=within)
            self._thread.join(within)
        if self._thread.is_alive():
            log.warning("history-not-closed", within_s=within)
            return
        self._file.close()


class InlineHistory:
    """Does every job at once in the caller: for tests in virtual time, where no thread may run."""

    def __init__(self, file: HistoryFile) -> None:
        self._file = file

    @property
    def trouble(self) -> str:
        """Why nothing is kept now; empty = all is well."""
        return self._file.trouble

    def put(self, job: Job) -> None:
        """Do a job."""
        self._file.do([job])

    def at_start(self, question: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        """An answer."""
        return self._file.ask(question, otherwise)

    async def ask(self, question: Callable[[sqlite3.Connection], T], otherwise: T) -> T:
        """An answer."""
        return self._file.ask(question, otherwise)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

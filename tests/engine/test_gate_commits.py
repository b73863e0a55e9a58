"""What the gate makes durable, and when: in order, together where it queued up, and before anything of it is sent."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from station_ctl.core.custody import Ledger
from station_ctl.core.errors import JournalError
from station_ctl.core.signals import Image
from station_ctl.engine.events import Audit, Event, JournalFailed, Record
from station_ctl.engine.gate import Gate
from station_ctl.engine.state import StationState
from station_ctl.engine.station import StationFacts
from station_ctl.engine.stop_levels import StopLevels
from station_ctl.engine.virtual_time import run_virtually

AUDIT = Audit("anna", "operator", "panel", "hold")


class SlowDisk:
    """Each commit takes until the next `release`."""

    def __init__(self) -> None:
        self.commits: list[list[str]] = []
        self.handed: list[list[object]] = []
        self.fails = False
        self._go = asyncio.Semaphore(0)

    async def commit(self, records: list[Record], ledger: Ledger | None) -> None:
        self.handed.append(list(records))
        self.commits.append([getattr(record, "kind", "audit") for record in records])
        await self._go.acquire()
        if self.fails:
            raise JournalError("disk full")

    async def release(self) -> None:
        self._go.release()
        for _ in range(5):
            await asyncio.sleep(0)


class Bench:
    """A gate of a station without machines."""

    def __init__(self) -> None:
        facts = StationFacts("T", {}, (), ())
        self.disk, self.reported = SlowDisk(), list[Event]()
        self.gate = Gate(
            facts, {}, self.disk, StopLevels(facts, {}, self.image), image=self.image, state=StationState,
            report=lambda make: self.reported.append(make(0.0)), beat=lambda: None,
        )  # fmt: skip

    def image(self) -> Image:
        return Image(0.0, {})

    @contextmanager
    def running(self) -> Iterator[asyncio.Task[Any]]:
        task = asyncio.create_task(self.gate.run())
        yield task
        task.cancel()


async def _ended(task: asyncio.Task[Any]) -> None:
    with suppress(asyncio.CancelledError):
        await task


async def test_what_queues_up_behind_a_slow_commit_shares_the_next_one_in_order() -> None:
    b = Bench()
    with b.running() as task:
        b.gate.submit((Record("a"),))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        for kind in "bcd":
            b.gate.submit((Record(kind),))
        await b.disk.release()
        await b.disk.release()
    await _ended(task)
    assert b.disk.commits == [["a"], ["b", "c", "d"]]
    assert b.gate.commits == 2


async def test_a_failed_commit_of_several_decisions_is_reported_once() -> None:
    b = Bench()
    b.disk.fails = True
    with b.running() as task:
        b.gate.submit((Record("a"),))
        b.gate.submit((Record("b"),))
        await asyncio.sleep(0)
        await b.disk.release()
    await _ended(task)
    assert b.disk.commits == [["a", "b"]]
    assert [type(event) for event in b.reported] == [JournalFailed]
    assert b.gate.commits == 0


async def test_after_a_failed_commit_nothing_is_committed_any_more() -> None:
    """The disk seems to take rows again; what it lost meanwhile nobody knows before a restart."""
    b = Bench()
    b.disk.fails = True
    with b.running() as task:
        b.gate.submit((Record("a"),))
        await asyncio.sleep(0)
        await b.disk.release()
        b.disk.fails = False
        b.gate.submit((Record("b"),))
        await b.disk.release()
        await b.disk.release()
    await _ended(task)
    assert b.disk.commits == [["a"]]
    assert [type(event) for event in b.reported] == [JournalFailed]


def test_what_is_committed_is_waited_for_and_a_journal_that_has_failed_says_so() -> None:
    async def main() -> None:
        bench = Bench()
        with bench.running():
            bench.gate.submit((Record("first"), AUDIT))
            waiting = asyncio.create_task(bench.gate.committed())
            for _ in range(5):
                await asyncio.sleep(0)
            assert not waiting.done(), "the disk is not through yet"
            await bench.disk.release()
            await waiting
            bench.disk.fails = True
            bench.gate.submit((AUDIT,))
            waiting = asyncio.create_task(bench.gate.committed())
            for _ in range(5):
                await asyncio.sleep(0)
            await bench.disk.release()
            with pytest.raises(JournalError, match="disk full"):
                await waiting
        assert bench.disk.handed == [[Record("first"), AUDIT], [AUDIT]], (
            "an audit row is a row like any other"
        )

    run_virtually(main())

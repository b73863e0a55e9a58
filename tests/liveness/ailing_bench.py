"""A station in the middle of a swap whose own tasks, journal or event loop can be made to fail.

Knows where the program can be hit. Does not know how it should react.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from drivers.memory import MemoryLink
from station_ctl.core.custody import Ledger
from station_ctl.core.errors import StationError
from station_ctl.core.points import IoList
from station_ctl.engine.events import Announce, Record
from station_ctl.engine.journal_thread import Committer
from station_ctl.engine.virtual_time import VirtualLoop
from tests.bench.virtual_bench import run_virtually
from tests.soak.shift import SoakBench

SPEED = 20.0
DEAD_MAN = 1.0
"""Wall seconds without our heartbeat after which a PLC stops by itself (docs/plc_contract.md)."""


class _AilingJournal:
    """Commits like the journal, but after `seconds` of waiting; `error` is raised instead of committing."""

    def __init__(self, bench: AilingBench) -> None:
        self._bench = bench

    async def commit(self, records: list[Record], ledger: Ledger | None) -> None:
        """Durable on return."""
        if self._bench.commit_takes:
            await asyncio.sleep(self._bench.commit_takes)
        if self._bench.commit_fails is not None:
            raise self._bench.commit_fails
        self._bench.journal.commit(records, ledger)


class AilingBench(SoakBench):
    """`commit_takes` (s), `commit_fails`, and by link what its task does when it is `hit`."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.commit_takes = 0.0
        self.commit_fails: Exception | None = None
        self.hit: dict[str, BaseException | None] = {}
        self.struck = asyncio.Event()
        super().__init__(folder, **options)

    def _committer(self) -> Committer:
        return _AilingJournal(self)

    def _link(self, name: str, io: IoList, clock: Callable[[], float]) -> MemoryLink:
        link = super()._link(name, io, clock)
        link.run = self._mortal(name, link.run)  # type: ignore[method-assign]
        return link

    def _mortal(self, name: str, run: Callable[[], Coroutine[Any, Any, None]]) -> Callable[[], Any]:
        async def until_hit() -> None:
            scanning = asyncio.create_task(run(), name=f"scans of {name}")
            try:
                while name not in self.hit:
                    await self.struck.wait()
                    self.struck.clear()
            finally:
                scanning.cancel()
            if (error := self.hit[name]) is not None:
                raise error
            await asyncio.Event().wait()

        return until_hit

    def strike(self, link: str, error: BaseException | None) -> None:
        """The task of a link dies of `error`, or hangs when there is none."""
        self.hit[link] = error
        self.struck.set()

    async def visit(self) -> None:
        """One vehicle, as far as it gets."""
        with suppress(StationError):
            await self.swap()

    def stand_still(self, seconds: float) -> None:
        """The event loop is blocked; the world goes on."""
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        loop.clock += seconds
        self.sim.advance(seconds)

    @property
    def codes(self) -> list[str]:
        """Codes of the trips, first-out first."""
        return [t.code for t in self.state.trips]

    @property
    def told(self) -> list[str]:
        """Every alarm told so far."""
        return [f"{e.code} {e.text}" for e in self.seen if isinstance(e, Announce)]

    @property
    def working(self) -> list[str]:
        """PLC channels with an order under way."""
        return [c.key for plc in self.sim.plcs.values() for c in plc.channels if c.busy]

    def beats(self) -> dict[str, object]:
        """Our heartbeat as each PLC has it."""
        return {name: plc.inputs.get("HB_CTL") for name, plc in self.sim.plcs.items() if "HB_CTL" in plc.inputs}


@asynccontextmanager
async def at_step(folder: Path, no: int = 80) -> AsyncIterator[AilingBench]:
    """A station with a vehicle, in the middle of this step."""
    async with AilingBench(folder, speed=SPEED) as bench:
        await bench.make_ready()
        going = asyncio.create_task(bench.visit(), name="visit")
        await bench.until_step(no)
        await asyncio.sleep(0.3)
        try:
            yield bench
        finally:
            going.cancel()
            with suppress(asyncio.CancelledError):
                await going


def story(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run one story in virtual time."""
    run_virtually(main())

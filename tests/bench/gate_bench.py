"""The real gate and the real stop levels at a desk: paper links, a paper journal, one log of what happened.

Knows how to make a link or a commit slow, silent or wrong. Does not know a plant.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

from station_ctl.core.custody import Ledger
from station_ctl.core.errors import JournalError
from station_ctl.core.links import LinkSnapshot
from station_ctl.core.points import IoList, Value
from station_ctl.core.steps import Step
from station_ctl.engine.events import Event, Issue, Record, ReleaseStop, SetLedger, StopDevices
from station_ctl.engine.gate import Gate
from station_ctl.engine.stop_levels import StopLevels
from tests.bench.desk import LINKS, Desk


class PaperLink:
    """A link whose writes are noted. `fails` is raised by the next write; `waits` holds writes up until it is set."""

    def __init__(self, name: str, log: list[tuple[Any, ...]], io: IoList | None = None) -> None:
        self.name, self.log = name, log
        self.io = io or IoList(name, ())
        self.snapshot = LinkSnapshot(name)
        self.fails: Exception | None = None
        self.waits: asyncio.Event | None = None

    def on_scan(self, listener: Callable[[LinkSnapshot], None]) -> None:
        """Nothing is scanned."""

    async def run(self) -> None:
        """Nothing is connected."""

    async def write(
        self, values: Mapping[str, Value], *, commit: str | None = None, urgent: bool = False
    ) -> None:
        """Note the write, then end as the test wants it. An urgent write waits for nothing."""
        self.log.append(("write", self.name, dict(values), commit, urgent))
        if self.waits is not None and not urgent:
            await self.waits.wait()
        if self.fails is not None:
            error, self.fails = self.fails, None
            raise error
        self.log.append(("written", self.name, dict(values)))


class PaperJournal:
    """Commits are noted. `fails` is raised by every commit; `waits` holds them up until it is set."""

    def __init__(self, log: list[tuple[Any, ...]]) -> None:
        self.log = log
        self.fails = ""
        self.waits: asyncio.Event | None = None

    async def commit(self, records: list[Record], ledger: Ledger | None) -> None:
        """Durable on return."""
        self.log.append(("commit", [r.kind for r in records], ledger))
        if self.waits is not None:
            await self.waits.wait()
        if self.fails:
            raise JournalError(self.fails)
        self.log.append(("durable", [r.kind for r in records]))


class GateBench(Desk):
    """A desk with the real gate; `log` has writes and commits in order, `events` what the gate reported."""

    def __init__(self, *steps: Step, **state: Any) -> None:
        super().__init__(*steps, **state)
        self.log: list[tuple[Any, ...]] = []
        self.events: list[Event] = []
        self.links = {name: PaperLink(name, self.log) for name in LINKS.values()}
        self.journal = PaperJournal(self.log)
        self.stops = StopLevels(self.facts, self.links, self.world.image)
        self.beats = 0
        self.gate = Gate(
            self.facts, self.links, self.journal, self.stops, image=self.world.image, state=lambda: self.state,
            report=self._report, beat=self._beat,
        )  # fmt: skip

    def feed(self, event: Event) -> Any:
        """One decision, carried out as the runner does it."""
        effects = super().feed(event)
        for effect in effects:
            if isinstance(effect, StopDevices):
                self.stops.raise_(effect.roles)
            elif isinstance(effect, ReleaseStop):
                self.stops.release()
        durable = tuple(e for e in effects if isinstance(e, (Record, SetLedger, Issue, ReleaseStop)))
        if durable:
            self.gate.submit(durable)
        return effects

    def _report(self, make: Callable[[float], Event]) -> None:
        event = make(self.time)
        self.events.append(event)
        self.feed(event)

    def _beat(self) -> None:
        self.beats += 1

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """The gate runs."""
        task = asyncio.create_task(self.gate.run())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    # ---- looking ----
    def orders(self, link: str = "pit") -> list[int]:
        """Numbers of the orders written to a link, in order."""
        return [
            entry[2]["CMD_ID"] for entry in self.log if entry[:2] == ("write", link) and "CMD_ID" in entry[2]
        ]

    def levels(self, link: str = "pit") -> list[int]:
        """Stop levels written to a link, in order."""
        return [e[2]["STOP_REQ"] for e in self.log if e[:2] == ("write", link) and "STOP_REQ" in e[2]]

    def heard(self) -> list[str]:
        """Names of the gate's reports."""
        return [type(event).__name__ for event in self.events]


async def settled(turns: int = 20) -> None:
    """Let every task go on as far as it can."""
    for _ in range(turns):
        await asyncio.sleep(0)

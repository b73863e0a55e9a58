"""A technician at a station in virtual time: mode maintenance, key on, enabling device in the hand, the desk in front.

Knows how maintenance is asked for. Does not know any procedure.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from station_ctl.core.modes import Mode
from station_ctl.engine.events import Verb
from station_ctl.service.calls import Verdict
from station_ctl.service.desk import Desk
from station_ctl.service.inventory import packs_in_bays
from station_ctl.service.operations import Operation
from tests.bench.virtual_bench import run_virtually
from tests.service.desk_bench import TECHNICIAN, DeskBench

Story = Callable[["MaintenanceBench"], Coroutine[Any, Any, None]]


class MaintenanceBench(DeskBench):
    """The station runs in mode maintenance; packs are in custody."""

    async def make_ready(self) -> None:
        """Inventory, key, enabling device, reset, start; a station begins in mode maintenance."""
        packs = packs_in_bays(self.built.stand.bays, self.reception.image())
        await self.engine.ask(Verb.ADMIT, "test", admit=packs)
        self.switch("key", on=True)
        self.switch("enabling", on=True)
        for action in ("station.reset", "station.start"):
            verdict = await self.put(action, TECHNICIAN)
            assert verdict.ok, verdict.text
        assert self.state.mode is Mode.MAINTENANCE
        await asyncio.sleep(0.5)  # until the switches are scanned

    async def __aexit__(self, *ended: Any) -> None:
        await self.duty.operations.close()
        await super().__aexit__(*ended)

    async def attend(self) -> None:
        """A new desk in front of the engine, as after a start of the program."""
        await self.duty.operations.close()
        self.duty = self.built.duty(self.engine, self._committer())  # type: ignore[arg-type]
        self.duty.wall = self.duty.mono = self.engine.clock.monotonic
        self.desk = Desk(self.duty, self.desk.registry)

    def switch(self, name: str, *, on: bool) -> None:
        """What the technician holds in the hand."""
        self.do(cmd="switch", name=name, on=on)

    async def technician(self, action: str, **more: Any) -> Verdict:
        """A request of the technician."""
        return await self.put(action, TECHNICIAN, **more)

    async def done(self, action: str, **more: Any) -> Operation:
        """The operation of a request that is accepted, once it has ended."""
        verdict = await self.technician(action, **more)
        assert verdict.ok and verdict.operation, verdict.text
        return await self.duty.operations.wait(verdict.operation, 900.0)

    def moved(self) -> list[str]:
        """The orders that left, in words, in their order."""
        rows = (row for row in self.journal.rows() if row.kind == "step-ordered")
        return [str(row.data["text"]) for row in rows]

    def true_place(self, pack: str) -> str:
        """Where the pack really is."""
        return str(self.do(cmd="report")["packs"][pack])

    def safe(self) -> None:
        """The independent monitor saw no unsafe order or instant, and ledger and truth agree."""
        report = self.do(cmd="report")
        assert report["violations"] == []
        for pack, custody in self.state.ledger:
            assert not custody.moving and report["packs"][pack] == custody.place, (pack, str(custody))


@asynccontextmanager
async def hand(at: MaintenanceBench, every: float = 0.1, who: str = "wang") -> AsyncIterator[asyncio.Task[None]]:
    """A hand on the button, renewing so often (s) through stamps, as a program at the other end would."""

    async def renew() -> None:
        stamp = ""
        while True:
            stamp, _ = at.duty.button.press(who, stamp)
            await asyncio.sleep(every)

    holding = asyncio.create_task(renew())
    await asyncio.sleep(3 * every + 0.1)
    try:
        yield holding
    finally:
        holding.cancel()
        with suppress(asyncio.CancelledError):
            await holding


def told(folder: Path, story: Story, **options: Any) -> None:
    """Run a story on a station that is ready for maintenance."""

    async def main() -> None:
        async with MaintenanceBench(folder, **options) as bench:
            await bench.make_ready()
            await story(bench)

    run_virtually(main())

"""The suite that swaps: a whole swap through the real engine, on the PLCs that a station file names.

Knows that the plant brings the vehicle and tells what its safety monitor saw. The swap itself is that of the demo.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from station_ctl.cli.demo_run import Demo, DemoOrder
from station_ctl.cli.hil_bench import Bench
from station_ctl.cli.hil_case import CannotBeTried, Case, Deviation, Need
from station_ctl.cli.plant_control import ask
from station_ctl.cli.step_lines import PlainLines
from station_ctl.core.errors import StationError


def swap_suite(bench: Bench) -> Iterator[Case]:
    """One vehicle in, swapped, and out."""
    needs = frozenset((Need.MOVES, Need.CONTROL))
    text = "swaps the pack of a vehicle, and every pack is where custody says"
    yield Case("swap", "station", "10", text, _swap, needs)


class Told:
    """The plant behind its control channel."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def ask(self, **command: Any) -> dict[str, Any]:
        """The plant's answer to one command."""
        return await asyncio.to_thread(ask, self._folder, **command)


class Quiet(PlainLines):
    """The steps of a swap that nobody follows; what was said last is kept for the report."""

    def __init__(self) -> None:
        super().__init__()
        self.last = ""

    def say(self, text: str) -> None:
        self.last = text


async def _swap(bench: Bench) -> str:
    config = bench.config
    if bench.control is None:
        raise CannotBeTried("no control channel")
    if config.journal.is_file():
        text = f"{config.journal} keeps the custody of this station's packs: swap with `station-ctl swap start`"
        raise CannotBeTried(text)
    lines = Quiet()
    with tempfile.TemporaryDirectory(prefix="hil-swap-") as folder:
        order = DemoOrder(config.path, 1, config.clock.process_rate, 0)
        demo = Demo(order, Path(folder), lines)
        try:
            report = await demo.through(Told(bench.control), replace(config, journal=Path(folder) / "journal.sqlite"))
        except StationError as error:
            raise Deviation(f"{error.code} {error}") from None
    if report.ok:
        return "complete, nothing unsafe seen by the plant's monitor, custody right"
    trips = [trip.text for trip in report.trips]
    wrong = [*trips, report.refused, *map(str, report.plant["violations"]), *report.custody_errors()]
    raise Deviation("; ".join(filter(None, wrong)) or f"the swap is not complete; last was {lines.last}")

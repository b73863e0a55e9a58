"""Seconds from a PLC's return to the first full second of scanning, after it was down, silent, or half-open.

The link and a bare pymodbus client with the library's own settings read the same PLC every 10 ms, one after the
other; the bare client reads the fast block alone.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import logging
import math
import statistics
import tempfile
import time
from bisect import bisect_left
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlparse

from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException

from benchmarks.figures import Figures, Target, load
from drivers.modbus_tcp import ModbusTcpLink
from station_ctl.build import PARTS
from station_ctl.cli.plant_process import PlantProcess
from station_ctl.config import load_station, station_file
from station_ctl.core.links import LinkError, LinkSnapshot
from station_ctl.engine.liveness import HEARTBEAT_PERIOD

PLC = "lift"
FIRST, COUNT = 0, 39
PERIOD, GAP = 0.01, 0.1
"""Scan period, and the longest gap (s) that still counts as scanning."""

OURS, BARE = "station-ctl link", "bare pymodbus, its own settings"
WANTED_NOTICED = 0.3


@dataclass(frozen=True)
class _Outage:
    """What happens to the PLC: control commands that begin and end it, and how soon (s) it must be scanned again.

    A half-open connection has no end: new connections work from its first moment, so the return is measured from there.
    """

    name: str
    begin: str
    end: str
    wanted: float


OUTAGES = (
    _Outage("down: off, connecting is refused", "down", "up", 0.3),
    _Outage("silent: connections stay, nothing is answered", "deaf", "hear", 0.1),
    _Outage("half-open: the connections are dead, new ones work", "freeze", "", 1.0),
)


@dataclass
class _Seen:
    """Times (s, monotonic) of good scans and of faults."""

    scans: list[float] = field(default_factory=list)
    faults: list[float] = field(default_factory=list)

    def full_second_after(self, at: float) -> float | None:
        """When the first full second of scanning after `at` began."""
        later = self.scans[bisect_left(self.scans, at) :]
        for first in later:
            window = [t for t in later if first <= t <= first + 1 + GAP]
            if window[-1] >= first + 1 and all(b - a <= GAP for a, b in pairwise(window)):
                return first
        return None


@dataclass
class _Trials:
    """Seconds to the return (inf = not within the patience) and to the first fault, by trial."""

    back: list[float] = field(default_factory=list)
    noticed: list[float] = field(default_factory=list)


def run(quick: bool = False) -> Figures:
    """5 outages of 5 s of each kind for the link, 1 for the bare client; quick: 2 of 1 s, and 1."""
    logging.disable(logging.CRITICAL)
    before = load()
    trials = asyncio.run(_measure(quick=quick))
    return _figures(trials, [before, load()], quick=quick)


async def _measure(*, quick: bool) -> dict[tuple[str, str], _Trials]:
    ours, bare, outage, patience = (2, 1, 1.0, 8.0) if quick else (5, 1, 5.0, 30.0)
    trials = {(who, what.name): _Trials() for what in OUTAGES for who in (OURS, BARE)}
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        plant = await PlantProcess.start(Path(folder), speed=1.0, seed=1)
        try:
            gc.collect()
            gc.freeze()
            for what in OUTAGES:
                for who, times, scan in ((OURS, ours, _ours), (BARE, bare, _bare)):
                    for _ in range(times):
                        seen = _Seen()
                        url = urlparse(plant.endpoints[PLC])
                        task = asyncio.create_task(scan(url.hostname or "", url.port or 0, seen))
                        await _one(plant, what, seen, trials[who, what.name], outage, patience)
                        task.cancel()
                        with suppress(asyncio.CancelledError):
                            await task
        finally:
            await plant.end()
    return trials


async def _one(
    plant: PlantProcess, what: _Outage, seen: _Seen, trials: _Trials, outage: float, patience: float
) -> None:
    await _until(lambda: seen.full_second_after(-math.inf) is not None, 30.0)
    # Not in step with the scans: a scan may be under way or just over.
    await asyncio.sleep(0.037 * (len(trials.back) % 5))
    began = back = time.monotonic()
    await plant.ask(cmd="wire", plc=PLC, do=what.begin)
    if what.end:
        await asyncio.sleep(outage)
        back = time.monotonic()
        await plant.ask(cmd="wire", plc=PLC, do=what.end)
    await _until(lambda: seen.full_second_after(back) is not None, patience)
    again = seen.full_second_after(back)
    trials.back.append(math.inf if again is None else again - back)
    trials.noticed.append(next((t for t in seen.faults if t >= began), math.inf) - began)


async def _until(true: Callable[[], bool], patience: float) -> None:
    ends = time.monotonic() + patience
    while time.monotonic() < ends and not true():  # noqa: ASYNC110 - looks at a list of times, nobody to tell
        await asyncio.sleep(0.05)


async def _ours(host: str, port: int, seen: _Seen) -> None:
    config = load_station(station_file("sim_passenger_car"), {}, PARTS)
    link = ModbusTcpLink(PLC, config.io[PLC], host, port, identity={"MAGIC": 0x5AA5}, heartbeat="HB_PLC")

    def listener(snapshot: LinkSnapshot) -> None:
        (seen.scans if snapshot.fault is None else seen.faults).append(time.monotonic())

    link.on_scan(listener)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(link.run())
        tasks.create_task(_heartbeat(link))


async def _heartbeat(link: ModbusTcpLink) -> None:
    """As the engine does: our counter to every PLC that watches it, ten times a second."""
    for count in itertools.count():
        with suppress(LinkError):
            await link.write({"HB_CTL": count % 65536})
        await asyncio.sleep(HEARTBEAT_PERIOD)


async def _bare(host: str, port: int, seen: _Seen) -> None:
    """Read and leave everything else to the library: time-out 3 s, 3 retries, its own reconnect."""
    client = AsyncModbusTcpClient(host, port=port)
    await client.connect()
    due = time.monotonic()
    try:
        while True:
            try:
                await client.read_input_registers(FIRST, count=COUNT)
                seen.scans.append(time.monotonic())
            except ModbusException:
                seen.faults.append(time.monotonic())
            due = max(due + PERIOD, time.monotonic())
            await asyncio.sleep(due - time.monotonic())
    finally:
        client.close()


def _figures(trials: dict[tuple[str, str], _Trials], loads: list[float], *, quick: bool) -> Figures:
    rows: list[list[str]] = []
    targets: list[Target] = []
    for what in OUTAGES:
        for who in (OURS, BARE):
            t = trials[who, what.name]
            rows.append(
                [
                    f"{what.name}; {who}",
                    str(len(t.back)),
                    *(_seconds(value) for value in (statistics.median(t.back), max(t.back))),
                    *(_seconds(value) for value in (statistics.median(t.noticed), max(t.noticed))),
                ]
            )
        found = statistics.median(trials[OURS, what.name].back)
        met = None if quick else found <= what.wanted
        wanted = f"<= {what.wanted:g} s"
        targets.append(
            {
                "figure": f"back after {what.begin}, median",
                "found": _seconds(found),
                "wanted": wanted,
                "met": met,
            }
        )
    noticed = max(statistics.median(trials[OURS, what.name].noticed) for what in OUTAGES)
    targets.append(
        {
            "figure": "loss noticed, slowest kind, median",
            "found": _seconds(noticed),
            "wanted": f"<= {WANTED_NOTICED:g} s",
            "met": None if quick else noticed <= WANTED_NOTICED,
        }
    )
    return {
        "title": "A PLC returns → first full second of scanning, 10 ms class (s)",
        "columns": ["", "trials", "back p50", "max", "noticed p50", "max"],
        "rows": rows,
        "targets": targets,
        "notes": [
            f"a full second: no gap over {GAP:g} s between two scans; half-open is measured from its first moment",
            "a loss is noticed when a request waited 0.25 s; in the 100 ms class up to 0.1 s later",
            "–: not within 30 s",
        ],
        "data": {
            "load": loads,
            **{
                f"{what}; {who}": {"back_s": _plain(t.back), "noticed_s": _plain(t.noticed)}
                for (who, what), t in trials.items()
            },
        },
    }


def _plain(values: list[float]) -> list[float | None]:
    return [value if math.isfinite(value) else None for value in values]


def _seconds(value: float) -> str:
    return f"{value:.2f} s" if math.isfinite(value) else "–"

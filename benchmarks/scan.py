"""One scan of 24 bays × 40 registers at 10 Hz through the link, against a bare pymodbus loop with the same blocks.

Both run in this process, in turn, against the same PLC process; what is compared is processor time per scan. The
bare loop gives lists of registers; the link gives checked, scaled, plausible tags with time and quality.
"""

from __future__ import annotations

import asyncio
import csv
import gc
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from itertools import pairwise

from pymodbus.client import AsyncModbusTcpClient

from benchmarks.figures import Figures, Target, load, percentile
from benchmarks.scan_plc import BAYS, PER_BAY, REGISTERS
from drivers.modbus_tcp import ModbusTcpLink
from drivers.registers import RegisterAddress
from drivers.scan_clock import PERIODS
from station_ctl.core.links import LinkSnapshot
from station_ctl.core.points import Access, IoList, Point, PointType, ScanClass
from station_ctl.paths import config_directory

PERIOD, BLOCK = 0.1, 120
FIRST_OF_BAY = 40
"""In the rack's I/O list the registers of bay k begin at ir:40·k."""

WANTED_RATIO = 1.2
MODES = (
    "nothing changes",
    "every bay charges: 5 of 40 registers change at every scan",
    "every register changes at every scan (worst case)",
)
JUDGED = 1


@dataclass
class _Side:
    """Milliseconds of processor time per scan, one figure a block, and the intervals between scans in ms."""

    cpu_ms: list[float] = field(default_factory=list)
    intervals: list[float] = field(default_factory=list)


def bays_list() -> IoList:
    """The tags of 24 bays: those of the first bay in the rack's I/O list, 24 times."""
    with (config_directory() / "io" / "charging_rack_cr12.csv").open(newline="", encoding="utf-8") as file:
        first = [row for row in csv.DictReader(file) if row["tag"].startswith("BAY01_") and row["access"] == "r"]
    points = []
    for bay in range(BAYS):
        for row in first:
            at = RegisterAddress.parse(row["address"])
            bit = "" if at.bit < 0 else f".{at.bit}"
            low, high = (float(row[limit]) if row[limit] else None for limit in ("min", "max"))
            points.append(
                Point(
                    row["tag"].replace("BAY01", f"BAY{bay + 1:02d}"),
                    f"ir:{bay * PER_BAY + at.number - FIRST_OF_BAY}{bit}",
                    PointType.parse(row["type"]),
                    Access.READ,
                    ScanClass.NORMAL,
                    scale=float(row["scale"] or 1),
                    low=low,
                    high=high,
                )
            )
    # A bay's list ends before its 40th register; one more tag there makes the link read the same 8 × 120.
    last = [f"ir:{end - 1}" for end in range(BLOCK, REGISTERS + 1, BLOCK)]
    word = PointType.parse("u16")
    ends = [replace(points[0], tag=f"END{n}", address=at, type=word) for n, at in enumerate(last)]
    return IoList("24 bays", tuple(points + ends))


def run(quick: bool = False) -> Figures:
    """6 blocks of 40 scans a side and mode; quick: 2 blocks of 15."""
    blocks, scans = (2, 15) if quick else (6, 40)
    before = load()
    sides = asyncio.run(_measure(blocks, scans))
    return _figures(sides, [before, load()], quick=quick)


@contextmanager
def _plc() -> Iterator[int]:
    process = subprocess.Popen(
        (sys.executable, "-m", "benchmarks.scan_plc"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None and process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.stdin.close()
        process.wait()
        process.stdout.close()


async def _measure(blocks: int, scans: int) -> dict[tuple[str, int], _Side]:
    sides = {(who, mode): _Side() for mode in range(len(MODES)) for who in ("ours", "bare")}
    with _plc() as port:
        gc.collect()
        gc.freeze()
        for mode in range(len(MODES)):
            await _set_mode(port, mode)
            for _ in range(blocks):
                await _bare(port, scans, sides["bare", mode])
                await _ours(port, scans, sides["ours", mode])
    return sides


async def _set_mode(port: int, mode: int) -> None:
    client = AsyncModbusTcpClient("127.0.0.1", port=port)
    if not await client.connect():
        raise RuntimeError("the PLC of the benchmark takes no connection")
    await client.write_register(0, mode)
    client.close()


async def _bare(port: int, scans: int, side: _Side) -> None:
    """The shortest loop with pymodbus that reads the same blocks at the same deadlines."""
    client = AsyncModbusTcpClient("127.0.0.1", port=port, timeout=0.25, retries=0)
    if not await client.connect():
        raise RuntimeError("the PLC of the benchmark takes no connection")

    async def scan() -> None:
        for start in range(0, REGISTERS, BLOCK):
            reply = await client.read_input_registers(start, count=BLOCK)
            if reply.isError():
                raise RuntimeError(f"the PLC of the benchmark answered {reply}")

    await scan()
    due, ends = time.monotonic(), list[float]()
    before = time.process_time()
    for _ in range(scans):
        await scan()
        ends.append(time.monotonic())
        due += PERIOD
        await asyncio.sleep(due - time.monotonic())
    _note(side, time.process_time() - before, ends)
    client.close()


async def _ours(port: int, scans: int, side: _Side) -> None:
    """The link as the station uses it, and one listener."""
    link = ModbusTcpLink("rack", bays_list(), "127.0.0.1", port, periods=PERIODS)
    ends: list[float] = []
    before = 0.0
    enough = asyncio.Event()

    def listener(snapshot: LinkSnapshot) -> None:
        nonlocal before
        if snapshot.fault is not None:
            return
        if not ends:
            before = time.process_time()
        ends.append(time.monotonic())
        if len(ends) > scans:
            enough.set()

    link.on_scan(listener)
    task = asyncio.create_task(link.run())
    await enough.wait()
    _note(side, time.process_time() - before, ends[1:])
    block = link.snapshot.blocks[ScanClass.NORMAL]
    if link.snapshot.connection != 1 or len(block.values) < len(link.io) - BAYS:
        raise RuntimeError(f"the link did not read everything: {link.snapshot}")
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def _note(side: _Side, cpu: float, ends: list[float]) -> None:
    side.cpu_ms.append(1000 * cpu / len(ends))
    side.intervals += [1000 * (b - a) for a, b in pairwise(ends)]


def _figures(sides: dict[tuple[str, int], _Side], loads: list[float], *, quick: bool) -> Figures:
    rows, ratios = [], dict[str, float]()
    for mode, words in enumerate(MODES):
        cpu = {who: statistics.median(sides[who, mode].cpu_ms) for who in ("bare", "ours")}
        for who, name in (("bare", "bare pymodbus loop"), ("ours", "station-ctl link")):
            between = sides[who, mode].intervals
            figures = [statistics.median(between), percentile(between, 0.99), max(between)]
            rows.append([f"{name}, {words}", f"{cpu[who]:.2f}", *(f"{value:.1f}" for value in figures)])
        ratios[words] = cpu["ours"] / cpu["bare"]
    return {
        "title": f"One scan of {BAYS} bays × {PER_BAY} registers at 10 Hz ({REGISTERS // BLOCK} requests, ms)",
        "columns": ["", "CPU per scan", "interval p50", "p99", "max"],
        "rows": rows,
        "targets": [_target(MODES[JUDGED], ratios[MODES[JUDGED]], judged=not quick)],
        "notes": [
            "CPU over the bare loop's: "
            + "; ".join(f"{ratio:.2f} {words}" for words, ratio in ratios.items()),
            f"the link gives {len(bays_list())} tags, checked, scaled and judged for plausibility; the bare loop "
            "lists of registers, unchecked",
            "CPU of this process alone, median of blocks; the PLC is another process",
        ],
        "data": {
            "load": loads,
            "ratios": ratios,
            **{f"{who}, {MODES[mode]}": {"cpu_ms": side.cpu_ms} for (who, mode), side in sides.items()},
        },
    }


def _target(words: str, ratio: float, *, judged: bool) -> Target:
    return {
        "figure": f"CPU over the bare loop's, {words}",
        "found": f"{ratio:.2f}",
        "wanted": f"<= {WANTED_RATIO:g}",
        "met": ratio <= WANTED_RATIO if judged else None,
    }

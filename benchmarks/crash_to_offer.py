"""Crash to offer: kill -9 in the middle of a swap → started again → "resume or retreat?" with what the machine shows.

Knows the service's log. A service manager adds the pause that it is told to make; here the restart follows at once.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.figures import Figures, load
from benchmarks.start import floor
from station_ctl.cli.plant_process import PlantProcess, overrides

WANTED_S = 5.0
SPEED = 20.0
LINE_WITHIN = 60.0
OFFER = "resume-or-retreat"

STEPS = (30, 60, 80, 100, 120)
"""Steps in which the controller is killed: vehicle lifted, robot under it, bolts, spent pack, bolts again."""

AGAIN = 3
"""How often the service that has made its offer is killed and started again on the same half-done swap."""


def run(quick: bool = False) -> Figures:
    """Killed in each of five steps, and the service then three times more; quick: in one step, and once."""
    before = load()
    first, again, bare = asyncio.run(_measure((80,) if quick else STEPS, 1 if quick else AGAIN))
    middle, worst = statistics.median(first + again), max(first + again)
    rows = (
        ("killed while a device works", first),
        ("the service itself, killed again", again),
        ("floor: Python and the libraries", bare),
    )
    return {
        "title": "Crash to offer: kill -9 in a swap → restarted → resume or retreat? (s)",
        "columns": ["", "kills", "median", "max"],
        "rows": [[name, str(len(s)), f"{statistics.median(s):.2f}", f"{max(s):.2f}"] for name, s in rows],
        "targets": [
            {
                "figure": "crash to offer, slowest",
                "found": f"{worst:.2f} s",
                "wanted": f"<= {WANTED_S:g} s",
                "met": None if quick else worst <= WANTED_S,
            }
        ],
        "notes": [
            f"offer / floor: {middle / statistics.median(bare):.1f}; above it: configuration, journal, first scans",
            "a service manager's pause before the restart comes on top",
        ],
        "data": {"first": first, "again": again, "floor": bare, "load": [before, load()]},
    }  # fmt: skip


async def _measure(steps: tuple[int, ...], again: int) -> tuple[list[float], list[float], list[float]]:
    first, more, bare = list[float](), list[float](), list[float]()
    for step in steps:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            plant = await PlantProcess.start(Path(folder), speed=SPEED, seed=1)
            try:
                told = overrides(plant.endpoints, speed=SPEED, journal=Path(folder) / "journal.sqlite")
                victim = await _swapping(plant, told, step)
                for trial in range(1 + again):
                    killed_at = time.monotonic()
                    victim.kill()
                    victim = await _service(told)
                    await _until(victim, lambda line: line.get("event") == OFFER)
                    (more if trial else first).append(time.monotonic() - killed_at)
                    bare.append(await floor())
                victim.kill()
                await victim.communicate()
            finally:
                await plant.end()
    return first, more, bare


async def _swapping(plant: PlantProcess, told: dict[str, Any], step: int) -> asyncio.subprocess.Process:
    """A controller in the middle of a swap; nothing of a benchmark is in its process."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "hil_tests.controller_process", "begin", json.dumps(told),
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    await _until(process, lambda line: bool(line.get("ready")))
    await plant.ask(cmd="vehicle")
    await _until(process, lambda line: line.get("step") == step)
    return process


async def _service(told: dict[str, Any]) -> asyncio.subprocess.Process:
    words = [word for name, value in told.items() for word in ("--set", f"{name}={value}")]
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "station_ctl", "run", "--station", "sim_passenger_car", *words,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip


async def _until(process: asyncio.subprocess.Process, happened: Any) -> None:
    """Read lines until one is it. Raises RuntimeError if the process ends before, TimeoutError."""
    assert process.stdout is not None
    while True:
        async with asyncio.timeout(LINE_WITHIN):
            line = await process.stdout.readline()
        if not line:
            raise RuntimeError("the program ended before its time; its reason stands above")
        if happened(json.loads(line)):
            return

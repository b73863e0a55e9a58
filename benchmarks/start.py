"""Start to ready: seconds from the start of the process `station-ctl run` until every link of the station is scanned.

Knows the service's log. The floor is a Python that imports the protocol and configuration libraries, and nothing else.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.figures import Figures, load
from station_ctl.cli.plant_process import PlantProcess, overrides

WANTED_S = 2.0
READY_WITHIN = 30.0
LIBRARIES = (
    "import asyncio, asyncua, click, pydantic, pymodbus.client, ruamel.yaml, serial, structlog, transitions"
)


def run(quick: bool = False) -> Figures:
    """15 starts and 15 of the floor, in turn; quick: 3. The first start of a new checkout also compiles."""
    before = load()
    starts, engines, floor = asyncio.run(_measure(3 if quick else 15))
    middle = statistics.median(starts)
    return {
        "title": "Start of the process to all links scanned (s)",
        "columns": ["", "starts", "median", "max"],
        "rows": [
            [name, str(len(s)), f"{statistics.median(s):.2f}", f"{max(s):.2f}"]
            for name, s in (
                ("station-ctl run, ready", starts),
                ("of that, links and engine", engines),
                ("floor: Python and the libraries", floor),
            )
        ],
        "targets": [
            {
                "figure": "start to ready, median",
                "found": f"{middle:.2f} s",
                "wanted": f"<= {WANTED_S:g} s",
                "met": middle <= WANTED_S,
            }
        ],
        "notes": [
            "ready is looked for every 0.1 s by the service itself, and told after a collection of memory"
        ],
        "data": {"starts": starts, "engines": engines, "floor": floor, "load": [before, load()]},
    }


async def _measure(times: int) -> tuple[list[float], list[float], list[float]]:
    starts, engines, floor = [], [], []
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        plant = await PlantProcess.start(Path(folder), speed=1.0, seed=1)
        try:
            for number in range(times):
                journal = Path(folder) / f"journal-{number}.sqlite"
                ready, engine = await _start(overrides(plant.endpoints, speed=1.0, journal=journal))
                starts.append(ready)
                engines.append(engine)
                floor.append(await floor())
        finally:
            await plant.end()
    return starts, engines, floor


async def _start(settings: dict[str, str | float]) -> tuple[float, float]:
    """Seconds until the service says that it is ready, and how many of them it counted itself."""
    words = [word for name, value in settings.items() for word in ("--set", f"{name}={value}")]
    began = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "station_ctl", "run", "--new-journal", "--station", "sim_passenger_car", *words,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        async with asyncio.timeout(READY_WITHIN):
            async for line in process.stdout:
                event = json.loads(line)
                if event["event"] == "ready":
                    return time.monotonic() - began, float(event["after_s"])
        raise RuntimeError("station-ctl run ended before it was ready; its reason stands above")
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()


async def floor() -> float:
    """Seconds for a Python that imports the libraries and ends."""
    began = time.monotonic()
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", LIBRARIES)
    if await process.wait():
        raise RuntimeError("the libraries cannot be imported")
    return time.monotonic() - began

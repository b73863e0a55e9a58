"""A station day in virtual time: how long 480 swaps take. `day_growth` tells how that grows.

Runs the real engine, reception and charging on the plant. Knows nothing of how virtual time is made.
"""

from __future__ import annotations

import random
import time
from typing import Any

from benchmarks.day_runs import Case, mean, run_case, unsafe
from benchmarks.figures import Figures, load
from hil_tests.virtual.__main__ import RATE
from hil_tests.virtual.day import DAY_S
from station_ctl.cli.arrivals import ArrivalDay

WANTED_S = 60.0
QUICK = 10
"""A quick run has a tenth of the vehicles in a tenth of the day."""

VEHICLES, BAYS = 480, 24
STATIONS = {12: "bays12", 24: "packs23", 48: "bays48"}
COLUMNS = ["bays", "vehicles", "served", "wall s", "CPU s", "ms a swap", "mean wait min", "lost, unsafe"]


def run(quick: bool = False) -> Figures:
    """One day of 480 vehicles at 24 bays."""
    before, whole = load(), one(BAYS, VEHICLES, quick=quick)
    return {
        "title": f"A station day in virtual time: {whole['served']} vehicles in {whole['wall_s']:.1f} s",
        "columns": COLUMNS,
        "rows": [row(whole)],
        "targets": [
            {
                "figure": f"{VEHICLES} swaps in one day", "wanted": f"≤ {WANTED_S:g} s wall",
                "found": f"{whole['wall_s']:.1f} s wall, {whole['cpu_s']:.1f} s CPU",
                "met": None if quick else whole["wall_s"] <= WANTED_S and whole["served"] == VEHICLES,
            },
            nothing_wrong([whole]),
        ],
        "notes": [
            f"{RATE:g} plant seconds per second of virtual time; journal: SQLite, WAL, synchronous=FULL, in memory "
            "where /dev/shm exists, else on the disk.",
            f"Load before {before}, after {load()}. One core is used.",
        ],
        "data": whole,
    }  # fmt: skip


def one(bays: int, vehicles: int, *, quick: bool) -> dict[str, Any]:
    """So many vehicles on one day at so many bays, and what that cost in wall and processor seconds."""
    rng, shorter = random.Random(vehicles), QUICK if quick else 1
    arrivals = tuple(rng.uniform(0.0, DAY_S / shorter) for _ in range(vehicles // shorter))
    # What happens after the last second of the day is no part of its cost.
    case = Case(STATIONS[bays], ArrivalDay(f"{vehicles}", arrivals), until_s=DAY_S / shorter - 1.0)
    wall, cpu = time.perf_counter(), time.process_time()
    report = run_case(case)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {
        "bays": bays, "vehicles": vehicles, "arrived": report.arrived, "served": len(report.waits_s), "wall_s": wall,
        "cpu_s": cpu, "wait_mean_min": mean(report.waits_s) / 60, "unsafe": unsafe(report),
        "stopped": report.stopped, "orders": report.orders,
    }  # fmt: skip


def row(day: dict[str, Any]) -> list[str]:
    """One line of the table."""
    return [
        f"{day['bays']}", f"{day['arrived']}", f"{day['served']}", f"{day['wall_s']:.1f}", f"{day['cpu_s']:.1f}",
        f"{1000 * day['cpu_s'] / max(day['served'], 1):.0f}", f"{day['wait_mean_min']:.1f}", f"{day['unsafe']}",
    ]  # fmt: skip


def nothing_wrong(days: list[dict[str, Any]]) -> Any:
    """The target that no figure may miss."""
    wrong = sum(day["unsafe"] for day in days)
    return {"figure": "wrong packs, unsafe orders, stops", "found": f"{wrong}", "wanted": "0", "met": wrong == 0}

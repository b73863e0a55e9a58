"""A station day in virtual time: how long 480 swaps take, and how the cost grows with bays and vehicles.

Runs the real engine, reception and charging on the plant. Knows nothing of how virtual time is made.
"""

from __future__ import annotations

import random
import time
from typing import Any

from benchmarks.figures import Figures, load
from hil_tests.virtual.__main__ import RATE, one_day
from station_ctl import logs
from station_ctl.build import PARTS
from station_ctl.config import load_station
from station_ctl.paths import config_directory

WANTED_S = 60.0
LINEAR = 2.2
"""Twice the bays or vehicles may cost so many times as much: twice, and a tenth for caches."""

DAY_S = 86_400.0
QUICK = 10
"""A quick run has a tenth of the vehicles in a tenth of the day."""

VEHICLES = (120, 240, 480)
STATIONS = {12: "bays12", 24: "packs23", 48: "bays48"}
COMPARED = 240
"""Vehicles of the days that compare sizes: the smallest station passes no more without long waits."""


def run(quick: bool = False) -> Figures:
    """One day for each number of vehicles at 24 bays, and one for each number of bays."""
    logs.configure(level="critical")
    cases = [(24, n) for n in VEHICLES] + [(bays, COMPARED) for bays in STATIONS if bays != 24]
    before, found = load(), [_day(bays, n, quick=quick) for bays, n in cases]
    by_case = {(day["bays"], day["vehicles"]): day for day in found}
    whole = by_case[24, VEHICLES[-1]]
    return {
        "title": f"A station day in virtual time: {whole['vehicles']} vehicles in {whole['wall_s']:.1f} s",
        "columns": ["bays", "vehicles", "served", "wall s", "CPU s", "ms a swap", "mean wait min", "lost", "unsafe"],
        "rows": [_row(day) for day in found],
        "targets": _targets(by_case, whole, quick=quick),
        "notes": [
            f"{RATE:g} plant seconds per second of virtual time; journal: SQLite, WAL, synchronous=FULL, in memory "
            "where /dev/shm exists, else on the disk.",
            f"Load before {before}, after {load()}. One core is used. Ratios are of CPU time.",
        ],
        "data": {"days": found},
    }  # fmt: skip


def _day(bays: int, vehicles: int, *, quick: bool) -> dict[str, Any]:
    path = config_directory() / "stations" / "day" / f"{STATIONS[bays]}.yaml"
    config = load_station(path, {"clock.process_rate": RATE}, PARTS)
    rng, shorter = random.Random(vehicles), QUICK if quick else 1
    arrivals = [rng.uniform(0.0, DAY_S / shorter) for _ in range(vehicles // shorter)]
    wall, cpu = time.perf_counter(), time.process_time()
    report = one_day(config, {"seed": 1}, f"{vehicles}", arrivals, until_s=DAY_S / shorter)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    waits = report.waits_s
    return {
        "bays": bays, "vehicles": vehicles, "arrived": report.arrived, "served": len(waits), "wall_s": wall,
        "cpu_s": cpu, "wait_mean_min": sum(waits) / max(len(waits), 1) / 60, "custody_errors": len(report.custody),
        "monitor_violations": len(report.violations), "stopped": report.stopped, "orders": report.orders,
    }  # fmt: skip


def _row(day: dict[str, Any]) -> list[str]:
    return [
        f"{day['bays']}", f"{day['arrived']}", f"{day['served']}", f"{day['wall_s']:.1f}", f"{day['cpu_s']:.1f}",
        f"{1000 * day['cpu_s'] / max(day['served'], 1):.0f}", f"{day['wait_mean_min']:.1f}",
        f"{day['custody_errors']}", f"{day['monitor_violations']}",
    ]  # fmt: skip


def _targets(days: dict[tuple[int, int], dict[str, Any]], whole: dict[str, Any], *, quick: bool) -> list[Any]:
    def ratio(more: tuple[int, int], less: tuple[int, int], what: str) -> dict[str, Any]:
        found = days[more]["cpu_s"] / days[less]["cpu_s"]
        return {
            "figure": f"CPU of {what}", "found": f"{found:.2f} times", "wanted": f"≤ {LINEAR:g} times",
            "met": None if quick else found <= LINEAR,
        }  # fmt: skip

    wrong = sum(d["custody_errors"] + d["monitor_violations"] + bool(d["stopped"]) for d in days.values())
    return [
        {
            "figure": "480 swaps in one day", "found": f"{whole['wall_s']:.1f} s wall, {whole['cpu_s']:.1f} s CPU",
            "wanted": f"≤ {WANTED_S:g} s wall", "met": None if quick else whole["wall_s"] <= WANTED_S,
        },
        ratio((24, 240), (24, 120), "240 vehicles against 120"),
        ratio((24, 480), (24, 240), "480 vehicles against 240"),
        ratio((24, 240), (12, 240), "24 bays against 12"),
        ratio((48, 240), (24, 240), "48 bays against 24"),
        {"figure": "wrong packs, unsafe orders, stops", "found": f"{wrong}", "wanted": "0", "met": wrong == 0},
    ]  # fmt: skip

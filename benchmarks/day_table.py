"""Waits of three station sizes on recorded days: the real engine beside published figures of a capacity model.

Reads the days where they lie, beside the checkout. Knows the published table; explains nothing (README.md does).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.figures import Figures, load
from hil_tests.virtual.__main__ import RATE, one_day
from station_ctl import logs
from station_ctl.build import PARTS
from station_ctl.cli.arrivals import ArrivalDay, read_arrivals
from station_ctl.config import load_station
from station_ctl.paths import config_directory

ARRIVALS = Path(__file__).resolve().parents[2] / "shared" / "data" / "arrivals"
PUBLISHED = {"gen2": (7.5, 25.6, 0.58), "gen3_a": (2.0, 7.9, None), "packs23": (0.6, 2.6, None)}
"""Mean and p95 wait (min) and hours starved a day on 30 urban days: a model with one lane, highest charge first."""

QUICK_DAYS = 2


def run(quick: bool = False) -> Figures:
    """All urban days at every station; quick: two of them."""
    logs.configure(level="critical")
    paths = sorted(ARRIVALS.glob("urban_*.txt")) if ARRIVALS.is_dir() else []
    days = read_arrivals(paths[:QUICK_DAYS] if quick else paths)
    before = load()
    found = [_station(name, days) for name in PUBLISHED] if days else []
    notes = [
        f"{len(days)} recorded urban days; published figures: 30 days. Load before {before}, after {load()}.",
        "A wait ends when reception of the vehicle begins. Why the figures differ: README.md, “A station day”.",
    ]
    if not days:
        notes = [f"SKIPPED: there are no recorded days in {ARRIVALS}"]
    return {
        "title": f"Waits on {len(days)} recorded urban days",
        "columns": ["station", "served", "mean min", "published", "p95 min", "published", "starved h/day", "published"],
        "rows": [_row(each) for each in found],
        "targets": _targets(found),
        "notes": notes,
        "data": {"stations": found},
    }  # fmt: skip


def _station(name: str, days: list[ArrivalDay]) -> dict[str, Any]:
    config = load_station(
        config_directory() / "stations" / "day" / f"{name}.yaml", {"clock.process_rate": RATE}, PARTS
    )
    reports = [one_day(config, {"seed": 1}, day.name, list(day.seconds)) for day in days]
    waits = sorted(wait / 60 for report in reports for wait in report.waits_s)
    busy = [seconds / 60 for report in reports for seconds in report.busy_s]
    return {
        "station": name, "days": len(days), "arrived": sum(r.arrived for r in reports), "served": len(waits),
        "mean": sum(waits) / len(waits), "p95": waits[-(-95 * len(waits) // 100) - 1],
        "starved_h": sum(r.starved_s for r in reports) / 3600 / len(days), "swap_min": sum(busy) / len(busy),
        "energy_kwh": sum(r.energy_kwh for r in reports) / len(days), "peak_kw": max(r.peak_kw for r in reports),
        "wrong": sum(len(r.custody) + len(r.violations) + bool(r.stopped) for r in reports),
    }  # fmt: skip


def _row(each: dict[str, Any]) -> list[str]:
    mean, p95, starved = PUBLISHED[each["station"]]
    return [
        each["station"], f"{each['served']} of {each['arrived']}", f"{each['mean']:.1f}", f"{mean:.1f}",
        f"{each['p95']:.1f}", f"{p95:.1f}", f"{each['starved_h']:.2f}", "" if starved is None else f"{starved:.2f}",
    ]  # fmt: skip


def _targets(found: list[dict[str, Any]]) -> list[Any]:
    wrong = sum(each["wrong"] for each in found)
    return [
        {
            "figure": "wrong packs, unsafe orders, stops", "found": f"{wrong}", "wanted": "0",
            "met": wrong == 0 if found else None,
        }
    ]  # fmt: skip

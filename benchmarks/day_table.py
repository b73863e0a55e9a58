"""Waits of three station sizes on recorded days: the real engine beside published figures of a capacity model.

Reads the days where they lie, beside the checkout. Knows the published table; explains nothing (README.md does).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks.day_runs import ARRIVALS, Case, mean, p95, recorded, run_cases, unsafe
from benchmarks.figures import Figures, load
from hil_tests.virtual.day import DAY_S, DayReport

PUBLISHED = {"gen2": (7.5, 25.6, 0.58), "gen3_a": (2.0, 7.9, None), "packs23": (0.6, 2.6, None)}
"""Mean and p95 wait (min) and hours starved a day on 30 urban days: a model with one lane, highest charge first."""

QUICK_DAYS = 2


def run(quick: bool = False) -> Figures:
    """All urban days at every station; quick: two of them."""
    days = recorded()[: QUICK_DAYS if quick else None]
    before = load()
    # Waits are over at midnight: what is charged later is no part of them.
    cases = [Case(name, day, until_s=DAY_S - 1.0) for name in PUBLISHED for day in days]
    reports = run_cases(cases)
    found = [_station(name, reports[k * len(days) :][: len(days)]) for k, name in enumerate(PUBLISHED)] if days else []
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


def _station(name: str, reports: Sequence[DayReport]) -> dict[str, Any]:
    waits = [wait / 60 for report in reports for wait in report.waits_s]
    busy = [seconds / 60 for report in reports for seconds in report.busy_s]
    return {
        "station": name, "days": len(reports), "arrived": sum(r.arrived for r in reports), "served": len(waits),
        "mean": mean(waits), "p95": p95(waits), "swap_min": mean(busy),
        "starved_h": sum(r.starved_s for r in reports) / 3600 / len(reports),
        "energy_kwh": sum(r.energy_kwh for r in reports) / len(reports), "peak_kw": max(r.peak_kw for r in reports),
        "wrong": sum(unsafe(r) for r in reports),
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

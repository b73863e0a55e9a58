"""Waits of three station sizes on recorded days: the real engine beside published figures, and what lies between.

Reads the days where they lie, beside the checkout. What differs is taken into the capacity model one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

from benchmarks.capacity_model import Capacity, Waits, month
from benchmarks.day_runs import ARRIVALS, Case, mean, p95, recorded, run_cases, unsafe
from benchmarks.figures import Figures, load
from hil_tests.virtual.day import DAY_S, DayReport
from station_ctl.cli.arrivals import ArrivalDay

PUBLISHED = {"gen2": (7.5, 25.6, 0.58), "gen3_a": (2.0, 7.9, None), "packs23": (0.6, 2.6, None)}
"""Mean and p95 wait (min) and hours starved a day on 30 urban days: a model with one lane, highest charge first."""

AS_PUBLISHED = {
    "gen2": Capacity(13, 40, 6.5 * 60.0, ((1, 1),) * 14),
    "gen3_a": Capacity(20, 60, 4.5 * 60.0, ((21, 10),)),
    "packs23": Capacity(23, 60, 2.4 * 60.0, ((1, 1),) * 24),
}
"""What is said of the published model: the spent pack charges at once, and any ten of twenty packs have the modules."""

PAIRS = ((2, 1),) * 5
NEIGHBOURS = {"gen3_a": (*PAIRS, (1, 1), *PAIRS)}
"""Our station has a module for each two neighbours."""

QUICK_DAYS = 2
LEFT_MIN, LEFT_SHARE = 0.3, 0.1
"""The model explains the engine's mean wait to within so many minutes, or so much of it, whichever is more."""


def run(quick: bool = False) -> Figures:
    """All urban days at every station; quick: two of them."""
    every = recorded()
    days = every[: QUICK_DAYS if quick else None]
    before = load()
    # Waits are over at midnight: what is charged later is no part of them.
    cases = [Case(name, day, until_s=DAY_S - 1.0) for name in PUBLISHED for day in days]
    reports = run_cases(cases)
    found = [
        _station(name, reports[k * len(days) :][: len(days)], days, every)
        for k, name in enumerate(PUBLISHED if days else ())
    ]
    notes = [
        f"{len(days)} recorded urban days of {len(every)} here; published figures: 30 days. "
        f"Load before {before}, after {load()}.",
        "A wait ends when reception of the vehicle begins. Each line of the model has all that stands above it.",
    ]
    if not days:
        notes = [f"SKIPPED: there are no recorded days in {ARRIVALS}"]
    return {
        "title": f"Waits on {len(days)} recorded urban days",
        "columns": ["station", "served", "mean min", "adds", "p95 min", "starved h/day"],
        "rows": [row for each in found for row in _rows(each)],
        "targets": _targets(found),
        "notes": notes,
        "data": {"stations": found},
    }  # fmt: skip


def _station(
    name: str, reports: Sequence[DayReport], days: Sequence[ArrivalDay], every: Sequence[ArrivalDay]
) -> dict[str, Any]:
    engine = Waits([wait / 60 for report in reports for wait in report.waits_s])
    engine.starved_h = sum(r.starved_s for r in reports) / 3600 / len(reports)
    busy_s = mean([seconds for report in reports for seconds in report.busy_s])
    cleared_s = mean([seconds for report in reports for seconds in report.cleared_s])
    parts = _parts(name, days, every, busy_s, cleared_s)
    return {
        "station": name, "days": len(reports), "arrived": sum(r.arrived for r in reports), "swap_min": busy_s / 60,
        "cleared_s": cleared_s, "engine": _figures(engine), "parts": [(what, _figures(w)) for what, w in parts],
        "energy_kwh": sum(r.energy_kwh for r in reports) / len(reports), "peak_kw": max(r.peak_kw for r in reports),
        "wrong": sum(unsafe(r) for r in reports),
    }  # fmt: skip


def _parts(
    name: str, days: Sequence[ArrivalDay], every: Sequence[ArrivalDay], busy_s: float, cleared_s: float
) -> list[tuple[str, Waits]]:
    """The published model, and then with one thing after the other as it is at our station."""
    station = AS_PUBLISHED[name]
    parts = [(f"model as published, {len(every)} days", month(station, every))]
    if len(days) < len(every):
        parts.append((f"only these {len(days)} days", month(station, days)))
    station = replace(station, swap_s=busy_s)
    parts.append((f"the lane is taken for {busy_s / 60:.2f} min", month(station, days)))
    if name in NEIGHBOURS:
        station = replace(station, groups=NEIGHBOURS[name], ready_last=True)
        parts.append(("one module for two neighbours", month(station, days)))
    station = replace(station, back_s=busy_s)
    parts.append(("spent pack stored when its vehicle has gone", month(station, days)))
    station = replace(station, back_s=busy_s + cleared_s)
    parts.append((f"and charged {cleared_s:.0f} s later, when it is cleared", month(station, days)))
    return parts


def _figures(waits: Waits) -> dict[str, Any]:
    minutes = waits.minutes
    return {"served": len(minutes), "mean": mean(minutes), "p95": p95(minutes), "starved_h": waits.starved_h}


def _rows(each: dict[str, Any]) -> list[list[str]]:
    mean_min, p95_min, starved = PUBLISHED[each["station"]]
    rows = [[f"{each['station']}, published, 30 days", "", f"{mean_min:.1f}", "", f"{p95_min:.1f}", _hours(starved)]]
    steps = [*each["parts"], ("real engine", each["engine"])]
    first, published = steps[0]
    rows.append(_row(first, published, None))
    rows += [_row(what, now, was["mean"]) for (_, was), (what, now) in pairwise(steps)]
    return rows


def _row(what: str, figures: dict[str, Any], before: float | None) -> list[str]:
    return [
        f"  {what}", f"{figures['served']}", f"{figures['mean']:.2f}",
        "" if before is None else f"{figures['mean'] - before:+.2f}",
        f"{figures['p95']:.1f}", _hours(figures["starved_h"]),
    ]  # fmt: skip


def _hours(starved: float | None) -> str:
    return "" if starved is None else f"{starved:.2f}"


def _targets(found: list[dict[str, Any]]) -> list[Any]:
    wrong = sum(each["wrong"] for each in found)
    targets: list[Any] = [
        {
            "figure": "wrong packs, unsafe orders, stops", "found": f"{wrong}", "wanted": "0",
            "met": wrong == 0 if found else None,
        }
    ]  # fmt: skip
    for each in found:
        engine, model = each["engine"]["mean"], each["parts"][-1][1]["mean"]
        most = max(LEFT_MIN, LEFT_SHARE * model)
        targets.append({
            "figure": f"{each['station']}: mean wait that the model does not explain",
            "found": f"{engine - model:+.2f} min", "wanted": f"≤ {most:.2f} min", "met": abs(engine - model) <= most,
        })  # fmt: skip
    return targets

"""How the cost of a station day grows: twice the vehicles, twice the bays.

Knows which days are compared. How one is run is in day.py.
"""

from __future__ import annotations

from typing import Any

from benchmarks.day import BAYS, COLUMNS, STATIONS, VEHICLES, nothing_wrong, one, row
from benchmarks.figures import Figures, load

LINEAR = 2.2
"""Twice the bays or vehicles may cost so many times as much: twice, and a tenth for caches."""

COMPARED = 240
"""Vehicles of the days that compare sizes: the smallest station passes no more without long waits."""


def run(quick: bool = False) -> Figures:
    """One day for each number of vehicles at 24 bays, and one for each number of bays."""
    cases = [(BAYS, n) for n in (120, COMPARED, VEHICLES)] + [(bays, COMPARED) for bays in STATIONS if bays != BAYS]
    before, found = load(), [one(bays, n, quick=quick) for bays, n in cases]
    by_case = {(day["bays"], day["vehicles"]): day for day in found}
    pairs = [((24, 240), (24, 120)), ((24, 480), (24, 240)), ((24, 240), (12, 240)), ((48, 240), (24, 240))]
    return {
        "title": "What a station day costs in virtual time, by vehicles and bays",
        "columns": COLUMNS,
        "rows": [row(day) for day in found],
        "targets": [*(_ratio(by_case, more, less, quick=quick) for more, less in pairs), nothing_wrong(found)],
        "notes": [f"Load before {before}, after {load()}. One core is used. Ratios are of CPU time."],
        "data": {"days": found},
    }


def _ratio(
    days: dict[tuple[int, int], dict[str, Any]], more: tuple[int, int], less: tuple[int, int], *, quick: bool
) -> Any:
    found = days[more]["cpu_s"] / days[less]["cpu_s"]
    at = 0 if more[0] != less[0] else 1
    what = ("bays", "vehicles")[at]
    return {
        "figure": f"CPU of {more[at]} {what} against {less[at]}", "found": f"{found:.2f} times",
        "wanted": f"≤ {LINEAR:g} times", "met": None if quick else found <= LINEAR,
    }  # fmt: skip

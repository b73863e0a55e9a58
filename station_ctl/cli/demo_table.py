"""The demo's result for a person: a table of steps, the figures, where every pack is, what the monitor saw.

Knows rich. Does not measure anything.
"""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

from station_ctl.cli.demo_report import DemoReport


def print_report(report: DemoReport, console: Console) -> None:
    """Print everything a demo ends with."""
    data = report.data()
    for swap in data["swaps"]:
        console.print(_steps(swap))
        if swap["swap_s"] is not None:
            share = swap["controller_share"] * 100
            console.print(
                f"Swap {swap['id']}: {swap['result']}; {swap['swap_s']:.1f} s from the entry to the empty bay; "
                f"critical path of the machine {swap['critical_path_s']:.1f} s; controller's share {share:.2f} %"
            )
            console.print(f"  spent pack {swap['spent_pack']} out, charged pack {swap['fresh_pack']} in\n")
    _print_custody(report, console)
    _print_outcome(report, data, console)


def _steps(swap: dict[str, Any]) -> Table:
    table = Table(title=f"Swap {swap['id']}", title_justify="left", pad_edge=False, box=None)
    for name, right in (
        ("step", True),
        ("", False),
        ("lane", False),
        ("begins", True),
        ("plan s", True),
        ("actual s", True),
        ("", False),
        ("result", False),
    ):
        table.add_column(name, justify="right" if right else "left")
    ends = [s["ended_s"] for s in swap["steps"] if s["ended_s"] is not None]
    total = max(ends, default=1.0)
    for step in swap["steps"]:
        took = (
            step["ended_s"] - step["started_s"]
            if step["ended_s"] is not None and step["started_s"] is not None
            else None
        )
        begins = "" if step["started_s"] is None else f"{step['started_s']:.1f}"
        table.add_row(
            str(step["no"]), f"{step['chapter']:<3} {step['text']}", step["lane"], begins, f"{step['planned_s']:.0f}",
            "" if took is None else f"{took:.1f}", _bar(step, total), step["result"],
        )  # fmt: skip
    return table


def _bar(step: dict[str, Any], total: float, width: int = 30) -> str:
    if step["started_s"] is None:
        return ""
    begin = int(step["started_s"] / total * width)
    end = step["ended_s"] if step["ended_s"] is not None else total
    return " " * begin + "━" * max(1, round((end - step["started_s"]) / total * width))


def _print_custody(report: DemoReport, console: Console) -> None:
    resting = [f"{c.place} {pack}" for pack, c in report.ledger if not c.moving]
    console.print(f"Custody: {len(report.ledger)} packs in the station")
    for line in sorted(resting):
        console.print(f"  {line}", highlight=False)
    for pack, custody in report.ledger:
        if custody.moving:
            console.print(f"  {pack} {custody}", style="bold")
    for error in report.custody_errors():
        console.print(f"  CUSTODY ERROR {error}", style="bold red")


def _print_outcome(report: DemoReport, data: dict[str, Any], console: Console) -> None:
    for trip in data["trips"]:
        mark = "first-out: " if trip["first_out"] else "then:      "
        console.print(f"{mark}{trip['code']} {trip['text']}", highlight=False, markup=False)
    if report.refused:
        console.print(
            f"Refused, nothing was moved for this vehicle: {report.refused}", highlight=False, markup=False
        )
    violations = data["monitor"]["violations"]
    console.print(
        f"Safety monitor of the plant: {data['monitor']['orders']} orders judged, {len(violations)} violations"
    )
    for violation in violations:
        console.print(f"  {violation}", style="bold red", markup=False)

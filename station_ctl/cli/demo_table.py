"""The demo's result for a person: a table of steps, the figures, where every pack is, what the monitor saw.

Knows rich. Does not measure anything.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from station_ctl.cli.demo_report import DemoReport

NOT_A_TERMINAL = 150
"""Columns of the table in a file or a pipe, so that nothing is cut there."""

LONGEST, SHORTEST = 60, 12
"""Columns of a step's text: it gives way on a narrow terminal, the figures never do."""

PICTURE = 134
"""Columns of the picture."""

COLOURS = {"proven": "green", "stopped": "red", "failed": "red"}
FIGURES = {"lane": 8, "begins": 6, "plan": 4, "actual": 6}


def print_report(report: DemoReport, console: Console) -> None:
    """Print everything a demo ends with."""
    if not console.is_terminal:
        console.width = max(console.width, NOT_A_TERMINAL)
    data = report.data()
    for swap in data["swaps"]:
        console.print(_steps(swap, console.width))
        if swap["swap_s"] is not None:
            share = swap["controller_share"] * 100
            for line in (
                f"Swap {swap['id']}: {swap['result']}; {swap['swap_s']:.1f} s from the entry to the empty bay",
                # What we need is wall time, and a fast plant's seconds are shorter: the share grows with the speed.
                f"  critical path of the machine {swap['critical_path_s']:.1f} s; "
                f"controller's share {share:.2f} % at speed {data['speed']:g}",
                *(f"  spent pack {spent} out, charged pack {fresh} in" for spent, fresh in _exchanged(swap)),
                "",
            ):
                console.print(line, highlight=False)
    _print_custody(report, console)
    _print_outcome(report, data, console)


def report_svg(report: DemoReport, title: str) -> str:
    """The same as a picture that needs nothing from elsewhere: the reader's own fixed-width font."""
    console = Console(record=True, width=PICTURE, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    print_report(report, console)
    return re.sub(r"@font-face \{.*?\}\s*", "", console.export_svg(title=title), flags=re.DOTALL)


def _steps(swap: dict[str, Any], columns: int) -> Table:
    bar = 30 if columns >= 130 else 20 if columns >= 100 else 10
    result = max(len(step["result"]) for step in swap["steps"])
    spoken_for = 4 + 3 + sum(FIGURES.values()) + bar + result + 4 + len(FIGURES)
    text = max(SHORTEST, min(LONGEST, columns - spoken_for))
    title = f"Swap {swap['id']}, seconds of the machine's clock"
    table = Table(
        title=title, title_justify="left", title_style="bold", pad_edge=False, box=None, collapse_padding=True
    )
    table.add_column("step", justify="right", width=4, no_wrap=True)
    table.add_column("", width=3, no_wrap=True)
    table.add_column("", width=text, no_wrap=True, overflow="ellipsis")
    for name, width in FIGURES.items():
        table.add_column(name, justify="left" if name == "lane" else "right", width=width, no_wrap=True)
    table.add_column("", width=bar, no_wrap=True, style="cyan")
    table.add_column("result", width=result, no_wrap=True)
    total = max((s["ended_s"] for s in swap["steps"] if s["ended_s"] is not None), default=1.0)
    for step in swap["steps"]:
        begins, ended = step["started_s"], step["ended_s"]
        took = ended - begins if ended is not None and begins is not None else None
        table.add_row(
            str(step["no"]), step["chapter"], step["text"], step["lane"], _number(begins), f"{step['planned_s']:.0f}",
            _number(took), _bar(step, total, bar), Text(step["result"], COLOURS.get(step["result"], "")),
        )  # fmt: skip
    return table


def _number(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.1f}"


def _bar(step: dict[str, Any], total: float, width: int) -> str:
    began: float | None = step["started_s"]
    if began is None:
        return ""
    end: float = step["ended_s"] if step["ended_s"] is not None else total
    first = min(int(began / total * width), width - 1)
    return " " * first + "━" * max(1, round((end - began) / total * width))


def _exchanged(swap: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield swap["spent_pack"], swap["fresh_pack"]
    yield from ((further["spent"], further["fresh"]) for further in swap.get("further_packs", ()))


def _print_custody(report: DemoReport, console: Console) -> None:
    console.print(f"Custody: {len(report.ledger)} packs in the station", highlight=False)
    places = {c.place: pack for pack, c in report.ledger if not c.moving}
    # Bays have names of one length and stand side by side; a longer name does not pull them apart.
    for _, names in groupby(sorted(places, key=lambda place: (len(place), place)), key=len):
        entries = [f"{place} {places[place]}" for place in names]
        cell = max(map(len, entries)) + 3
        beside = max(1, (console.width - 2) // cell)
        for i in range(0, len(entries), beside):
            line = "".join(f"{entry:<{cell}}" for entry in entries[i : i + beside])
            console.print(f"  {line.rstrip()}", highlight=False, markup=False)
    for pack, custody in report.ledger:
        if custody.moving:
            console.print(f"  {pack} {custody}", style="bold", highlight=False, markup=False)
    for error in report.custody_errors():
        console.print(f"  CUSTODY ERROR {error}", style="bold red", highlight=False, markup=False)


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
        f"Safety monitor of the plant: {data['monitor']['orders']} orders judged, {len(violations)} violations",
        highlight=False,
    )
    for violation in violations:
        console.print(f"  {violation}", style="bold red", highlight=False, markup=False)

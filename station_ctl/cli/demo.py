"""`station-ctl demo`: swaps on the simulated station that comes with this program.

Knows options and exit codes. The demo itself is in demo_run.py.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
from pathlib import Path

import click

from station_ctl.cli.demo_faults import FAULTS, NAMES
from station_ctl.cli.envelope import about_simulated, json_option, print_result
from station_ctl.cli.specimen import model_option
from station_ctl.core.errors import Exit, NotFound


@click.command()
@click.option(
    "--swaps",
    default=1,
    show_default=True,
    type=click.IntRange(1, 1000),
    help="Vehicles to serve, one after another.",
)
@click.option(
    "--speed",
    default=20.0,
    show_default=True,
    type=click.FloatRange(0.1, 60),
    help="Plant seconds per second.",
)
@click.option("--seed", default=1, show_default=True, type=int, help="Seed of the simulated plant.")
@click.option(
    "--fault", type=click.Choice(NAMES), help="Strike with a fault and show how the station stops."
)
@click.option(
    "--at", "at", type=int, metavar="STEP", help="Step at which the fault strikes (see `seq show`)."
)
@click.option("--station", default="sim_passenger_car", show_default=True, help="A simulated station file.")
@model_option
@click.option(
    "--keep", type=click.Path(path_type=Path, file_okay=False), metavar="DIR",
    help="Keep the journal in DIR, for `swap timeline`.",
)
@click.option(
    "--svg", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Draw the result into FILE, too."
)
@json_option
def command(
    swaps: int,
    speed: float,
    seed: int,
    fault: str | None,
    at: int | None,
    station: str,
    model: str,
    keep: Path | None,
    svg: Path | None,
    as_json: bool,
) -> Exit:
    """Run swaps on the simulated station that comes with this program.

    Starts the simulated plant as a process of its own and runs the real engine against it over Modbus TCP, Modbus
    RTU, OPC UA and a serial line. Exit 0 all swaps done; 8 stopped half-way; 4 refused before anything moved.
    """
    from station_ctl import logs
    from station_ctl.cli.demo_run import DemoOrder
    from station_ctl.config import station_file

    if at is not None and fault is None:
        raise click.UsageError("--at needs --fault")
    if fault is not None:
        _check_fault(station, fault)
    if at is not None or model:
        _check(station, model, at)
    if keep is not None and (keep / "journal.sqlite").exists():
        raise click.UsageError(f"{keep} has a journal already; a demo begins with a new one")
    about_simulated(True)
    logs.configure(level="error")
    order = DemoOrder(station_file(station), swaps, speed, seed, fault or "", at or 0, model)
    return _run(order, keep, svg, as_json=as_json)


def _check_fault(station: str, fault: str) -> None:
    """A fault that this kind of station does not know. Raises UsageError with those that it knows."""
    from station_ctl.build import PARTS
    from station_ctl.config import load_station, station_file

    known = FAULTS[load_station(station_file(station), parts=PARTS).station.archetype]
    if fault not in known:
        raise click.UsageError(f"{station} has no fault {fault}; there are {', '.join(known)}")


def _check(station: str, model: str, no: int | None) -> None:
    """A model that nobody serves would be turned away; a fault at a step that does not exist would never strike, and
    the demo would look fine. Raises NotFound."""
    from station_ctl.cli.specimen import specimen

    example = specimen(station, model)
    procedures = example.paper.procedures()
    known = [step.no for run in (procedures.reception(), procedures.swap(example.job)) for step in run.steps]
    if no is not None and no not in known:
        raise NotFound(f"there is no step {no}; the steps are {', '.join(map(str, known))}")


def _run(order: object, keep: Path | None, svg: Path | None, *, as_json: bool) -> Exit:
    from station_ctl.cli.demo_run import Demo, DemoOrder
    from station_ctl.cli.step_lines import BarLines, PlainLines

    assert isinstance(order, DemoOrder)
    lines = BarLines(order.speed) if sys.stderr.isatty() else PlainLines()
    with tempfile.TemporaryDirectory(prefix="station-demo-") as folder, lines:
        report = asyncio.run(Demo(order, Path(folder), lines).run())
        if keep is not None:
            # Closed and whole: one file. Ports and keys of the plant stay behind.
            keep.mkdir(parents=True, exist_ok=True)
            shutil.copy2(Path(folder) / "journal.sqlite", keep)
    if svg is not None:
        from station_ctl.cli.demo_table import report_svg

        svg.write_text(report_svg(report, "station-ctl demo"), encoding="utf-8")
    if as_json:
        print_result("demo", report.data(), simulated=True, ok=report.ok)
    else:
        from rich.console import Console

        from station_ctl.cli.demo_table import print_report

        print_report(report, Console(soft_wrap=True))
    if report.ok:
        return Exit.DONE
    if report.refused:
        return Exit.BLOCKED
    return Exit.RECOVERY_NEEDED if report.trips else Exit.FAILED

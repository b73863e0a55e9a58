"""`station-ctl day`: days of a station in virtual time, from its arrivals to waits, energy and cost.

Knows options, table and exit codes. The station runs in a process of its own; day_run.py asks it.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from station_ctl.cli.envelope import about_simulated, json_option, print_result
from station_ctl.core.errors import Exit

if TYPE_CHECKING:
    from station_ctl.cli.day_run import Days

_FILE = click.Path(path_type=Path, dir_okay=False)
OF_DAYS = "day"
"""The folder of config/stations with stations that are there for days only."""


@click.command()
@click.option("--station", default="gen2", show_default=True, help="A simulated station: a file, or its name.")
@click.option("--arrivals", multiple=True, type=_FILE, metavar="FILE", help="Time stamps of one day; may be repeated.")
@click.option("--swaps", type=click.IntRange(1, 2000), help="Without --arrivals: make up a day of so many vehicles.")
@click.option("--seed", default=1, show_default=True, type=int, help="Seed of plant, packs and made-up arrivals.")
@click.option("--tariff", type=_FILE, metavar="FILE", help="Price by time of day, as CSV: from,to,price.")
@click.option("--plan", is_flag=True, help="Charge by a day plan against the tariff; it learns from the other days.")
@click.option("--plot", type=_FILE, metavar="FILE.svg", help="Draw the mean day into FILE.svg.")
@json_option
def command(
    station: str, arrivals: tuple[Path, ...], swaps: int | None, seed: int, tariff: Path | None, plan: bool,
    plot: Path | None, as_json: bool,
) -> Exit:  # fmt: skip
    """Run days of a simulated station in virtual time: the real engine, reception and charging, without a wire.

    Every file of --arrivals is one day, each at a fresh station. Names of stations are those of config/stations and of
    config/stations/day. Exit 0 done; 1 a pack was lost, something unsafe was ordered, or the station came to rest.
    """
    from station_ctl.charging.tariff import read_tariff
    from station_ctl.cli.arrivals import made_up, read_arrivals
    from station_ctl.cli.day_run import DayOrder, Days, run_days
    from station_ctl.config import load_station

    if bool(arrivals) == (swaps is not None):
        raise click.UsageError("needs --arrivals FILE, or --swaps N")
    if plan and (tariff is None or len(arrivals) < 2):
        raise click.UsageError("--plan needs --tariff and two days of --arrivals at least: it learns from the others")
    about_simulated(True)
    text = _text(tariff)
    if tariff is not None:
        read_tariff(text, str(tariff))
    days = tuple(read_arrivals(arrivals)) if swaps is None else (made_up(swaps, seed),)
    file = _station(station)
    config = load_station(file)
    if not config.simulated:
        raise click.UsageError(f"{file} is a real station; a day runs at a simulated one")
    found = Days(config.policy.site_power_max_kw)
    asyncio.run(run_days(DayOrder(file, days, seed, text, plan), found, _progress(len(days))))
    return _show(found, config.station.name, plot, as_json=as_json)


def _text(path: Path | None) -> str:
    from station_ctl.core.errors import ConfigurationError

    try:
        return path.read_text(encoding="utf-8-sig") if path is not None else ""
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError([f"{path}:1: cannot be read as text: {error}"]) from error


def _station(name: str) -> Path:
    from station_ctl.config import station_file
    from station_ctl.paths import config_directory

    of_days = config_directory() / "stations" / OF_DAYS / f"{name}.yaml"
    return of_days if of_days.is_file() else station_file(name)


def _progress(count: int) -> Any:
    """A line on a terminal's stderr for each day that is over."""

    def tell(day: dict[str, Any]) -> None:
        if sys.stderr.isatty():
            served = len(day["waits_s"])
            click.echo(f"{day['name']}: {served} of {day['arrived']} served in {day['wall_s']:.0f} s", err=True)

    return tell if count else None


def _show(found: Days, station: str, plot: Path | None, *, as_json: bool) -> Exit:
    from station_ctl.cli.day_plot import svg

    data = found.data()
    if plot is not None:
        served = f"{data['served']} of {data['arrived']} vehicles in {len(found.days)} day(s)"
        plot.write_text(svg(found.days, f"{station}: {served}", found.site_limit_kw), encoding="utf-8")
    if as_json:
        print_result("day", data, simulated=True, ok=found.ok)
    else:
        _print(found, data, station)
    return Exit.DONE if found.ok else Exit.FAILED


def _full(data: dict[str, Any]) -> str:
    text = f"{data['after_midnight_kwh']:.0f} kWh of that after midnight, until packs were as full as they began"
    if data["lacking_kwh"] < 1:
        return text
    return f"{text}; {data['lacking_kwh']:.0f} kWh they lack at 08:00 are counted at the dearest price"


def _print(found: Days, data: dict[str, Any], station: str) -> None:
    from station_ctl.cli.day_plot import bars, mean_course

    ready, power = mean_course(found.days, "ready"), mean_course(found.days, "power_kw")
    cost = "no tariff given" if data["cost"] is None else f"{data['cost']:.2f}"
    waits = "nobody was served"
    if data["served"]:
        waits = f"mean {data['wait_mean_min']:.1f} min, 95 % within {data['wait_p95_min']:.1f} min"
    for name, text in (
        ("station", f"{station}, simulated; {len(found.days)} day(s) in {data['wall_s']:.0f} s"),
        ("served", f"{data['served']} of {data['arrived']}"),
        ("waits", waits),
        ("starved", f"{data['starved_h']:.2f} h without a charged pack while a vehicle waited"),
        ("energy", f"{data['energy_kwh']:.0f} kWh; cost {cost}"),
        ("full", _full(data)),
        ("peak", f"{data['peak_kw']:.0f} kW of {data['site_limit_kw']:.0f} kW allowed"),
        ("ready", f"0 h |{bars(ready)}| 24 h   {min(ready, default=0):.0f} to {max(ready, default=0):.0f} packs"),
        ("power", f"0 h |{bars(power, found.site_limit_kw)}| 24 h   full bar: the limit"),
        ("packs", f"{data['custody_errors']} not where the ledger has them"),
        ("monitor", f"{data['monitor_violations']} unsafe orders or instants"),
    ):
        click.echo(f"{name:8} {text}")
    for day in found.days:
        for why in (*day["custody"], *day["violations"], *filter(None, [day["stopped"]])):
            click.echo(f"{day['name']}: {why}", err=True)

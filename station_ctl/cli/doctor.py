"""`station-ctl doctor`: examine this PC and what its station file names, one line each.

Knows in which order to look and what the exit code is. What is examined stands in examine_pc.py and examine_station.py.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from station_ctl.cli.envelope import about_simulated, json_option, print_result
from station_ctl.core.errors import ConfigurationError, Exit, NotFound

if TYPE_CHECKING:
    from station_ctl.cli.finding import Finding
    from station_ctl.config import StationConfig

STATION = "/etc/station-ctl/station.yaml"
JOURNAL = Path("/var/lib/station-ctl/journal.sqlite")
"""Where the journal of a station PC lies, for looking at its disk while no station file can be read."""

COLOURS = {"OK": "green", "WARN": "yellow", "BAD": "red"}


@click.command()
@click.option(
    "--station", default=STATION, show_default=True, metavar="FILE",
    help="Station file, or the name of one in config/stations.",
)  # fmt: skip
@json_option
def command(station: str, as_json: bool) -> Exit:
    """Examine this PC: environment, rights, ports, disk, journal, clock, versions. Nothing is changed.

    OK is as it should be; WARN works, and somebody should look; BAD cannot work, or cannot be trusted: exit 1.
    Every line that is not OK says what to do. Ask as the user of the service: sudo -u station station-ctl doctor
    """
    from station_ctl.cli.finding import Grade, plain, worst

    findings, simulated = examination(station)
    grade = worst(findings)
    about_simulated(simulated)
    if as_json:
        data = {"grade": grade, "findings": plain(findings)}
        print_result("doctor", data, simulated=simulated, ok=grade is not Grade.BAD)
    else:
        for finding in findings:
            click.echo(click.style(f"{finding.grade:<4}", fg=COLOURS[finding.grade]) + str(finding)[4:])
        counted = [f"{sum(f.grade is g for f in findings)} {g}" for g in Grade]
        click.echo(", ".join(counted))
    return Exit.FAILED if grade is Grade.BAD else Exit.DONE


def examination(station: str) -> tuple[list[Finding], bool]:
    """Every finding, and whether the station is a simulated one. A broken station file is a finding, too."""
    from station_ctl.cli.examine_pc import examine_pc
    from station_ctl.cli.examine_station import examine_station
    from station_ctl.cli.finding import bad

    try:
        config = _config(station)
    except ConfigurationError as error:
        # Every finding of the file is worth its line.
        broken = [bad("station file", text, "correct it: station-ctl config check FILE") for text in error.findings]
        return [*examine_pc(JOURNAL), *broken], False
    except NotFound as error:
        return [*examine_pc(JOURNAL), bad("station file", str(error), "docs/how-to/write-a-station-file.md")], False
    return [*examine_pc(config.journal), *examine_station(config)], config.simulated


def _config(station: str) -> StationConfig:
    from station_ctl.build import PARTS
    from station_ctl.config import load_station, station_file

    return load_station(station_file(station), parts=PARTS)

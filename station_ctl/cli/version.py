"""`station-ctl version`: what is installed here.

Knows package versions. Does not know any station."""

from __future__ import annotations

import platform

import click

import station_ctl
from station_ctl.cli.envelope import json_option, print_result

LIBRARIES = ("pymodbus", "asyncua", "pyserial", "transitions", "structlog", "pydantic", "ruamel.yaml")


@click.command()
@json_option
def command(as_json: bool) -> None:
    """Print the version of this program and of its protocol libraries."""
    from importlib.metadata import version

    libraries = {name: version(name) for name in LIBRARIES}
    python, system = platform.python_version(), f"{platform.system()} {platform.machine()}"
    if as_json:
        data = {
            "version": station_ctl.__version__,
            "python": python,
            "system": system,
            "libraries": libraries,
        }
        print_result("version", data, simulated=False)
        return
    click.echo(f"station-ctl {station_ctl.__version__} (Python {python}, {system})")
    click.echo("  " + ", ".join(f"{name} {number}" for name, number in libraries.items()))

"""`station-ctl manual`: the manual's pages of procedures, interlocks, states and alarms, written from the code.

Knows files. What stands on a page is in manual_pages.py.
"""

from __future__ import annotations

from pathlib import Path

import click

STATION = "passenger_car"
"""The station that the manual of this release is printed for."""


@click.command()
@click.option(
    "--write", "folder", type=click.Path(path_type=Path, file_okay=False), required=True, metavar="DIR",
    help="Folder for the pages.",
)
@click.option("--station", default=STATION, show_default=True, metavar="FILE", help="The station to print it for.")
def command(folder: Path, station: str) -> None:
    """Write the manual's pages into DIR: procedures, interlocks, states, alarms.

    They are generated from what runs, so that they cannot differ from it. docs/manual holds those of this release.
    """
    from station_ctl.cli.manual_pages import PAGES, page
    from station_ctl.cli.specimen import specimen

    shown = specimen(station)
    folder.mkdir(parents=True, exist_ok=True)
    for name in PAGES:
        (folder / name).write_text(page(name, shown), encoding="utf-8")
        click.echo(folder / name)

"""`station-ctl manual`: the manual's pages of procedures, interlocks, states and alarms, written from the code.

Knows files. What stands on a page is in manual_pages.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

STATION = "passenger_car"
"""The station that the manual of this release is printed for."""

OTHERS = ("heavy_truck",)
"""Stations of the other types: what they do otherwise stands in a folder of their name."""


@click.command()
@click.option(
    "--write", "folder", type=click.Path(path_type=Path, file_okay=False), required=True, metavar="DIR",
    help="Folder for the pages.",
)
@click.option("--station", default="", metavar="FILE", help="Only this station's pages; otherwise those of all types.")
def command(folder: Path, station: str) -> None:
    """Write the manual's pages into DIR: procedures, interlocks, states, alarms.

    They are generated from what runs, so that they cannot differ from it. docs/manual holds those of this release.
    """
    for path, text in written(station):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
        click.echo(folder / path)


def written(station: str = "") -> Iterator[tuple[str, str]]:
    """Every page by its path below the manual's folder."""
    from station_ctl.cli.manual_pages import OF_A_TYPE, PAGES, page
    from station_ctl.cli.specimen import specimen

    shown = specimen(station or STATION)
    yield from ((name, page(name, shown)) for name in PAGES)
    for other in () if station else OTHERS:
        shown = specimen(other)
        yield from ((f"{other}/{name}", page(name, shown)) for name in OF_A_TYPE)

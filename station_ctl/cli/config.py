"""`station-ctl config`: check station files, print their JSON schemas.

Knows which files to check. Does not know the rules; those are in station_ctl.config."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from station_ctl.cli.envelope import json_option, print_result
from station_ctl.config import StationConfig, load_station, station_file
from station_ctl.config.schema import KINDS, schema_text
from station_ctl.core.errors import ConfigurationError, NotFound
from station_ctl.paths import config_directory


@click.group()
def command() -> None:
    """Check configuration files."""


@command.command()
@click.argument("files", nargs=-1, metavar="[FILE]...")
@json_option
def check(files: tuple[str, ...], as_json: bool) -> None:
    """Check station files with everything they name: I/O lists, vehicles, alarm catalogue, drivers, roles.

    FILE is a station file or the name of one in config/stations; without it all of those are checked.
    Every error of every file is told at once as file:line:col; nothing is started. Exit 6 if there is one.
    """
    good: list[StationConfig] = []
    findings: list[str] = []
    for path in _paths(files):
        try:
            good.append(_checked(path))
        except ConfigurationError as error:
            findings += error.findings
    if findings:
        raise ConfigurationError(list(dict.fromkeys(findings)))
    summaries = [_summary(config) for config in good]
    if as_json:
        print_result("config.check", {"files": summaries}, simulated=all(c.simulated for c in good))
        return
    for summary in summaries:
        counted = ((summary[key], key) for key in ("links", "roles", "bays", "vehicles", "tags"))
        numbers = ", ".join(f"{n} {key[:-1] if n == 1 else key}" for n, key in counted)
        click.echo(f"{summary['file']}: ok: {numbers}; hash {summary['config_hash'][:12]}")


@command.command()
@click.argument("kind", type=click.Choice(KINDS))
def schema(kind: str) -> None:
    """Print the JSON schema of a KIND of file, for an editor. It is the one in config/schema."""
    click.echo(schema_text(kind), nl=False)


def _checked(path: Path) -> StationConfig:
    """The station of a file, with every driver tried on its I/O list. Nothing is connected."""
    from station_ctl.build import PARTS, put_together

    config = load_station(path, parts=PARTS)
    put_together(config)
    return config


def _paths(files: tuple[str, ...]) -> Iterator[Path]:
    if files:
        yield from (station_file(name) for name in files)
        return
    shipped = sorted((config_directory() / "stations").glob("*.yaml"))
    if not shipped:
        raise NotFound(f"there is no station file in {config_directory() / 'stations'}")
    yield from shipped


def _summary(config: StationConfig) -> dict[str, Any]:
    return {
        "file": config.document.file,
        "station": config.station.code,
        "archetype": config.station.archetype,
        "simulated": config.simulated,
        "links": len(config.links),
        "roles": len(config.roles),
        "bays": sum(len(role.bay_numbers) for role in config.roles.values()),
        "vehicles": len(config.recipes),
        "tags": sum(len(io) for io in config.io.values()),
        "config_hash": config.config_hash,
    }

"""`station-ctl config`: check station files, print what they come to, compare them, print their JSON schemas.

Knows which files to check. Does not know the rules; those are in station_ctl.config."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from station_ctl.cli.config_init import init
from station_ctl.cli.envelope import json_option, print_result
from station_ctl.config import StationConfig, load_station, station_file
from station_ctl.config.schema import KINDS, schema_text
from station_ctl.core.errors import ConfigurationError, Exit, NotFound
from station_ctl.paths import config_directory

if TYPE_CHECKING:
    from station_ctl.build import PaperStation


@click.group()
def command() -> None:
    """Write a station file, check configuration files, print what they come to, compare them."""


command.add_command(init)


@command.command()
@click.argument("files", nargs=-1, metavar="[FILE]...")
@json_option
def check(files: tuple[str, ...], as_json: bool) -> None:
    """Check station files with everything they name: I/O lists, vehicles, alarm catalogue, drivers, roles.

    FILE is a station file or the name of one in config/stations; without it all of those are checked.
    Every error of every file is told at once as file:line:col; nothing is started. Exit 6 if there is one.
    """
    good: list[PaperStation] = []
    findings: list[str] = []
    for path in _paths(files):
        try:
            good.append(_paper(path))
        except ConfigurationError as error:
            findings += error.findings
    if findings:
        raise ConfigurationError(list(dict.fromkeys(findings)))
    summaries = [_summary(paper) for paper in good]
    if as_json:
        print_result("config.check", {"files": summaries}, simulated=all(p.config.simulated for p in good))
        return
    for summary in summaries:
        counted = ((summary[key], key) for key in ("links", "roles", "bays", "vehicles", "tags"))
        numbers = ", ".join(f"{n} {key[:-1] if n == 1 else key}" for n, key in counted)
        click.echo(f"{summary['file']}: ok: {numbers}; hash {summary['config_hash'][:12]}")
        for role, cost in summary["levels"].items():
            click.echo(f"  {role}: its PLC is of {cost}")


@command.command()
@click.argument("kind", type=click.Choice(KINDS))
def schema(kind: str) -> None:
    """Print the JSON schema of a KIND of file, for an editor. It is the one in config/schema."""
    click.echo(schema_text(kind), nl=False)


@command.command()
@click.argument("file")
@click.option("--origin", is_flag=True, help="Say of each value where it comes from.")
@json_option
def effective(file: str, origin: bool, as_json: bool) -> None:
    """Print every value that station FILE comes to, defaults and vehicles included."""
    from station_ctl.cli.config_values import origins, values

    config = _checked(station_file(file))
    found, whence = values(config), origins(config)
    if as_json:
        rows = [{"name": name, "value": value, "origin": whence[name]} for name, value in found.items()]
        print_result("config.effective", {"values": rows, "hash": config.config_hash}, simulated=config.simulated)
        return
    for name, value in found.items():
        click.echo(f"{name} = {value}" + (f"   [{whence[name]}]" if origin else ""))


@command.command()
@click.argument("one")
@click.argument("other")
@json_option
def diff(one: str, other: str, as_json: bool) -> Exit:
    """Print what two station files come to differently: ONE's value, OTHER's value. Exit 1 if anything differs."""
    from station_ctl.cli.config_values import differences

    first, second = _checked(station_file(one)), _checked(station_file(other))
    found = list(differences(first, second))
    if as_json:
        rows = [{"name": name, "one": ours, "other": theirs} for name, ours, theirs in found]
        print_result("config.diff", {"differences": rows}, simulated=first.simulated, ok=not found)
    for name, ours, theirs in () if as_json else found:
        click.echo(f"{name}: {ours} → {theirs}")
    return Exit.FAILED if found else Exit.DONE


def _checked(path: Path) -> StationConfig:
    """What a file says of its station, with every driver tried on its I/O list. Nothing is connected."""
    return _paper(path).config


def _paper(path: Path) -> PaperStation:
    from station_ctl.build import PARTS, put_together

    return put_together(load_station(path, parts=PARTS))


def _paths(files: tuple[str, ...]) -> Iterator[Path]:
    if files:
        yield from (station_file(name) for name in files)
        return
    shipped = sorted((config_directory() / "stations").glob("*.yaml"))
    if not shipped:
        raise NotFound(f"there is no station file in {config_directory() / 'stations'}")
    yield from shipped


def _summary(paper: PaperStation) -> dict[str, Any]:
    config, channels = paper.config, paper.facts.channels
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
        "levels": {role: channel.attended for role, channel in channels.items() if channel.attended},
    }

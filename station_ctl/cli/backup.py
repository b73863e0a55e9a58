"""`station-ctl backup`: make, list, prove and restore backups while the station stands.

Knows where journal and backups lie. What a backup is and how it is proven is in service/backup.py.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from station_ctl.cli.envelope import about_simulated, json_option, print_result
from station_ctl.core.errors import AlreadyRunning, Exit, NotFound

if TYPE_CHECKING:
    from station_ctl.config import StationConfig
    from station_ctl.service.backup import Backup

station_option = click.option(
    "--station", default="/etc/station-ctl/station.yaml", show_default=True, metavar="FILE",
    help="Station file, or the name of one in config/stations.",
)  # fmt: skip
folder_option = click.option(
    "--dir", "folder", type=click.Path(path_type=Path, file_okay=False), metavar="DIR",
    help="Where the backups lie.  [default: backup/ beside the journal]",
)  # fmt: skip
file_argument = click.argument("file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE")


@click.group()
def command() -> None:
    """Back up the journal with its configuration; prove and restore backups.

    A backup is proven by opening it: its hashes, the database, and the packs told again from the first row on.
    """


@command.command()
@station_option
@folder_option
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Its own name.")
@click.option(
    "--journal", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
    help="A copy of this station's journal instead of the journal itself.",
)
@click.option("--keep", default=14, show_default=True, type=click.IntRange(min=1), help="As many stay in DIR.")
@json_option
def create(
    station: str, folder: Path | None, output: Path | None, journal: Path | None, keep: int, as_json: bool
) -> None:
    """Make a backup while the service does not run, and prove it.

    A service that runs holds its journal and makes its backups itself.
    """
    import tempfile

    import station_ctl
    from station_ctl.engine.journal import Journal
    from station_ctl.service import backup

    config = _station(station)
    source = config.journal if journal is None else journal
    if not source.is_file():
        raise NotFound(f"there is no journal {source}: the station has not run yet")
    where = folder or config.journal.parent / "backup"
    target = output or backup.new_name(where, config.station.code)
    try:
        opened = Journal(source, config.station.code)
    except AlreadyRunning as error:
        raise AlreadyRunning(f"{error}: a running service makes its backups itself; or stop it first") from error
    with tempfile.TemporaryDirectory(prefix="station-backup-") as scratch:
        copy = Path(scratch) / backup.JOURNAL
        try:
            opened.copy_to(copy)
        finally:
            opened.close()
        made = backup.make(copy, target, config.station.code, station_ctl.__version__, _files(config))
    gone = [] if output is not None else backup.prune(where, config.station.code, keep)
    if as_json:
        print_result("backup.create", {**_data(made), "deleted": gone}, simulated=config.simulated)
        return
    click.echo(f"{_line(made)}\nproven: opened, every page read, custody told again from all rows")
    for path in gone:
        click.echo(f"deleted, because {keep} newer ones stay: {path}")


@command.command("list")
@station_option
@folder_option
@json_option
def list_(station: str, folder: Path | None, as_json: bool) -> None:
    """List the backups of the station, newest first. They are not opened: `backup verify` does that."""
    from station_ctl.service import backup

    config = _station(station)
    where = folder or config.journal.parent / "backup"
    found = backup.listed(where, config.station.code)
    if as_json:
        data = [{"path": path, "bytes": path.stat().st_size} for path in found]
        print_result("backup.list", {"folder": where, "backups": data}, simulated=config.simulated)
        return
    for path in found:
        click.echo(f"{path}  {path.stat().st_size / 1e6:.1f} MB")
    if not found:
        click.echo(f"no backup of {config.station.code} in {where}")


@command.command()
@file_argument
@json_option
def verify(file: Path, as_json: bool) -> None:
    """Open a backup and prove it. Exit 1 with the reason if it cannot be believed."""
    from station_ctl.service import backup

    proven = backup.verify(file)
    if as_json:
        print_result("backup.verify", _data(proven), simulated=False)
        return
    click.echo(f"{_line(proven)}\nproven: hashes, every page, custody told again from all rows")


@command.command()
@file_argument
@station_option
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@json_option
def restore(file: Path, station: str, yes: bool, as_json: bool) -> Exit:
    """Prove a backup and put its journal where the station looks for it, while the service does not run.

    The journal that is there is set aside, never deleted. A restored journal knows only what had happened when it was
    made: the PLCs remember the last order number, and if the station has ordered since, every start is refused
    (A505) and packs have to be admitted by hand. Configuration in the backup stays in it.
    """
    import sys

    from station_ctl.service import backup

    config = _station(station)
    proven = backup.verify(file)
    if not as_json:
        click.echo(_line(proven), err=True)
        click.echo(backup.OLD_IS_REFUSED, err=True)
    if not yes:
        if as_json or not sys.stdin.isatty():
            click.echo("restore replaces the station's journal: confirm with --yes when not on a terminal", err=True)
            return Exit.CONFIRMATION_NEEDED
        if not click.confirm(f"Put it to {config.journal}?", default=False, err=True):
            return Exit.CONFIRMATION_NEEDED
    proven, old = backup.restore(file, config.journal, config.station.code)
    if as_json:
        data = {**_data(proven), "journal": config.journal, "set_aside": old}
        print_result("backup.restore", data, simulated=config.simulated)
        return Exit.DONE
    click.echo(f"restored to {config.journal}; what was there is in {old or 'no folder: nothing was there'}")
    return Exit.DONE


def _station(name: str) -> StationConfig:
    from station_ctl.build import PARTS
    from station_ctl.config import load_station, station_file

    config = load_station(station_file(name), parts=PARTS)
    about_simulated(config.simulated)
    return config


def _files(config: StationConfig) -> dict[str, bytes]:
    """The files that make the configuration, by name. Keys and passwords are named in them and never in them."""
    return {f"{path.parent.name}/{path.name}": path.read_bytes() for path in config.files}


def _data(made: Backup) -> dict[str, Any]:
    return {"path": made.path, "made_at": made.made_at, "version": made.version, "config": made.config} | asdict(
        made.contents
    )


def _line(made: Backup) -> str:
    found = made.contents
    return (
        f"{made.path}  {found.station}  {made.made_at}  release {made.version}\n"
        f"{found.rows} rows, {found.packs} packs, {found.open_runs} runs not closed, last order {found.last_order}"
    )

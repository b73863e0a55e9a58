"""`station-ctl config init`: asks what a site says of itself, and writes a station file that `config check` accepts.

Knows what is asked. What the file says stands in config_draft.py.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from station_ctl.core.errors import ConfigurationError, Exit, NotFound, StationError
from station_ctl.paths import config_directory

if TYPE_CHECKING:
    from station_ctl.cli.config_draft import Draft
    from station_ctl.config import StationConfig

JOURNAL = "/var/lib/station-ctl/journal.sqlite"


class FileThere(StationError):
    """A file of that name is there, and nobody said that it may be written over."""

    code = "A410"
    exit = Exit.USAGE


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--archetype", metavar="NAME", help="Station type, as passenger_car.")
@click.option("--name", metavar="TEXT", help="What people call the station.")
@click.option("--code", metavar="CODE", help="Its code: capitals, digits and -.")
@click.option("--simulated/--real", default=None, help="Every address is this PC, or PLCs on site.")
@click.option("--racks", type=click.IntRange(1, 10), help="Charging racks.")
@click.option("--bays", type=click.IntRange(1, 48), help="Bays in each rack.")
@click.option("--address", "addresses", multiple=True, metavar="LINK=ADDRESS", help="Where a PLC is; one a link.")
@click.option("--vehicle", "vehicles", multiple=True, metavar="NAME", help="A vehicle of config/vehicles; repeatable.")
@click.option("--climate", metavar="NAME", help="A climate of config/climates; none if not given.")
@click.option("--journal", metavar="PATH", help=f"Where the journal is kept; {JOURNAL} on a site.")
@click.option("--force", is_flag=True, help="Write over a file that is there.")
def init(
    file: Path, archetype: str | None, name: str | None, code: str | None, simulated: bool | None, racks: int | None,
    bays: int | None, addresses: tuple[str, ...], vehicles: tuple[str, ...], climate: str | None, journal: str | None,
    force: bool,
) -> None:  # fmt: skip
    """Write a commented station file for a site, from the shipped station of its type.

    On a terminal what no option says is asked, with a proposal. Elsewhere every option that is needed must be there;
    those that are missing are listed. A file that is there is not written over without --force. What is written has
    passed `config check`; a value that it refuses is told, and nothing is written.
    """
    from station_ctl.cli.config_draft import schema_place, text

    if file.exists() and not force:
        raise FileThere(f"{file} is there; another name, or --force to write over it")
    asking = Asking(sys.stdin.isatty() and sys.stdout.isatty())
    shipped = _shipped(asking.choice("--archetype", archetype, _archetypes(), "Station type"), asking.real(simulated))
    draft = _draft(asking, shipped, name, code, racks, bays, _pairs(addresses), vehicles, climate, journal)
    written = text(shipped, draft, schema_place(file, config_directory() / "schema"))
    _write_checked(file, written)
    click.echo(f"{file}: written and checked. Next: station-ctl device probe --station {file}")


def _draft(
    asking: Asking, shipped: StationConfig, name: str | None, code: str | None, racks: int | None, bays: int | None,
    addresses: Mapping[str, str], vehicles: tuple[str, ...], climate: str | None, journal: str | None,
) -> Draft:  # fmt: skip
    from station_ctl.cli.config_draft import Draft, links_of, racks_of

    own = racks_of(shipped)
    fitted = shipped.roles[own[0]].bays if own else 0
    racks = asking.number("--racks", racks, len(own), "Charging racks")
    bays = asking.number("--bays", bays, fitted or 1, "Bays in each rack")
    name = asking.text("--name", name, None, "Name of the station")
    code = asking.text("--code", code, None, "Code of the station (capitals, digits, -)")
    links = links_of(shipped, racks)
    if unknown := addresses.keys() - links.keys():
        raise NotFound(f"no link {', '.join(sorted(unknown))}; there are {', '.join(links)}")
    places = {
        link: asking.text(f"--address {link}=…", addresses.get(link), place or None, f"Address of {link}")
        for link, place in links.items()
        if not (shipped.simulated and place) or link in addresses
    }
    question = "Vehicles, separated by commas"
    told = vehicles or (asking.text("--vehicle", None, _proposed(shipped), question),)
    chosen = (vehicle for words in told for vehicle in words.split(","))
    if asking.possible and climate is None:
        climate = asking.text("--climate", None, "none", f"Climate ({', '.join(_names('climates'))}, none)")
    default = str(shipped.journal) if shipped.simulated else JOURNAL
    asking.end()
    return Draft(
        name, code, racks, bays, places, tuple(vehicle.strip() for vehicle in chosen),
        "" if climate in (None, "none") else climate, journal or default,
    )  # fmt: skip


class Asking:
    """Whoever fills in what no option says: a person on a terminal, or nobody; then what is missing is told at once."""

    def __init__(self, possible: bool) -> None:
        self.possible = possible
        self._missing: list[str] = []

    def text(self, flag: str, given: str | None, proposal: str | None, question: str) -> str:
        """A text by option, by a person, or noted as missing."""
        if given is not None:
            return given
        if self.possible:
            return str(click.prompt(question, default=proposal))
        self._missing.append(flag)
        return ""

    def number(self, flag: str, given: int | None, proposal: int, question: str) -> int:
        """A number; it has a proposal that fits, so nobody has to be asked."""
        if given is not None:
            return given
        return int(click.prompt(question, default=proposal, type=int)) if self.possible else proposal

    def choice(self, flag: str, given: str | None, names: list[str], question: str) -> str:
        """One of these names. Raises NotFound, UsageError."""
        if given is None and not self.possible:
            others = "--name, --code, --vehicle, and --address of every link unless --simulated"
            raise click.UsageError(f"not on a terminal, and needed are: {flag} ({', '.join(names)}), {others}")
        if given is None:
            given = str(click.prompt(question, type=click.Choice(names), default=names[0]))
        if given not in names:
            raise NotFound(f"there is no {flag.removeprefix('--')} {given!r}; there are {', '.join(names)}")
        return given

    def real(self, simulated: bool | None) -> bool:
        """Whether the station is simulated; a site, if nobody says."""
        if simulated is None and self.possible:
            return bool(click.confirm("A simulated station on this PC?", default=False))
        return bool(simulated)

    def end(self) -> None:
        """Raises UsageError with every option that is missing."""
        if self._missing:
            raise click.UsageError(f"not on a terminal, and needed are: {', '.join(self._missing)}")


def _archetypes() -> list[str]:
    from station_ctl.build import PARTS

    return sorted(PARTS.archetypes)


def _names(folder: str) -> list[str]:
    return sorted(path.stem for path in (config_directory() / folder).glob("*.yaml"))


def _proposed(shipped: StationConfig) -> str:
    """The vehicles of the shipped station, by file."""
    return ",".join(shipped.document.data["vehicles"])


def _shipped(archetype: str, simulated: bool) -> StationConfig:
    """The shipped station of this type. Raises NotFound."""
    from station_ctl.build import PARTS
    from station_ctl.config import load_station
    from station_ctl.config.yaml_positions import read_yaml

    for path in sorted((config_directory() / "stations").glob("*.yaml")):
        told = read_yaml(path).data.get("station", {})
        if (told.get("archetype"), told.get("simulated", False)) == (archetype, simulated):
            return load_station(path, parts=PARTS)
    raise NotFound(f"no {'simulated' if simulated else 'real'} {archetype} station comes with this release")


def _pairs(addresses: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for text in addresses:
        link, equals, place = text.partition("=")
        if not (link and equals and place):
            raise click.BadParameter(f"{text!r} is not LINK=ADDRESS", param_hint="--address")
        found[link] = place
    return found


def _write_checked(file: Path, written: str) -> None:
    """The file, whole and right, or not at all. Raises ConfigurationError with every finding."""
    from station_ctl.build import PARTS, put_together
    from station_ctl.config import load_station

    draft = file.with_name(f".{file.stem}.{os.getpid()}.yaml")
    try:
        draft.write_text(written, encoding="utf-8")
        put_together(load_station(draft, parts=PARTS))
        draft.replace(file)
    except ConfigurationError as error:
        raise ConfigurationError([line.replace(draft.name, file.name) for line in error.findings]) from None
    finally:
        draft.unlink(missing_ok=True)

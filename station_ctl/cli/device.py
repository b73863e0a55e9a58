"""`station-ctl device probe`: every tag of a PLC read live and judged, before the station has ever run.

Knows what is asked and how it is told. Writes to no PLC.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import click

from station_ctl.cli.envelope import about_simulated, json_option, print_result
from station_ctl.core.errors import Exit, NotFound

if TYPE_CHECKING:
    from station_ctl.build import PaperStation
    from station_ctl.cli.finding import Finding
    from station_ctl.cli.probe import Probed
    from station_ctl.config import StationConfig
    from station_ctl.core.points import IoList, Point

COLOURS = {"OK": "green", "WARN": "yellow", "BAD": "red"}


@click.group()
def command() -> None:
    """Devices and their PLCs."""


@dataclass(frozen=True, slots=True)
class LinkProbe:
    """What one link came to: findings on the whole, and every tag. `via` is wire or service."""

    link: str
    roles: tuple[str, ...]
    address: str
    via: str
    findings: list[Finding]
    tags: list[Probed]

    @property
    def wrong(self) -> int:
        """How many tags and findings are not as they should be."""
        from station_ctl.cli.probe import count_wrong

        return count_wrong(self.tags, self.findings)


@command.command()
@click.argument("what", nargs=-1, metavar="[ROLE|LINK]...")
@click.option("--station", required=True, metavar="FILE", help="Station file, or the name of one in config/stations.")
@click.option(
    "--set", "settings", multiple=True, metavar="NAME=VALUE",
    help="Another value for a line of the file of a simulated station, as links.lift.address=127.0.0.1:15020.",
)
@click.option("--wrong", "only_wrong", is_flag=True, help="Show only what is not as it should be.")
@click.option("-H", "--host", envvar="STATION_HOST", metavar="ADDRESS", help="unix:PATH or HOST:PORT of the service.")
@json_option
def probe(
    what: tuple[str, ...], station: str, settings: tuple[str, ...], only_wrong: bool, host: str | None, as_json: bool
) -> Exit:
    """Read every tag of the PLCs once and show value, unit, quality and age; all links if none is named.

    Nothing is written to any PLC; what the controller writes is read back. The PLC need not be the right one: identity,
    heartbeat and uptime are judged, values against min and max of the list, end switches against each other, and
    what a wrong sign points to (byte order, word order, moved addresses) is said. While the service runs, it holds
    the links and is asked. Exit 1 if anything is not as it should be.
    """
    from station_ctl.build import put_together

    config = loaded(station, settings)
    about_simulated(config.simulated)
    names = _links(config, what)
    paper = put_together(config)
    probes = _probes(config, paper, names, host)
    wrong = sum(found.wrong for found in probes)
    if as_json:
        links = [{**_plain(found), "wrong": found.wrong} for found in probes]
        count = sum(len(found.tags) for found in probes)
        data = {"links": links, "tags": count, "wrong": wrong}
        print_result("device.probe", data, simulated=config.simulated, ok=not wrong)
    else:
        for found in probes:
            _tell(found, only_wrong=only_wrong)
        click.echo(f"{sum(len(found.tags) for found in probes)} tags of {len(probes)} links; {wrong} to put right")
    return Exit.FAILED if wrong else Exit.DONE


def loaded(station: str, settings: tuple[str, ...]) -> StationConfig:
    """The station of a file, with other values for some of its lines. Raises ConfigurationError, NotFound."""
    from station_ctl.build import PARTS
    from station_ctl.cli.run import setting
    from station_ctl.config import load_station, station_file

    return load_station(station_file(station), dict(map(setting, settings)), PARTS)


def _links(config: StationConfig, what: Sequence[str]) -> list[str]:
    """The links that are meant, in the order of the file. Raises NotFound with those that there are."""
    wanted = set()
    for word in what:
        link = config.roles[word].link if word in config.roles else word
        if link not in config.links:
            there = ", ".join(dict.fromkeys((*config.roles, *config.links)))
            raise NotFound(f"no role or link {word!r}; there are {there}")
        wanted.add(link)
    return [name for name in config.links if name in wanted or not wanted]


def _probes(
    config: StationConfig, paper: PaperStation, names: Sequence[str], host: str | None
) -> list[LinkProbe]:
    from station_ctl.connections import make_link
    from station_ctl.service.backup import is_held

    lists = {name: config.io.get(name) or make_link(name, config).io for name in names}
    if host or is_held(config.journal):
        return [_asked(config, name, lists[name], rows) for name, rows in _service_rows(config, names, host).items()]
    from station_ctl.cli.probe import findings, tags
    from station_ctl.cli.probe_wire import look_at

    looked = asyncio.run(look_at(config, names))
    probes = []
    for name, seen in looked.items():
        version = getattr(config.links[name], "map_version", None)
        pairs = [pair for device in paper.devices.values() for pair in device.pairs if pair.one.link == name]
        found = findings(lists[name], seen, version, pairs, getattr(config.links[name], "plc_id", None))
        probes.append(_probe(config, name, "wire", found, list(tags(lists[name], seen))))
    return probes


def _probe(config: StationConfig, name: str, via: str, found: list[Finding], rows: list[Probed]) -> LinkProbe:
    roles = tuple(role for role, filled in config.roles.items() if name in (filled.link, *filled.also))
    return LinkProbe(name, roles, config.links[name].address, via, found, rows)


def _service_rows(
    config: StationConfig, names: Sequence[str], host: str | None
) -> dict[str, dict[str, Mapping[str, Any]]]:
    """What the running service has read, by link and tag."""
    from station_ctl.cli.service_call import service

    asked = service(host or f"unix:{config.journal.parent / 'api.sock'}", None)
    rows: dict[str, dict[str, Mapping[str, Any]]] = {}
    for name in names:
        answer = asked.command("io.list", {"pattern": f"{name}."})["data"]["points"]
        mine = [row for row in answer if str(row["point"]).startswith(f"{name}.")]
        rows[name] = {str(row["point"]).partition(".")[2]: row for row in mine}
    return rows


def _asked(config: StationConfig, name: str, io: IoList, rows: Mapping[str, Mapping[str, Any]]) -> LinkProbe:
    """A probe by what the service says. Its link has proved identity and heartbeat, or says why it has not."""
    from station_ctl.cli.finding import bad, ok

    made = [_row(name, point, rows.get(tag, UNKNOWN)) for tag, point in io.items()]
    faults = {row.why for row in made if row.wrong and row.why.startswith(f"link {name}: ")}
    finding = ok("link", "the service believes this PLC")
    if faults:
        finding = bad("link", "; ".join(sorted(faults)), "station-ctl why")
    return _probe(config, name, "service", [finding], made)


UNKNOWN = {"value": None, "quality": "never read", "age_s": None, "why": "the service has no such tag: other files"}


def _row(name: str, point: Point, row: Mapping[str, Any]) -> Probed:
    from station_ctl.cli.probe import Probed

    return Probed(
        f"{name}.{point.tag}", point.address, str(point.type), str(point.access), row["value"], point.unit,
        str(row["quality"]), row["age_s"], point.low, point.high, str(row["why"]), point.text,
    )  # fmt: skip


def _plain(found: LinkProbe) -> dict[str, Any]:
    return {
        "link": found.link, "roles": found.roles, "address": found.address, "via": found.via,
        "findings": [asdict(finding) for finding in found.findings], "tags": [asdict(row) for row in found.tags],
    }  # fmt: skip


def _tell(found: LinkProbe, *, only_wrong: bool) -> None:
    from station_ctl.cli.probe import shown_value

    told = f"{found.link}  {found.address}  {', '.join(found.roles)}"
    click.secho(told + ("  (as the service reads it)" if found.via == "service" else ""), bold=True)
    for finding in found.findings:
        if not only_wrong or finding.grade != "OK":
            click.echo(f"  {click.style(f'{finding.grade:<4}', fg=COLOURS[finding.grade])}{str(finding)[4:]}")
    for row in found.tags:
        if only_wrong and not row.wrong:
            continue
        value = f"{shown_value(row)} {row.unit if row.value is not None else ''}".strip()
        age = f"{row.age_s:6.2f} s" if row.age_s is not None else "       –"
        kind = "" if row.access == "r" else "written by the controller; "
        why = f"{kind}{row.why}".removesuffix("; ")
        colour = "red" if row.wrong else None
        tag = row.point.partition(".")[2]
        click.secho(f"  {tag:<24} {row.address:<12} {value:<24} {row.quality:<10} {age}  {why}".rstrip(), fg=colour)

"""`station-ctl io check`: every tag of an I/O list compared with the machine by a person, with a record of it.

Knows how a person is led and what a record looks like. Writes to no PLC; what tags read comes from the service.
"""

from __future__ import annotations

import csv
import getpass
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import click

from station_ctl.cli.envelope import about_simulated, json_option, print_result, utc_now
from station_ctl.cli.service_call import Service, service
from station_ctl.core.errors import Exit, NotFound, StationError

GOOD = "good"
VERDICTS = {"y": "as it should be", "n": "WRONG", "s": "left out"}
"""What a person answers, and how it stands in the record."""

READ_ONLY = "read"
"""The verdict where nobody is asked: the tag reads, whether it reads right nobody has looked at."""


class RecordUnfit(StationError):
    """The record file is none of an I/O check."""

    code = "A410"
    exit = Exit.USAGE


@dataclass(frozen=True, slots=True)
class Checked:
    """One line of the record: what the list says, what was read, and the verdict with who gave it when."""

    point: str
    address: str
    type: str
    unit: str
    what: str
    value: str
    quality: str
    verdict: str
    note: str
    by: str
    at: str

    @property
    def wrong(self) -> bool:
        """True where a person said no, or nothing good was read and nobody left it out."""
        return self.verdict == VERDICTS["n"] or (self.verdict == READ_ONLY and self.quality != GOOD)


COLUMNS = tuple(field.name for field in fields(Checked))


@click.group()
def command() -> None:
    """Points of the PLCs."""


@command.command()
@click.argument("pattern", required=False, default="")
@click.option(
    "--record", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE.csv",
    help="Write every verdict there; a check that was broken off goes on where it stopped.",
)
@click.option("--auto", is_flag=True, help="Ask nobody: only look whether every tag can be read.")
@click.option("-H", "--host", envvar="STATION_HOST", metavar="ADDRESS", help="unix:PATH or HOST:PORT of the service.")
@json_option
def check(pattern: str, record: Path | None, auto: bool, host: str | None, as_json: bool) -> Exit:
    """Lead through every tag that has PATTERN in its name (link.TAG), and record what a person says of each.

    For each tag: address, type and text of the I/O list, and what it reads now. Work the switch or look at the
    machine, then answer y (as it should be), n (wrong), r (read again), s (leave out) or q (go on another day).
    Not on a terminal nobody is asked, as with --auto. Exit 1 if a tag is wrong or cannot be read.
    """
    asked = service(host, None)
    known = {row.point: row for row in _recorded(record)}
    points = _points(asked, pattern)
    guided = not auto and sys.stdin.isatty() and sys.stdout.isatty()
    for number, name in enumerate(points, 1):
        if name in known and known[name].verdict != READ_ONLY:
            continue
        found = _guided(asked, name, f"{number}/{len(points)}") if guided else _looked_at(asked, name)
        if found is None:
            break
        known[name] = found
        if record is not None:
            _write(record, known.values())
    rows = [known[name] for name in points if name in known]
    return _ended(rows, len(points), record, as_json=as_json)


def _points(asked: Service, pattern: str) -> list[str]:
    answer = asked.command("io.list", {"pattern": pattern})
    about_simulated(bool(answer["simulated"]))
    found = [str(row["point"]) for row in answer["data"]["points"]]
    if not found:
        raise NotFound(f"no point has {pattern!r} in its name; see: station-ctl io list")
    return found


def _look(asked: Service, name: str) -> dict[str, Any]:
    return dict(asked.command("io.read", {"point": name})["data"])


def _checked(seen: Mapping[str, Any], verdict: str, note: str = "") -> Checked:
    listed = seen["list"]
    return Checked(
        str(seen["point"]), listed.get("address", ""), listed.get("type", ""), listed.get("unit", ""),
        listed.get("text", ""), str(seen["value"]), str(seen["quality"]), verdict, note, getpass.getuser(), utc_now(),
    )  # fmt: skip


def _written(seen: Mapping[str, Any]) -> bool:
    """True for a tag that the controller writes: it reads nothing back."""
    return bool(seen["list"].get("access") == "w")


def _looked_at(asked: Service, name: str) -> Checked:
    seen = _look(asked, name)
    return _checked(seen, VERDICTS["s"], "written by the controller") if _written(seen) else _checked(seen, READ_ONLY)


def _guided(asked: Service, name: str, count: str) -> Checked | None:
    """The person's verdict; None to go on another day."""
    while True:
        seen = _look(asked, name)
        if _written(seen):
            return _checked(seen, VERDICTS["s"], "written by the controller")
        row = _checked(seen, "")
        click.secho(f"{count}  {row.point}  {row.what}", bold=True)
        click.echo(f"  list: {row.address}, {row.type}{f', {row.unit}' if row.unit else ''}")
        click.echo(f"  now:  {row.value}{f' {row.unit}' if row.unit else ''} ({row.quality})")
        answer = click.prompt("  right?", type=click.Choice(["y", "n", "r", "s", "q"]), default="r", show_choices=True)
        if answer == "q":
            return None
        if answer != "r":
            note = click.prompt("  what is wrong", default="", show_default=False) if answer == "n" else ""
            return _checked(seen, VERDICTS[answer], note)


def _recorded(record: Path | None) -> Iterator[Checked]:
    """The verdicts of an earlier sitting. Raises RecordUnfit for a file that is no such record."""
    if record is None or not record.exists():
        return
    with record.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise RecordUnfit(f"{record} is no record of an I/O check: needs the columns {','.join(COLUMNS)}")
        for number, row in enumerate(reader, 2):
            if None in row or None in row.values():
                raise RecordUnfit(f"{record}:{number}: this line has not {len(COLUMNS)} cells")
            yield Checked(**row)


def _write(record: Path, rows: Iterable[Checked]) -> None:
    """The whole record anew, whole or not at all: a sitting of hours is not lost with a full disk."""
    beside = record.with_suffix(".part")
    with beside.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)
    beside.replace(record)


def _ended(rows: Sequence[Checked], wanted: int, record: Path | None, *, as_json: bool) -> Exit:
    wrong = [row for row in rows if row.wrong]
    counts = {verdict: sum(row.verdict == verdict for row in rows) for verdict in (*VERDICTS.values(), READ_ONLY)}
    if as_json:
        data = {"points": [asdict(row) for row in rows], "wanted": wanted, "wrong": len(wrong), "counts": counts}
        simulated = click.get_current_context().obj.simulated
        print_result("io.check", data, simulated=simulated, ok=not wrong)
    else:
        for row in wrong:
            click.echo(f"{row.point}: {row.verdict}, {row.value} ({row.quality}) {row.note}".rstrip())
        told = ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count)
        where = f"; record: {record}" if record is not None else ""
        click.echo(f"{len(rows)} of {wanted} points: {told or 'none looked at'}; {len(wrong)} to put right{where}")
    return Exit.FAILED if wrong else Exit.DONE

"""`station-ctl bundle`: one zip file with what support needs to know, and nothing that must stay on site.

Knows what goes in and what is blacked out. Does not know what any of it means.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from station_ctl.cli.envelope import envelope, json_option, print_result
from station_ctl.core.errors import ConfigurationError, JournalError, NotFound, StationError

if TYPE_CHECKING:
    from station_ctl.config import StationConfig

SECRET = re.compile(
    r"""(?i)(?P<head>[\w.-]*(?:password|passphrase|secret|token)[\w.-]*["']?\s*[:=]\s*)(?P<value>"[^"\n]*"|'[^'\n]*'|[^\s,}]+)"""
)
"""A value that must stay on site, in YAML, in JSON or in a line of a log; names of files are none."""

KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)
BLACK_BOXES, HISTORY = "black_box", "history.db"
"""Beside the journal: what was read before each trip, and alarms and trends."""

MOST = 64 * 2**20
"""Bytes of one file that are taken; of a longer log the newest."""

SINCE = re.compile(r"^(\d+)(m|h|d)$")


class _Span(click.ParamType[timedelta]):
    name = "span"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """`30m`, `2h`, `3d`."""
        if isinstance(value, timedelta):
            return value
        match = SINCE.match(str(value))
        if match is None:
            self.fail(f"{value!r} is no span: 30m, 2h, 3d", param, ctx)
        unit = {"m": "minutes", "h": "hours", "d": "days"}[match[2]]
        return timedelta(**{unit: int(match[1])})


@click.command()
@click.option(
    "--station", default="/etc/station-ctl/station.yaml", show_default=True, metavar="FILE",
    help="Station file, or the name of one in config/stations.",
)  # fmt: skip
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
    help="The zip file to write.  [default: station-bundle-TIME.zip here]",
)  # fmt: skip
@click.option("--since", type=_Span(), default="2h", show_default=True, help="How far back: 30m, 2h, 3d.")
@click.option(
    "--logs", multiple=True, type=click.Path(path_type=Path, exists=True, dir_okay=False), metavar="FILE",
    help="Log files to be added, where systemd's journal does not have them.",
)  # fmt: skip
@json_option
def command(station: str, output: Path | None, since: timedelta, logs: tuple[Path, ...], as_json: bool) -> None:
    """Pack versions, doctor's findings, configuration, journal rows, black boxes and logs into one zip file.

    Passwords, tokens and keys are not in it: files that the configuration names are left out, and values that look
    like a secret are blacked out. While the service runs, its journal is represented by its newest backup.
    """
    import zipfile

    from station_ctl.cli.doctor import examination
    from station_ctl.cli.finding import plain, worst

    earliest = datetime.now(UTC) - since
    target = output or Path(f"station-bundle-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.zip")
    findings, simulated = examination(station)
    notes: list[str] = []
    names: list[str] = []
    try:
        with zipfile.ZipFile(target, "x", zipfile.ZIP_DEFLATED) as box:
            for name, content in _contents(station, earliest, logs, notes):
                box.writestr(name, content)
                names.append(name)
            data = {"grade": worst(findings), "findings": plain(findings)}
            box.writestr("doctor.txt", "".join(f"{f}\n" for f in findings))
            box.writestr("doctor.json", envelope("doctor", data, simulated=simulated))
            box.writestr("notes.txt", "".join(f"{note}\n" for note in notes) or "nothing was left out\n")
            names += ["doctor.txt", "doctor.json", "notes.txt"]
    except FileExistsError as error:
        raise StationError(f"{target} is there already") from error
    except OSError as error:
        raise StationError(f"{target} cannot be written: {error}") from error
    if as_json:
        print_result("bundle", {"path": target, "files": names, "notes": notes}, simulated=simulated)
        return
    size = f"{target.stat().st_size / 1e6:.1f} MB"
    click.echo(f"{target}  {size}, {len(names)} files, from {earliest:%Y-%m-%d %H:%M} UTC on")
    for note in notes:
        click.echo(f"  {note}")


def _contents(
    station: str, earliest: datetime, logs: tuple[Path, ...], notes: list[str]
) -> Iterator[tuple[str, bytes]]:
    """Names and contents, one by one. What cannot be had is a note and never the end of the bundle."""
    yield "versions.txt", _versions()
    yield from _logs(earliest, logs, notes)
    try:
        config = _config(station)
    except (ConfigurationError, NotFound) as error:
        notes.append(f"no configuration: {error}")
        return
    for path in config.files:
        yield f"config/{path.parent.name}/{path.name}", blacked_out(path.read_text(encoding="utf-8")).encode()
    yield from _journal(config, earliest, notes)
    yield from _black_boxes(config.journal.parent, earliest, notes)


def blacked_out(text: str) -> str:
    """The text without private keys, and without the value of whatever is called a secret; names of files stay."""

    def left_out(match: re.Match[str]) -> str:
        names_a_file = match["value"].strip("\"'").startswith(("/", "./", "../", "~"))
        return match[0] if names_a_file else f'{match["head"]}"<left out>"'

    return SECRET.sub(left_out, KEY.sub("<private key left out>", text))


def _config(station: str) -> StationConfig:
    from station_ctl.build import PARTS
    from station_ctl.config import load_station, station_file

    return load_station(station_file(station), parts=PARTS)


def _versions() -> bytes:
    import platform
    import sys
    from importlib.metadata import distributions

    import station_ctl

    packages = sorted({f"{d.name}=={d.version}" for d in distributions()})
    head = [f"station-ctl {station_ctl.__version__}", f"Python {sys.version}", platform.platform(), sys.prefix]
    return "".join(f"{line}\n" for line in (*head, *packages)).encode()


def _journal(config: StationConfig, earliest: datetime, notes: list[str]) -> Iterator[tuple[str, bytes]]:
    from dataclasses import asdict
    from json import dumps

    from station_ctl.engine.journal import Journal
    from station_ctl.service import backup

    folder = config.journal.parent / "backup"
    if backup.is_held(config.journal):
        newest = backup.listed(folder, config.station.code)[:1]
        said = f"its newest backup is {newest[0].name}" if newest else "and there is no backup"
        notes.append(f"the service holds the journal, {said}; stop it for the newest rows")
        for path in newest:
            yield f"journal/{path.name}", path.read_bytes()
        return
    try:
        opened = Journal(config.journal, config.station.code)
        try:
            rows = [dumps(asdict(row), ensure_ascii=False) for row in opened.each(since=earliest.isoformat())]
            ledger = {pack: str(custody) for pack, custody in opened.restore().ledger}
        finally:
            opened.close()
    except JournalError as error:
        notes.append(f"no journal: {error}")
        if config.journal.is_file() and config.journal.stat().st_size <= MOST:
            # Whatever is wrong with it is what support wants to see.
            yield "journal/as-it-is.sqlite", config.journal.read_bytes()
        return
    yield "journal/rows.jsonl", "".join(f"{row}\n" for row in rows).encode()
    yield "journal/custody.json", dumps(ledger, indent=1).encode()


def _black_boxes(state: Path, earliest: datetime, notes: list[str]) -> Iterator[tuple[str, bytes]]:
    """What was read before each trip, and the history of alarms; large files are told and left out."""
    boxes = sorted((state / BLACK_BOXES).glob("*"))
    wanted = [path for path in boxes if datetime.fromtimestamp(path.stat().st_mtime, UTC) >= earliest]
    for path in (*wanted, state / HISTORY):
        if not path.is_file():
            continue
        if path.stat().st_size > MOST:
            notes.append(f"{path} is left out, it has {path.stat().st_size / 1e6:.0f} MB")
        elif path.name == HISTORY:
            yield from _history(path, notes)
        else:
            yield f"{BLACK_BOXES}/{path.name}", path.read_bytes()


def _history(path: Path, notes: list[str]) -> Iterator[tuple[str, bytes]]:
    """A whole copy of a database that the service may just be writing."""
    import sqlite3
    import tempfile

    with tempfile.TemporaryDirectory(prefix="station-bundle-") as folder:
        copy = Path(folder) / HISTORY
        try:
            source = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=1.0)
            try:
                source.execute("VACUUM INTO ?", (str(copy),))
            finally:
                source.close()
        except sqlite3.Error as error:
            notes.append(f"no {HISTORY}: {error}")
            return
        yield HISTORY, copy.read_bytes()


def _logs(earliest: datetime, files: tuple[Path, ...], notes: list[str]) -> Iterator[tuple[str, bytes]]:
    from station_ctl.cli.examine_pc import said

    words = ("journalctl", "-u", "station", "-o", "json", "--no-pager", "--since", f"{earliest:%Y-%m-%d %H:%M:%S} UTC")
    text = said(*words)
    if text:
        yield "logs/station.jsonl", blacked_out(text).encode()[-MOST:]
    elif not files:
        notes.append("no logs: systemd's journal has none for this user; name files with --logs")
    for path in files:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - MOST))
            yield f"logs/{path.name}", blacked_out(file.read().decode(errors="replace")).encode()

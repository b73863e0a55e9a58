"""Black box files: one per trip, JSON lines in gzip, the newest fifty; and reading what was when.

Knows the form of a file. Does not know what is worth noting.
"""

from __future__ import annotations

import gzip
import json
import os
import zlib
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

import structlog

from station_ctl.core.errors import NotFound, StationError

log = structlog.get_logger()

KEPT = 50
"""Files that are kept; the oldest gives way."""

PATTERN = "trip-*.jsonl.gz"


class BoxUnreadable(StationError):
    """The file is no black box, or is cut off."""


class Happened(Protocol):
    """One entry: when (monotonic s), on which link, and what."""

    @property
    def at(self) -> float: ...
    @property
    def link(self) -> str: ...
    @property
    def changes(self) -> Mapping[str, Any]: ...


class Keeper(Protocol):
    """Whoever writes a trip down."""

    def keep(self, header: dict[str, Any], base: dict[str, dict[str, Any]], entries: Iterable[Happened]) -> None:
        """Write it down some time soon; never waits, never raises."""
        ...


class BoxFolder:
    """The folder of the files. Writes in the caller: `BoxThread` does it beside him."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep(self, header: dict[str, Any], base: dict[str, dict[str, Any]], entries: Iterable[Happened]) -> None:
        """Write one file, drop the oldest. What cannot be written is told in the log."""
        try:
            path = self._write(header, base, entries)
            for old in self.files()[KEPT:]:
                old.unlink(missing_ok=True)
        except (OSError, TypeError, ValueError) as error:
            log.error("black-box-not-written", folder=str(self.folder), why=str(error))
            return
        log.info("black-box", file=path.name, code=header["code"])

    def _write(
        self, header: dict[str, Any], base: dict[str, dict[str, Any]], entries: Iterable[Happened]
    ) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True)
        stamp = datetime.fromisoformat(header["at"]).strftime("%Y%m%dT%H%M%S.%f")[:-3]
        path = self.folder / f"trip-{stamp}Z-{header['code']}.jsonl.gz"
        zero = header.pop("mono")
        lines = [header, {"base": base}]
        in_time = sorted(entries, key=lambda e: e.at)
        lines += [{"t": round(e.at - zero, 4), "link": e.link, **_inner(e)} for e in in_time]
        text = "\n".join(json.dumps(line, ensure_ascii=False, default=str) for line in lines) + "\n"
        part = path.with_name(path.name + ".part")
        with part.open("wb") as file:
            file.write(gzip.compress(text.encode(), 6))
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        return path

    def files(self) -> list[Path]:
        """Every file, the newest first."""
        return sorted(self.folder.glob(PATTERN), reverse=True)

    def named(self, name: str = "") -> Path:
        """The newest file whose name has `name` in it. Raises NotFound."""
        found = next((f for f in self.files() if name in f.name), None)
        if found is None:
            names = ", ".join(f.name for f in self.files()[:10]) or "none"
            raise NotFound(f"there is no black box {name!r}; there are {names}")
        return found


def _inner(entry: Happened) -> dict[str, Any]:
    return {"tags" if entry.link else "what": dict(entry.changes)}


class BoxThread:
    """Writes in a thread of its own: packing a minute of readings must not hold up a scan."""

    def __init__(self, folder: BoxFolder) -> None:
        self.folder = folder
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="black-box")

    def keep(self, header: dict[str, Any], base: dict[str, dict[str, Any]], entries: Iterable[Happened]) -> None:
        """Write one file some time soon."""
        self._thread.submit(self.folder.keep, header, base, entries)

    def close(self) -> None:
        """Finish what waits."""
        self._thread.shutdown(wait=True)


@dataclass(frozen=True, slots=True)
class BoxReading:
    """A value as it stood, `since` when (s from the trip; None = before the box begins), and why it was not good."""

    value: Any
    since: float | None
    why: str


@dataclass(frozen=True)
class BoxRecord:
    """One file as read back. Times in seconds from the trip, negative before it."""

    header: Mapping[str, Any]
    base: Mapping[str, Mapping[str, Any]]
    lines: tuple[Mapping[str, Any], ...]

    def value_at(self, point: str, t: float) -> BoxReading:
        """What `link.TAG` was at `t`. Raises NotFound for a point of which the box knows nothing by then."""
        link, _, tag = point.partition(".")
        value, since = self._newest(link, tag, t)
        if since is None and tag not in self.base.get(link, {}):
            raise NotFound(f"the black box has no {point} at {t:g} s; it has {', '.join(self.points()[:8])}, …")
        fault, _ = self._newest(link, "fault", t)
        return BoxReading(value, since, fault or ("" if value is not None else "declared bad by the PLC"))

    def _newest(self, link: str, tag: str, t: float) -> tuple[Any, float | None]:
        value, since = self.base.get(link, {}).get(tag), None
        for line in self.lines[: bisect_right(self.lines, t, key=lambda line: float(line["t"]))]:
            if line["link"] == link and tag in line["tags"]:
                value, since = line["tags"][tag], float(line["t"])
        return value, since

    def points(self) -> list[str]:
        """Every `link.TAG` there is anything of."""
        found = {f"{link}.{tag}" for link, tags in self.base.items() for tag in tags}
        found |= {f"{line['link']}.{tag}" for line in self.lines if line["link"] for tag in line["tags"]}
        return sorted(found)

    def told(self) -> list[Mapping[str, Any]]:
        """What was decided, each with its time: steps, orders, trips, stops."""
        return [{"t": line["t"], **line["what"]} for line in self.lines if not line["link"]]


def read_box(path: Path) -> BoxRecord:
    """Read one file. Raises BoxUnreadable."""
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            header, base, *lines = [json.loads(line) for line in file]
        if header["box"] != 1:
            raise BoxUnreadable(f"{path.name} is of another release: form {header['box']}")
        return BoxRecord(header, base["base"], tuple(lines))
    except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError) as error:
        raise BoxUnreadable(f"{path.name} is no whole black box: {error}") from error

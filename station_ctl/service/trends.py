"""Trends: chosen analog tags once a second, packed by the minute into the history file, and read back thinned out.

Knows tags and time. Does not know what a value means.
"""

from __future__ import annotations

import asyncio
import math
import sqlite3
import struct
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from station_ctl.core.devices import MAX_AGE
from station_ctl.core.errors import NotFound
from station_ctl.core.points import Access, BaseType, IoList, Point, ScanClass
from station_ctl.core.signals import Image
from station_ctl.engine.runner import Engine
from station_ctl.service.history_thread import History

PERIOD = 1.0
"""Seconds between two samples."""

MINUTE = 60
KEPT_DAYS = 14
KEPT_BYTES = 256 * 1024 * 1024
"""The trends keep at most this; the oldest hours give way first when the tags need more."""

TAGS_MOST = 200
POINTS_MOST = 2_000
"""Points of one answer, unless fewer are asked for."""

PRUNE_EVERY = 60
"""Minutes written between two looks at the size."""

UNITS = frozenset(("mm", "deg", "kg", "Nm", "N", "C", "V", "A", "kW", "kWh", "%", "kOhm", "Hz", "ppm"))
"""Units of tags that make a trend worth looking at."""

BAY_TAGS = ("_POWER", "_SOC", "_TEMP_MAX", "_INSULATION")
"""Of the many tags of a bay, those that are sampled unless others are chosen."""


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """One point of a thinned trend: lowest, mean and highest from `at` (wall s) on. None = nothing good was read."""

    at: float
    low: float | None
    mean: float | None
    high: float | None


def default_tags(io: Mapping[str, IoList]) -> tuple[str, ...]:
    """`link.TAG` of every analog tag worth a trend: one number with a physical unit; of bays only a few."""
    return tuple(
        f"{link}.{point.tag}" for link, points in io.items() for point in points.values() if _worth(point)
    )[:TAGS_MOST]


def _worth(point: Point) -> bool:
    if point.access is not Access.READ or point.scan is ScanClass.NONE or point.unit not in UNITS:
        return False
    if point.type.count != 1 or point.type.base in (BaseType.BOOL, BaseType.STR):
        return False
    return not point.tag.startswith("BAY") or point.tag.endswith(BAY_TAGS)


def pack(samples: Iterable[float]) -> bytes:
    """Samples of one minute. A minute in which nothing changed is one number."""
    values = list(samples)
    if len(set(map(str, values))) == 1:
        values = values[:1]
    return struct.pack(f"<{len(values)}f", *values)


def unpack(data: bytes) -> list[float]:
    """The samples of one minute, one for each second; NaN = nothing good was read."""
    values = list(struct.unpack(f"<{len(data) // 4}f", data[: len(data) // 4 * 4]))
    return values * MINUTE if len(values) == 1 else values[:MINUTE]


class Trends:
    """Samples `tags` (`link.TAG`) of one engine. Raises NotFound for a tag that no link reads as one number."""

    def __init__(
        self,
        engine: Engine,
        history: History,
        tags: Iterable[str] | None = None,
        *,
        wall: Callable[[], float] = time.time,
        kept_bytes: int = KEPT_BYTES,
    ) -> None:
        self._engine, self._history, self._wall, self._kept_bytes = engine, history, wall, kept_bytes
        io = {name: link.io for name, link in engine.links.items()}
        chosen = default_tags(io) if tags is None else tuple(dict.fromkeys(tags))[:TAGS_MOST]
        self._points = {tag: _point(tag, io) for tag in chosen}
        self._minute = -1
        self._samples: dict[str, list[float]] = {}
        self._written = 0

    @property
    def tags(self) -> tuple[str, ...]:
        """What is sampled."""
        return tuple(self._points)

    async def run(self) -> None:
        """Sample once a second until cancelled; the minute that is not full is written on the way out."""
        try:
            while True:
                self.sample()
                now = self._wall()
                await asyncio.sleep(PERIOD - now % PERIOD)
        finally:
            self._write()

    def sample(self) -> None:
        """Take one sample of every tag, at the second that it is now."""
        minute, second = divmod(int(self._wall()), MINUTE)
        if minute != self._minute:
            self._write()
            self._minute = minute
            self._samples = {tag: [math.nan] * MINUTE for tag in self._points}
        image = self._engine.image()
        for tag, (link, point) in self._points.items():
            self._samples[tag][second] = _value(image, link, point)

    def _write(self) -> None:
        minute, samples = self._minute, self._samples
        rows = [(tag, pack(values)) for tag, values in samples.items() if any(v == v for v in values)]
        self._minute, self._samples = -1, {}
        if not rows:
            return
        self._history.put(lambda db: _insert(db, minute, rows))
        self._written += 1
        if self._written % PRUNE_EVERY == 1:
            self._history.put(lambda db: _prune(db, minute, self._kept_bytes))

    async def query(self, tag: str, since: float, until: float | None = None, points: int = 600) -> list[TrendPoint]:
        """The trend of a tag from `since` (wall s), in at most `points` points of equal length.

        Raises NotFound for a tag that is not sampled and never was.
        """
        end = self._wall() if until is None else until
        points = max(1, min(points, POINTS_MOST))
        first, last = int(since) // MINUTE, int(end) // MINUTE
        found: dict[int, bytes] | None = await self._history.ask(lambda db: _select(db, tag, first, last), {})
        if found is None and tag not in self._points:
            raise NotFound(f"no trend of {tag}; there are {', '.join(self.tags)}")
        minutes = {minute: unpack(data) for minute, data in (found or {}).items()}
        if self._minute >= 0 and tag in self._samples:
            stored = minutes.get(self._minute, [])
            minutes[self._minute] = _merged(stored, self._samples[tag])
        return thinned(minutes, int(since), max(int(since) + 1, math.ceil(end)), points)


def thinned(minutes: Mapping[int, list[float]], since: int, until: int, points: int) -> list[TrendPoint]:
    """Samples of whole minutes as at most `points` points from `since` to `until` (wall s)."""
    width = max(1, math.ceil((until - since) / points))
    slots: dict[int, list[float]] = {}
    for minute, samples in minutes.items():
        for second, value in enumerate(samples):
            at = minute * MINUTE + second
            if since <= at < until and value == value:
                slots.setdefault((at - since) // width, []).append(value)
    found = []
    for slot in range(math.ceil((until - since) / width)):
        values, at = slots.get(slot), since + slot * width
        if values is None:
            found.append(TrendPoint(at, None, None, None))
        else:
            found.append(TrendPoint(at, min(values), math.fsum(values) / len(values), max(values)))
    return found


def _merged(stored: list[float], newer: list[float]) -> list[float]:
    return [b if b == b else a for a, b in zip(stored or [math.nan] * MINUTE, newer, strict=False)]


def _point(tag: str, io: Mapping[str, IoList]) -> tuple[str, Point]:
    link, _, name = tag.partition(".")
    point = io[link].get(name) if link in io else None
    if point is None or point.type.count != 1 or point.type.base is BaseType.STR or point.access is not Access.READ:
        raise NotFound(f"trend of {tag}: no link reads such a tag as one number")
    return link, point


def _value(image: Image, link: str, point: Point) -> float:
    reading = image.reading(link, point.scan, point.tag, MAX_AGE[point.scan])
    value = reading.value
    return float(value) if reading.good and isinstance(value, (int, float)) else math.nan


# ---- the table ----
def _insert(db: sqlite3.Connection, minute: int, rows: list[tuple[str, bytes]]) -> None:
    db.executemany("INSERT OR IGNORE INTO trend_tag (tag) VALUES (?)", [(tag,) for tag, _ in rows])
    ids = dict(db.execute("SELECT tag, id FROM trend_tag").fetchall())
    old = dict(db.execute("SELECT tag, data FROM trend WHERE minute=?", (minute,)).fetchall())
    # A minute in which the program was started anew, or the clock set back, has two parts.
    new = [
        (ids[tag], minute, pack(_merged(unpack(old[ids[tag]]), unpack(data))) if ids[tag] in old else data)
        for tag, data in rows
    ]
    db.executemany("INSERT OR REPLACE INTO trend VALUES (?, ?, ?)", new)


def _select(db: sqlite3.Connection, tag: str, first: int, last: int) -> dict[int, bytes] | None:
    known = db.execute("SELECT id FROM trend_tag WHERE tag=?", (tag,)).fetchone()
    if known is None:
        return None
    sql = "SELECT minute, data FROM trend WHERE tag=? AND minute BETWEEN ? AND ?"
    return dict(db.execute(sql, (known[0], first, last)).fetchall())


def _prune(db: sqlite3.Connection, minute: int, kept_bytes: int) -> None:
    """Drop what is too old; of what is too much the oldest tenth, until the next look."""
    db.execute("DELETE FROM trend WHERE minute < ?", (minute - KEPT_DAYS * 24 * 60,))
    pages, free, size = (
        db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
    )
    if (pages - free) * size > kept_bytes:
        (oldest,) = db.execute("SELECT MIN(minute) FROM trend").fetchone()
        db.execute("DELETE FROM trend WHERE minute < ?", (oldest + max(1, (minute - oldest) // 10),))

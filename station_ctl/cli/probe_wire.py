"""One look at a PLC through its real link, for `device probe`: every tag of its list, the written ones read back.

Knows links and how they fail. Does not judge what was read; there is nothing here that writes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from station_ctl.config import LinkSettings, SerialLineLink, StationConfig
from station_ctl.connections import make_link
from station_ctl.core.links import Block, Link, LinkSnapshot
from station_ctl.core.points import Access, IoList, Point, ScanClass, Value

ATTEMPT_WITHIN = 4.0
"""Seconds that one look at one list may take: an OPC UA session with encryption takes up to three."""

PULSE_S = 1.2
"""Seconds for which the counters are watched: a heartbeat moves at least every 100 ms."""

TRIES = 3
"""Looks at a whole list before it is believed that something of it cannot be read: one late answer is no finding."""

MOST_LOOKS = 60
"""Looks at one PLC at most while single tags are searched for that spoil the reading of the others."""

LIFE = ("HB_PLC", "UPTIME_MS")
NEVER = "never connected"


@dataclass(frozen=True, slots=True)
class Pulse:
    """What the counters did: values of HB_PLC seen, PLC milliseconds gained, and seconds in which they did."""

    beats: int
    gained_ms: int | None
    seconds: float


@dataclass(slots=True)
class Looked:
    """What one look at a PLC came to. `missing` says of every tag that could not be read why; `now` is monotonic."""

    link: str
    values: dict[str, Value] = field(default_factory=dict)
    bad: set[str] = field(default_factory=set)
    at: dict[str, float] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    pulse: Pulse | None = None
    now: float = 0.0
    fault: str = ""
    """Why nothing at all could be read; empty if something was."""

    def take(self, points: Sequence[Point], snapshot: LinkSnapshot) -> None:
        """Note what a complete look has read."""
        for point in points:
            block = snapshot.blocks.get(point.scan, Block())
            self.at[point.tag] = block.at
            if point.tag in block.values:
                self.values[point.tag] = block.values[point.tag]
            if point.tag in block.bad:
                self.bad.add(point.tag)

    def snapshot(self, io: IoList) -> LinkSnapshot:
        """The same as the engine would see it."""
        blocks = {}
        for scan in ScanClass:
            tags = [point.tag for point in io.scanned(scan) if point.tag in self.at]
            if tags:
                values = {tag: self.values[tag] for tag in tags if tag in self.values}
                oldest = min(self.at[tag] for tag in tags)
                blocks[scan] = Block(values, oldest, frozenset(self.bad.intersection(tags)))
        return LinkSnapshot(self.link, 1, self.now, self.fault or None, blocks)


async def look_at(config: StationConfig, names: Sequence[str]) -> dict[str, Looked]:
    """A look at every one of these links; those on one serial port one after the other."""
    ports: dict[str, list[str]] = {}
    for name in names:
        ports.setdefault(config.links[name].address, []).append(name)
    found: dict[str, Looked] = {}

    async def along(sharing: list[str]) -> None:
        for name in sharing:
            found[name] = await _Probe(config, name).look()

    async with asyncio.TaskGroup() as looks:
        for sharing in ports.values():
            looks.create_task(along(sharing))
    return {name: found[name] for name in names}


class _Probe:
    """The looks at one PLC, each over a connection of its own."""

    def __init__(self, config: StationConfig, name: str) -> None:
        self._config, self._name = config, name
        self._settings = unproven(config.links[name])
        self._patient = isinstance(self._settings, SerialLineLink)
        io = config.io.get(name) or make_link(name, config).io
        self._points = [readable(point) for point in io.values() if point.access is Access.READ]
        self._written = [readable(point) for point in io.values() if point.access is Access.WRITE]
        self._looks = 0
        self._looked = Looked(name)

    async def look(self) -> Looked:
        """A second of the counters, then all read tags, then the written ones read back."""
        looked = self._looked
        life = [point for point in self._points if point.tag in LIFE]
        for _ in range(TRIES):
            looked.pulse = looked.pulse or await self._watch(life)
        why = await self._read(self._points)
        if why and not looked.values:
            looked.fault = why
        elif self._written:
            await self._read(self._written)
        looked.now = time.monotonic()
        return looked

    async def _read(self, points: Sequence[Point]) -> str:
        """Read these points, however few of them can be; why the first look failed, empty if it did not."""
        why = await self._tried(points)
        if why and len(points) > 1 and not await self._plc_itself(points):
            await self._apart(points, why)
        elif why:
            self._looked.missing.update(dict.fromkeys((point.tag for point in points), why))
        empty = [p for p in points if p.tag in self._looked.at and p.tag not in self._looked.values]
        if empty:
            await self._attempt(empty)
        return why

    async def _tried(self, points: Sequence[Point]) -> str:
        why = ""
        for _ in range(TRIES):
            why = await self._attempt(points)
            if not why:
                break
        return why

    async def _plc_itself(self, points: Sequence[Point]) -> bool:
        """True if not one of three tags can be read alone: then it is not a tag that spoils the reading."""
        alone = (points[0], points[len(points) // 2], points[-1])
        for point in alone:
            if not await self._attempt([point]):
                return False
        return True

    async def _apart(self, points: Sequence[Point], why: str) -> None:
        """Find the tags that spoil the reading of the others, by halves."""
        if len(points) == 1 or self._looks >= MOST_LOOKS:
            self._looked.missing.update(dict.fromkeys((point.tag for point in points), why))
            return
        middle = len(points) // 2
        for half in (points[:middle], points[middle:]):
            if half_why := await self._attempt(half):
                await self._apart(half, half_why)

    async def _attempt(self, points: Sequence[Point]) -> str:
        """One look at these points. Gives why it failed, and notes what was read where it did not."""
        self._looks += 1
        link, why = self._link(points), ""

        async def until_read() -> None:
            nonlocal why
            why = await read_once(link, patient=self._patient)

        await while_running(link, until_read)
        if not why:
            for point in points:
                self._looked.missing.pop(point.tag, None)
            self._looked.take(points, link.snapshot)
        return why

    async def _watch(self, life: Sequence[Point]) -> Pulse | None:
        if not life:
            return None
        link = self._link([replace(point, scan=ScanClass.FAST) for point in life])
        beats, uptimes, moments = set[Value](), list[tuple[float, Value]](), list[float]()

        def note(snapshot: LinkSnapshot) -> None:
            block = snapshot.blocks.get(ScanClass.FAST)
            if block is not None and snapshot.fault is None:
                moments.append(block.at)
                beats.update(block.values[tag] for tag in ("HB_PLC",) if tag in block.values)
                uptimes.extend((block.at, block.values[tag]) for tag in ("UPTIME_MS",) if tag in block.values)

        link.on_scan(note)

        async def a_while() -> None:
            if not await read_once(link):
                await asyncio.sleep(PULSE_S)

        await while_running(link, a_while)
        return _pulse(beats, uptimes, moments)

    def _link(self, points: Sequence[Point]) -> Link:
        name, config = self._name, self._config
        io = IoList(config.io[name].name, tuple(points)) if name in config.io else None
        lists = {**config.io, name: io} if io is not None else config.io
        return make_link(name, replace(config, links={**config.links, name: self._settings}, io=lists))


def unproven(settings: LinkSettings) -> LinkSettings:
    """The same link that asks for no identity: what a wrong PLC shows is to be seen, too."""
    if isinstance(settings, SerialLineLink):
        return settings
    return settings.model_copy(update={"map_version": None, "heartbeat_timeout_ms": None})


def readable(point: Point) -> Point:
    """The point as one that is read only: a link with nothing but such points refuses every write."""
    return point if point.access is Access.READ else replace(point, access=Access.READ, scan=ScanClass.SLOW)


async def while_running(link: Link, act: Callable[[], Awaitable[None]]) -> None:
    """Run the link while something is done with it."""
    running = asyncio.create_task(link.run(), name=f"probe of {link.name}")
    try:
        await act()
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def read_once(link: Link, *, patient: bool = False) -> str:
    """Wait until every tag was read once; why not, if the link complains first or the time is over.

    `patient`: of an instrument that speaks when it likes; a complaint may be over with its next line.
    """
    wanted = {point.scan for point in link.io.values()} - {ScanClass.NONE}
    told = asyncio.Event()
    link.on_scan(lambda _snapshot: told.set())

    def all_read() -> bool:
        return link.snapshot.fault is None and wanted <= set(link.snapshot.blocks)

    try:
        async with asyncio.timeout(ATTEMPT_WITHIN):
            while True:
                if all_read() and not (patient and any(block.bad for block in link.snapshot.blocks.values())):
                    return ""
                if link.snapshot.fault not in (None, NEVER) and not patient:
                    return str(link.snapshot.fault)
                await told.wait()
                told.clear()
    except TimeoutError:
        return "" if all_read() else link.snapshot.fault or f"not all was read within {ATTEMPT_WITHIN:g} s"


def _pulse(beats: set[Value], uptimes: Sequence[tuple[float, Value]], moments: Sequence[float]) -> Pulse | None:
    if len(uptimes) < 2:
        return Pulse(len(beats), None, moments[-1] - moments[0]) if beats else None
    (began, first), (ended, last) = uptimes[0], uptimes[-1]
    gained = (last - first) % 2**32 if isinstance(first, int) and isinstance(last, int) else None
    return Pulse(len(beats), gained, ended - began)

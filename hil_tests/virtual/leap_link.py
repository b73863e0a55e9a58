"""A link without a wire that is read at every event of the plant, all scan classes at one instant.

Knows which tags change with time alone. Does not know when the next event is; the pacing does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from operator import itemgetter
from types import MappingProxyType
from typing import Any

from drivers.link_image import Listener
from drivers.memory import Backend, MemoryLink, Verdict, judge
from station_ctl.core.links import Block, LinkSnapshot
from station_ctl.core.points import IoList, Point, Value

TICKING = frozenset(("UPTIME_MS", "HB_PLC", "IMD_COUNT"))
"""Tags that count time and say nothing else: they move in every scan."""


class _Watch:
    """The tags of one scan class, and what they were worth when they last changed."""

    def __init__(self, points: tuple[Point, ...]) -> None:
        self.steady = tuple(p for p in points if p.tag not in TICKING)
        self.ticking = tuple(p.tag for p in points if p.tag in TICKING)
        # Two tags at least, so that what is got is always a tuple.
        self.get = itemgetter(*(p.tag for p in (*self.steady, *self.steady[:1])))
        self.seen: tuple[Value, ...] = ()

    def block(self, last: Block, read: Mapping[str, Value], now: float) -> Block:
        """The block as it is now: only what is another value than before is judged anew."""
        seen = self.get(read)
        values, bad = dict(last.values), last.bad
        moved = [
            (point, value) for point, value, before in zip(self.steady, seen, self.seen, strict=False)
            if value is not before and (value != before or type(value) is not type(before))
        ]  # fmt: skip
        for point, value in moved:
            verdict = judge(point, value)
            if verdict is Verdict.BAD:
                values.pop(point.tag, None)
            else:
                values[point.tag] = value
            if verdict is not Verdict.GOOD:
                bad |= {point.tag}
            elif bad:
                bad -= {point.tag}
        for tag in self.ticking:
            values[tag] = read[tag]
        self.seen = seen
        return Block(MappingProxyType(values), now, bad)

    def later(self, last: Block, read: Mapping[str, Value], now: float) -> Block:
        """The same block at a later time."""
        if not self.ticking:
            return Block(last.values, now, last.bad)
        values = dict(last.values)
        for tag in self.ticking:
            values[tag] = read[tag]
        return Block(MappingProxyType(values), now, last.bad)


class LeapLink(MemoryLink):
    """`look` reads without telling; `tell` shows the newest snapshot to the listeners.

    All links are looked at before any of them tells, so that no decision mixes this instant with the one before.
    `on_write` is called after every write that is more than our heartbeat.
    """

    def __init__(
        self, name: str, io: IoList, plc: Backend, *, on_write: Callable[[], None], **options: Any
    ) -> None:
        super().__init__(name, io, plc, **options)
        self._told: list[Listener] = []
        self._on_write = on_write
        self._shown = self._image.snapshot
        self._beat: Value | None = None
        self._watches = {scan: _Watch(points) for scan, points in self._points.items()}

    @property
    def snapshot(self) -> LinkSnapshot:
        """The newest look."""
        return self._shown

    def on_scan(self, listener: Listener) -> None:
        """Call `listener` at every `tell`."""
        self._told.append(listener)

    def tell(self) -> None:
        """Show the newest snapshot to everybody who listens."""
        for listener in self._told:
            listener(self.snapshot)

    def look(self, now: float) -> bool:
        """Read everything at the time `now` (s); True where more has changed than counters of time."""
        if not self._plc.online or self._boot != self._plc.boot_id:
            return self._look_anew(now)
        read, last = self._plc.values, self._shown
        changed = [scan for scan, watch in self._watches.items() if watch.get(read) != watch.seen]
        blocks = {
            scan: (watch.block if scan in changed else watch.later)(last.blocks[scan], read, now)
            for scan, watch in self._watches.items()
        }
        if changed or last.fault is not None:
            for scan, block in blocks.items():
                self._image.take(scan, block, vouched=True)
            self._image.publish()
            self._shown = self._image.snapshot
            return True
        # Only the counters of time have moved: nothing of that needs a judgement.
        beat, self._beat = self._beat, read.get("HB_PLC")
        alive = now if self._beat is None or self._beat != beat else last.alive_at
        self._shown = LinkSnapshot(self.name, last.connection, alive, None, MappingProxyType(blocks))
        return False

    def _look_anew(self, now: float) -> bool:
        """A PLC that is lost, or has been started since: every tag is read and judged."""
        before = self.snapshot.fault, self._boot
        self.scan_now(now)
        self._shown = self._image.snapshot
        if self._plc.online:
            for watch in self._watches.values():
                watch.seen = watch.get(self._plc.values)
        return (self.snapshot.fault, self._boot) != before

    async def run(self) -> None:
        """Nothing of its own: the pacing looks and tells."""
        await asyncio.get_running_loop().create_future()

    async def write(
        self, values: Mapping[str, Value], *, commit: str | None = None, urgent: bool = False
    ) -> None:
        """As every link; the plant is told that there is something to look at."""
        await super().write(values, commit=commit, urgent=urgent)
        if "HB_CTL" not in values:
            self._on_write()

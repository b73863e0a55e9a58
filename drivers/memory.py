"""A link without a wire: one PLC program in this process, for tests in virtual time.

Knows an object with `values`, `write`, `online` and `boot_id`. Does not know what stands behind it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from enum import Enum
from types import MappingProxyType
from typing import Any, Protocol

from drivers.engineering import implausible, raw_value
from drivers.link_image import LinkImage, Listener
from drivers.scan_clock import PERIODS, ScanClock
from drivers.tags import in_order, of_type, writable
from station_ctl.core.links import Block, LinkSnapshot, NotSent, OutcomeUnknown
from station_ctl.core.points import IoList, Point, Scalar, ScanClass, Value


class Verdict(Enum):
    """What a value read is worth: an implausible one is shown, a bad one is not."""

    GOOD = "good"
    IMPLAUSIBLE = "implausible"
    BAD = "bad"


class Backend(Protocol):
    """What a PLC program in this process must offer. `values` are engineering values of its read tags."""

    values: dict[str, Value]
    online: bool
    boot_id: int

    def write(self, values: dict[str, Scalar], /) -> None:
        """Take written tags, in order."""
        ...


class MemoryLink:
    """A Link over a PLC program in this process. Nothing awaits: a test drives it with a clock of its own.

    `lose_reply` lets the next write reach the PLC and loses the reply; `lose_request` loses the write itself.
    """

    def __init__(
        self,
        name: str,
        io: IoList,
        plc: Backend,
        *,
        identity: Mapping[str, int] | None = None,
        heartbeat: str | None = None,
        periods: Mapping[ScanClass, float] = PERIODS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name, self.io = name, io
        self._plc, self._periods, self._clock = plc, periods, clock
        self._image = LinkImage(name, io, identity, heartbeat)
        self._classes = [c for c in PERIODS if io.scanned(c)]
        self._points = {scan: tuple(io.scanned(scan)) for scan in self._classes}
        self._judged: dict[str, tuple[Value | None, Verdict]] = dict.fromkeys(io, (None, Verdict.BAD))
        self._boot: int | None = None
        self.lose_reply = False
        self.lose_request = False

    @property
    def snapshot(self) -> LinkSnapshot:
        """The newest scan."""
        return self._image.snapshot

    def on_scan(self, listener: Listener) -> None:
        """Call `listener` synchronously after every scan and every change of fault."""
        self._image.on_scan(listener)

    def scan_now(self, now: float, classes: tuple[ScanClass, ...] | None = None) -> None:
        """Scan at the time `now` (s, the test's own clock): all classes, or the given ones."""
        if not self._plc.online:
            self._boot = None
            self._image.fault("connection", "no answer")
            return
        new = self._boot != self._plc.boot_id
        if new:
            self._boot = self._plc.boot_id
            self._image.connected("connection")
        for scan in self._classes if new or classes is None else classes:
            self._image.take(scan, self._block(scan, now), vouched=True)
        self._image.publish()

    async def run(self) -> None:
        """Scan in real time; ends by cancellation."""
        clock = ScanClock(self._classes, self._periods, self._clock())
        while True:
            now = self._clock()
            if due := clock.due(now):
                self.scan_now(now, due)
            await asyncio.sleep(max(0.0, clock.next() - self._clock()))

    async def write(
        self, values: Mapping[str, Value], *, commit: str | None = None, urgent: bool = False
    ) -> None:
        """Write tags once, `commit` last. Raises as every link does; nothing waits here, `urgent` or not."""
        ordered = {tag: _raw(self.io, tag, values[tag]) for tag in in_order(values, commit)}
        if not self._plc.online or self._boot != self._plc.boot_id:
            raise NotSent(f"{self.name}: not connected")
        if why := self._image.unwritable(urgent=urgent):
            raise NotSent(f"{self.name}: {why}")
        if self.lose_request:
            self.lose_request = False
            raise OutcomeUnknown(f"{self.name}: no answer to the write of {', '.join(ordered)}")
        self._plc.write(ordered)
        if self.lose_reply:
            self.lose_reply = False
            raise OutcomeUnknown(f"{self.name}: no answer to the write of {', '.join(ordered)}")

    def _block(self, scan: ScanClass, now: float) -> Block:
        values: dict[str, Value] = {}
        bad = set()
        read, judged = self._plc.values, self._judged
        for point in self._points[scan]:
            tag = point.tag
            value = read.get(tag)
            # Values are immutable: one that is still the same object needs no second judgement.
            last, verdict = judged[tag]
            if value is not last:
                verdict = judge(point, value)
                judged[tag] = (value, verdict)
            if verdict is not Verdict.BAD:
                assert value is not None
                values[tag] = value
            if verdict is not Verdict.GOOD:
                bad.add(tag)
        return Block(MappingProxyType(values), now, frozenset(bad))


def judge(point: Point, value: Value | None) -> Verdict:
    """What a value read for this point is worth."""
    if value is None or not of_type(point, value):
        return Verdict.BAD
    return Verdict.IMPLAUSIBLE if implausible(point, value) else Verdict.GOOD


def _raw(io: IoList, tag: str, value: Value) -> Scalar:
    point = writable(io, tag)
    # A program in this process has our codes; those of the list are what stands on a wire.
    raw: Any = raw_value(point, value)
    if point.codes:
        raw = value
    if isinstance(raw, list):
        raise ValueError(f"{tag}: a PLC in this process takes no arrays")
    scalar: Scalar = raw
    return scalar

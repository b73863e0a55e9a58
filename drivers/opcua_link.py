"""The link to an OPC UA PLC: polled reads, a request a scan class, and writes with the commit tag apart.

Knows scan classes and tags. Does not know the library or what a tag means.

Polling, no subscription: a scan is one pass with one age, while notifications arrive piece by piece and
stay away without a sign when the server has lost the subscription.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from drivers.backoff import BackOff
from drivers.engineering import filled_text, implausible, raw_value, scaling
from drivers.link_image import LinkImage, Listener
from drivers.loss import LinkFailed
from drivers.opcua import Sample, UaConnection, UaFailed, UaSecurity, check_address
from drivers.scan_clock import PERIODS, ScanClock
from drivers.tags import in_order, of_type, writable
from station_ctl.core.links import Block, LinkSnapshot, NotSent, OutcomeUnknown, WriteRefused
from station_ctl.core.points import Access, BaseType, IoList, Point, ScanClass, Value

SESSION_WITHIN = 3.0
"""How long connecting may take in all, s: with encryption a small PLC computes for a second or two."""


class OpcUaLink:
    """A Link over OPC UA. `url` is `opc.tcp://host:port[/path]`, `timeout` (s) bounds each request.

    `identity` and `heartbeat` as in LinkImage. Raises ValueError for an address that is no node id with a
    namespace URI.
    """

    def __init__(
        self,
        name: str,
        io: IoList,
        url: str,
        *,
        security: UaSecurity | None = None,
        identity: Mapping[str, int] | None = None,
        heartbeat: str | None = None,
        timeout: float = 0.25,
        periods: Mapping[ScanClass, float] = PERIODS,
    ) -> None:
        self.name, self.io = name, io
        self._url, self._security = url, security
        self._timeout, self._periods = timeout, periods
        self._image = LinkImage(name, io, identity, heartbeat)
        for point in io.values():
            check_address(point)
        # Where a server wants a scan in parts, the identity comes last: it then vouches for all of its pass.
        signed = {
            scan: sorted(io.scanned(scan), key=lambda p: p.tag in self._image.signs) for scan in PERIODS
        }
        self._blocks = {scan: _NodeBlock(tuple(points)) for scan, points in signed.items() if points}
        self._written = [point for point in io.values() if point.access is Access.WRITE]
        self._connection: UaConnection | None = None
        self._turn = asyncio.Lock()

    @property
    def snapshot(self) -> LinkSnapshot:
        """The newest scan."""
        return self._image.snapshot

    def on_scan(self, listener: Listener) -> None:
        """Call `listener` synchronously after every scan and every change of fault."""
        self._image.on_scan(listener)

    async def run(self) -> None:
        """Connect, scan, reconnect with back-off; ends only by cancellation."""
        back_off = BackOff()
        try:
            while True:
                connection, began = UaConnection(self._url, self._timeout, self._security), time.monotonic()
                try:
                    await self._first_pass(connection)
                    back_off.reset()
                    await self._scan_on(connection)
                except LinkFailed as failure:
                    self._image.fault("connection", str(failure))
                finally:
                    self._connection = None
                    await connection.close()
                await asyncio.sleep(back_off.next(time.monotonic() - began))
        finally:
            self._image.fault("connection", "link stopped")

    async def write(
        self, values: Mapping[str, Value], *, commit: str | None = None, urgent: bool = False
    ) -> None:
        """Write tags once: all values in one request, then `commit` in one of its own.

        `urgent` goes out at once beside whatever is under way. Raises as a Link does.
        """
        raw = [(tag, self._encoded(tag, values[tag])) for tag in in_order(values, commit)]
        if why := self._image.unwritable(urgent=urgent):
            raise NotSent(f"{self.name}: {why}")
        connection = self._connection
        if connection is None or not connection.up:
            raise NotSent(f"{self.name}: {self.snapshot.fault or 'not connected'}")
        requests = [
            [pair for tag, pair in raw if tag != commit],
            [pair for tag, pair in raw if tag == commit],
        ]
        if urgent:
            await self._send(connection, [request for request in requests if request])
        else:
            async with self._turn:
                await self._send(connection, [request for request in requests if request])

    def _encoded(self, tag: str, value: Value) -> tuple[Point, Any]:
        point = writable(self.io, tag)
        return point, raw_value(point, value)

    async def _send(self, connection: UaConnection, requests: Sequence[list[tuple[Point, Any]]]) -> None:
        for number, request in enumerate(requests):
            try:
                bad, sure = await connection.write(request)
            except UaFailed as failure:
                unknown = failure.sent or number > 0
                raise (OutcomeUnknown if unknown else NotSent)(f"{self.name}: {failure}") from failure
            if bad:
                # Without its commit word a block is nothing; a commit word that was called bad may have been taken.
                begun, alone = number + 1 < len(requests), len(requests) == 1 and len(bad) == len(request)
                refused = sure and (begun or alone)
                text = f"{self.name}: write not taken: {', '.join(bad)}"
                raise WriteRefused(text) if refused else OutcomeUnknown(text)

    async def _first_pass(self, connection: UaConnection) -> None:
        """Find every node and read everything once, before anything of this PLC is believed."""
        await connection.open(SESSION_WITHIN)
        misfits = await connection.misfits(self._written) if self._written else []
        for scan, block in self._blocks.items():
            block.prepared = connection.prepare(block.points)
            at, samples = await connection.read(block.points, block.prepared)
            misfits += [
                f"{point.tag} is {why}"
                for point, (why, _) in zip(block.points, samples, strict=True)
                if why in ("BadNodeIdUnknown", "wrong type")
            ]
            self._image.take(scan, block.take(at, samples))
        # The identity is read at both ends, so that all between them is of one life of one PLC.
        for scan in self._image.witnesses:
            block = self._blocks[scan]
            self._image.take(scan, block.take(*await connection.read(block.points, block.prepared)))
        if misfits:
            more = f" and {len(misfits) - 3} more" if len(misfits) > 3 else ""
            raise UaFailed(f"{connection.where}: {'; '.join(misfits[:3])}{more}", sent=False)
        self._connection = connection
        self._image.connected("connection")
        self._image.publish()

    async def _scan_on(self, connection: UaConnection) -> None:
        clock = ScanClock(self._blocks, self._periods, time.monotonic())
        while True:
            for scan in clock.due(time.monotonic()):
                block = self._blocks[scan]
                at, samples = await connection.read(block.points, block.prepared)
                if self._image.take(scan, block.take(at, samples)):
                    self._image.publish()
            await connection.loss.rest(clock.next())


class _NodeBlock:
    """The nodes of one scan class and their last values; only what changed is decoded again."""

    def __init__(self, points: tuple[Point, ...]) -> None:
        self.points = points
        self.prepared: Any = None
        self._scaled = [scaling(point) for point in points]
        self._last: list[Sample] = [("never read", None)] * len(points)
        self._newest: dict[str, Value] = {}
        self._values: Mapping[str, Value] = MappingProxyType(self._newest)
        self._bad = frozenset(point.tag for point in points)

    def take(self, at: float, samples: list[Sample]) -> Block:
        """The block of this scan."""
        if samples != self._last:
            values, bad = self._newest.copy(), set(self._bad)
            for index, sample in enumerate(samples):
                if sample != self._last[index]:
                    self._draw(index, sample, values, bad)
            self._last, self._newest = samples, values
            self._values = MappingProxyType(values)
            self._bad = self._bad if bad == self._bad else frozenset(bad)
        return Block(self._values, at, self._bad)

    def _draw(self, index: int, sample: Sample, values: dict[str, Value], bad: set[str]) -> None:
        point, (why, raw) = self.points[index], sample
        value = _value(point, raw, self._scaled[index]) if why is None else None
        if value is None:
            values.pop(point.tag, None)
            bad.add(point.tag)
            return
        values[point.tag] = value
        if implausible(point, value):
            bad.add(point.tag)
        else:
            bad.discard(point.tag)


def _value(point: Point, raw: Any, scaled: Any) -> Value | None:
    base = point.type.base
    try:
        if base is BaseType.STR:
            return filled_text(raw or "")
        value: Value = tuple(raw) if isinstance(raw, list) else raw
        if not of_type(point, value):
            return None
        if base is BaseType.BOOL:
            return value is not point.inverted
        return tuple(scaled(item) for item in value) if isinstance(value, tuple) else scaled(value)
    except ValueError:  # no printable text, or a code without a meaning
        return None

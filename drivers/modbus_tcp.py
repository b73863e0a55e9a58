"""The link to a Modbus TCP PLC: one connection for scans, one for commands.

Knows scan classes, tags and the two connections. Does not know frames or what a tag means.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping

from drivers.backoff import BackOff
from drivers.block_plan import BlockImage, plan_reads, plan_writes
from drivers.link_image import LinkImage, Listener
from drivers.loss import LinkFailed
from drivers.modbus import TcpChannel, read_question, write_question
from drivers.modbus_question import BUSY, AskFailed, Question, Refused, write_error
from drivers.registers import STRAIGHT, RegisterAddress, Table, encode
from drivers.scan_clock import PERIODS, ScanClock
from drivers.tags import in_order, writable
from station_ctl.core.links import Block, LinkSnapshot, NotSent
from station_ctl.core.points import IoList, ScanClass, Value

FIRST_ANSWER = 1.0
"""How long a new connection may stay without its first answer (s) before another one is tried."""

BUSY_SCANS = 2
"""Scans in a row that a PLC may answer with busy; what was read before grows old meanwhile and is judged by its age."""

ASK_AGAIN = 0.05
"""How often the first question is asked again (s), so that a PLC that was silent is seen soon."""


class ModbusTcpLink:
    """A Link over Modbus TCP.

    `timeout` (s) bounds each request and the connecting; `unit` stands where an address names none, `byte_order`
    where a tag names none; `identity` and `heartbeat` as in LinkImage; `most` registers are read in one request.
    Raises ValueError for an I/O list that cannot be read or written.
    """

    def __init__(
        self,
        name: str,
        io: IoList,
        host: str,
        port: int = 502,
        *,
        unit: int = 1,
        identity: Mapping[str, int] | None = None,
        heartbeat: str | None = None,
        timeout: float = 0.25,
        periods: Mapping[ScanClass, float] = PERIODS,
        most: int = 120,
        byte_order: str = STRAIGHT,
    ) -> None:
        self.name, self.io, self._order = name, io, byte_order
        self._host, self._port, self._timeout, self._periods = host, port, timeout, periods
        self._image = LinkImage(name, io, identity, heartbeat)
        self._blocks: dict[ScanClass, BlockImage] = {}
        self._questions: dict[ScanClass, tuple[Question, ...]] = {}
        self._unsigned: dict[ScanClass, int] = {}
        for scan in PERIODS:
            if points := io.scanned(scan):
                # The request that reads the identity goes last: it then vouches for all of its pass.
                planned = plan_reads(points, unit=unit, most=most, order=byte_order)
                reads = tuple(sorted(planned, key=lambda read: not self._image.signs.isdisjoint(read.tags())))
                self._unsigned[scan] = sum(self._image.signs.isdisjoint(read.tags()) for read in reads)
                self._blocks[scan] = BlockImage(reads)
                self._questions[scan] = tuple(map(read_question, reads))
        self._targets = write_targets(io, unit)
        self._busy: dict[ScanClass, int] = {}
        self._scan: TcpChannel | None = None
        self._command: TcpChannel | None = None

    @property
    def snapshot(self) -> LinkSnapshot:
        """The newest scan."""
        return self._image.snapshot

    def on_scan(self, listener: Listener) -> None:
        """Call `listener` synchronously after every scan and every change of fault."""
        self._image.on_scan(listener)

    async def run(self) -> None:
        """Keep both connections up and scan; ends only by cancellation."""
        try:
            async with asyncio.TaskGroup() as connections:
                connections.create_task(self._keep_scanning(), name=f"{self.name} scan")
                if self._targets:
                    self._image.fault("command", "no command connection yet")
                    connections.create_task(self._keep_command(), name=f"{self.name} command")
        finally:
            self._image.fault("connection", "link stopped")

    async def write(
        self, values: Mapping[str, Value], *, commit: str | None = None, urgent: bool = False
    ) -> None:
        """Write tags once; consecutive registers are one request, `commit` goes last.

        `urgent` takes whichever connection is free now; when none is, it goes out beside the waiting request.
        Raises NotSent, OutcomeUnknown, WriteRefused, ValueError as a Link does.
        """
        questions = write_questions(self.io, self._targets, values, commit, self._order)
        if why := self._image.unwritable(urgent=urgent):
            raise NotSent(f"{self.name}: {why}")
        channel = self._free_channel() if urgent else self._command
        if channel is None:
            raise NotSent(f"{self.name}: {self.snapshot.fault or 'no command connection'}")
        for number, question in enumerate(questions):
            try:
                await channel.ask(question, self._timeout, urgent=urgent)
            except AskFailed as failure:
                raise write_error(self.name, failure, partly=number > 0) from failure

    def _free_channel(self) -> TcpChannel | None:
        up = [channel for channel in (self._command, self._scan) if channel is not None and channel.up]
        return next((channel for channel in up if not channel.busy), up[0] if up else None)

    async def _keep_command(self) -> None:
        back_off = BackOff()
        while True:
            channel, began = TcpChannel(self._host, self._port), time.monotonic()
            try:
                await channel.open(self._timeout)
                self._command = channel
                self._image.connected("command")
                self._image.publish()
                await channel.loss.rest()
            except LinkFailed as failure:
                self._image.fault("command", f"command connection: {failure}")
            finally:
                self._command = None
                channel.drop(f"{self.name}: link stopped")
            # A PLC that takes connections only to close them must not be hammered: what lived long counts.
            took = time.monotonic() - began
            if took > FIRST_ANSWER:
                back_off.reset()
            await asyncio.sleep(back_off.next(took))

    async def _keep_scanning(self) -> None:
        back_off = BackOff()
        while True:
            channel, began = TcpChannel(self._host, self._port), time.monotonic()
            try:
                await channel.open(self._timeout)
                self._scan = channel
                await self._first_pass(channel)
                back_off.reset()
                await self._scan_on(channel)
            except LinkFailed as failure:
                self._doubt_command(channel)
                self._image.fault("connection", str(failure))
            finally:
                self._scan = None
                channel.drop(f"{self.name}: link stopped")
            await asyncio.sleep(back_off.next(time.monotonic() - began))

    def _doubt_command(self, scan: TcpChannel) -> None:
        """Where the scan got no answer for a while, the command connection must have had one, or it goes too."""
        command, silent_since = self._command, scan.heard_at
        silent = time.monotonic() - silent_since >= self._timeout
        if command is not None and silent and command.heard_at <= silent_since:
            command.drop(f"{self.name}: no answer on the scan connection either")

    async def _first_pass(self, channel: TcpChannel) -> None:
        """Read everything once: nothing of a PLC is believed before all of it was read on this connection.

        The identity is read at both ends, so that all between them is of one life of one PLC.
        """
        within, again = FIRST_ANSWER, ASK_AGAIN
        witnesses = [scan for scan in self._questions if scan in self._image.witnesses]
        for scan in (*witnesses, *(scan for scan in self._questions if scan not in witnesses), *witnesses):
            await self._read(channel, scan, within, again)
            within, again = self._timeout, 0.0
        self._image.connected("connection")
        self._image.publish()

    async def _scan_on(self, channel: TcpChannel) -> None:
        clock = ScanClock(self._questions, self._periods, time.monotonic())
        while True:
            for scan in clock.due(time.monotonic()):
                if await self._read(channel, scan, self._timeout):
                    self._image.publish()
            await channel.loss.rest(clock.next())

    async def _read(self, channel: TcpChannel, scan: ScanClass, within: float, again: float = 0.0) -> bool:
        block, at = self._blocks[scan], float("inf")
        try:
            for index, question in enumerate(self._questions[scan]):
                sent, raw = await channel.ask(question, within, again=again)
                block.take(index, raw)
                at = min(at, sent)
                within, again = self._timeout, 0.0
        except Refused as refusal:
            self._busy[scan] = self._busy.get(scan, 0) + 1
            if refusal.code not in BUSY or self._busy[scan] > BUSY_SCANS:
                self._image.fault(scan, str(refusal))
            return False
        self._busy.pop(scan, None)
        made = Block(block.values, at, block.bad)
        if scan in self._image.witnesses and self._unsigned[scan] and not self._image.same_life(scan, made):
            # The PLC has started somewhere in this pass: what was read before its identity may be zeroes.
            for index in range(self._unsigned[scan]):
                block.forget(index)
            made = Block(block.values, at, block.bad)
        return self._image.take(scan, made)


def write_targets(io: IoList, unit: int) -> dict[str, RegisterAddress]:
    """Where each write tag lies. Raises ValueError for one that is no whole holding register and no coil."""
    targets = {}
    for point in io.values():
        if point.access == "w":
            address = RegisterAddress.parse(point.address, unit=unit)
            if address.table not in (Table.HOLDING, Table.COILS) or address.bit >= 0:
                raise ValueError(f"{point.tag} at {point.address}: a write tag is a whole holding register or a coil")
            targets[point.tag] = address
    return targets


def write_questions(
    io: IoList,
    targets: Mapping[str, RegisterAddress],
    values: Mapping[str, Value],
    commit: str | None,
    order: str = STRAIGHT,
) -> tuple[Question, ...]:
    """The requests of one write, in order. Raises ValueError for a tag or value that must not be written."""
    fields = []
    for tag in in_order(values, commit):
        point = writable(io, tag)
        fields.append((tag, targets[tag], encode(point, values[tag], point.byte_order or order)))
    return tuple(map(write_question, plan_writes(fields)))

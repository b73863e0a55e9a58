"""A serial bus with Modbus RTU instruments, and the links to them.

Knows the one owner of the bus, quiet times, units. Does not know frames or what a tag means.

Modbus RTU has no transaction id: a late answer would be taken for the answer to the next question. So nobody
but the owner talks, a question once sent is waited for even when its asker is gone, and after each failure
the bus stays quiet for longer than any slave takes to answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping

from drivers.backoff import BackOff
from drivers.block_plan import BlockImage, plan_reads
from drivers.link_image import LinkImage, Listener
from drivers.loss import LinkFailed, Loss
from drivers.modbus import RtuChannel, read_question
from drivers.modbus_question import AskFailed, NotAsked, Question, Refused, Unanswered, write_error
from drivers.modbus_tcp import write_questions, write_targets
from drivers.registers import STRAIGHT
from drivers.scan_clock import PERIODS, ScanClock
from drivers.serial_port import SerialPort
from station_ctl.core.links import Block, LinkSnapshot, NotSent
from station_ctl.core.points import IoList, ScanClass, Value

Answer = asyncio.Future[tuple[float, bytes]]


class RtuBus:
    """One serial bus. `timeout` (s) is well above what its slowest slave takes to answer.

    `quiet` (s) follows each failure; by default it is as long as the time-out again, and at least 0.5 s.
    """

    def __init__(self, port: SerialPort, *, timeout: float = 0.3, quiet: float | None = None) -> None:
        self._port, self.timeout = port, timeout
        self._quiet = max(0.5, timeout) if quiet is None else quiet
        self._gap = max(0.00175, 3.5 * port.character)
        self._questions: deque[tuple[Question, Answer]] = deque()
        self._work = asyncio.Event()
        self._users: list[Callable[[str], None]] = []
        self._open = asyncio.Event()
        self._owner: asyncio.Task[None] | None = None
        self._down = f"{port.path}: not open yet"
        self.connection = 0
        """How often the port was opened."""

    @contextlib.asynccontextmanager
    async def attached(self, closed: Callable[[str], None]) -> AsyncIterator[None]:
        """The bus is owned while at least one link is attached; `closed` tells it that the port is gone."""
        self._users.append(closed)
        if self._owner is None:
            self._owner = asyncio.create_task(self._own(), name=f"bus {self._port.path}")
        try:
            yield
        finally:
            self._users.remove(closed)
            if not self._users and self._owner is not None:
                owner, self._owner = self._owner, None
                owner.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await owner

    async def opened(self) -> None:
        """Wait until the port is open."""
        await self._open.wait()

    async def ask(self, question: Question, *, urgent: bool = False) -> tuple[float, bytes]:
        """Ask in turn, `urgent` before all others. Gives the time the request left and the registers.

        Raises NotAsked, Unanswered, Refused. A cancelled call is not sent if it still waits for its turn.
        """
        if self._down:
            raise NotAsked(self._down)
        answer: Answer = asyncio.get_running_loop().create_future()
        (self._questions.appendleft if urgent else self._questions.append)((question, answer))
        self._work.set()
        return await answer

    async def _own(self) -> None:
        back_off = BackOff()
        while True:
            channel = RtuChannel(self._port, self._work.set)
            try:
                await channel.open(1.0)
                back_off.reset()
                self.connection += 1
                self._down = ""
                self._open.set()
                await self._serve(channel)
            except LinkFailed as failure:
                self._down = str(failure)
            finally:
                self._down = self._down or f"{self._port.path}: closed"
                channel.drop(self._down)
                self._turn_away()
            await asyncio.sleep(back_off.next())

    def _turn_away(self) -> None:
        self._open.clear()
        for closed in self._users:
            closed(self._down)
        while self._questions:
            _, answer = self._questions.popleft()
            if not answer.done():
                answer.set_exception(NotAsked(self._down))

    async def _serve(self, channel: RtuChannel) -> None:
        while True:
            while not self._questions:
                self._work.clear()
                await self._work.wait()
                if channel.loss.reason is not None:
                    raise LinkFailed(channel.loss.reason)
            question, answer = self._questions.popleft()
            if answer.done():
                continue
            await channel.loss.rest(channel.heard_at + self._gap)
            await self._exchange(channel, question, answer)

    async def _exchange(self, channel: RtuChannel, question: Question, answer: Answer) -> None:
        try:
            result = await channel.ask(question, self.timeout)
        except AskFailed as failure:
            if not answer.done():
                answer.set_exception(failure)
            if isinstance(failure, Unanswered):
                await self._keep_quiet(channel)
        else:
            if not answer.done():
                answer.set_result(result)

    async def _keep_quiet(self, channel: RtuChannel) -> None:
        until = time.monotonic() + self._quiet
        while time.monotonic() < until:
            await channel.loss.rest(until)
            until = max(until, channel.heard_at + self._gap)


class ModbusRtuLink:
    """A Link to the instruments of one I/O list on a bus; several lists and units may share the bus.

    A unit that does not answer makes its tags bad; the link has a fault when none answers. `urgent` writes go
    before all other questions, behind the one on the wire. The rest as in ModbusTcpLink.
    """

    def __init__(
        self,
        name: str,
        io: IoList,
        bus: RtuBus,
        *,
        unit: int = 1,
        identity: Mapping[str, int] | None = None,
        heartbeat: str | None = None,
        periods: Mapping[ScanClass, float] = PERIODS,
        most: int = 120,
        byte_order: str = STRAIGHT,
    ) -> None:
        self.name, self.io, self._order = name, io, byte_order
        self.bus, self._periods = bus, periods
        self._image = LinkImage(name, io, identity, heartbeat)
        self._blocks: dict[ScanClass, BlockImage] = {}
        self._questions: dict[ScanClass, tuple[Question, ...]] = {}
        for scan in PERIODS:
            if points := io.scanned(scan):
                reads = plan_reads(points, unit=unit, most=most, order=byte_order)
                self._blocks[scan] = BlockImage(reads)
                self._questions[scan] = tuple(map(read_question, reads))
        self._targets = write_targets(io, unit)
        self._connection = 0
        self._loss: Loss | None = None
        self._read: set[ScanClass] = set()

    @property
    def snapshot(self) -> LinkSnapshot:
        """The newest scan."""
        return self._image.snapshot

    def on_scan(self, listener: Listener) -> None:
        """Call `listener` synchronously after every scan and every change of fault."""
        self._image.on_scan(listener)

    async def run(self) -> None:
        """Scan as long as the bus is there; ends only by cancellation."""
        try:
            async with self.bus.attached(self._lost):
                while True:
                    await self.bus.opened()
                    self._loss = Loss()
                    with contextlib.suppress(LinkFailed):
                        await self._scan_on(self._loss)
        finally:
            self._image.fault("connection", "link stopped")

    async def _scan_on(self, loss: Loss) -> None:
        clock = ScanClock(self._questions, self._periods, time.monotonic())
        while True:
            for scan in clock.due(time.monotonic()):
                await self._scan(scan)
            await loss.rest(clock.next())

    async def write(
        self, values: Mapping[str, Value], *, commit: str | None = None, urgent: bool = False
    ) -> None:
        """Write tags once. Raises as a Link does."""
        questions = write_questions(self.io, self._targets, values, commit, self._order)
        if why := self._image.unwritable(urgent=urgent):
            raise NotSent(f"{self.name}: {why}")
        for number, question in enumerate(questions):
            try:
                await self.bus.ask(question, urgent=urgent)
            except AskFailed as failure:
                raise write_error(self.name, failure, partly=number > 0) from failure

    async def _scan(self, scan: ScanClass) -> None:
        block, at = self._blocks[scan], float("inf")
        silent, failures = set[int](), []
        for index, question in enumerate(self._questions[scan]):
            if question.unit in silent:
                block.forget(index)
                continue
            try:
                sent, raw = await self.bus.ask(question)
            except (Refused, Unanswered) as failure:
                failures.append(str(failure))
                block.forget(index)
                if isinstance(failure, Unanswered):
                    silent.add(question.unit)
            else:
                block.take(index, raw)
                at = min(at, sent)
        if at == float("inf"):
            self._image.fault(scan, "; ".join(failures))
            return
        self._image.take(scan, Block(block.values, at, block.bad))
        self._seen(scan)
        self._image.publish()

    def _lost(self, why: str) -> None:
        self._read.clear()
        if self._loss is not None:
            self._loss.declare(why)
        self._image.fault("connection", why)

    def _seen(self, scan: ScanClass) -> None:
        if self._connection != self.bus.connection:
            self._read.add(scan)
            if self._read == set(self._questions):
                self._connection = self.bus.connection
                self._image.connected("connection")

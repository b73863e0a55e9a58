"""One Modbus connection, TCP or serial: questions out, checked answers in.

Knows pymodbus (requests, framing, transport) and is the only file that does. Does not know tags or scans.

The library's own transaction is not used: it waits out its time-outs after the connection is already gone,
sends a timed-out write again, and takes answers with another function, length, echo or transaction id 0.
"""

from __future__ import annotations

import asyncio
import math
import struct
import time
from collections.abc import Callable
from typing import NoReturn

from pymodbus.framer import FramerRTU, FramerSocket
from pymodbus.pdu import DecodePDU, ModbusPDU
from pymodbus.pdu.bit_message import ReadCoilsRequest, ReadDiscreteInputsRequest, WriteSingleCoilRequest
from pymodbus.pdu.register_message import (
    ReadHoldingRegistersRequest,
    ReadInputRegistersRequest,
    WriteMultipleRegistersRequest,
    WriteSingleRegisterRequest,
)
from pymodbus.transaction import TransactionManager
from pymodbus.transport import CommParams, CommType

from drivers.block_plan import PlannedRead, PlannedWrite
from drivers.loss import Loss
from drivers.modbus_question import NotAsked, Question, Refused, Unanswered
from drivers.registers import Table
from drivers.serial_port import SerialPort
from drivers.tcp_socket import discard, watch_peer

_HEADER = struct.Struct(">HHH")
_LONGEST = 254
"""Unit and PDU in one frame (Modbus messaging on TCP/IP V1.0b, 4.1)."""


_READS = {
    Table.INPUT: (ReadInputRegistersRequest, "input registers"),
    Table.HOLDING: (ReadHoldingRegistersRequest, "holding registers"),
    Table.DISCRETE: (ReadDiscreteInputsRequest, "discrete inputs"),
    Table.COILS: (ReadCoilsRequest, "coils"),
}


def read_question(read: PlannedRead) -> Question:
    """Ask for the registers or bits of a planned read."""
    kind, words = _READS[read.table]
    request = kind(address=read.start, count=read.count, dev_id=read.unit)
    text = f"read {words} {read.start}..{read.start + read.count - 1} of unit {read.unit}"
    size = (read.count + 7) // 8 if read.table.of_bits else 2 * read.count
    return Question(read.unit, bytes((request.function_code,)) + request.encode(), size, text)


def write_question(write: PlannedWrite) -> Question:
    """Write the registers of a planned write: function 6 for one, 16 for more, 5 for a coil."""
    registers = struct.unpack(f">{len(write.data) // 2}H", write.data)
    text = f"write {', '.join(write.tags)} to unit {write.unit}"
    request: ModbusPDU
    if write.table is Table.COILS:
        request = WriteSingleCoilRequest(address=write.start, bits=[registers[0] != 0], dev_id=write.unit)
    else:
        kind = WriteSingleRegisterRequest if len(registers) == 1 else WriteMultipleRegistersRequest
        request = kind(address=write.start, registers=registers, dev_id=write.unit)
    return Question(write.unit, bytes((request.function_code,)) + request.encode(), 0, text)


class _Waiting:
    """A question on its way, and when it first left."""

    __slots__ = ("answer", "at", "question")

    def __init__(self, question: Question, answer: asyncio.Future[bytes]) -> None:
        self.question, self.answer, self.at = question, answer, time.monotonic()

    def fail(self, failure: Refused | Unanswered) -> None:
        if not self.answer.done():
            self.answer.set_exception(failure)

    def judge(self, pdu: bytes) -> Unanswered | None:
        """Settle the question with a reply; gives back why the reply is none."""
        if self.answer.done():
            return None
        try:
            self.answer.set_result(self.question.answer(pdu))
        except Refused as refusal:
            self.answer.set_exception(refusal)
        except Unanswered as wrong:
            self.answer.set_exception(wrong)
            return wrong
        return None


class _Channel(TransactionManager):
    """What both kinds of connection share: opening, and failing everything at once when it is gone."""

    def __init__(self, params: CommParams, framer: FramerSocket | FramerRTU, where: str) -> None:
        super().__init__(params, framer, 0, False, None, None, None)
        self.where = where
        self._received = bytearray()
        self.loss = Loss()

    @property
    def up(self) -> bool:
        """Whether a question asked now would leave."""
        return self.transport is not None and self.loss.reason is None

    async def open(self, within: float) -> None:
        """Connect once. Raises NotAsked, saying where to and why not."""
        try:
            async with asyncio.timeout(within):
                self.transport, _ = await self.call_create()
            self._watch(self.transport)
        except TimeoutError:
            raise NotAsked(f"{self.where}: no connection within {within * 1000:.0f} ms") from None
        except OSError as error:
            raise NotAsked(f"{self.where}: {error.strerror or error}") from error

    def _watch(self, transport: asyncio.BaseTransport) -> None:
        """Let the system watch a new connection, where it can. Raises OSError when it is gone already."""

    def drop(self, reason: str) -> None:
        """Close at once, throwing away what was not sent; every pending question fails with `reason`."""
        if self.transport is not None:
            discard(self.transport)
            self.close()
        self._lose(reason)

    def connection_lost(self, exc: Exception | None) -> None:
        """The transport says that the connection is gone."""
        super().connection_lost(exc)
        self._lose(f"{self.where}: connection lost ({exc or 'closed by the other end'})")

    def _lose(self, reason: str) -> None:
        self.loss.declare(reason)
        self._fail_pending(Unanswered(reason))

    def _fail_pending(self, failure: Unanswered) -> None:
        raise NotImplementedError

    def _not_up(self) -> NoReturn:
        raise NotAsked(self.loss.reason or f"{self.where}: not connected")


class TcpChannel(_Channel):
    """A Modbus TCP connection: one question at a time, but an urgent one goes out beside the one waiting."""

    def __init__(self, host: str, port: int) -> None:
        params = CommParams(comm_type=CommType.TCP, host=host, port=port, reconnect_delay=0)
        super().__init__(params, FramerSocket(DecodePDU(False)), f"{host}:{port}")
        self._turn = asyncio.Lock()
        self._pending: dict[int, _Waiting] = {}
        self._repeated: set[int] = set()
        self.heard_at = -math.inf
        """When the last good answer came (s, monotonic)."""

    @property
    def busy(self) -> bool:
        """Whether a question waits for its answer."""
        return bool(self._pending)

    def _watch(self, transport: asyncio.BaseTransport) -> None:
        watch_peer(transport)

    async def ask(
        self, question: Question, within: float, *, again: float = 0.0, urgent: bool = False
    ) -> tuple[float, bytes]:
        """Ask once and give the monotonic time the request left and the registers that came back.

        `again` repeats a read every so many s until `within`, for a PLC that may have lost the first one.
        Raises NotAsked, Unanswered, Refused. After Unanswered the connection is closed, so that a late answer
        meets no new question; a cancelled call closes it too.
        """
        if urgent and self._turn.locked():
            return await self._exchange(question, within, again)
        async with self._turn:
            return await self._exchange(question, within, again)

    async def _exchange(self, question: Question, within: float, again: float) -> tuple[float, bytes]:
        if not self.up:
            self._not_up()
        waiting = _Waiting(question, self.loop.create_future())
        expiry = self.loop.call_later(within, self._expire, waiting, within)
        self._send(waiting, again)
        try:
            return waiting.at, await waiting.answer
        except asyncio.CancelledError:
            self.drop(f"{question.text}: cancelled")
            raise
        finally:
            expiry.cancel()

    def _send(self, waiting: _Waiting, again: float) -> None:
        if waiting.answer.done():
            return
        tid = self.getNextTID()
        self._pending[tid] = waiting
        question = waiting.question
        self.transport.write(self.framer.encode(question.pdu, question.unit, tid))  # type: ignore[attr-defined]
        if again:
            self.loop.call_later(again, self._send, waiting, again)

    def _expire(self, waiting: _Waiting, within: float) -> None:
        if not waiting.answer.done():
            self.drop(f"{waiting.question.text}: no answer within {within * 1000:.0f} ms")

    def data_received(self, data: bytes) -> None:
        """Take bytes from the socket; what is no answer to a pending question closes the connection."""
        if not self.up:
            return None
        self._received += data
        while self.up and len(self._received) > _HEADER.size:
            tid, protocol, length = _HEADER.unpack_from(self._received)
            if protocol != 0 or not 3 <= length <= _LONGEST:
                return self.drop(f"{self.where}: no Modbus header (protocol {protocol}, length {length})")
            end = _HEADER.size + length
            if len(self._received) < end:
                return None
            unit, pdu = self._received[_HEADER.size], bytes(self._received[_HEADER.size + 1 : end])
            del self._received[:end]
            self._take(tid, unit, pdu)
        return None

    def _take(self, tid: int, unit: int, pdu: bytes) -> None:
        waiting = self._pending.pop(tid, None)
        if waiting is None:
            if tid not in self._repeated:
                self.drop(f"{self.where}: answer with transaction id {tid}, which nobody asked")
            return
        if unit != waiting.question.unit:
            wrong: Unanswered | None = Unanswered(f"{waiting.question.text}: answered by unit {unit}")
        else:
            wrong = waiting.judge(pdu)
        if wrong is not None:
            waiting.fail(wrong)
            self.drop(str(wrong))
            return
        self.heard_at = self.loop.time()
        if self._pending:
            twins = {other for other, owner in self._pending.items() if owner is waiting}
            self._repeated |= twins
            for other in twins:
                del self._pending[other]

    def _fail_pending(self, failure: Unanswered) -> None:
        pending, self._pending = self._pending, {}
        for waiting in pending.values():
            waiting.fail(failure)


class RtuChannel(_Channel):
    """A serial bus with Modbus RTU: no transaction id, so its owner keeps it quiet after each failure."""

    def __init__(self, port: SerialPort, on_loss: Callable[[], None]) -> None:
        params = CommParams(comm_type=CommType.SERIAL, host=port.path, reconnect_delay=0)
        params.baudrate, params.bytesize = port.baudrate, port.bytesize
        params.parity, params.stopbits = port.parity, port.stopbits
        super().__init__(params, FramerRTU(DecodePDU(False)), port.path)
        self.loss = Loss(on_loss)
        self.heard_at = -math.inf
        """When the last byte came in (s, monotonic)."""
        self._waiting: _Waiting | None = None

    async def ask(self, question: Question, within: float) -> tuple[float, bytes]:
        """Ask once, as in TcpChannel, but the port stays open after a failure. For the bus's owner only."""
        if not self.up:
            self._not_up()
        self._received.clear()
        self._waiting = waiting = _Waiting(question, self.loop.create_future())
        self.transport.write(self.framer.encode(question.pdu, question.unit, 0))  # type: ignore[attr-defined]
        try:
            async with asyncio.timeout(within):
                return waiting.at, await waiting.answer
        except TimeoutError:
            raise Unanswered(f"{question.text}: no answer within {within * 1000:.0f} ms") from None
        finally:
            self._waiting = None

    def data_received(self, data: bytes) -> None:
        """Take bytes from the bus; what nobody waits for is noise or late, and is thrown away."""
        self.heard_at = time.monotonic()
        waiting = self._waiting
        if waiting is None or waiting.answer.done():
            return
        self._received += data
        frame, question = bytes(self._received), waiting.question
        if frame[0] != question.unit:
            waiting.fail(Unanswered(f"{question.text}: answered by unit {frame[0]}"))
            return
        refused = frame[1:2] == bytes((question.pdu[0] | 0x80,))
        size = (2 if refused else question.reply_length) + 3
        if len(frame) < size:
            return
        if len(frame) > size or not FramerRTU.check_CRC(frame[:-2], int.from_bytes(frame[-2:], "big")):
            waiting.fail(Unanswered(f"{question.text}: answer of {len(frame)} bytes with a wrong checksum"))
        else:
            waiting.judge(frame[1:-2])

    def _fail_pending(self, failure: Unanswered) -> None:
        if self._waiting is not None:
            self._waiting.fail(failure)

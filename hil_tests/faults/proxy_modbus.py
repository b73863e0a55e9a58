"""A proxy between the controller and a Modbus TCP PLC that takes every exchange apart and can spoil it.

Knows MBAP headers and which registers a request touches. Does not know tags, nor what a toxic does.
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import Awaitable, Callable

from hil_tests.faults.aim import Aim
from hil_tests.faults.door import HOST, Door, reset

ANSWER_WITHIN = 20.0
"""How long the proxy waits for the PLC behind it, s; longer than any link does."""

_HEADER = struct.Struct(">HHHB")
_WRITE_ONE = 6


def frame(tid: int, unit: int, pdu: bytes, *, protocol: int = 0, length: int | None = None) -> bytes:
    """A Modbus TCP frame; `length` is what its header claims, if not the truth."""
    return _HEADER.pack(tid, protocol, len(pdu) + 1 if length is None else length, unit) + pdu


class Exchange:
    """One request of the controller, and everything that can happen to it."""

    def __init__(self, tid: int, unit: int, pdu: bytes, line: _Line) -> None:
        self.tid, self.unit, self.pdu = tid, unit, pdu
        self._line = line

    @property
    def function(self) -> int:
        """The function code asked for."""
        return self.pdu[0]

    @property
    def registers(self) -> range:
        """The registers that are read or written."""
        start, count = struct.unpack(">HH", self.pdu[1:5])
        return range(start, start + (1 if self.function == _WRITE_ONE else count))

    @property
    def gone(self) -> bool:
        """Whether the controller has given this connection up."""
        return self._line.gone

    async def answer(self) -> bytes:
        """Pass the request on to the PLC and give the PDU of its reply."""
        return await self._line.ask(self.tid, self.unit, self.pdu)

    async def right(self) -> bytes:
        """Pass the request on and give the whole frame of the reply."""
        return frame(self.tid, self.unit, await self.answer())

    def send(self, data: bytes) -> None:
        """Bytes to the controller, on the connection that asked."""
        self._line.send(data)

    def reset(self) -> None:
        """RST to the controller."""
        self._line.reset()

    def finish(self) -> None:
        """FIN to the controller."""
        self._line.finish()


Toxic = Callable[[Exchange], Awaitable[None]]
"""What is done with a struck exchange instead of passing it on and passing the reply back."""


class ModbusProxy:
    """Stands before the PLC on `port`; `door.port` is what the controller connects to."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.door = Door(self._serve)
        self._toxic: Toxic | None = None
        self._aim = Aim()
        self.exchanges = 0

    @property
    def struck(self) -> int:
        """Exchanges struck by the toxic of now or last."""
        return self._aim.struck

    def strike(self, toxic: Toxic, aim: Aim | None = None) -> None:
        """From now on the toxic has the exchanges that `aim` hits (all, unless told)."""
        self._toxic, self._aim = toxic, aim or Aim()

    def relent(self) -> None:
        """Everything passes again."""
        self._toxic = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection(HOST, self._port)
        line = _Line(writer, inner_writer)
        hearing = asyncio.create_task(line.hear(inner_reader))
        try:
            await self._take_requests(reader, line)
            # What a toxic still holds may reach the PLC after the controller has gone: that is the point of it.
            await line.worked_off()
        finally:
            line.stop()
            hearing.cancel()
            reset(inner_writer)

    async def _take_requests(self, reader: asyncio.StreamReader, line: _Line) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, OSError):
            while True:
                tid, _, length, unit = _HEADER.unpack(await reader.readexactly(_HEADER.size))
                exchange = Exchange(tid, unit, await reader.readexactly(length - 1), line)
                self.exchanges += 1
                hit = self._toxic is not None and self._aim.hits(exchange.function, exchange.registers)
                line.work(self._toxic(exchange) if self._toxic and hit else _pass(exchange))


async def _pass(exchange: Exchange) -> None:
    exchange.send(await exchange.right())


class _Line:
    """One connection of the controller and the one to the PLC that belongs to it."""

    def __init__(self, outer: asyncio.StreamWriter, inner: asyncio.StreamWriter) -> None:
        self._outer, self._inner = outer, inner
        self._asked: dict[int, asyncio.Future[bytes]] = {}
        self._working: set[asyncio.Task[None]] = set()

    def work(self, exchange: Awaitable[None]) -> None:
        task = asyncio.ensure_future(_quietly(exchange))
        self._working.add(task)
        task.add_done_callback(self._working.discard)

    async def ask(self, tid: int, unit: int, pdu: bytes) -> bytes:
        answer = self._asked[tid] = asyncio.get_running_loop().create_future()
        self._inner.write(frame(tid, unit, pdu))
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                reply: bytes = await answer
                return reply
        finally:
            self._asked.pop(tid, None)

    async def hear(self, reader: asyncio.StreamReader) -> None:
        """Replies of the PLC, until it closes; then the controller's connection goes, too."""
        with contextlib.suppress(asyncio.IncompleteReadError, OSError):
            while True:
                tid, _, length, _ = _HEADER.unpack(await reader.readexactly(_HEADER.size))
                pdu = await reader.readexactly(length - 1)
                answer = self._asked.get(tid)
                if answer is not None and not answer.done():
                    answer.set_result(pdu)
        self.reset()

    @property
    def gone(self) -> bool:
        return self._outer.is_closing()

    def send(self, data: bytes) -> None:
        if not self.gone:
            self._outer.write(data)

    def reset(self) -> None:
        reset(self._outer)

    def finish(self) -> None:
        if not self.gone:
            self._outer.write_eof()

    async def worked_off(self) -> None:
        while self._working:
            await asyncio.wait(self._working)

    def stop(self) -> None:
        for task in self._working:
            task.cancel()


async def _quietly(exchange: Awaitable[None]) -> None:
    # A PLC that is gone or silent is what the tests are about; the controller must see it, not the proxy.
    with contextlib.suppress(OSError, TimeoutError):
        await exchange

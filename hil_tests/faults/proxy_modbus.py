"""A proxy between the controller and a Modbus TCP PLC that takes every exchange apart and can spoil it.

Knows MBAP headers and which registers a request touches. Does not know tags, nor what a toxic does.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable, Coroutine
from typing import Any

from hil_tests.faults.proxy import Line, Proxy

_HEADER = struct.Struct(">HHHB")
_WRITE_ONE = 6


def frame(tid: int, unit: int, pdu: bytes, *, protocol: int = 0, length: int | None = None) -> bytes:
    """A Modbus TCP frame; `length` is what its header claims, if not the truth."""
    return _HEADER.pack(tid, protocol, len(pdu) + 1 if length is None else length, unit) + pdu


class Exchange:
    """One request of the controller, and everything that can happen to it."""

    def __init__(self, tid: int, unit: int, pdu: bytes, line: _ModbusLine) -> None:
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
        self._line.send_raw(data)

    def reset(self) -> None:
        """RST to the controller."""
        self._line.reset()

    def finish(self) -> None:
        """FIN to the controller."""
        self._line.finish()


Toxic = Callable[[Exchange], Coroutine[Any, Any, None]]
"""What is done with a struck exchange instead of passing it on and passing the reply back."""


class ModbusProxy(Proxy["_ModbusLine", Toxic]):
    """Stands before the PLC on `port`; `door.port` is what the controller connects to."""

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self.exchanges = 0

    def _line(self, outer: asyncio.StreamWriter, inner: asyncio.StreamWriter) -> _ModbusLine:
        return _ModbusLine(outer, inner)

    async def _take(self, reader: asyncio.StreamReader, line: _ModbusLine) -> None:
        tid, _, length, unit = _HEADER.unpack(await reader.readexactly(_HEADER.size))
        exchange = Exchange(tid, unit, await reader.readexactly(length - 1), line)
        self.exchanges += 1
        hit = self._toxic is not None and self._aim.hits(exchange.function, exchange.registers)
        line.work(self._toxic(exchange) if self._toxic and hit else _pass(exchange))


async def _pass(exchange: Exchange) -> None:
    exchange.send(await exchange.right())


class _ModbusLine(Line):
    """Requests and replies belong together by their transaction id."""

    async def ask(self, tid: int, unit: int, pdu: bytes) -> bytes:
        return await self.ask_plc(tid, frame(tid, unit, pdu))

    async def _hear_one(self, reader: asyncio.StreamReader) -> None:
        tid, _, length, _ = _HEADER.unpack(await reader.readexactly(_HEADER.size))
        self._answered(tid, await reader.readexactly(length - 1))

    def finish(self) -> None:
        """FIN to the controller."""
        if not self.gone:
            self._outer.write_eof()

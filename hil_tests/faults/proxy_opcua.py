"""A proxy between the controller and an OPC UA PLC that takes every exchange apart and can spoil it.

Knows chunks, sequence numbers and services, without encryption. Does not know tags' meaning, nor what a toxic does.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import struct
from collections.abc import Coroutine, Iterator
from functools import cached_property
from typing import Any
from urllib.parse import urlparse

from asyncua import ua
from asyncua.common.utils import Buffer
from asyncua.ua.ua_binary import nodeid_from_binary, struct_from_binary, struct_to_binary

from hil_tests.faults.aim import Aim
from hil_tests.faults.door import HOST, Door, reset
from hil_tests.faults.proxy_modbus import ANSWER_WITHIN

_HEAD = struct.Struct("<3scI")
_SECURE = struct.Struct("<IIII")
"""Channel, token, sequence number, request id: what stands before the body of a message."""

_BODY = _HEAD.size + _SECURE.size
_SERVICES: dict[int, type] = {631: ua.ReadRequest, 673: ua.WriteRequest}
_REPLIES: dict[type, type] = {ua.ReadRequest: ua.ReadResponse, ua.WriteRequest: ua.WriteResponse}


class Exchange:
    """One request of the controller, and everything that can happen to it."""

    def __init__(self, number: int, body: bytes, line: _Line) -> None:
        self._number, self._body, self._line = number, body, line

    @cached_property
    def request(self) -> Any:
        """The decoded read or write; None for everything else."""
        kind = _SERVICES.get(nodeid_from_binary(Buffer(self._body)).Identifier)
        return None if kind is None else struct_from_binary(kind, Buffer(self._body))

    @property
    def service(self) -> str:
        """`Read`, `Write`, or empty for everything else."""
        return {ua.ReadRequest: "Read", ua.WriteRequest: "Write"}.get(type(self.request), "")

    @property
    def names(self) -> list[str]:
        """The nodes that are read or written, in order."""
        if self.request is None:
            return []
        items = self.request.Parameters
        nodes = items.NodesToRead if self.service == "Read" else items.NodesToWrite
        return [str(item.NodeId.Identifier) for item in nodes]

    @property
    def reads_values(self) -> bool:
        """Whether values are read, no data types."""
        return self.service == "Read" and all(
            item.AttributeId == ua.AttributeIds.Value for item in self.request.Parameters.NodesToRead
        )

    @property
    def gone(self) -> bool:
        """Whether the controller has given this connection up."""
        return self._line.gone

    async def answer(self) -> bytes:
        """Pass the request on to the PLC and give the body of its reply."""
        return await self._line.ask(self._number, self._body)

    async def reply(self) -> Any:
        """Pass a read or write on and give its decoded reply, ready to be changed and sent."""
        return struct_from_binary(_REPLIES[type(self.request)], Buffer(await self.answer()))

    def send(self, reply: Any) -> None:
        """A decoded reply, or a body, to the controller."""
        self._line.send(self._number, reply if isinstance(reply, bytes) else struct_to_binary(reply))

    def send_raw(self, data: bytes) -> None:
        """Bytes that need not be any message."""
        self._line.send_raw(data)

    def chunk(self, body: bytes, *, size: int | None = None, final: bool = True) -> bytes:
        """A chunk of the reply; `size` is what it claims, if not the truth."""
        return self._line.chunk(self._number, body, size=size, final=final)

    def fault(self, status: int) -> None:
        """A ServiceFault instead of the reply."""
        answer = ua.ServiceFault()
        answer.ResponseHeader.RequestHandle = self.request.RequestHeader.RequestHandle
        answer.ResponseHeader.ServiceResult = ua.StatusCode(ua.UInt32(status))
        self.send(answer)

    def reset(self) -> None:
        """RST to the controller."""
        self._line.reset()


class OpcUaProxy:
    """Stands before the PLC at `url`; `url` of the proxy is what the controller connects to."""

    def __init__(self, url: str) -> None:
        self.retarget(url)
        self.door = Door(self._serve)
        self._toxic: Any = None
        self._aim = Aim()

    @property
    def url(self) -> str:
        """Where the controller connects."""
        return f"opc.tcp://{HOST}:{self.door.port}"

    @property
    def struck(self) -> int:
        """Exchanges struck by the toxic of now or last."""
        return self._aim.struck

    def retarget(self, url: str) -> None:
        """Another server from the next connection on."""
        port = urlparse(url).port
        assert port is not None
        self._port = port

    def strike(self, toxic: Any, aim: Aim | None = None) -> None:
        """From now on the toxic has the reads and writes that `aim` hits (all, unless told)."""
        self._toxic, self._aim = toxic, aim or Aim()

    def relent(self) -> None:
        """Everything passes again."""
        self._toxic = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection(HOST, self._port)
        line = _Line(writer, inner_writer)
        hearing = asyncio.create_task(line.hear(inner_reader))
        try:
            with contextlib.suppress(asyncio.IncompleteReadError, OSError):
                while True:
                    self._take(await _read_chunk(reader), line)
            # What a toxic still holds may reach the PLC after the controller has gone: that is the point of it.
            await line.worked_off()
        finally:
            line.stop()
            hearing.cancel()
            reset(inner_writer)

    def _take(self, chunk: bytes, line: _Line) -> None:
        if chunk[:4] != b"MSGF":
            line.pass_on(chunk)
            return
        number = _SECURE.unpack_from(chunk, _HEAD.size)[3]
        exchange = Exchange(number, chunk[_BODY:], line)
        hit = (
            self._toxic is not None
            and exchange.service != ""
            and self._aim.hits(exchange.service, frozenset(exchange.names))
        )
        line.work(self._toxic(exchange) if hit else _pass(exchange), chunk)


async def _pass(exchange: Exchange) -> None:
    exchange.send(await exchange.answer())


async def _read_chunk(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readexactly(_HEAD.size)
    return head + await reader.readexactly(_HEAD.unpack(head)[2] - _HEAD.size)


def _sequence_at(chunk: bytes) -> int:
    """Where the sequence number of a chunk stands; an OPN has three strings before it."""
    at = _HEAD.size + 4
    if chunk[:3] != b"OPN":
        return at + 4
    for _ in range(3):
        at += 4 + max(0, struct.unpack_from("<i", chunk, at)[0])
    return at


class _Line:
    """One connection of the controller and the one to the PLC, each way with sequence numbers of its own."""

    def __init__(self, outer: asyncio.StreamWriter, inner: asyncio.StreamWriter) -> None:
        self._outer, self._inner = outer, inner
        self._asked: dict[int, asyncio.Future[bytes]] = {}
        self._working: set[asyncio.Task[None]] = set()
        self._to_plc: Iterator[int] = itertools.count(1)
        self._to_controller: Iterator[int] = itertools.count(1)
        self._ids = (0, 0)

    @property
    def gone(self) -> bool:
        return self._outer.is_closing()

    def pass_on(self, chunk: bytes) -> None:
        """A chunk of the controller that is no whole message."""
        self._inner.write(self._numbered(chunk, self._to_plc))

    def work(self, exchange: Coroutine[None, None, None], chunk: bytes) -> None:
        self._ids = _SECURE.unpack_from(chunk, _HEAD.size)[:2]
        task = asyncio.create_task(_quietly(exchange))
        self._working.add(task)
        task.add_done_callback(self._working.discard)

    async def ask(self, number: int, body: bytes) -> bytes:
        answer = self._asked[number] = asyncio.get_running_loop().create_future()
        self._inner.write(self._message(number, body, self._to_plc))
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                reply: bytes = await answer
                return reply
        finally:
            self._asked.pop(number, None)

    async def hear(self, reader: asyncio.StreamReader) -> None:
        """What the PLC says, until it closes; then the controller's connection goes, too."""
        with contextlib.suppress(asyncio.IncompleteReadError, OSError):
            while True:
                chunk = await _read_chunk(reader)
                number = _SECURE.unpack_from(chunk, _HEAD.size)[3] if chunk[:4] == b"MSGF" else -1
                answer = self._asked.get(number)
                if answer is None:
                    if chunk[:4] != b"MSGF":
                        self.send_raw(self._numbered(chunk, self._to_controller))
                elif not answer.done():
                    answer.set_result(chunk[_BODY:])
        self.reset()

    def send(self, number: int, body: bytes) -> None:
        self.send_raw(self.chunk(number, body))

    def chunk(self, number: int, body: bytes, *, size: int | None = None, final: bool = True) -> bytes:
        return self._message(number, body, self._to_controller, size=size, final=final)

    def send_raw(self, data: bytes) -> None:
        if not self.gone:
            self._outer.write(data)

    def reset(self) -> None:
        reset(self._outer)

    async def worked_off(self) -> None:
        while self._working:
            await asyncio.wait(self._working)

    def stop(self) -> None:
        for task in self._working:
            task.cancel()

    def _message(
        self, number: int, body: bytes, count: Iterator[int], *, size: int | None = None, final: bool = True
    ) -> bytes:
        length = _BODY + len(body) if size is None else size
        head = _HEAD.pack(b"MSG", b"F" if final else b"C", length)
        return head + _SECURE.pack(*self._ids, next(count), number) + body

    def _numbered(self, chunk: bytes, count: Iterator[int]) -> bytes:
        if chunk[:3] not in (b"OPN", b"MSG", b"CLO"):
            return chunk
        at = _sequence_at(chunk)
        return chunk[:at] + struct.pack("<I", next(count)) + chunk[at + 4 :]


async def _quietly(exchange: Coroutine[None, None, None]) -> None:
    # A PLC that is gone or silent is what the tests are about; the controller must see it, not the proxy.
    with contextlib.suppress(OSError, TimeoutError):
        await exchange

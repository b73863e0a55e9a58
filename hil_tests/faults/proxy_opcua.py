"""A proxy between the controller and an OPC UA PLC that takes every exchange apart and can spoil it.

Knows chunks, sequence numbers and services, without encryption. Does not know tags' meaning, nor what a toxic does.
"""

from __future__ import annotations

import asyncio
import itertools
import struct
from collections.abc import Iterator
from functools import cached_property
from typing import Any
from urllib.parse import urlparse

from asyncua import ua
from asyncua.common.utils import Buffer
from asyncua.ua.ua_binary import nodeid_from_binary, struct_from_binary, struct_to_binary

from hil_tests.faults.door import HOST
from hil_tests.faults.proxy import Line, Proxy

_HEAD = struct.Struct("<3scI")
_SECURE = struct.Struct("<IIII")
"""Channel, token, sequence number, request id: what stands before the body of a message."""

_BODY = _HEAD.size + _SECURE.size
_SERVICES: dict[int, type] = {631: ua.ReadRequest, 673: ua.WriteRequest}
_REPLIES: dict[type, type] = {ua.ReadRequest: ua.ReadResponse, ua.WriteRequest: ua.WriteResponse}


class Exchange:
    """One request of the controller, and everything that can happen to it."""

    def __init__(self, number: int, body: bytes, line: _OpcUaLine) -> None:
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


class OpcUaProxy(Proxy["_OpcUaLine", Any]):
    """Stands before the PLC at `url`; `url` of the proxy is what the controller connects to."""

    def __init__(self, url: str) -> None:
        super().__init__(_port_of(url))

    @property
    def url(self) -> str:
        """Where the controller connects."""
        return f"opc.tcp://{HOST}:{self.door.port}"

    def retarget(self, url: str) -> None:
        """Another server from the next connection on."""
        self._port = _port_of(url)

    def _line(self, outer: asyncio.StreamWriter, inner: asyncio.StreamWriter) -> _OpcUaLine:
        return _OpcUaLine(outer, inner)

    async def _take(self, reader: asyncio.StreamReader, line: _OpcUaLine) -> None:
        chunk = await _read_chunk(reader)
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
        line.take_ids(chunk)
        line.work(self._toxic(exchange) if hit else _pass(exchange))


async def _pass(exchange: Exchange) -> None:
    exchange.send(await exchange.answer())


def _port_of(url: str) -> int:
    port = urlparse(url).port
    assert port is not None
    return port


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


class _OpcUaLine(Line):
    """Each way has sequence numbers of its own; requests and replies belong together by their request id."""

    def __init__(self, outer: asyncio.StreamWriter, inner: asyncio.StreamWriter) -> None:
        super().__init__(outer, inner)
        self._to_plc: Iterator[int] = itertools.count(1)
        self._to_controller: Iterator[int] = itertools.count(1)
        self._ids = (0, 0)

    def take_ids(self, chunk: bytes) -> None:
        """Channel and token of now, for what is sent in the PLC's name."""
        self._ids = _SECURE.unpack_from(chunk, _HEAD.size)[:2]

    def pass_on(self, chunk: bytes) -> None:
        """A chunk of the controller that is no whole message."""
        self._inner.write(self._numbered(chunk, self._to_plc))

    async def ask(self, number: int, body: bytes) -> bytes:
        return await self.ask_plc(number, self._message(number, body, self._to_plc))

    async def _hear_one(self, reader: asyncio.StreamReader) -> None:
        chunk = await _read_chunk(reader)
        if chunk[:4] == b"MSGF":
            self._answered(_SECURE.unpack_from(chunk, _HEAD.size)[3], chunk[_BODY:])
        else:
            self.send_raw(self._numbered(chunk, self._to_controller))

    def send(self, number: int, body: bytes) -> None:
        self.send_raw(self.chunk(number, body))

    def chunk(self, number: int, body: bytes, *, size: int | None = None, final: bool = True) -> bytes:
        return self._message(number, body, self._to_controller, size=size, final=final)

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

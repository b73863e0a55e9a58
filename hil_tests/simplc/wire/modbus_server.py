"""A Modbus TCP server for one simulated PLC; answers every request in order, also when several come at once.

Knows frames and connections, and the ways they break. Does not know registers or the plant.
"""

from __future__ import annotations

import asyncio
import socket
import struct

from hil_tests.simplc.wire.io_list import Plc, Row, place_of
from hil_tests.simplc.wire.mischief import Mischief
from hil_tests.simplc.wire.registers import RegisterMemory

NO_DEVICE_BEHIND = 11


class ModbusServer:
    """Serves `plc` on a TCP port; rows that name no unit lie in `unit`.

    `deaf` answers nothing on any connection; `mischief` spoils replies. A PLC that is not online behaves as if deaf;
    one that booted again has dropped its connections.
    """

    def __init__(
        self, plc: Plc, rows: list[Row], host: str = "127.0.0.1", port: int = 0, unit: int = 1
    ) -> None:
        self.plc = plc
        self.memory = RegisterMemory(plc, rows, unit, unit)
        """The unit in which rows lie that name none; it answers for the TCP device itself, too."""
        others = {place_of(row, unit).unit for row in rows} - {unit}
        self._others = {number: RegisterMemory(plc, rows, number, unit) for number in sorted(others)}
        self._unit = unit
        self.mischief: Mischief | None = None
        self.deaf = False
        self.delay = 0.0
        """How long every reply is held back, s."""
        self.requests = 0
        self.connections: set[_Connection] = set()
        self._host, self._port = host, port
        self._server: asyncio.Server | None = None
        self._boot = plc.boot_id

    @property
    def port(self) -> int:
        """The port it listens on; stays the same over `stop` and `start`."""
        return self._port

    async def start(self) -> None:
        """Listen."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self), self._host, self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening and cut every connection: the PLC is off, connecting is refused."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.cut()
        await asyncio.sleep(0)

    def cut(self) -> None:
        """Reset every connection."""
        for connection in list(self.connections):
            connection.cut()

    def freeze(self) -> None:
        """Make the connections of now half-open: they stay, and nothing on them is ever answered."""
        for connection in self.connections:
            connection.frozen = True

    def look_at_plc(self) -> None:
        """Follow the PLC: after a boot its connections are gone. Called by the pacing loop."""
        if self._boot != self.plc.boot_id:
            self._boot = self.plc.boot_id
            self.cut()

    def answer(self, unit: int, pdu: bytes) -> bytes:
        """The right reply."""
        if unit in self._others:
            return self._others[unit].answer(pdu)
        if unit not in (0, self._unit, 255):
            return bytes((pdu[0] | 0x80, NO_DEVICE_BEHIND))
        return self.memory.answer(pdu)


class _Connection(asyncio.Protocol):
    """One client."""

    def __init__(self, server: ModbusServer) -> None:
        self._server = server
        self._received = b""
        self._transport: asyncio.Transport | None = None
        self.frozen = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._server.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._server.connections.discard(self)

    def cut(self) -> None:
        if self._transport is not None:
            sock = self._transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        server = self._server
        if self.frozen or server.deaf or not server.plc.online:
            self._received = b""
            return
        self._received += data
        while len(self._received) >= 8:
            tid, _, length, unit = struct.unpack(">HHHB", self._received[:7])
            if len(self._received) < 6 + length:
                return
            pdu, self._received = self._received[7 : 6 + length], self._received[6 + length :]
            self._serve(tid, unit, pdu)

    def _serve(self, tid: int, unit: int, pdu: bytes) -> None:
        server = self._server
        server.requests += 1
        mischief = server.mischief
        if mischief is None or not mischief.strikes(pdu[0]):
            self._send(_frame(tid, unit, server.answer(unit, pdu)), server.delay)
            return
        if mischief.kind == "silence":
            return
        if mischief.kind == "reset":
            self.cut()
            return
        right = pdu if mischief.kind in ("busy", "not-done") else server.answer(unit, pdu)
        self._send_wrong(mischief, tid, unit, mischief.spoil(pdu, right))

    def _send_wrong(self, mischief: Mischief, tid: int, unit: int, reply: bytes) -> None:
        kind = mischief.kind
        tid = {"tid-zero": 0, "tid-stale": (tid - 1) & 0xFFFF}.get(kind, tid)
        frame = _frame(tid, unit + 1 if kind == "unit" else unit, reply, 7 if kind == "protocol" else 0)
        if kind == "garbage":
            frame = bytes(range(251, 200, -1)) * 3
        if kind == "split":
            for place in range(len(frame)):
                self._send(frame[place : place + 1], 0.0005 * place)
            return
        self._send(frame, mischief.delay if kind == "late" else self._server.delay)
        if kind == "twice":
            self._send(frame, self._server.delay)

    def _send(self, frame: bytes, delay: float) -> None:
        if delay > 0:
            asyncio.get_running_loop().call_later(delay, self._send, frame, 0.0)
        elif self._transport is not None:
            self._transport.write(frame)


def _frame(tid: int, unit: int, pdu: bytes, protocol: int = 0) -> bytes:
    return struct.pack(">HHHB", tid, protocol, len(pdu) + 1, unit) + pdu

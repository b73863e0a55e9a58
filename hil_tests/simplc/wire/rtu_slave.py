"""Modbus RTU slaves on one serial bus: the meters of the simulated station.

Knows RTU frames, the checksum and ways to break them. Does not know registers or the plant.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from hil_tests.simplc.wire.io_list import Plc, Row, place_of
from hil_tests.simplc.wire.mischief import Mischief
from hil_tests.simplc.wire.pty_port import PtyPort
from hil_tests.simplc.wire.registers import RegisterMemory


def crc16(data: bytes) -> int:
    """CRC-16/MODBUS: polynomial 0xA001 reflected, start 0xFFFF; the low byte goes first on the line."""
    crc = 0xFFFF
    for octet in data:
        crc ^= octet
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
    return crc


class RtuSlaves:
    """All units of one PLC list on a pseudo-terminal at `path`; a unit in `mute` does not answer."""

    def __init__(self, plc: Plc, rows: list[Row], path: Path, delay: float = 0.002) -> None:
        self.plc = plc
        self.units = {
            unit: RegisterMemory(plc, rows, unit) for unit in sorted({place_of(row).unit for row in rows})
        }
        self.port = PtyPort(path, self._heard)
        self.delay = delay
        """How long a slave thinks before it answers, s."""
        self.mischief: Mischief | None = None
        self.mute: set[int] = set()
        self.requests = 0
        self._received = b""

    def start(self) -> None:
        """Put the bus on its path."""
        self.port.plug()

    def stop(self) -> None:
        """Take the bus away."""
        self.port.unplug()

    def _heard(self, data: bytes) -> None:
        self._received += data
        while len(self._received) >= 8:
            size = _request_size(self._received)
            if len(self._received) < size:
                return
            frame, self._received = self._received[:size], self._received[size:]
            if crc16(frame[:-2]) != int.from_bytes(frame[-2:], "little"):
                self._received = b""
                return
            if frame[0] in self.units and frame[0] not in self.mute and self.plc.online:
                self._serve(frame[0], frame[1:-2])

    def _serve(self, unit: int, pdu: bytes) -> None:
        self.requests += 1
        mischief = self.mischief
        if mischief is None or not mischief.strikes(pdu[0]):
            self._send(_frame(unit, self.units[unit].answer(pdu)), self.delay)
            return
        if mischief.kind == "silence":
            return
        right = pdu if mischief.kind in ("busy", "not-done") else self.units[unit].answer(pdu)
        frame = _frame(unit + 1 if mischief.kind == "unit" else unit, mischief.spoil(pdu, right))
        if mischief.kind == "crc":
            frame = frame[:-1] + bytes((frame[-1] ^ 0x10,))
        if mischief.kind == "garbage":
            frame = b"\xff\x00\x55" + frame
        if mischief.kind == "split":
            for place in range(0, len(frame), 3):
                self._send(frame[place : place + 3], 0.001 + 0.001 * place)
            return
        self._send(frame, mischief.delay if mischief.kind == "late" else self.delay)

    def _send(self, frame: bytes, delay: float) -> None:
        asyncio.get_running_loop().call_later(delay, self.port.send, frame)


def _frame(unit: int, pdu: bytes) -> bytes:
    frame = bytes((unit,)) + pdu
    return frame + crc16(frame).to_bytes(2, "little")


def _request_size(received: bytes) -> int:
    if received[1] == 16:
        return 9 + received[6]
    if received[1] == 23:
        return 13 + received[10] if len(received) > 10 else 13
    return 8

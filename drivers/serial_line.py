"""Text lines from a serial port: bytes in, whole lines out, the loss of the port seen at once.

Knows pyserial and is the only file that does. Does not know what a line says.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable

import serial

from drivers.loss import LinkFailed, Loss
from drivers.serial_port import SerialPort

OnLine = Callable[[str, float], None]
"""A line without its end, and the monotonic time (s) its first byte came."""

_CHUNK = 4096


class LineAssembler:
    """Cuts a stream of bytes into lines.

    A line ends with CR, LF or both. Thrown away: empty lines, lines over `longest` characters, lines with a
    byte that is no printable ASCII, and beginnings that are not continued within `idle` s.
    """

    def __init__(self, on_line: OnLine, *, longest: int = 128, idle: float = 0.2) -> None:
        self._on_line, self._longest, self._idle = on_line, longest, idle
        self._line = bytearray()
        self._began = self._last = float("-inf")
        self._skipping = False
        self.thrown_away = 0
        """Lines thrown away since the start."""

    def feed(self, data: bytes, now: float) -> None:
        """Take bytes that came at the monotonic time `now`."""
        if (self._line or self._skipping) and now - self._last > self._idle:
            self._throw_away()
        self._last = now
        for byte in data:
            if byte in b"\r\n":
                self._end()
                continue
            if not self._line:
                self._began = now
            self._line.append(byte)
            if len(self._line) > self._longest:
                self._skipping = True
                del self._line[1:]

    def _end(self) -> None:
        text = self._line.decode("ascii", "replace")
        if self._skipping or (text and not (text.isascii() and text.isprintable())):
            self._throw_away()
        elif text:
            self._line.clear()
            self._on_line(text, self._began)

    def _throw_away(self) -> None:
        self._line.clear()
        self._skipping = False
        self.thrown_away += 1


class SerialLine:
    """An open serial port that gives lines. It takes the port for itself alone."""

    def __init__(self, port: SerialPort, on_line: OnLine) -> None:
        self._port = port
        self._lines = LineAssembler(on_line)
        self._serial: serial.Serial | None = None
        self.loss = Loss()

    def open(self) -> None:
        """Open the port and listen; what waited in it is stale and thrown away. Raises LinkFailed."""
        port = self._port
        try:
            self._serial = serial.Serial(
                port.path,
                port.baudrate,
                bytesize=port.bytesize,
                parity=port.parity,
                stopbits=port.stopbits,
                timeout=0,
                exclusive=True,
            )
        except (OSError, ValueError) as error:
            raise LinkFailed(str(getattr(error, "strerror", None) or error)) from error
        asyncio.get_running_loop().add_reader(self._serial.fileno(), self._readable)

    def close(self) -> None:
        """Give the port back."""
        if self._serial is not None:
            asyncio.get_running_loop().remove_reader(self._serial.fileno())
            self._serial.close()
            self._serial = None

    def _readable(self) -> None:
        if self._serial is None:
            return
        try:
            data = os.read(self._serial.fileno(), _CHUNK)
        except BlockingIOError:
            return
        except OSError as error:
            self._lost(error.strerror or str(error))
            return
        if data:
            self._lines.feed(data, time.monotonic())
        else:
            self._lost("hang-up")

    def _lost(self, why: str) -> None:
        self.close()
        self.loss.declare(f"{self._port.path}: connection lost ({why})")

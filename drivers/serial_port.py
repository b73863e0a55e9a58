"""How a serial port is set: path, speed, frame.

Knows settings. Opens nothing.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SerialPort:
    """A port by its path (a udev link survives replugging); `baudrate` in bit/s; 8N1 unless said else."""

    path: str
    baudrate: int = 9600
    bytesize: int = 8
    parity: str = "N"
    stopbits: int = 1

    @property
    def character(self) -> float:
        """Seconds one character takes on the line: start bit, data, parity, stop."""
        return (1 + self.bytesize + (self.parity != "N") + self.stopbits) / self.baudrate

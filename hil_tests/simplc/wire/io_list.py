"""I/O lists as the simulated PLCs read them, and values as registers.

Knows the CSV and the register format. Written apart from the controller's codec on purpose: a shared mistake
in word order or scale would cancel out and never be seen.
"""

from __future__ import annotations

import csv
import ctypes
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

Plain = bool | int | float | str
PlcValue = Plain | tuple[Plain, ...]


class Plc(Protocol):
    """What the wire needs of a PLC program."""

    name: str
    values: dict[str, PlcValue]
    online: bool
    boot_id: int

    def write(self, values: dict[str, Plain], /) -> None:
        """Take written tags in order."""
        ...


@dataclass(frozen=True)
class Row:
    """One row of an I/O list."""

    tag: str
    address: str
    kind: str
    written: bool
    scale: float

    @property
    def base(self) -> str:
        """The type without lengths: bool, u16, i16, u32, i32, f32, str."""
        return self.kind.split("[")[0] if not self.kind.startswith("str") else "str"

    @property
    def elements(self) -> int:
        """Length of an array, 1 for anything else."""
        return int(self.kind.split("[")[1][:-1]) if "[" in self.kind else 1

    @property
    def words(self) -> int:
        """Registers this row takes on Modbus."""
        if self.base == "str":
            return -(-int(self.kind[3:]) // 2)
        return self.elements * (2 if self.base in ("u32", "i32", "f32") else 1)


def read_rows(path: Path) -> list[Row]:
    """Read one I/O list."""
    with path.open(newline="", encoding="utf-8") as file:
        return [
            Row(line["tag"], line["address"], line["type"], line["access"] == "w", float(line["scale"] or 1))
            for line in csv.DictReader(file)
        ]


@dataclass(frozen=True)
class Place:
    """Where a row lies on Modbus; `bit` is -1 for whole registers."""

    unit: int
    table: str
    register: int
    bit: int


def place_of(row: Row, default_unit: int = 1) -> Place:
    """Read a Modbus address."""
    match = re.fullmatch(r"(?:u(\d+)/)?(ir|hr):(\d+)(?:\.(\d+))?", row.address)
    if match is None:
        raise ValueError(f"{row.tag}: {row.address!r} is no Modbus register address")
    unit, table, register, bit = match.groups()
    return Place(int(unit or default_unit), table, int(register), -1 if bit is None else int(bit))


def to_words(row: Row, value: PlcValue) -> list[int]:
    """The registers that show an engineering value; bools of bit rows are 0 or 1."""
    if row.base == "str":
        text = str(value).encode("ascii", "replace")[: int(row.kind[3:])].ljust(2 * row.words, b"\0")
        return [(text[i] << 8) | text[i + 1] for i in range(0, len(text), 2)]
    items = value if isinstance(value, tuple) else (value,)
    words: list[int] = []
    for item in items:
        words += _number_words(row, item)
    return words


def _number_words(row: Row, value: Plain) -> list[int]:
    number = float(value)
    if row.base == "bool":
        return [1 if value else 0]
    if row.base == "f32":
        bits = _float_bits(number)
        return [bits >> 16, bits & 0xFFFF]
    raw = round(number / row.scale)
    if row.base in ("u16", "i16"):
        low, high = (0, 0xFFFF) if row.base == "u16" else (-0x8000, 0x7FFF)
        return [min(max(raw, low), high) & 0xFFFF]
    low, high = (0, 0xFFFFFFFF) if row.base == "u32" else (-0x80000000, 0x7FFFFFFF)
    raw = min(max(raw, low), high) & 0xFFFFFFFF
    return [raw >> 16, raw & 0xFFFF]


def from_words(row: Row, words: list[int]) -> Plain:
    """The raw value of a written row."""
    if row.base == "str":
        octets = bytes(part for word in words for part in (word >> 8, word & 0xFF))
        return octets.rstrip(b"\0").decode("ascii", "replace")
    if row.base in ("u16", "bool"):
        return words[0]
    if row.base == "i16":
        return words[0] - 0x10000 if words[0] & 0x8000 else words[0]
    raw = (words[0] << 16) | words[1]
    if row.base == "i32":
        return raw - 0x100000000 if raw & 0x80000000 else raw
    return raw if row.base == "u32" else _bits_float(raw)


def _float_bits(number: float) -> int:
    return ctypes.c_uint32.from_buffer(ctypes.c_float(number)).value


def _bits_float(bits: int) -> float:
    return ctypes.c_float.from_buffer(ctypes.c_uint32(bits)).value

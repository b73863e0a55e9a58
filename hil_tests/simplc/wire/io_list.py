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
    offset: float = 0.0
    order: str = "ABCD"
    inverted: bool = False
    codes: tuple[tuple[int, int], ...] = ()

    @property
    def base(self) -> str:
        """The type without lengths: bool, u8, u16, i16, u32, i32, i64, f32, f64, str."""
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
        return self.elements * {"32": 2, "64": 4}.get(self.base[1:], 1)

    def theirs(self, ours: Plain) -> Plain:
        """A code of the contract in the PLC's own numbering; one that it lacks is shown as 999."""
        return next((theirs for theirs, known in self.codes if known == ours), 999) if self.codes else ours

    def ours(self, theirs: Plain) -> Plain:
        """The PLC's own code in the numbering of the contract."""
        return dict(self.codes).get(int(theirs), 999) if self.codes else theirs


def read_rows(path: Path, order: str = "ABCD") -> list[Row]:
    """Read one I/O list; `order` is that of bytes and words where a row names none."""
    with path.open(newline="", encoding="utf-8") as file:
        return [_row(line, order) for line in csv.DictReader(file)]


def _row(line: dict[str, str], order: str) -> Row:
    codes = tuple((int(a), int(b)) for a, b in (pair.split("=") for pair in (line.get("codes") or "").split()))
    return Row(
        line["tag"],
        line["address"],
        line["type"],
        line["access"] == "w",
        float(line.get("scale") or 1),
        float(line.get("offset") or 0),
        line.get("byte_order") or order,
        line.get("sense") == "not",
        codes,
    )


@dataclass(frozen=True)
class Place:
    """Where a row lies on Modbus; `bit` is -1 for whole registers, and for coils and discrete inputs."""

    unit: int
    table: str
    register: int
    bit: int


def place_of(row: Row, default_unit: int = 1) -> Place:
    """Read a Modbus address."""
    match = re.fullmatch(r"(?:u(\d+)/)?(ir|hr|di|co):(\d+)(?:\.(\d+))?", row.address)
    if match is None:
        raise ValueError(f"{row.tag}: {row.address!r} is no Modbus register address")
    unit, table, register, bit = match.groups()
    return Place(int(unit or default_unit), table, int(register), -1 if bit is None else int(bit))


def to_words(row: Row, value: PlcValue) -> list[int]:
    """The registers that show an engineering value; bools of bit rows are 0 or 1."""
    if row.base == "str":
        text = str(value).encode("ascii", "replace")[: int(row.kind[3:])].ljust(2 * row.words, b"\0")
        return [_swapped(row, (text[i] << 8) | text[i + 1]) for i in range(0, len(text), 2)]
    items = value if isinstance(value, tuple) else (value,)
    words: list[int] = []
    for item in items:
        words += _ordered(row, _number_words(row, item))
    return words


def to_raw(row: Row, value: Plain) -> Plain:
    """What the PLC itself holds for an engineering value."""
    if row.base == "bool":
        return bool(value) != row.inverted
    number = (float(row.theirs(value)) - row.offset) / row.scale
    return number if row.base in ("f32", "f64") else round(number)


def _ordered(row: Row, words: list[int]) -> list[int]:
    """The words of one number, most significant first, as the PLC lays them; and back again."""
    turned = words[::-1] if row.order in ("CDAB", "DCBA") else words
    return turned if row.base == "bool" else [_swapped(row, word) for word in turned]


def _swapped(row: Row, word: int) -> int:
    return (word & 0xFF) << 8 | word >> 8 if row.order in ("BADC", "DCBA") else word


def _number_words(row: Row, value: Plain) -> list[int]:
    raw = to_raw(row, value)
    if row.base == "bool":
        return [1 if raw else 0]
    if row.base in ("f32", "f64"):
        size = int(row.base[1:])
        return _cut(_float_bits(float(raw)) if size == 32 else _double_bits(float(raw)), row.words // row.elements)
    bits = int(row.base[1:])
    low, high = (0, 2**bits - 1) if row.base[0] == "u" else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    return _cut(min(max(int(raw), low), high), row.words // row.elements)


def _cut(number: int, words: int) -> list[int]:
    return [number >> 16 * place & 0xFFFF for place in reversed(range(words))]


def from_words(row: Row, words: list[int]) -> Plain:
    """The value of a written row in the numbering of the contract."""
    if row.base == "str":
        octets = bytes(part for word in words for part in divmod(_swapped(row, word), 256))
        return octets.rstrip(b"\0").decode("ascii", "replace")
    raw = 0
    for word in _ordered(row, words):
        raw = raw << 16 | word
    if row.base in ("f32", "f64"):
        return _bits_float(raw) if row.base == "f32" else _bits_double(raw)
    bits = 16 if row.base == "bool" else int(row.base[1:])
    return row.ours(raw - (1 << bits) if row.base[0] == "i" and raw >> bits - 1 else raw)


def _float_bits(number: float) -> int:
    return ctypes.c_uint32.from_buffer(ctypes.c_float(number)).value


def _bits_float(bits: int) -> float:
    return ctypes.c_float.from_buffer(ctypes.c_uint32(bits)).value


def _double_bits(number: float) -> int:
    return ctypes.c_uint64.from_buffer(ctypes.c_double(number)).value


def _bits_double(bits: int) -> float:
    return ctypes.c_double.from_buffer(ctypes.c_uint64(bits)).value

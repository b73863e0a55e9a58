"""Modbus addresses of an I/O list, and values to and from 16-bit registers.

Knows byte and word order, scaling and plausible ranges. Does not know sockets, function codes or what a tag means.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from drivers.engineering import filled_text, raw_number, raw_text, scaling
from station_ctl.core.points import BYTE_ORDERS, BaseType, Point, PointType, Value

_ADDRESS = re.compile(r"^(?:u(\d+)/)?(ir|hr|di|co):(\d+)(?:\.(\d+))?$")
_FORMAT = {
    BaseType.BOOL: "H",
    BaseType.U16: "H",
    BaseType.I16: "h",
    BaseType.U32: "I",
    BaseType.I32: "i",
    BaseType.I64: "q",
    BaseType.F32: "f",
    BaseType.F64: "d",
}
STRAIGHT = BYTE_ORDERS[0]
_BYTES_SWAPPED, _WORDS_SWAPPED = ("BADC", "DCBA"), ("CDAB", "DCBA")
Decode = Callable[[Any], Value]


class Table(StrEnum):
    """The tables of a Modbus device: registers and bits; the PLC alone writes inputs and discrete inputs."""

    INPUT = "ir"
    HOLDING = "hr"
    DISCRETE = "di"
    COILS = "co"

    @property
    def of_bits(self) -> bool:
        """Whether it holds single bits."""
        return self in (Table.DISCRETE, Table.COILS)


@dataclass(frozen=True, slots=True, order=True)
class RegisterAddress:
    """Where a tag lies: unit 1..247 or 255 (the TCP device itself), register or bit, bit 0..15 in it (-1 = whole)."""

    unit: int
    table: Table
    number: int
    bit: int = -1

    @classmethod
    def parse(cls, text: str, *, unit: int = 1) -> RegisterAddress:
        """Read `ir:26`, `ir:26.3`, `u2/hr:4`, `co:7`; `unit` stands where the text names none.

        Raises ValueError with the needed form.
        """
        match = _ADDRESS.match(text.strip())
        if match is None:
            raise ValueError(f"address {text!r} is not of the form [u<unit>/]<ir|hr|di|co>:<number>[.<bit>]")
        number, bit = int(match[3]), int(match[4]) if match[4] else -1
        unit = int(match[1]) if match[1] else unit
        if number > 0xFFFF or bit > 15 or not (1 <= unit <= 247 or unit == 255):
            raise ValueError(f"address {text!r}: unit 1..247 or 255, register 0..65535, bit 0..15")
        table = Table(match[2])
        if table.of_bits and bit >= 0:
            raise ValueError(f"address {text!r}: {table} holds bits, there is none in a bit")
        return cls(unit, table, number, bit)

    def size(self, kind: PointType) -> int:
        """Registers, or bits of a table of bits, that a value of this type takes."""
        return kind.coils if self.table.of_bits else kind.words


def field_format(kind: PointType, order: str = STRAIGHT) -> str:
    """The struct format (big-endian) of one value; arrays, texts and what stands in another order come as bytes."""
    if kind.base is BaseType.STR or kind.count > 1 or places(kind, order) is not None:
        return f"{2 * kind.words}s"
    return _FORMAT[kind.base]


def places(kind: PointType, order: str) -> tuple[int, ...] | None:
    """Where in the registers each byte of a value stands; None where it stands straight, as a bool always does."""
    if order == STRAIGHT or kind.base is BaseType.BOOL:
        return None
    text = kind.base is BaseType.STR
    width = kind.words // (kind.words if text else kind.count)
    turned = [
        word * width + (width - 1 - i if order in _WORDS_SWAPPED else i)
        for word in range(kind.words // width)
        for i in range(width)
    ]
    pair = (1, 0) if order in _BYTES_SWAPPED else (0, 1)
    found = tuple(2 * word + byte for word in turned for byte in pair)
    return None if found == tuple(range(2 * kind.words)) else found


def bit_mask(bit: int, order: str) -> int:
    """The mask of a bit in a register whose bytes stand in this order."""
    return 1 << (bit ^ 8 if order in _BYTES_SWAPPED else bit)


def decoder(point: Point, bit: int = -1, order: str = STRAIGHT) -> Decode:
    """A function from the raw field to the engineering value; it raises ValueError for what is no value."""
    kind = point.type
    turned = places(kind, order)
    if turned is None:
        return _straight(point, bit)
    straight = _straight(point, bit)
    unpack = struct.Struct(f">{field_format(kind)}").unpack
    return lambda raw: straight(unpack(bytes([raw[i] for i in turned]))[0])


def _straight(point: Point, bit: int) -> Decode:
    kind = point.type
    if kind.base is BaseType.STR:
        return _text
    if kind.base is BaseType.BOOL:
        return _flag if bit < 0 else _bit(1 << bit)
    scalar = scaling(point)
    if kind.count == 1:
        return scalar
    unpack = struct.Struct(f">{kind.count}{_FORMAT[kind.base]}").unpack

    def array(raw: bytes) -> Value:
        return tuple(scalar(item) for item in unpack(raw))

    return array


def encode(point: Point, value: Value, order: str = STRAIGHT) -> bytes:
    """The registers that carry an engineering value; of a bool in a coil, what function 5 writes.

    Raises ValueError, naming the tag, for a wrong type or a value outside the range of type or I/O list.
    """
    straight, turned = _encoded(point, value), places(point.type, order)
    return straight if turned is None else bytes([straight[turned.index(i)] for i in range(len(straight))])


def _encoded(point: Point, value: Value) -> bytes:
    kind = point.type
    if kind.base is BaseType.STR:
        return raw_text(point, value).encode("ascii").ljust(2 * kind.words, b"\0")
    items = value if isinstance(value, tuple) else (value,)
    if len(items) != kind.count:
        raise ValueError(f"{point.tag} takes {kind.count} values, not {len(items)}")
    return b"".join(struct.pack(f">{_FORMAT[kind.base]}", raw_number(point, item)) for item in items)


def _flag(raw: int) -> bool:
    if raw not in (0, 1):
        raise ValueError(f"{raw} is neither 0 nor 1")
    return raw == 1


def _bit(mask: int) -> Decode:
    return lambda raw: raw & mask != 0


def _text(raw: bytes) -> str:
    return filled_text(raw.decode("ascii"))

"""Modbus addresses of an I/O list, and values to and from 16-bit registers.

Knows word order, scaling and plausible ranges. Does not know sockets, function codes or what a tag means.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from drivers.engineering import plain_text, raw_number, raw_text, scaling
from station_ctl.core.points import BaseType, Point, PointType, Value

_ADDRESS = re.compile(r"^(?:u(\d+)/)?(ir|hr|di|co):(\d+)(?:\.(\d+))?$")
_FORMAT = {
    BaseType.BOOL: "H",
    BaseType.U16: "H",
    BaseType.I16: "h",
    BaseType.U32: "I",
    BaseType.I32: "i",
    BaseType.F32: "f",
}
Decode = Callable[[Any], Value]


class Table(StrEnum):
    """The two register tables of a Modbus device; the PLC writes inputs, the controller holding registers."""

    INPUT = "ir"
    HOLDING = "hr"


@dataclass(frozen=True, slots=True, order=True)
class RegisterAddress:
    """Where a tag lies: unit 1..247 or 255 (the TCP device itself), register, bit 0..15 (-1 = whole)."""

    unit: int
    table: Table
    number: int
    bit: int = -1

    @classmethod
    def parse(cls, text: str, *, unit: int = 1) -> RegisterAddress:
        """Read `ir:26`, `ir:26.3`, `u2/hr:4`; `unit` stands where the text names none.

        Raises ValueError with the needed form. Coils and discrete inputs are refused: nothing in the PLC
        contract (MAGIC, PATTERN) proves their bit order.
        """
        match = _ADDRESS.match(text.strip())
        if match is None:
            raise ValueError(f"address {text!r} is not of the form [u<unit>/]<ir|hr>:<number>[.<bit>]")
        if match[2] not in tuple(Table):
            raise ValueError(f"address {text!r}: {match[2]} is not read, no pattern proves its bit order")
        number, bit = int(match[3]), int(match[4]) if match[4] else -1
        unit = int(match[1]) if match[1] else unit
        if number > 0xFFFF or bit > 15 or not (1 <= unit <= 247 or unit == 255):
            raise ValueError(f"address {text!r}: unit 1..247 or 255, register 0..65535, bit 0..15")
        return cls(unit, Table(match[2]), number, bit)


def field_format(kind: PointType) -> str:
    """The struct format (big-endian) of one value; arrays and strings are taken as bytes."""
    if kind.base is BaseType.STR or kind.count > 1:
        return f"{2 * kind.words}s"
    return _FORMAT[kind.base]


def decoder(point: Point, bit: int = -1) -> Decode:
    """A function from the raw field to the engineering value; it raises ValueError for what is no value."""
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


def encode(point: Point, value: Value) -> bytes:
    """The registers that carry an engineering value.

    Raises ValueError, naming the tag, for a wrong type or a value outside the range of type or I/O list.
    """
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
    return plain_text(raw.rstrip(b"\0").decode("ascii"))

"""Modbus addresses of an I/O list, and values to and from 16-bit registers.

Knows word order, scaling and plausible ranges. Does not know sockets, function codes or what a tag means.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from station_ctl.core.points import BaseType, Point, PointType, Scalar, Value

_ADDRESS = re.compile(r"^(?:u(\d+)/)?(ir|hr|di|co):(\d+)(?:\.(\d+))?$")
_FORMAT = {
    BaseType.BOOL: "H",
    BaseType.U16: "H",
    BaseType.I16: "h",
    BaseType.U32: "I",
    BaseType.I32: "i",
    BaseType.F32: "f",
}
_RANGE = {
    BaseType.U16: (0, 0xFFFF),
    BaseType.I16: (-0x8000, 0x7FFF),
    BaseType.U32: (0, 0xFFFF_FFFF),
    BaseType.I32: (-0x8000_0000, 0x7FFF_FFFF),
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
    scalar = _scaled(point)
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
        return _text_bytes(point, value)
    items = value if isinstance(value, tuple) else (value,)
    if len(items) != kind.count:
        raise ValueError(f"{point.tag} takes {kind.count} values, not {len(items)}")
    return b"".join(struct.pack(f">{_FORMAT[kind.base]}", raw_number(point, item)) for item in items)


def raw_number(point: Point, value: Scalar) -> int | float:
    """One engineering number as the PLC holds it, checked against type and limits. Raises ValueError."""
    base = point.type.base
    if base is BaseType.BOOL:
        if value not in (0, 1):
            raise ValueError(f"{point.tag} is a bool, not {value!r}")
        return int(value)
    if isinstance(value, str) or not math.isfinite(value):
        raise ValueError(f"{point.tag} takes a number, not {value!r}")
    if implausible(point, value):
        raise ValueError(f"{point.tag} = {value} is outside {_limits(point)}")
    if base is BaseType.F32:
        return float(value) / point.scale
    raw = round(value / point.scale)
    low, high = _RANGE[base]
    if not low <= raw <= high:
        raise ValueError(f"{point.tag} = {value} does not fit {point.type}: {low}..{high} × {point.scale:g}")
    if point.scale == 1 and raw != value:
        raise ValueError(f"{point.tag} takes whole numbers, not {value}")
    return raw


def implausible(point: Point, value: Value) -> bool:
    """Whether any element lies outside the limits of the I/O list, or is no finite number."""
    low, high = point.low, point.high
    items = value if isinstance(value, tuple) else (value,)
    for item in items:
        if isinstance(item, (bool, str)):
            continue
        if (low is not None and item < low) or (high is not None and item > high) or not math.isfinite(item):
            return True
    return False


def _limits(point: Point) -> str:
    low, high = ("…" if limit is None else f"{limit:g}" for limit in (point.low, point.high))
    return f"{low}..{high} {point.unit}".strip()


def _flag(raw: int) -> bool:
    if raw not in (0, 1):
        raise ValueError(f"{raw} is neither 0 nor 1")
    return raw == 1


def _bit(mask: int) -> Decode:
    return lambda raw: raw & mask != 0


def _text(raw: bytes) -> str:
    text = raw.rstrip(b"\0").decode("ascii")
    if not text.isprintable():
        raise ValueError(f"{text!r} has characters that do not print")
    return text


def _text_bytes(point: Point, value: Value) -> bytes:
    if not isinstance(value, str) or not value.isascii() or not value.isprintable():
        raise ValueError(f"{point.tag} takes printable ASCII text, not {value!r}")
    if len(value) > point.type.length:
        raise ValueError(f"{point.tag} takes {point.type.length} characters, {value!r} has {len(value)}")
    return value.encode("ascii").ljust(2 * point.type.words, b"\0")


def _scaled(point: Point) -> Callable[[Any], int | float]:
    scale = point.scale
    if scale == 1:
        return lambda raw: raw
    # 3655 × 0.1 is 365.50000000000006, 3655 / 10 is 365.5: a limit in the I/O list must mean what it says.
    divisor = round(1 / scale)
    if divisor > 1 and math.isclose(divisor * scale, 1.0, rel_tol=1e-12):
        return lambda raw: raw / divisor
    return lambda raw: raw * scale

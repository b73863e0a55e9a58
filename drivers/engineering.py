"""Engineering values and the raw numbers that stand for them: scale, limits, text.

Knows points. Does not know registers or nodes.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from station_ctl.core.points import FLOATS, BaseType, Point, Scalar, Value

_RANGE = {
    BaseType.U8: (0, 0xFF),
    BaseType.U16: (0, 0xFFFF),
    BaseType.I16: (-0x8000, 0x7FFF),
    BaseType.U32: (0, 0xFFFF_FFFF),
    BaseType.I32: (-0x8000_0000, 0x7FFF_FFFF),
    BaseType.I64: (-(2**63), 2**63 - 1),
}


def whole_divisor(point: Point) -> float | None:
    """The whole number to divide a raw number by, 0 for a scale of 1, None when the scale is no 1 / n or not all.

    3 × 0.1 is 0.30000000000000004, 3 / 10 is 0.3: a limit in the I/O list must mean what it says.
    """
    if point.offset or point.codes:
        return None
    return _divisor(point)


def _divisor(point: Point) -> float | None:
    if point.scale == 1:
        return 0.0
    divisor = round(1 / point.scale)
    return float(divisor) if divisor > 1 and math.isclose(divisor * point.scale, 1.0, rel_tol=1e-12) else None


def scaling(point: Point) -> Callable[[Any], int | float]:
    """A function from the raw number to the engineering one; it raises ValueError for a code without a meaning."""
    if point.codes:
        return _meaning(point)
    divisor, scale, offset = _divisor(point), point.scale, int(point.offset) if point.whole else point.offset
    if divisor is None:
        return lambda raw: raw * scale + offset
    if divisor:
        return (lambda raw: raw / divisor + offset) if offset else (lambda raw: raw / divisor)
    return (lambda raw: raw + offset) if offset else (lambda raw: raw)


def _meaning(point: Point) -> Callable[[Any], int]:
    known = dict(point.codes)

    def meaning(raw: Any) -> int:
        if raw not in known:
            raise ValueError(f"{point.tag}: {raw} is none of its codes")
        return known[raw]

    return meaning


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
    if base in FLOATS:
        return (float(value) - point.offset) / point.scale
    if point.codes:
        return _code(point, value)
    # A whole number is never divided: beyond 2**53 that would change it.
    raw = round(value) - int(point.offset) if point.whole else round((value - point.offset) / point.scale)
    low, high = _RANGE[base]
    if not low <= raw <= high:
        raise ValueError(f"{point.tag} = {value} does not fit {point.type}: {low}..{high} × {point.scale:g}")
    if point.whole and round(value) != value:
        raise ValueError(f"{point.tag} takes whole numbers, not {value}")
    return raw


def _code(point: Point, value: int | float) -> int:
    for theirs, ours in point.codes:
        if ours == value:
            return theirs
    raise ValueError(f"{point.tag} = {value} has no code in the PLC")


def implausible(point: Point, value: Value) -> bool:
    """Whether any element lies outside the limits of the I/O list, or is no finite number."""
    if isinstance(value, (bool, str)):
        return False
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


def filled_text(text: str) -> str:
    """The text without the NULs or spaces that fill it up. Raises ValueError unless it is printable ASCII."""
    return plain_text(text.rstrip("\0 "))


def plain_text(text: str) -> str:
    """The text itself. Raises ValueError unless it is printable ASCII."""
    if not (text.isascii() and text.isprintable()):
        raise ValueError(f"{text!r} is no printable ASCII text")
    return text


def raw_text(point: Point, value: Value) -> str:
    """Text for a string tag. Raises ValueError, naming the tag, when it is none or too long."""
    if not isinstance(value, str) or not (value.isascii() and value.isprintable()):
        raise ValueError(f"{point.tag} takes printable ASCII text, not {value!r}")
    if len(value) > point.type.length:
        raise ValueError(f"{point.tag} takes {point.type.length} characters, {value!r} has {len(value)}")
    return value


def raw_value(point: Point, value: Value) -> Any:
    """A whole value as the PLC holds it: number, bool, text, or a list of them. Raises ValueError."""
    if point.type.base is BaseType.STR:
        return raw_text(point, value)
    items = value if isinstance(value, tuple) else (value,)
    if len(items) != point.type.count:
        raise ValueError(f"{point.tag} takes {point.type.count} values, not {len(items)}")
    raw = [raw_number(point, item) for item in items]
    if point.type.base is BaseType.BOOL:
        return bool(raw[0])
    return raw if point.type.count > 1 else raw[0]

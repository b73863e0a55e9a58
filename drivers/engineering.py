"""Engineering values and the raw numbers that stand for them: scale, limits, text.

Knows points. Does not know registers or nodes.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from station_ctl.core.points import BaseType, Point, Scalar, Value

_RANGE = {
    BaseType.U16: (0, 0xFFFF),
    BaseType.I16: (-0x8000, 0x7FFF),
    BaseType.U32: (0, 0xFFFF_FFFF),
    BaseType.I32: (-0x8000_0000, 0x7FFF_FFFF),
}


def whole_divisor(point: Point) -> float | None:
    """The whole number to divide a raw number by, 0 for a scale of 1, None when the scale is no 1 / n.

    3 × 0.1 is 0.30000000000000004, 3 / 10 is 0.3: a limit in the I/O list must mean what it says.
    """
    if point.scale == 1:
        return 0.0
    divisor = round(1 / point.scale)
    return float(divisor) if divisor > 1 and math.isclose(divisor * point.scale, 1.0, rel_tol=1e-12) else None


def scaling(point: Point) -> Callable[[Any], int | float]:
    """A function from the raw number to the engineering one."""
    divisor, scale = whole_divisor(point), point.scale
    if divisor is None:
        return lambda raw: raw * scale
    return (lambda raw: raw / divisor) if divisor else (lambda raw: raw)


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

"""Whether a row of an I/O list can show what its bounds allow: a scale that is wrong by ten often cannot.

Knows the range of each type. Does not know other rows.
"""

from __future__ import annotations

from station_ctl.config.io_lists import IoFile
from station_ctl.core.points import BaseType, Point

_RANGES = {
    BaseType.U8: (0, 0xFF),
    BaseType.U16: (0, 0xFFFF),
    BaseType.I16: (-0x8000, 0x7FFF),
    BaseType.U32: (0, 0xFFFF_FFFF),
    BaseType.I32: (-0x8000_0000, 0x7FFF_FFFF),
}


def shows(point: Point) -> tuple[float, float] | None:
    """Least and greatest engineering value that the registers can hold; None where the type sets no end."""
    ends = _RANGES.get(point.type.base)
    if ends is None:
        return None
    low, high = sorted(end * point.scale + point.offset for end in ends)
    return low, high


def check_ranges(io: IoFile) -> None:
    """Every bound that no raw value reaches; findings go to the list."""
    for point in io.points.values():
        ends = shows(point)
        if ends is None or point.codes:
            continue
        kind = f"{point.type} × {point.scale:g}" if point.scale != 1 else f"{point.type}"
        if point.low is not None and point.low < ends[0] - abs(point.scale):
            io.report(point.tag, "min", f"min {point.low:g} cannot be shown: {kind} begins at {ends[0]:g}")
        if point.high is not None and point.high > ends[1] + abs(point.scale):
            io.report(point.tag, "max", f"max {point.high:g} cannot be shown: {kind} ends at {ends[1]:g}")

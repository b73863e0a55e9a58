"""Two tags on purpose in one place: a PLC shows one bit where the contract has two, declared by `same_as`.

Knows what such a row needs. An address used twice that is not declared is a mistake (io_checks.py).
"""

from __future__ import annotations

from station_ctl.config.io_lists import IoFile
from station_ctl.core.points import Access


def declared(io: IoFile, tag: str, other: str) -> bool:
    """True if one of the two rows names the other."""
    return _named(io, tag) == other or _named(io, other) == tag


def check_same_as(io: IoFile) -> None:
    """Every `same_as` names a tag of the list that is read from the same address as the same type."""
    for tag, point in io.points.items():
        name = _named(io, tag)
        if not name:
            continue
        other = io.points.get(name)
        if other is None or name == tag:
            io.report(tag, "same_as", f"names no other tag of this list (got {name!r})")
        elif (other.address, other.type) != (point.address, point.type):
            text = f"{name} is {other.type} at {other.address}, this tag {point.type} at {point.address}"
            io.report(tag, "same_as", text)
        elif Access.WRITE in (point.access, other.access):
            io.report(tag, "same_as", "is for tags that are read: what is written has one meaning")


def _named(io: IoFile, tag: str) -> str:
    cell = io.cells.get((tag, "same_as"))
    return cell.text if cell is not None else ""

"""What an I/O list allows: which tags are written, in which order, and of which type a value must be.

Knows points. Does not know how a value travels.
"""

from __future__ import annotations

from collections.abc import Mapping

from station_ctl.core.points import Access, BaseType, IoList, Point, Value

_NUMBERS: tuple[type, ...] = (int, float)
_WANTED: Mapping[BaseType, tuple[type, ...]] = {BaseType.BOOL: (bool,), BaseType.STR: (str,)}


def in_order(values: Mapping[str, Value], commit: str | None) -> list[str]:
    """Tags in the order of writing, `commit` last. Raises ValueError when `commit` is not among them."""
    if commit is not None and commit not in values:
        raise ValueError(f"commit tag {commit} is not among the written tags")
    return [tag for tag in values if tag != commit] + ([commit] if commit is not None else [])


def of_type(point: Point, value: Value) -> bool:
    """Whether a value that a PLC gave is of the declared type: a number is no bool, a bool no number."""
    kind = point.type
    wanted = _WANTED.get(kind.base, _NUMBERS)
    if kind.count == 1 and type(value) in wanted:
        return True
    items = value if isinstance(value, tuple) else (value,)
    if len(items) != kind.count or isinstance(value, tuple) != (kind.count > 1):
        return False
    return all(isinstance(i, wanted) and (bool in wanted or not isinstance(i, bool)) for i in items)


def writable(io: IoList, tag: str) -> Point:
    """The write tag of that name. Raises ValueError when there is none."""
    if tag not in io or io[tag].access is not Access.WRITE:
        raise ValueError(f"{tag} is no write tag of I/O list {io.name}")
    return io[tag]

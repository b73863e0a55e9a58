"""What a condition asks for, held against what the points can show: a limit that no reading meets is never proven.

Pure. Knows comparisons and bounds of points. Does not know files or machines.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from station_ctl.core.conditions import AllOf, AnyOf, Compare, Condition
from station_ctl.core.points import IoList, Point

Lists = Mapping[str, IoList]
"""I/O lists by link."""


def unprovable(condition: Condition, lists: Lists) -> tuple[Compare, ...]:
    """The comparisons for which the condition can never be proven, whatever the machine does; empty if it can be.

    A signal that no list maps is one of them. Of alternatives all must be unprovable.
    """
    if isinstance(condition, AllOf):
        return tuple(found for part in condition.parts for found in unprovable(part, lists))
    if isinstance(condition, AnyOf):
        parts = [unprovable(part, lists) for part in condition.parts]
        return tuple(found for part in parts for found in part) if all(parts) else ()
    if isinstance(condition, Compare):
        return () if _can_hold(condition, lists) else (condition,)
    return ()


def shown_range(point: Point) -> tuple[float, float]:
    """Least and greatest value that a reading of this point can have and still be believed; infinite where open."""
    low = point.low if point.low is not None else float("-inf")
    return low, point.high if point.high is not None else float("inf")


def point_of(comparison: Compare, lists: Lists) -> Point | None:
    """The point that a comparison is about; None if no list maps it."""
    signal = comparison.signal
    return lists[signal.link].get(signal.tag) if signal.link in lists else None


def _can_hold(comparison: Compare, lists: Lists) -> bool:
    point = point_of(comparison, lists)
    if point is None:
        return False
    low, high = shown_range(point)
    wanted = list(_wanted(comparison.relation, comparison.needed))
    return all(least <= high and most >= low for least, most in wanted)


def _wanted(relation: str, needed: Any) -> Iterator[tuple[float, float]]:
    """The range that a comparison of numbers asks for; nothing for those that ask for something else."""
    if isinstance(needed, (bool, str)):
        return
    match relation:
        case "=":
            yield float(needed), float(needed)
        case "≥":
            yield float(needed), float("inf")
        case "≤":
            yield float("-inf"), float(needed)
        case "between":
            yield float(needed[0]), float(needed[1])
        case "each between":
            yield float(needed[1]), float(needed[2])

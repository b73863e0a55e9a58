"""Limits that no reading can meet are found; limits that some reading meets are not."""

from __future__ import annotations

import pytest

from station_ctl.core.conditions import Condition, ModeIs
from station_ctl.core.modes import Mode
from station_ctl.core.points import Access, IoList, Point, PointType, ScanClass
from station_ctl.core.reach import unprovable
from station_ctl.core.signals import Signal


def point(tag: str, kind: str, low: float | None = None, high: float | None = None) -> Point:
    return Point(tag, "ir:0", PointType.parse(kind), Access.READ, ScanClass.FAST, low=low, high=high)


POINTS = (point("X", "f32", 10, 20), point("OPEN", "f32"), point("ON", "bool"), point("T", "f32[3]", 0, 200))
LISTS = {"plc": IoList("plc.csv", POINTS)}


def signal(tag: str, link: str = "plc") -> Signal[float]:
    return Signal(tag.lower(), link, tag, ScanClass.FAST, 0.25)


X, OPEN, T = signal("X"), signal("OPEN"), signal("T")
ON: Signal[bool] = Signal("on", "plc", "ON", ScanClass.FAST, 0.25)


@pytest.mark.parametrize(
    "condition",
    [
        X.at_least(20), X.at_most(10), X.between(20, 30), X.equals(15.0), X.differs(15.0), OPEN.at_least(1e9),
        ON.is_on(), T.each_between(7, 100, 300), X.at_least(21) | X.at_least(19), ModeIs(Mode.AUTOMATIC),  # type: ignore[arg-type]
    ],
    ids=str,
)  # fmt: skip
def test_what_some_reading_meets_can_be_proven(condition: Condition) -> None:
    assert unprovable(condition, LISTS) == ()


@pytest.mark.parametrize(
    ("condition", "tags"),
    [
        (X.at_least(20.1), ["X"]), (X.at_most(9.9), ["X"]), (X.between(-5, 5), ["X"]), (X.equals(21.0), ["X"]),
        (T.each_between(7, 250, 300), ["T"]),  # type: ignore[arg-type]
        (ON.is_on() & X.at_least(21) & X.at_most(15), ["X"]), (X.at_least(21) | X.at_most(9), ["X", "X"]),
        (signal("NOWHERE").at_least(1), ["NOWHERE"]), (signal("X", "other").at_least(1), ["X"]),
    ],
    ids=str,
)  # fmt: skip
def test_what_no_reading_meets_is_named(condition: Condition, tags: list[str]) -> None:
    assert [found.signal.tag for found in unprovable(condition, LISTS)] == tags

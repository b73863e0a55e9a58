"""Where a machine stands, in words: the first alternative that is proven, or that nobody knows and why."""

from __future__ import annotations

from station_ctl.core.points import ScanClass
from station_ctl.core.positions import Position
from station_ctl.core.roles import At
from station_ctl.core.signals import Signal
from tests.bench.world import World

AT: Signal[int] = Signal("robot.at", "rail", "AT", ScanClass.FAST, 0.15)
HOMED: Signal[bool] = Signal("robot.homed", "pit", "HOMED", ScanClass.FAST, 0.15)
ROBOT = Position(
    "robot", (("robot at home", AT.equals(At.HOME) & HOMED.is_on()), ("robot at rest", HOMED.is_on()))
)


def shown(at: int, homed: bool) -> World:
    world = World()
    world.set(AT, at)
    world.set(HOMED, homed)
    return world


def test_the_first_words_that_are_proven_are_said() -> None:
    assert ROBOT.in_words(shown(At.HOME, True).image()) == "robot at home"
    assert ROBOT.in_words(shown(At.BETWEEN, True).image()) == "robot at rest"


def test_what_no_words_fit_is_not_known_and_a_good_reading_is_no_reason() -> None:
    assert ROBOT.in_words(shown(At.HOME, False).image()) == "robot not known"


def test_what_cannot_be_read_is_not_known_and_the_reading_that_is_missing_is_named() -> None:
    world = shown(At.BETWEEN, False)
    world.flag(HOMED)
    assert ROBOT.in_words(world.image()) == (
        "robot not known (needs robot.homed on; found off (not plausible or declared bad by the PLC) [pit HOMED])"
    )

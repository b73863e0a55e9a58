"""A reading is value, quality and age: the matrix of everything that makes it not good."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType

import pytest

from station_ctl.core.links import Block, LinkSnapshot
from station_ctl.core.modes import Mode
from station_ctl.core.points import ScanClass, Value
from station_ctl.core.signals import Image, OwnFacts, Quality, Reading, Signal

NOW = 500.0
CLAMPED: Signal[bool] = Signal("lift.clamped", "lift", "CLAMPED", ScanClass.FAST, 0.15)
HEIGHT: Signal[float] = Signal("robot.z", "lift", "Z", ScanClass.FAST, 0.15, "mm")


def image(
    *,
    value: Value | None = True,
    at: float = NOW - 0.01,
    alive_at: float = NOW - 0.01,
    fault: str | None = None,
    bad: frozenset[str] = frozenset(),
    scan: ScanClass = ScanClass.FAST,
    heartbeat: float | None = 0.4,
    link: str = "lift",
    own: OwnFacts | None = None,
) -> Image:
    values = {} if value is None else {"CLAMPED": value, "Z": 210.04}
    blocks = {scan: Block(MappingProxyType(values), at, bad)}
    snapshot = LinkSnapshot(link, 1, alive_at, fault, blocks)
    limits = {} if heartbeat is None else {link: heartbeat}
    return Image(NOW, {link: snapshot}, limits, own or OwnFacts())


NOT_GOOD: dict[str, tuple[Callable[[], Image], Quality, str]] = {
    "no such link": (lambda: image(link="robot"), Quality.NEVER, "link lift does not exist"),
    "no block of its class yet": (lambda: image(scan=ScanClass.SLOW), Quality.NEVER, "never read"),
    "tag not in the block": (lambda: image(value=None), Quality.NEVER, "never read"),
    "tag not decodable": (
        lambda: image(value=None, bad=frozenset(("CLAMPED",))), Quality.BAD, "declared bad by the PLC",
    ),
    "link down": (lambda: image(fault="no answer"), Quality.BAD, "link lift: no answer"),
    "wrong program": (lambda: image(fault="MAP_VERSION is 2, needs 1"), Quality.BAD, "MAP_VERSION is 2"),
    "never connected": (lambda: image(value=None, fault="never connected"), Quality.NEVER, "never connected"),
    "heartbeat stands still": (lambda: image(alive_at=NOW - 0.41), Quality.BAD, "heartbeat of the PLC stands still"),
    "heartbeat never seen": (lambda: image(alive_at=float("-inf")), Quality.BAD, "heartbeat"),
    "declared bad by the PLC": (lambda: image(bad=frozenset(("CLAMPED",))), Quality.BAD, "declared bad by the PLC"),
    "too old": (lambda: image(at=NOW - 0.16), Quality.STALE, "stale, 0.2 s old"),
}  # fmt: skip


@pytest.mark.parametrize("case", NOT_GOOD)
def test_a_reading_that_is_not_good_says_why_and_proves_nothing(case: str) -> None:
    make, quality, why = NOT_GOOD[case]
    reading = CLAMPED.read(make())
    assert reading.quality is quality
    assert not reading.good
    assert CLAMPED.good_value(make()) is None
    assert why in reading.why
    assert not CLAMPED.is_on().proven(make())
    assert not CLAMPED.is_off().proven(make())
    (reason,) = CLAMPED.is_on().unmet(make())
    assert why in reason.found and not reason.known
    assert why in CLAMPED.is_on().why_not(make())


def test_a_good_reading_has_value_age_and_no_reason() -> None:
    reading = CLAMPED.read(image())
    assert reading == Reading(True, Quality.GOOD, pytest.approx(0.01), NOW - 0.01, "")
    assert reading.good and CLAMPED.is_on().proven(image())
    assert CLAMPED.good_value(image()) is True


def test_an_age_at_the_limit_is_still_good_and_just_over_it_is_not() -> None:
    assert CLAMPED.read(image(at=NOW - 0.125)).good
    assert CLAMPED.read(image(at=NOW - 0.15)).good is (NOW - (NOW - 0.15) <= 0.15)
    assert not CLAMPED.read(image(at=NOW - 0.151)).good


def test_a_limit_itself_is_not_over_the_limit() -> None:
    """Eighths of a second, which floating point holds exactly."""
    exact: Signal[bool] = Signal("lift.clamped", "lift", "CLAMPED", ScanClass.FAST, 0.125)
    assert exact.read(image(at=NOW - 0.125)).good
    assert not exact.read(image(at=NOW - 0.1875)).good
    assert exact.read(image(heartbeat=0.5, alive_at=NOW - 0.5)).good
    assert not exact.read(image(heartbeat=0.5, alive_at=NOW - 0.5625)).good
    assert exact.good_value(image(at=NOW - 0.125)) is True and exact.good_value(image(at=NOW - 0.1875)) is None
    assert exact.good_value(image(heartbeat=0.5, alive_at=NOW - 0.5)) is True
    assert exact.good_value(image(heartbeat=0.5, alive_at=NOW - 0.5625)) is None


def test_an_instrument_without_heartbeat_is_judged_by_age_alone() -> None:
    assert CLAMPED.read(image(heartbeat=None, alive_at=float("-inf"))).good
    assert CLAMPED.good_value(image(heartbeat=None, alive_at=float("-inf"))) is True
    assert not CLAMPED.read(image(heartbeat=None, at=NOW - 1)).good


def test_a_forced_point_is_good_for_those_who_look_at_it_and_its_neighbours_are_as_they_were() -> None:
    stale = image(at=NOW - 1)
    forced = stale.forced({"lift.CLAMPED": False})
    assert CLAMPED.good_value(forced) is False and CLAMPED.is_off().proven(forced)
    assert HEIGHT.good_value(forced) is None and not HEIGHT.at_least(1.0).proven(forced)
    assert CLAMPED.good_value(stale) is None
    reading = CLAMPED.read(forced)
    assert (reading.age, reading.why) == (0.0, "forced")


def test_a_flag_on_one_tag_says_nothing_of_its_neighbours() -> None:
    flagged = image(bad=frozenset(("CLAMPED",)))
    assert not CLAMPED.read(flagged).good and HEIGHT.read(flagged).good


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (True, "on"), (False, "off"), (210.04, "210.0"), (7, "7"), ("", "empty"), ("P-1", "P-1"),
        ((1.0, 2.0), "(1.0, 2.0)"), ((2.747828719, 7.0), "(2.75, 7.0)"), ((1, 0), "(1, 0)"),
    ],
)  # fmt: skip
def test_a_reading_is_printed_as_a_technician_says_it(value: Value, shown: str) -> None:
    assert str(Reading(value, Quality.GOOD, 0.0, 0.0)) == shown
    assert str(Reading(value, Quality.STALE, 0.0, 0.0, "stale, 2.0 s old")) == f"{shown} (stale, 2.0 s old)"


def test_nothing_read_is_printed_as_nothing_with_its_reason() -> None:
    assert (
        str(Reading(None, Quality.NEVER, float("inf"), float("-inf"), "never read")) == "nothing (never read)"
    )
    assert str(Reading(None, Quality.BAD, 0.0, 0.0)) == "nothing (bad)"
    assert str(Reading(7, Quality.STALE, 0.0, 0.0)) == "7 (stale)"


def test_own_facts_are_replaced_and_the_instant_stays() -> None:
    before = image()
    after = before.with_own(OwnFacts(Mode.AUTOMATIC, True))
    assert after.own.mode is Mode.AUTOMATIC and before.own.mode is Mode.MAINTENANCE
    assert (after.now, after.links, after.heartbeat_limits) == (
        before.now,
        before.links,
        before.heartbeat_limits,
    )


def test_a_station_knows_nothing_of_itself_until_it_is_told() -> None:
    own = OwnFacts()
    assert own.mode is Mode.MAINTENANCE and not own.journal_writable and len(own.ledger) == 0


def test_a_comparison_of_a_signal_is_proven_by_what_it_says() -> None:
    here: Signal[str] = Signal("reader.code", "lift", "CLAMPED", ScanClass.FAST, 0.15)
    number: Signal[int] = Signal("robot.at", "lift", "CLAMPED", ScanClass.FAST, 0.15)
    many: Signal[tuple[float, ...]] = Signal("robot.torque", "lift", "CLAMPED", ScanClass.FAST, 0.15)
    for condition, value in (
        (here.differs("P-2"), "P-1"), (here.equals("P-1"), "P-1"), (number.at_least(3), 3), (number.at_most(3), 3),
        (number.between(2, 4), 3), (number.has_bits(0b10), 0b11), (many.each_between(0b1, 80, 90), (85.0,)),
        (CLAMPED.is_on(), True), (CLAMPED.is_off(), False),
    ):  # fmt: skip
        assert condition.proven(image(value=value)), str(condition)


def test_what_is_not_said_of_a_signal_or_a_reading_is_empty() -> None:
    assert CLAMPED.unit == "" and Reading(1, Quality.GOOD, 0.0, 0.0).why == ""


# ---- two signals that exclude each other ----
OPENED: Signal[bool] = Signal(
    "floor.open", "lift", "FLOOR_OPEN", ScanClass.FAST, 0.15, against=(("floor.closed", "FLOOR_CLOSED"),)
)
BITS: Signal[int] = Signal("bolts.open", "lift", "OPEN", ScanClass.FAST, 0.15, against=(("bolts.closed", "SHUT"),))


def both(bad: frozenset[str] = frozenset(), **values: Value) -> Image:
    blocks = {ScanClass.FAST: Block(MappingProxyType(values), NOW - 0.01, bad)}
    return Image(NOW, {"lift": LinkSnapshot("lift", 1, NOW, None, blocks)})


def test_a_signal_whose_opposite_is_on_proves_nothing_and_names_it() -> None:
    reading = OPENED.read(both(FLOOR_OPEN=True, FLOOR_CLOSED=True))
    assert reading.quality is Quality.BAD and not reading.good
    assert str(reading) == "on (contradicted by floor.closed)"
    assert not OPENED.is_on().proven(both(FLOOR_OPEN=True, FLOOR_CLOSED=True))


@pytest.mark.parametrize(("opened", "closed"), [(True, False), (False, True), (False, False)])
def test_a_signal_is_believed_while_its_opposite_is_not_on_together_with_it(opened: bool, closed: bool) -> None:
    reading = OPENED.read(both(FLOOR_OPEN=opened, FLOOR_CLOSED=closed))
    assert reading.good and reading.value is opened and reading.why == ""


def test_an_opposite_that_is_not_good_contradicts_nobody() -> None:
    """A sensor that is known to be broken takes away its own word only."""
    flagged = frozenset(("FLOOR_CLOSED",))
    assert OPENED.read(both(flagged, FLOOR_OPEN=True, FLOOR_CLOSED=True)).good
    assert OPENED.read(both(FLOOR_OPEN=True)).good


def test_the_reason_of_a_bad_reading_is_its_own_and_not_the_opposite() -> None:
    flagged = frozenset(("FLOOR_OPEN",))
    assert "declared bad" in OPENED.read(both(flagged, FLOOR_OPEN=True, FLOOR_CLOSED=True)).why


@pytest.mark.parametrize(
    ("opened", "shut", "good"), [(0b0011, 0b1100, True), (0b0011, 0b0110, False), (0, 0b1111, True)]
)
def test_masks_contradict_each_other_where_a_bit_is_on_in_both(opened: int, shut: int, good: bool) -> None:
    assert BITS.read(both(OPEN=opened, SHUT=shut)).good is good


def test_a_value_of_another_type_is_no_contradiction() -> None:
    assert OPENED.read(both(FLOOR_OPEN=True, FLOOR_CLOSED="on")).good


def test_one_opposite_of_several_is_enough_to_contradict() -> None:
    several: Signal[bool] = Signal(
        "floor.open", "lift", "FLOOR_OPEN", ScanClass.FAST, 0.15, against=(("a", "A"), ("b", "B"))
    )
    for on in ("A", "B"):
        image = both(FLOOR_OPEN=True, **{tag: tag == on for tag in ("A", "B")})
        assert several.good_value(image) is None and not several.read(image).good
    assert several.good_value(both(FLOOR_OPEN=True, A=False, B=False)) is True

"""Conditions: proven only on good readings, total over every value, and able to say why not."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from station_ctl.core.conditions import (
    NOT_SAMPLED,
    AllOf,
    AnyOf,
    Compare,
    Condition,
    JournalWritable,
    ModeIs,
    NeverBoth,
    NotLocked,
    OnItsWay,
    PlaceHolds,
    Unmet,
    both_on,
)
from station_ctl.core.custody import Ledger, Move
from station_ctl.core.modes import Mode
from station_ctl.core.points import ScanClass
from station_ctl.core.roles import At
from station_ctl.core.signals import OwnFacts, Signal
from tests.bench.world import World

CLAMPED: Signal[bool] = Signal("lift.clamped", "lift", "CLAMPED", ScanClass.FAST, 0.15)
AT: Signal[int] = Signal("robot.at", "robot", "AT_POSITION", ScanClass.FAST, 0.15)
VOLTS: Signal[float] = Signal("vehicle.hv_volts", "lift", "VEH_VOLTS", ScanClass.NORMAL, 0.5, "V")
OPEN: Signal[int] = Signal("robot.bolts_open", "robot", "BOLT_OPEN", ScanClass.FAST, 0.15)
TORQUE: Signal[tuple[float, ...]] = Signal(
    "robot.bolt_torque", "robot", "TORQUE", ScanClass.NORMAL, 0.5, "Nm"
)
CODE: Signal[str] = Signal("reader.in_code", "reader", "IN_CODE", ScanClass.NORMAL, 0.5)

# (condition, a value that proves it, a value of its type that does not, how it reads)
EACH: list[tuple[Condition, Any, Any, str]] = [
    (CLAMPED.is_on(), True, False, "lift.clamped on"),
    (CLAMPED.is_off(), False, True, "lift.clamped off"),
    (AT.equals(At.HOME), 1, 2, "robot.at = HOME"),
    (AT.equals(3), 3, 0, "robot.at = 3"),
    (AT.differs(At.BETWEEN), 1, 0, "robot.at ≠ BETWEEN"),
    (CODE.equals("P-1"), "P-1", "P-2", "reader.in_code = P-1"),
    (CODE.equals(""), "", "P-2", "reader.in_code = empty"),
    (CODE.differs(""), "P-1", "", "reader.in_code ≠ empty"),
    (VOLTS.at_most(60.0), 60.0, 60.1, "vehicle.hv_volts ≤ 60 V"),
    (VOLTS.at_least(1.0), 1.0, 0.9, "vehicle.hv_volts ≥ 1 V"),
    (VOLTS.between(-3.0, 3.0), 3.0, -3.1, "vehicle.hv_volts -3 to 3 V"),
    (OPEN.has_bits(0x3FF), 0x7FF, 0x3FE, "robot.bolts_open with all of bits 0x3ff"),
    (
        TORQUE.each_between(0b101, 80, 90), (80.0, 0.0, 90.0), (80.0, 85.0, 90.1),
        "each robot.bolt_torque of 0x5 80 to 90 Nm",
    ),
]  # fmt: skip
IDS = [row[3] for row in EACH]


@pytest.mark.parametrize(("condition", "good", "wrong", "sentence"), EACH, ids=IDS)
def test_each_comparison_is_proven_by_its_value_and_not_by_another(
    condition: Compare, good: Any, wrong: Any, sentence: str
) -> None:
    world = World()
    world.set(condition.signal, good)
    assert condition.proven(world.image())
    assert condition.unmet(world.image()) == () and condition.why_not(world.image()) == ""
    world.set(condition.signal, wrong)
    assert not condition.proven(world.image())
    assert str(condition) == sentence
    (reason,) = condition.unmet(world.image())
    assert reason.known and reason.needed == sentence
    assert reason.source == f"{condition.signal.link} {condition.signal.tag}"
    assert condition.why_not(world.image()).startswith(f"needs {sentence}; found ")


@pytest.mark.parametrize(("condition", "good", "wrong", "sentence"), EACH, ids=IDS)
@pytest.mark.parametrize("loss", ["flag", "forget", "stale", "silence", "lose"])
def test_no_comparison_is_proven_on_a_reading_that_is_not_good(
    condition: Compare, good: Any, wrong: Any, sentence: str, loss: str
) -> None:
    world = World()
    world.set(condition.signal, good)
    getattr(world, loss)(condition.signal.link if loss in ("silence", "lose") else condition.signal)
    assert not condition.proven(world.image())
    (reason,) = condition.unmet(world.image())
    assert not reason.known


def test_a_found_value_is_printed_with_its_unit_and_its_fault() -> None:
    world = World()
    world.set(VOLTS, 410.25)
    assert VOLTS.at_most(60.0).why_not(world.image()) == (
        "needs vehicle.hv_volts ≤ 60 V; found 410.2 V [lift VEH_VOLTS]"
    )
    world.lose("lift")
    assert "found 410.2 (link lift: no answer) V" in VOLTS.at_most(60.0).why_not(world.image())
    world.forget(VOLTS)
    assert "found nothing (link lift: no answer) [" in VOLTS.at_most(60.0).why_not(world.image())


def test_two_numbers_of_bolts_differ_is_not_in_band() -> None:
    """A list shorter than the mask, or an empty one, proves no bolt."""
    world = World()
    for short in ((), (85.0,), (85.0, 85.0)):
        world.set(TORQUE, short)
        assert not TORQUE.each_between(0b111, 80, 90).proven(world.image())


@pytest.mark.parametrize("found", [1, 1.0, "True", (True,)])
def test_on_means_a_bool_and_nothing_that_resembles_one(found: Any) -> None:
    world = World()
    world.set(CLAMPED, found)
    assert not CLAMPED.is_on().proven(world.image())
    assert not CLAMPED.is_off().proven(world.image())


def test_a_number_that_is_none_proves_no_limit() -> None:
    world = World()
    world.set(VOLTS, math.nan)
    for condition in (VOLTS.at_most(60), VOLTS.at_least(0), VOLTS.between(0, 60), VOLTS.equals(0.0)):
        assert not condition.proven(world.image())
    world.set(TORQUE, (math.nan, 85.0))
    assert not TORQUE.each_between(0b11, 80, 90).proven(world.image())


@pytest.mark.parametrize(
    ("condition", "enough", "not_enough"),
    [
        (VOLTS.between(-3.0, 3.0), (-3.0, 0.0, 3.0), (-3.1, 3.1)),
        (VOLTS.between(2.0, 9.0), (2.0, 5.0, 9.0), (1.9, 9.1)),
        (VOLTS.at_most(60.0), (60.0, -1.0), (60.1,)),
        (VOLTS.at_least(1.0), (1.0, 99.0), (0.9,)),
        (TORQUE.each_between(0b1, 80, 90), ((80.0,), (90.0, 0.0)), ((79.9,), (90.1,), ())),
        (OPEN.has_bits(0b110), (0b110, 0b111), (0b100, 0b010, 0b001)),
    ],
)
def test_a_limit_belongs_to_its_band(
    condition: Compare, enough: tuple[Any, ...], not_enough: tuple[Any, ...]
) -> None:
    world = World()
    for value in enough:
        world.set(condition.signal, value)
        assert condition.proven(world.image()), value
    for value in not_enough:
        world.set(condition.signal, value)
        assert not condition.proven(world.image()), value


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        (AT.differs(3), "HOME"),
        (AT.differs(3), (1,)),
        (CODE.differs("P-1"), 5),
        (CODE.differs("P-1"), ("P-2",)),
        (VOLTS.differs(0.0), math.nan),
        (VOLTS.at_most(60.0), "10"),
        (VOLTS.at_least(1.0), (10.0,)),
        (VOLTS.between(0.0, 9.0), "5"),
        (OPEN.has_bits(1), "1"),
        (TORQUE.each_between(1, 80, 90), 85.0),
    ],
)
def test_a_value_of_another_kind_proves_nothing_not_even_that_it_differs(
    condition: Compare, found: Any
) -> None:
    world = World()
    world.set(condition.signal, found)
    assert not condition.proven(world.image())


# ---- both, either ----
def test_both_needs_both_and_names_each_missing_one() -> None:
    world = World()
    world.set(CLAMPED, False)
    world.set(VOLTS, 70.0)
    both = CLAMPED.is_on() & VOLTS.at_most(60)
    assert str(both) == "lift.clamped on and vehicle.hv_volts ≤ 60 V"
    assert len(both.unmet(world.image())) == 2
    world.set(CLAMPED, True)
    assert not both.proven(world.image())
    assert both.why_not(world.image()).count("needs") == 1
    world.set(VOLTS, 10.0)
    assert both.proven(world.image())


def test_either_needs_one_and_otherwise_names_all() -> None:
    world = World()
    world.set(AT, 3)
    either = AT.equals(0) | AT.equals(6)
    assert str(either) == "robot.at = 0 or robot.at = 6"
    assert len(either.unmet(world.image())) == 2
    world.set(AT, 6)
    assert either.proven(world.image()) and either.unmet(world.image()) == ()


def test_parts_are_flat_and_an_alternative_inside_is_put_in_brackets() -> None:
    a, b, c = CLAMPED.is_on(), AT.equals(1), VOLTS.at_most(60)
    assert isinstance(a & b & c, AllOf) and len((a & b & c).parts) == 3  # type: ignore[attr-defined]
    assert isinstance(a | b | c, AnyOf) and len((a | b | c).parts) == 3  # type: ignore[attr-defined]
    assert str(a & (b | c)) == "lift.clamped on and (robot.at = 1 or vehicle.hv_volts ≤ 60 V)"


def test_the_oldest_sample_dates_a_conjunction_and_the_newest_proof_an_alternative() -> None:
    world = World()
    world.set(CLAMPED, True)
    world.set(AT, 1)
    world.stale(CLAMPED)
    old, new = CLAMPED.read(world.image()).at, AT.read(world.image()).at
    assert old < new
    assert (CLAMPED.is_on() & AT.equals(1)).sampled_at(world.image()) == old
    assert (CLAMPED.is_on() | AT.equals(1)).sampled_at(world.image()) == new
    assert (AT.equals(2) | AT.equals(3)).sampled_at(world.image()) == float("-inf")
    world.advance(1.0)
    newest = AT.read(world.image()).at
    assert newest > new
    assert (CLAMPED.is_off() | AT.equals(1)).sampled_at(world.image()) == newest


def test_of_two_proofs_the_newer_one_dates_an_alternative() -> None:
    world = World()
    world.set(VOLTS, 10.0)
    world.advance(0.2)
    world.set(AT, 1)
    old, new = VOLTS.read(world.image()).at, AT.read(world.image()).at
    world._at[VOLTS.link, VOLTS.scan] = old - 0.3
    either = VOLTS.at_most(60) | AT.equals(1)
    assert all(part.proven(world.image()) for part in (VOLTS.at_most(60), AT.equals(1)))
    assert VOLTS.read(world.image()).at < new and either.sampled_at(world.image()) == new


@pytest.mark.parametrize(
    "own",
    [
        JournalWritable(), ModeIs(Mode.MANUAL), PlaceHolds("A01"), OnItsWay("P-1", "A01"), AllOf(()), NotLocked("P-1"),
    ],
)  # fmt: skip
def test_what_no_plc_samples_is_never_older_than_a_sample(own: Condition) -> None:
    assert own.sampled_at(World().image()) == NOT_SAMPLED


# ---- what the controller knows of itself ----
def test_the_mode_is_needed_and_the_found_one_named() -> None:
    image = World().image(OwnFacts(Mode.MANUAL))
    assert not ModeIs(Mode.AUTOMATIC).proven(image)
    assert ModeIs(Mode.AUTOMATIC).why_not(image) == "needs mode automatic; found manual [station mode]"
    assert ModeIs(Mode.MANUAL).proven(image)


def test_the_journal_is_writable_only_when_it_said_so() -> None:
    assert not JournalWritable().proven(World().image())
    assert JournalWritable().why_not(World().image()) == "needs journal writable; found not writable [journal]"
    assert JournalWritable().proven(World().image(OwnFacts(journal_writable=True)))


def test_a_place_is_what_the_ledger_says_and_a_pack_on_its_way_rests_nowhere() -> None:
    ledger = Ledger().admit("P-1", "A01").begin(Move("P-1", "A01", "handover_in"), 7)
    image = World().image(OwnFacts(ledger=ledger))
    for condition in (PlaceHolds("A01"), PlaceHolds("A01", "P-1"), PlaceHolds("handover_in", "P-1")):
        assert not condition.proven(image)
        assert "moving from A01 to handover_in (order 7)" in condition.why_not(image)
    assert OnItsWay("P-1", "handover_in").proven(image) and OnItsWay("P-1", "handover_in").unmet(image) == ()
    assert not OnItsWay("P-1", "A01").proven(image)
    assert "found not held here [custody ledger]" in OnItsWay("P-9", "handover_in").why_not(image)
    assert "found moving from A01 to handover_in" in OnItsWay("P-1", "A02").why_not(image)
    arrived = World().image(OwnFacts(ledger=ledger.finish(7)))
    assert not OnItsWay("P-1", "handover_in").proven(arrived)
    assert str(OnItsWay("P-1", "handover_in")) == "pack P-1 on its way to handover_in"
    assert PlaceHolds("A01").proven(arrived) and PlaceHolds("handover_in", "P-1").proven(arrived)
    assert str(PlaceHolds("A01")) == "A01 empty by the ledger"
    assert str(PlaceHolds("A01", "P-1")) == "A01 holds pack P-1"


def test_nothing_is_unlocked_that_charging_has_locked_or_not_yet_spoken_of() -> None:
    condition = NotLocked("P-1")
    smoking = ("A07", "hot"), ("P-1", "hot in bay A01: smoke")
    for locks, found in ((None, "not known"), (smoking, "hot in bay A01: smoke")):
        image = World().image(OwnFacts(locks=locks))
        assert not condition.proven(image)
        assert f"needs P-1 not locked; found {found} [charging]" in condition.why_not(image)
    for free in ((), (("P-2", "quarantine"),)):
        image = World().image(OwnFacts(locks=free))
        assert condition.proven(image) and condition.unmet(image) == ()


def test_what_the_controller_knows_of_itself_is_known_and_now() -> None:
    image = World().image(OwnFacts(Mode.MANUAL))
    for own in (ModeIs(Mode.AUTOMATIC), JournalWritable(), PlaceHolds("A01", "P-1"), OnItsWay("P-1", "A01")):
        (reason,) = own.unmet(image)
        assert reason.known and (reason.age, reason.link) == (0.0, ""), own


# ---- for all values ----
scalars = some.one_of(
    some.booleans(), some.integers(-(2**33), 2**33), some.floats(), some.text(max_size=6)
)  # fmt: skip
values = some.one_of(scalars, some.lists(scalars, max_size=12).map(tuple))
comparisons = some.sampled_from([row[0] for row in EACH])
losses = some.sampled_from(["flag", "forget", "stale", "silence", "lose", ""])


@given(comparisons, values, losses)
def test_a_comparison_never_raises_and_agrees_with_its_reasons(
    condition: Compare, value: Any, loss: str
) -> None:
    world = World()
    world.set(condition.signal, value)
    if loss:
        getattr(world, loss)(condition.signal.link if loss in ("silence", "lose") else condition.signal)
    image = world.image()
    proven = condition.proven(image)
    assert isinstance(proven, bool)
    assert proven == (condition.unmet(image) == ()) == (condition.why_not(image) == "")
    if loss:
        assert not proven
    condition.sampled_at(image)


def _tree(leaves: some.SearchStrategy[Condition]) -> some.SearchStrategy[Condition]:
    parts = some.lists(leaves, min_size=1, max_size=4).map(tuple)
    return some.one_of(parts.map(AllOf), parts.map(AnyOf))


own_leaves = some.sampled_from(
    [
        ModeIs(Mode.AUTOMATIC),
        JournalWritable(),
        PlaceHolds("A01"),
        PlaceHolds("A01", "P-1"),
        OnItsWay("P-1", "A02"),
    ]
)
trees = some.recursive(some.one_of(comparisons, own_leaves), _tree, max_leaves=12)
owns = some.builds(
    OwnFacts,
    some.sampled_from(Mode),
    some.booleans(),
    some.sampled_from([Ledger(), Ledger().admit("P-1", "A01"), Ledger().admit("P-2", "A01")]),
)


@given(trees, some.lists(values, min_size=6, max_size=6), some.lists(losses, min_size=6, max_size=6), owns)
def test_any_sentence_is_proven_exactly_when_it_has_no_reason_against_it(
    condition: Condition, shown: list[Any], lost: list[str], own: OwnFacts
) -> None:
    world = World()
    for signal, value, loss in zip((CLAMPED, AT, VOLTS, OPEN, TORQUE, CODE), shown, lost, strict=True):
        world.set(signal, value)
        if loss in ("flag", "forget"):
            getattr(world, loss)(signal)
    image = world.image(own)
    assert condition.proven(image) == (condition.unmet(image) == ())
    assert all(isinstance(reason, Unmet) and str(reason) for reason in condition.unmet(image))
    assert str(condition)
    condition.sampled_at(image)


# ---- two signals that exclude each other ----
FREE: Signal[bool] = Signal("lift.unclamped", "lift", "UNCLAMPED", ScanClass.FAST, 0.15)
APART = NeverBoth(CLAMPED, FREE)


@pytest.mark.parametrize(("one", "other", "proven"), [(True, True, False), (True, False, True), (False, False, True)])
def test_two_signals_that_exclude_each_other_are_not_on_together(one: bool, other: bool, proven: bool) -> None:
    world = World()
    world.set(CLAMPED, one)
    world.set(FREE, other)
    assert APART.proven(world.image()) is proven
    assert APART.sampled_at(world.image()) == world.now


def test_a_contradiction_names_both_signals_and_is_found_not_unknown() -> None:
    world = World()
    world.set(CLAMPED, True)
    world.set(FREE, True)
    (reason,) = APART.unmet(world.image())
    assert str(reason) == (
        "needs lift.clamped and lift.unclamped not both on; found on and on [lift CLAMPED, UNCLAMPED]"
    )
    assert reason.known and reason.link == "lift"


def test_what_cannot_be_read_is_no_contradiction_but_not_known() -> None:
    world = World()
    world.set(CLAMPED, True)
    world.set(FREE, False)
    for signal in (CLAMPED, FREE):
        blind = world.copy()
        blind.flag(signal)
        (reason,) = APART.unmet(blind.image())
        assert not reason.known and not APART.proven(blind.image())


@pytest.mark.parametrize("late", [CLAMPED, FREE])
def test_what_excludes_each_other_is_as_old_as_the_older_of_both(late: Signal[bool]) -> None:
    world = World()
    world.set(CLAMPED, True)
    world.set(FREE, True)
    other: Signal[bool] = Signal("stand.free", "stand", "FREE", ScanClass.FAST, 0.15)
    world.set(other, True)
    world._at[other.link, other.scan] = world.now - 0.1
    pair = NeverBoth(other, late) if late is CLAMPED else NeverBoth(late, other)
    assert pair.sampled_at(world.image()) == pytest.approx(world.now - 0.1)
    (reason,) = pair.unmet(world.image())
    assert reason.age == pytest.approx(0.1)


@pytest.mark.parametrize(("one", "other"), [(1.0, 1), (1, 1.0), ("on", 1), (1, "on"), (None, 1), (1, None)])
def test_only_switches_and_masks_are_on_together(one: Any, other: Any) -> None:
    assert not both_on(one, other)

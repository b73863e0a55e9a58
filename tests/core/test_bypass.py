"""A bypass reaches the rows that have a branch for it, for its time, under the key; every other row it never reaches.

Built from the real procedures: whatever anybody writes into the engine's memory, the structure of the rows answers.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from station_ctl.core.bypass import LONGEST, Bypass, Bypassable, points_of
from station_ctl.core.conditions import NOT_SAMPLED, AllOf, AnyOf, Condition
from station_ctl.core.modes import Mode
from station_ctl.core.points import Value
from station_ctl.core.signals import Image, OwnFacts
from station_ctl.core.steps import Interlock, Sequence
from station_ctl.engine.supervisor import answers
from tests.bench.desk import CLAMPED, DOOR, ESTOP, LEVEL
from tests.bench.world import World, compares
from tests.sequences.conftest import all_sequences, the_station

NEVER = {f"G0{n}" for n in range(1, 8)} | {"G04a", "G04b", "G31", "G32", "G34"}
"""Rows that guard persons: the safety PLC's, fire, water, mode, key, enabling device, scanners, the jog button."""


@cache
def sequences() -> tuple[Sequence, ...]:
    return tuple(all_sequences())


@cache
def rows() -> tuple[Interlock, ...]:
    """Every row of every step of every procedure, and those of the station."""
    facts = the_station().facts
    found = [*facts.safe, *(kept.interlock for kept in facts.always)]
    found += [answers(channel, 7) for channel in facts.channels.values()]
    for sequence in sequences():
        for step in sequence.steps:
            found += [*step.permissives, *(kept.interlock for kept in step.interlocks)]
            found += step.ending.permissives if step.ending is not None else ()
    return tuple({(row.code, str(row.holds)): row for row in found}.values())


def branches(condition: Condition) -> int:
    """How many branches for a bypass stand anywhere in a condition."""
    if isinstance(condition, AllOf | AnyOf):
        return sum(branches(part) for part in condition.parts)
    return 1 + branches(condition.sensors) if isinstance(condition, Bypassable) else 0


@cache
def named() -> dict[str, Bypassable]:
    known = the_station().facts.bypassable.items()
    return {name: row.holds for name, row in known if isinstance(row.holds, Bypassable)}


def whole_memory() -> tuple[Bypass, ...]:
    """A memory in which somebody bypasses every code that exists and forces every point to what its row needs."""
    names = {row.code for row in rows()} | set(named()) | {f"{c}-A01" for c in NEVER}
    needed = [c for row in rows() for c in compares(row.holds)]
    forced = {f"{c.signal.link}.{c.signal.tag}": wanted(c.relation, c.needed) for c in needed}
    bypassed = (bypass(name) for name in sorted(names))
    return (*bypassed, *(bypass(point, value) for point, value in sorted(forced.items())))


def wanted(relation: str, needed: object) -> Value:
    pair = isinstance(needed, tuple)
    value = needed[0] if pair else needed  # type: ignore[index]
    return value if isinstance(value, (bool, int, float, str)) and relation != "≠" else 1


def bypass(what: str, value: Value | None = None) -> Bypass:
    return Bypass(what, 0.0, LONGEST, "wang", "chen", "its sensor is broken", value)


def image(*standing: Bypass, mode: Mode = Mode.MAINTENANCE, key: bool | None = True, now: float = 1.0) -> Image:
    """All sensors silent but the key switch."""
    world = World()
    (switch,) = {c.signal for c in compares(the_station().facts.attended or AllOf(()))}
    if key is not None:
        world.set(switch, key)
    seen = world.image(OwnFacts(mode, True, bypasses=standing))
    return seen if now == 1.0 else _at(seen, now)


def _at(seen: Image, now: float) -> Image:
    return Image(now, seen.links, seen.heartbeat_limits, seen.own)


def test_no_state_of_memory_proves_a_row_that_guards_a_person() -> None:
    memory = tuple(replace(b, began=World().now - 1.0, ends=World().now + 60.0) for b in whole_memory())
    silent = World()
    everything = silent.image(OwnFacts(Mode.MAINTENANCE, True, bypasses=memory))
    nothing = silent.image(OwnFacts(Mode.MAINTENANCE, True))
    guarded = [row for row in rows() if row.code in NEVER]
    assert {row.code for row in guarded} == NEVER and len(memory) > 150
    for row in guarded:
        assert branches(row.holds) == 0, row
        assert row.holds.proven(everything) == row.holds.proven(nothing), row
        assert row.holds.unmet(everything) == row.holds.unmet(nothing), row


def test_only_rows_of_maintenance_have_a_branch_and_each_is_whole_and_listed() -> None:
    with_branch = {id(row): row for row in rows() if branches(row.holds)}
    assert {row.holds.name for row in with_branch.values() if isinstance(row.holds, Bypassable)} <= set(named())
    assert {row.code for row in with_branch.values()} == {"G33", "G19f", "G19e", "G20"}
    for row in with_branch.values():
        assert isinstance(row.holds, Bypassable) and branches(row.holds) == 1, f"{row}: the branch is the whole row's"
    for sequence in sequences():
        for step in sequence.steps:
            proofs = (step.done, step.start, step.ending.shows if step.ending else None)
            bypassable = [proof for proof in proofs if proof is not None and branches(proof)]
            assert not bypassable, f"{sequence.key} {step.no}: a proof is no interlock"
            if sequence.mode is not Mode.MAINTENANCE:
                needs = (*step.permissives, *(kept.interlock for kept in step.interlocks))
                assert not any(branches(row.holds) for row in needs), sequence.key


def test_what_can_be_forced_is_no_safety_signal_and_no_output() -> None:
    station = the_station()
    points = {point for row in named().values() for point in points_of(row)}
    assert points and not {point for point in points if point.startswith("safety.")}
    for point in points:
        link, _, tag = point.partition(".")
        device = next(d for d in station.devices.values() if d.link == link and tag in d.io)
        assert device.io[tag].access == "r", point


@pytest.mark.parametrize("name", ["G19f", "G19e", "G33", "G20-A01"])
def test_a_bypass_counts_for_its_row_within_its_time_by_two_under_the_key(name: str) -> None:
    row, one = named()[name], bypass(name)
    now = World().now
    given = replace(one, began=now - 1.0, ends=now + 60.0)
    others = tuple(replace(given, what=other) for other in named() if other != name)

    def proven(*standing: Bypass, later: float = 0.0, mode: Mode = Mode.MAINTENANCE, key: bool | None = True) -> bool:
        seen = image(*standing, mode=mode, key=key)
        return row.proven(_at(seen, now + later))

    assert proven(given) and not row.unmet(_at(image(given), now))
    assert not proven() and not proven(*others)
    # Later than the key's reading may be old, the reading alone would refuse: here the time of the bypass does.
    assert proven(replace(given, ends=now + 0.2), later=0.1) and not proven(replace(given, ends=now + 0.2), later=0.2)
    assert not proven(replace(given, began=now + 0.1))
    assert not proven(replace(given, began=now - 1.0, ends=now - 1.0 + LONGEST + 0.1)), "longer than the longest"
    assert not proven(replace(given, second="wang")) and not proven(replace(given, second=""))
    assert not proven(replace(given, by=""))
    for mode in (Mode.AUTOMATIC, Mode.MANUAL):
        assert not proven(given, mode=mode)
    assert not proven(given, key=False) and not proven(given, key=None), "off, and not known"
    assert not proven(given, later=5.0), "a key that is read no more"


def test_a_forced_signal_is_what_the_row_reads_and_may_as_well_speak_against_it() -> None:
    row, now = named()["G19f"], World().now
    (point,) = points_of(row)
    on = Bypass(point, now, now + 60.0, "wang", "chen", "switch broken", True)
    assert row.proven(_at(image(on), now))
    off = replace(on, value=False)
    world = World()
    (fork,) = {c.signal for c in compares(row.sensors)}
    world.set(fork, True)
    (switch,) = {c.signal for c in compares(row.attended)}
    world.set(switch, True)
    assert row.proven(world.image(OwnFacts(bypasses=())))
    seen = world.image(OwnFacts(bypasses=(off,)))
    assert not row.proven(seen) and "forced" not in row.unmet(seen)[0].found
    assert fork.is_on().proven(seen), "outside of such a row the sensor speaks for itself"


# ---- a toy row: the door, or a bypass of it under the chain -------------------------------------------------------
TOY = Bypassable("G19f", DOOR.is_on(), ESTOP.is_on())


def toy(*standing: Bypass, door: bool = False, chain: bool = True) -> Image:
    world = World()
    world.set(DOOR, door)
    world.set(ESTOP, chain)
    now = world.now
    return world.image(OwnFacts(bypasses=tuple(replace(b, began=now, ends=now + b.ends) for b in standing)))


@pytest.mark.parametrize(("lasts", "counts"), [(LONGEST, True), (LONGEST + 0.5, False), (0.0, False)])
def test_a_bypass_of_the_longest_time_counts_and_one_beyond_it_does_not(lasts: float, counts: bool) -> None:
    assert TOY.proven(toy(replace(bypass("G19f"), ends=lasts))) is counts


def test_a_forced_signal_is_no_bypass_of_a_row_of_that_name() -> None:
    assert bypass("pit.SAFETY_DOOR_LOCKED", False).forced and not bypass("G19f").forced
    assert not TOY.proven(toy(bypass("G19f", True))), "the row itself is bypassed by a bypass without a value alone"
    assert TOY.proven(toy(bypass("G19f"))) and TOY.proven(toy(bypass("pit.SAFETY_DOOR_LOCKED", True)))
    assert TOY.proven(toy(bypass("pit.SAFETY_DOOR_LOCKED"), door=True)), "a point without a value is its sensor's"


def test_what_a_bypass_proves_was_never_seen_and_what_sensors_prove_is_as_old_as_they_are() -> None:
    assert TOY.sampled_at(toy(bypass("G19f"))) == NOT_SAMPLED
    assert TOY.sampled_at(toy(door=True)) == World().now == TOY.sampled_at(toy(bypass("G19f"), door=True))


@pytest.mark.parametrize(
    ("made", "shown"),
    [
        (bypass("G19f"), "row G19f bypassed"),
        (bypass("pit.DOOR", True), "pit.DOOR forced to on"),
        (bypass("pit.DOOR", False), "pit.DOOR forced to off"),
        (bypass("pit.LOAD", 12.5), "pit.LOAD forced to 12.5"),
        (bypass("pit.CODE", "P-1"), "pit.CODE forced to P-1"),
    ],
)
def test_a_technician_reads_what_is_bypassed_or_forced_to_what(made: Bypass, shown: str) -> None:
    assert str(made) == shown
    assert str(TOY) == f"{DOOR.is_on()} (or bypass G19f)"


def test_every_point_behind_a_row_can_be_named_to_be_forced() -> None:
    alternative = DOOR.is_on() | (CLAMPED.is_on() & LEVEL.is_on())
    row = Bypassable("G33", alternative, ESTOP.is_on())
    assert [*points_of(row)] == [f"pit.{signal.tag}" for signal in (DOOR, CLAMPED, LEVEL)], "but not of who attends"

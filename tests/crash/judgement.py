"""What must hold after any crash and its recovery, judged by the plant's truth.

Knows packs, vehicles, order numbers and effects. Does not know what happened in between.
"""

from __future__ import annotations

import itertools
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.crash.crash_bench import CrashBench, World

ONCE = frozenset(
    f"{device}:{opcode}"
    for device, opcodes in {"robot": (12, 13, 20, 21, 30, 31), "stacker": (20, 21, 23), "lift.VEH": (45,)}.items()
    for opcode in opcodes
)
"""Orders that may not be done twice for one vehicle: they move a pack, turn bolts, or settle the bill."""

SETTLE = "lift.VEH:45"
"""The order that leaves no trace but in the vehicle, so that nothing else would show its loss."""

@dataclass
class Expected:
    """What an undisturbed visit truly does: pack movements, and orders done by device and opcode."""

    moves: list[tuple[str, str, str]]
    done: dict[str, int]


@dataclass
class Findings:
    """What was found wrong, by what was lost; empty lists are what everybody hopes for."""

    way: str = ""
    refused: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    repeated: list[str] = field(default_factory=list)
    custody: list[str] = field(default_factory=list)
    unsafe: list[str] = field(default_factory=list)
    unasked: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    pairs: list[dict[str, Any]] = field(default_factory=list)


def custody_errors(bench: CrashBench) -> list[str]:
    """Every pack that is not where the ledger has it; one that moves may be at either end, or on the fork."""
    true, wrong = bench.world.packs(), []
    ledger = bench.state.ledger
    for pack, custody in ledger:
        possible = {custody.place, custody.to} - {None}
        if custody.moving and "robot" not in possible:
            possible.add("stacker")
        if true.get(pack, "nowhere").replace("left:", "vehicle:") not in possible:
            wrong.append(f"{pack}: ledger {custody}, truth {true.get(pack, 'nowhere')}")
    if len(ledger):
        inside = {p for p, place in true.items() if not place.startswith(("left:", "queue:", "vehicle:"))}
        wrong += [f"{pack}: truth {true[pack]}, not in the ledger" for pack in sorted(inside) if pack not in ledger]
    return wrong


def judge_end(bench: CrashBench, expected: Expected, found: Findings) -> None:
    """The end of the story against the truth: effects, custody, order numbers, the plant's own monitor."""
    world = bench.world
    found.unsafe += world.violations()
    found.custody += custody_errors(bench)
    if bench.journal.restore().ledger != bench.state.ledger:
        found.custody.append("the ledger on the disk is not the one in memory")
    if any(custody.moving for _, custody in bench.state.ledger):
        found.custody.append(f"still on its way at the end: {bench.state.ledger}")
    _judge_numbers(bench, found)
    _judge_vehicles(world, found)
    if any(row.kind == "run-closed" and row.data["result"] == "given up" for row in bench.journal.rows()):
        _judge_way_back(world, found)
    else:
        _judge_effects(world, expected, found)


def _judge_numbers(bench: CrashBench, found: Findings) -> None:
    """Every order on the wire is newer than the one before it and stands in the journal once."""
    numbers = [number for _, number, _ in bench.world.orders]
    for last, number in itertools.pairwise(numbers):
        if number <= last:
            found.repeated.append(f"order number {number} after {last}")
    journalled = [row.order for row in bench.journal.rows() if row.kind == "step-ordered"]
    found.lost += [f"order {n} on the wire, not in the journal" for n in numbers if journalled.count(n) != 1]


def _judge_vehicles(world: World, found: Findings) -> None:
    """Every vehicle has left, with one pack, all its bolts tight, and high voltage on."""
    places = world.packs()
    for vehicle in world.vehicles:
        if f"left:{vehicle.vin}" not in places.values():
            found.lost.append(f"vehicle {vehicle.vin} has not left with a pack")
        loose = [k + 1 for k, bolt in enumerate(vehicle.bolts) if not (bolt.is_closed and 78.0 <= bolt.torque <= 92.0)]
        if loose or not vehicle.contactors:
            found.unsafe.append(f"vehicle {vehicle.vin} left with bolts {loose} loose, contactors {vehicle.contactors}")


def _judge_effects(world: World, expected: Expected, found: Findings) -> None:
    """Forward: every pack went the very way of an undisturbed swap, and every order was done once."""
    want, had = _ways(world, expected.moves), _ways(world, world.moves)
    found.lost += [f"no pack went {way}" for way in (want - had).elements()]
    found.repeated += [f"a pack too many went {way}" for way in (had - want).elements()]
    done = world.done()
    for name in sorted(ONCE):
        if done.get(name, 0) > expected.done.get(name, 0):
            found.repeated.append(f"{name} done {done[name]} times, not {expected.done.get(name, 0)}")
    if done.get(SETTLE, 0) < expected.done[SETTLE]:
        found.lost.append(f"settled {done.get(SETTLE, 0)} times, not {expected.done[SETTLE]}")


def _ways(world: World, moves: list[tuple[str, str, str]]) -> Counter[str]:
    """The way of every pack that was moved. Which bay it was is the choice of the moment, so bays have no names."""
    bays, ways = {bay.name for bay in world.plant.bays.values()}, dict[str, str]()
    for pack, source, place in moves:
        way = ways.get(pack, "bay" if source in bays else source)
        ways[pack] = f"{way} → {'bay' if place in bays else place}"
    return Counter(ways.values())


def _judge_way_back(world: World, found: Findings) -> None:
    """Back: every pack that no vehicle took along rests in a bay, and none jumped."""
    places = world.packs()
    for pack, place in places.items():
        if not (place.startswith("left:") or place in {bay.name for bay in world.plant.bays.values()}):
            found.lost.append(f"{pack} ended at {place}")
    for pack in {pack for pack, _, _ in world.moves}:
        way = [(source, place) for code, source, place in world.moves if code == pack]
        broken = [a for a, b in itertools.pairwise(way) if a[1] != b[0]]
        if broken:
            found.lost.append(f"{pack} jumped: {way}")

"""The guard table proven by enumeration: no dangerous combination of sensors passes, no guard is empty or impossible.

What is dangerous stands here again, by order and sensor, apart from the table it is held against.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

from station_ctl.core.conditions import AllOf, AnyOf, Compare, Condition, PlaceHolds
from station_ctl.core.custody import Ledger
from station_ctl.core.modes import ORDERED_PHASES, Mode
from station_ctl.core.points import ScanClass
from station_ctl.core.signals import Image, OwnFacts, Quality, Reading, Signal
from station_ctl.core.steps import Interlock, Step
from station_ctl.engine import requests
from station_ctl.engine.state import StationState
from station_ctl.engine.states import RUN, STATION
from tests.bench.world import _value_for, compares, needed
from tests.explore.specimen import Specimen, specimen

Bad = tuple[str, Any]
SOME = 0x01F
"""Some bolts and not all."""

CHAIN: tuple[Bad, ...] = (
    ("ESTOP_OK", False), ("DRIVES_ENABLED", False), ("RESET_NOT_NEEDED", False), ("CURTAIN_1_CLEAR", False),
    ("DOOR_1_LOCKED", False),
)  # fmt: skip
NOT_HELD: tuple[Bad, ...] = (("CLAMPED", False), ("LIFT_AT_WORK", False), ("LIFT_LOCKED", False))
NOT_LOCKED: tuple[Bad, ...] = (("BOLT_CLOSED", SOME), ("VEH_LOCKS_CLOSED", SOME))
VOLTAGE: tuple[Bad, ...] = (("VEH_HV_OFF", False), ("VEH_HV_VOLTS", 400.0))
IN_PIT: tuple[Bad, ...] = (("AT_POSITION", 2),)

HAZARDS: Mapping[tuple[str, int], tuple[Bad, ...]] = {
    ("robot", 20): (*VOLTAGE, *NOT_HELD, ("PIN_1", False)),
    ("robot", 21): (*VOLTAGE, *NOT_HELD, ("PIN_1", False), ("PACK_SEATED", False)),
    ("robot", 11): (*NOT_HELD, ("FLOOR_OPEN", False), *VOLTAGE),
    ("robot", 12): (*NOT_HELD, ("LOAD_KG", 900.0), ("BOLT_OPEN", SOME), ("VEH_LOCKS_OPEN", SOME)),
    ("robot", 13): (*NOT_HELD, ("PACK_PRESENT", False), ("LOAD_KG", 0.0), ("LOAD_KG", 900.0)),
    ("robot", 30): (("PACK_PRESENT", False), ("PIN_1", False), ("LOAD_KG", 180.0), ("LOAD_KG", 900.0), ("HANDOVER_OUT_PRESENT", True), ("PARKED", False), ("Z_MM", 520.0)),
    ("robot", 31): (("PACK_PRESENT", True), ("LOAD_KG", 560.0), ("LOAD_KG", 900.0), ("HANDOVER_IN_PRESENT", False), ("PARKED", False), ("IN_CODE", "X" * 24), ("Z_MM", 520.0)),
    ("robot", 10): NOT_LOCKED,
    ("lift", 12): (*IN_PIT, ("IN_POSITION", False), ("VEH_GEAR_P", False)),
    ("lift", 13): (*IN_PIT, ("VEH_GEAR_P", False)),
    ("lift", 14): (*IN_PIT, *NOT_LOCKED),
    ("lift", 15): (*IN_PIT, *NOT_LOCKED, ("FLOOR_CLOSED", False)),
    ("lift", 16): (*IN_PIT, *NOT_LOCKED, ("FLOOR_CLOSED", False), ("LIFT_DOWN", False)),
    ("lift", 17): (*IN_PIT, *NOT_LOCKED, ("FLOOR_CLOSED", False), ("LIFT_DOWN", False), ("UNCLAMPED", False)),
    ("vehicle", 44): (*IN_PIT, *NOT_LOCKED),
    ("stacker", 20): (("LOAD_KG", 900.0), ("CHAIN_TIGHT", False), ("AT_POSITION", 4), ("HANDOVER_IN_PRESENT", True), ("BAY01_PLUG_OUT", False), ("BAY01_SOCKET_DEAD", False), ("BAY01_NO_SMOKE", False)),
    ("stacker", 21): (("LOAD_KG", 900.0), ("CHAIN_TIGHT", False), ("AT_POSITION", 3), ("BAY01_PRESENT", True), ("BAY01_PLUG_OUT", False)),
    ("stacker", 24): (("LOAD_KG", 900.0), ("CHAIN_TIGHT", False), ("AT_POSITION", 4), ("BAY01_PRESENT", True), ("BAY01_PLUG_OUT", False)),
    ("rack_a", 31): (("BAY01_SOCKET_DEAD", False), ("BAY01_CHG_STATE", 3)),
    ("rack_a", 32): (("BAY01_NO_SMOKE", False),),
    ("rack_b", 32): (("BAY01_NO_SMOKE", False),),
}  # fmt: skip
"""By order: readings of which each alone, and any of them together, must keep it from being given."""


class Sheet(Image):
    """An image of values alone, all good: what is enumerated is the values."""

    __slots__ = ("values",)

    def __init__(self, values: dict[tuple[str, str], Any], own: OwnFacts) -> None:
        super().__init__(0.0, {}, own=own)
        self.values = values

    def reading(self, link: str, scan: ScanClass, tag: str, max_age: float) -> Reading:
        value = self.values.get((link, tag))
        return Reading(value, Quality.GOOD if value is not None else Quality.NEVER, 0.0, 0.0)


def rows(station: Specimen, step: Step) -> tuple[Interlock, ...]:
    """All that must be proven when this step's order is given."""
    return (
        *step.permissives, *(k.interlock for k in step.interlocks), *(k.interlock for k in station.facts.always),
    )  # fmt: skip


def _places(condition: Condition) -> Iterator[PlaceHolds]:
    if isinstance(condition, PlaceHolds):
        yield condition
    elif isinstance(condition, AllOf):
        for part in condition.parts:
            yield from _places(part)
    elif isinstance(condition, AnyOf):
        yield from _places(condition.parts[0])


def good(conditions: tuple[Condition, ...]) -> Sheet:
    """A sheet on which all these are proven. Fails where no values can do that."""
    wanted: dict[Signal[Any], list[Compare]] = {}
    ledger = Ledger()
    for condition in conditions:
        for compare in needed(condition):
            wanted.setdefault(compare.signal, []).append(compare)
        for place in _places(condition):
            if place.pack and place.pack not in ledger:
                ledger = ledger.admit(place.pack, place.place)
    values = {(s.link, s.tag): _value_for(list(dict.fromkeys(c))) for s, c in wanted.items()}
    return Sheet(values, OwnFacts(Mode.AUTOMATIC, True, ledger, locks=()))


def step_faults(station: Specimen, key: str, step: Step) -> Iterator[str]:
    """What is wrong with the guards of one step: they cannot all hold, or a dangerous combination passes."""
    guards = rows(station, step)
    name = f"{key} step {step.no}"
    try:
        sheet = good(tuple(row.holds for row in guards))
    except AssertionError as error:
        yield f"{name}: guards contradict each other: {error}"
        return
    if not all(row.holds.proven(sheet) for row in guards):
        missing = "; ".join(row.holds.why_not(sheet) for row in guards)
        yield f"{name}: guards cannot all hold: {missing}"
    if step.do is None:
        return
    moves = step.do.role in ("lift", "robot", "stacker")
    bad = (*HAZARDS.get((step.do.role, step.do.opcode), ()), *(CHAIN if moves else ()))
    at = {tag: link for link, tag in sheet.values}
    for size in range(1, len(bad) + 1):
        for chosen in combinations(bad, size):
            values = {**sheet.values, **{(at.get(tag, "?"), tag): value for tag, value in chosen}}
            if all(row.holds.proven(Sheet(values, sheet.own)) for row in guards):
                yield f"{name} ({step.do}): would be given with {', '.join(f'{t} = {v}' for t, v in chosen)}"
                return


def row_faults(station: Specimen) -> Iterator[tuple[str, str]]:
    """(row, fault or empty) for every row of every step: it can hold, and it can fail."""
    seen: dict[tuple[str, str], str] = {}
    for sequence in station.sequences():
        for step in sequence.steps:
            for row in rows(station, step):
                seen.setdefault((row.code, str(row.holds)), _row_fault(row))
    yield from ((code, fault) for (code, _), fault in seen.items())


def _row_fault(row: Interlock) -> str:
    sheet = good((row.holds,))
    if not row.holds.proven(sheet):
        return f"{row.code} cannot hold: {row.holds.why_not(sheet)}"
    blind = Sheet({}, OwnFacts())
    return f"{row.code} holds with nothing known" if row.holds.proven(blind) else ""


def name_faults(station: Specimen) -> Iterator[tuple[str, str]]:
    """(guard name, fault or empty) for both state tables: each name is one that the engine gives a meaning."""
    given = set(requests._guards(station.facts, StationState(), Sheet({}, OwnFacts())))
    known = {
        STATION: given | {"all_quiet", "runs_ended"},
        RUN: {"phase_done", "phase_interlocks", "trips_cleared", "reconciled"}
        | {f"was_{phase.name.lower()}" for phase in ORDERED_PHASES},
    }
    for table, names in known.items():
        for name in sorted(table.guard_names):
            yield name, "" if name in names else f"guard {name} has no meaning"


def prove() -> dict[str, Any]:
    """Prove all of it. `proved` of `total`, the faults in words, and how long it took (s)."""
    started, station = time.monotonic(), specimen()
    faults: list[str] = []
    total = 0
    for key in station.procedures.by_job:
        for step in station.procedures.by_key(key, station.job).steps:
            found = list(step_faults(station, key, step))
            total, faults = total + 1, faults + found
    for _, fault in (*row_faults(station), *name_faults(station)):
        total, faults = total + 1, faults + ([fault] if fault else [])
    return {"proved": total - len(faults), "total": total, "faults": faults, "seconds": time.monotonic() - started}


__all__ = ["HAZARDS", "compares", "prove", "step_faults"]

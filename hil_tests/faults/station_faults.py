"""Faults of the station's trade (F01 to F37), each with the reaction classes that are right somewhere.

Knows the entries, and why this station cannot have some of them. Does not know how they are injected.
"""

from __future__ import annotations

from hil_tests.faults.fault import Fault, Layer, Reaction

R0, R1, HOLD, ABORT, REFUSED = (
    Reaction.TRANSPARENT, Reaction.DEGRADED, Reaction.HOLD, Reaction.ABORT, Reaction.REFUSED,
)  # fmt: skip
NO_HOIST = "a passenger station lifts packs from below: it has no hoist and no gripper"


def _station(code: str, text: str, *expected: Reaction, not_here: str = "") -> Fault:
    return Fault(code, text, Layer.STATION, expected, not_here=not_here)


STATION_FAULTS: tuple[Fault, ...] = (
    _station("F01", "link to a PLC lost; that to the safety PLC aborts", HOLD, ABORT),
    _station("F02", "completion of an earlier order", HOLD),
    _station("F03", "order not acknowledged", HOLD),
    _station("F04", "step takes too long", HOLD),
    _station("F05", "PLC restarts and knows nothing of the order", HOLD),
    _station("F06", "vehicle misaligned", HOLD),
    _station("F07", "vehicle loses its position in the middle of the swap", R0, HOLD),
    _station("F08", "door, gear, parking brake, pedal or radio link during the swap", R0, HOLD, ABORT),
    _station("F09", "high voltage does not go off, or comes back", HOLD, ABORT),
    _station("F10", "runner does not engage: turns without bolt", HOLD),
    _station("F11", "bolt stuck", HOLD),
    _station("F12", "bolt locked below its torque band", HOLD),
    _station("F13", "lock sensor of the vehicle disagrees with the station's", HOLD),
    _station("F14", "connector not mated, coolant leaks", HOLD),
    _station("F15", "insulation low after the insertion", HOLD),
    _station("F16", "wrong pack", HOLD),
    _station("F17", "pack half-way: sensor and ledger disagree", R0, HOLD),
    _station("F18", "bay sensor flickers", R0, HOLD),
    _station("F19", "stacker overloaded, chain slack", ABORT),
    _station("F20", "plug does not come out, charger does not end", HOLD),
    _station("F21", "link to charger or BMS lost", R0, R1, HOLD),
    _station("F22", "pack over temperature", HOLD),
    _station("F23", "thermal pre-alarm, smoke", HOLD, ABORT),
    _station("F24", "fire alarm", R0, HOLD, ABORT, REFUSED),
    _station("F25", "returned pack is suspect: crash flag, isolation", R1, HOLD),
    _station("F26", "water in the pit", R0, HOLD, ABORT, REFUSED),
    _station("F27", "mains lost; power lost altogether", R0, HOLD, ABORT),
    _station("F28", "controller crashes and restarts", ABORT),
    _station("F29", "back end not reachable", not_here="no swap asks a back end: there is no such link yet"),
    _station("F30", "emergency stop", ABORT),
    _station("F31", "person in the machine area", HOLD, ABORT),
    _station("F32", "cold lock runners: torque high everywhere; in a cold climate they are warmed first", R0, HOLD),
    _station("F33", "hoist overloaded or snagged", not_here=NO_HOIST),
    _station("F34", "truck sways while the gripper closes", not_here=NO_HOIST),
    _station("F35", "no charged pack, no empty bay", REFUSED),
    _station("F36", "disk full, clock drifts", R0, ABORT, REFUSED),
    _station("F37", "the same near miss again and again", not_here="retries are not counted over days yet"),
)

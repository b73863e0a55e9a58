"""Faults of machines, vehicle, packs and site (P01 on), each with the reaction classes that are right somewhere.

Knows the entries. Does not know how they are injected; see tests/faults for that.
"""

from __future__ import annotations

from hil_tests.faults.fault import Fault, Layer, Reaction

R0, R1, HOLD, ABORT = Reaction.TRANSPARENT, Reaction.DEGRADED, Reaction.HOLD, Reaction.ABORT
TURNING = "steps 80 and 120, where bolts turn"


def _plant(code: str, text: str, *expected: Reaction, steps: str = "") -> Fault:
    return Fault(code, text, Layer.PLANT, expected, steps)


PLANT_FAULTS: tuple[Fault, ...] = (
    _plant("P01", "sensor stays as it is, though the machine has moved", HOLD, steps="every step proven by a sensor"),
    _plant("P02", "sensor shows the end of a motion before it is there", R0, HOLD),
    _plant("P03", "sensor flickers", HOLD, ABORT),
    _plant("P04", "a pair of sensors contradicts itself: open and closed", HOLD, ABORT),
    _plant("P05", "measured value is not a number", HOLD, ABORT),
    _plant("P06", "measured value stands at its rail", HOLD, ABORT),
    _plant("P07", "measured value drifts away", HOLD, ABORT),
    _plant("P08", "drive takes the order and does not move, or stands still in the middle", HOLD),
    _plant("P09", "drive takes twice its time", R0),
    _plant("P10", "drive overshoots its target", R0, HOLD),
    _plant("P11", "drive stops half-way with a stall", HOLD),
    _plant("P12", "machine moves without an order", R0, HOLD),
    _plant("P13", "device says done and has not moved", HOLD),
    _plant("P14", "another axis moves than the one that was told", HOLD),
    _plant("P15", "bolts tightened with too little torque (1, 2, 3 of 10)", HOLD, steps=TURNING),
    _plant("P16", "bolts tightened with too much torque (1, 2, 3 of 10)", HOLD, steps=TURNING),
    _plant("P17", "turns of a runner do not fit (1, 2, 3 of 10)", HOLD, steps=TURNING),
    _plant("P18", "bolts that do not turn (1, 2, 3 of 10)", HOLD, steps=TURNING),
    _plant("P19", "crossed thread (1, 2, 3 of 10): no blind retry", HOLD, steps=TURNING),
    _plant("P20", "vehicle does not stand square", HOLD, steps="step 20"),
    _plant("P21", "vehicle creeps while it is held", R0, HOLD, steps="steps 40 to 130"),
    _plant("P22", "vehicle door opened", R0, HOLD, steps="steps 30 to 130"),
    _plant("P23", "driver switches high voltage on again", HOLD, ABORT, steps="steps 70 to 120"),
    _plant("P24", "charging cable put in", R0, HOLD, ABORT, steps="steps 40 to 130"),
    _plant("P25", "another vehicle answers on the radio link", HOLD, steps="steps 20 to 120"),
    _plant("P26", "pack has another code than the ledger", HOLD),
    _plant("P27", "label of a pack unreadable", HOLD),
    _plant("P28", "BMS of a pack silent", HOLD),
    _plant("P29", "charge of the reserved pack out of its window", R0, HOLD),
    _plant("P30", "pack over its temperature limit", HOLD),
    _plant("P31", "smoke in a bay", HOLD, ABORT),
    _plant("P32", "isolation fault of a pack", R1, HOLD),
    _plant("P33", "bay sensor and ledger disagree: taken, or empty", HOLD),
    _plant("P34", "intrusion: a light curtain is broken", ABORT),
    _plant("P35", "emergency stop", ABORT),
    _plant("P36", "maintenance door opened", ABORT),
    _plant("P37", "something stands in the exit (this station has lights and beams, no gates)", HOLD, steps="steps 170, 180"),
    _plant("P38", "two devices in one zone: the stacker drives into the handover untold", R0, HOLD),
    _plant("P39", "a charging rack loses its power", R0, HOLD, ABORT),
    _plant("P40", "a PLC goes to STOP: its interface answers, its program stands", HOLD, ABORT),
    _plant("P41", "bypass key of the safety PLC turned", ABORT),
    _plant("P42", "mains lost, UPS on battery", R0, HOLD),
    _plant("P43", "compressed air low: clamps lose force, pins creep back", HOLD, steps="steps 60 to 120"),
    _plant("P44", "charger cannot be switched off", HOLD, steps="steps 20, 21"),
)  # fmt: skip

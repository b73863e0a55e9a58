"""The whole catalogue: every fault of the wire, the plant, the process and the station's trade, by its number.

Knows that numbers are unique. Does not know how a fault is injected or what came of it.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping

from hil_tests.faults.fault import Fault
from hil_tests.faults.plant_faults import PLANT_FAULTS
from hil_tests.faults.process_faults import PROCESS_FAULTS
from hil_tests.faults.station_faults import STATION_FAULTS


def _wire() -> tuple[Fault, ...]:
    try:
        found: tuple[Fault, ...] = importlib.import_module("hil_tests.faults.wire_faults").WIRE_FAULTS
    except ModuleNotFoundError:
        return ()
    return found


def _by_code(faults: tuple[Fault, ...]) -> Mapping[str, Fault]:
    found = {fault.code: fault for fault in faults}
    if len(found) != len(faults):
        raise ValueError("a number stands twice in the catalogue")
    return found


CATALOGUE = _by_code((*_wire(), *PLANT_FAULTS, *PROCESS_FAULTS, *STATION_FAULTS))

"""Faults a test or a demonstration switches on and off in the plant, its sensors and its links.

Knows every fault by its name. Does not know where it acts (see the files of the trades), nor how anybody reacts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hil_tests.simplc.bms_faults import BmsFaults
from hil_tests.simplc.drive_faults import DriveFaults
from hil_tests.simplc.fault_args import Acts, UnknownFault
from hil_tests.simplc.hall import Hall
from hil_tests.simplc.machine_faults import MachineFaults
from hil_tests.simplc.pack_faults import PackFaults
from hil_tests.simplc.plant import Plant
from hil_tests.simplc.plc import Plc
from hil_tests.simplc.plc_faults import PlcFaults
from hil_tests.simplc.site_faults import SiteFaults
from hil_tests.simplc.vehicle_faults import VehicleFaults

__all__ = ["Faults", "UnknownFault", "acts_everywhere", "passenger_acts"]


class Faults:
    """`set(name, on, args)` by name; see `names()`. Which there are is a matter of the kind of station."""

    def __init__(self, plant: Hall, acts: Acts) -> None:
        self.plant = plant
        self._acts = acts

    def names(self) -> list[str]:
        return list(self._acts)

    def set(self, name: str, on: bool, args: Mapping[str, Any]) -> None:
        """Raises UnknownFault, with what exists, for a name or a target that does not."""
        act = self._acts.get(name)
        if act is None:
            raise UnknownFault(f"no fault {name!r}; there are {', '.join(self._acts)}")
        act(on, args)
        self.plant.motions.version += 1


def acts_everywhere(plant: Hall, plcs: Mapping[str, Plc], usual: str) -> Acts:
    """What can go wrong in every station; `usual` is the PLC that is meant unless one is told."""
    return {
        **SiteFaults(plant).acts(),
        **PlcFaults(plant, plcs, usual).acts(),
        **DriveFaults(plcs, usual).acts(),
        **PackFaults(plant).acts(),
        **BmsFaults(plant).acts(),
    }


def passenger_acts(plant: Plant, plcs: Mapping[str, Plc]) -> Acts:
    """What can go wrong in a passenger station."""
    return {
        **acts_everywhere(plant, plcs, "robot"),
        **MachineFaults(plant).acts(),
        **VehicleFaults(plant).acts(),
    }

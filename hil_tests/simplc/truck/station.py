"""The simulated truck station in one object: plant, PLCs, instruments, faults, monitor, control channel.

Knows which machines there are. Does not know how they run, nor clocks, sockets or the software under test.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hil_tests.simplc.faults import Faults
from hil_tests.simplc.meter import Meter
from hil_tests.simplc.plc import Plc
from hil_tests.simplc.rack import RackPlc
from hil_tests.simplc.running import RunningStation
from hil_tests.simplc.safety import SafetyPlc
from hil_tests.simplc.truck.crane_plc import CranePlc
from hil_tests.simplc.truck.faults import truck_acts
from hil_tests.simplc.truck.monitor import TruckMonitor
from hil_tests.simplc.truck.plant import TruckPlant
from hil_tests.simplc.truck.stand_plc import SCAN_S, StandPlc
from hil_tests.simplc.truth.layout import Layout
from hil_tests.simplc.truth.modules import Modules


class TruckSimStation(RunningStation):
    """`plcs` by name: stand, rack_a …, safety, crane, meter. There is no pack-id reader: the gripper reads.

    `speed` is plant seconds per wall second. Everything is deterministic for `seed` and the calls made.
    """

    plant: TruckPlant
    monitor: TruckMonitor
    model = "SIM-TRACTOR"

    def __init__(
        self, *, seed: int = 1, speed: float = 1.0, io_dir: Path | None = None,
        modules: Modules | None = None, layout: Layout | None = None,
    ) -> None:  # fmt: skip
        super().__init__(seed=seed, speed=speed, io_dir=io_dir)
        self.plant = TruckPlant(seed, modules, layout)
        self.monitor = TruckMonitor(self.plant)
        plcs: dict[str, Plc] = {
            "stand": StandPlc("stand", self.plant),
            **{rack: RackPlc(rack, self.plant) for rack in self.plant.first_bay},
            "safety": SafetyPlc("safety", self.plant),
            "crane": CranePlc("crane", self.plant),
            "meter": Meter("meter", self.plant),
        }
        self._wire_up(plcs)
        self.faults = Faults(self.plant, truck_acts(self.plant, plcs))

    def _fault_reset(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """At the stand's panel a truck that has moved since its scan is scanned anew: no order does it by itself."""
        answer = super()._fault_reset(args)
        lane = self.plant.lane
        if answer["ok"] and args.get("plc") == "stand" and lane.shift_mm:
            self.plant.motions.start(lane.measure(SCAN_S), driven=True, ended=lambda process: None)
        return answer

"""The simulated passenger station in one object: plant, PLCs, instruments, faults, monitor, control channel.

Knows which machines there are. Does not know how they run, nor clocks, sockets or the software under test.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hil_tests.simplc.faults import Faults, passenger_acts
from hil_tests.simplc.lift import LiftPlc
from hil_tests.simplc.meter import Meter
from hil_tests.simplc.monitor import Monitor
from hil_tests.simplc.plant import Plant
from hil_tests.simplc.plc import Plc
from hil_tests.simplc.rack import RackPlc
from hil_tests.simplc.reader import Reader
from hil_tests.simplc.robot import RobotPlc
from hil_tests.simplc.running import CHARGE_CYCLES, COOL_CYCLES, CYCLE_S, RunningStation, refused
from hil_tests.simplc.safety import SafetyPlc
from hil_tests.simplc.stacker import StackerPlc
from hil_tests.simplc.truth.layout import Layout
from hil_tests.simplc.truth.modules import Modules
from hil_tests.simplc.truth.packs import HANDOVER_IN, HANDOVER_OUT

__all__ = ["CHARGE_CYCLES", "COOL_CYCLES", "CYCLE_S", "SimStation"]


class SimStation(RunningStation):
    """`plcs` by name: lift, stacker, rack_a, rack_b …, safety, robot, meter. The pack-id reader is `reader`.

    `speed` is plant seconds per wall second. Everything is deterministic for `seed` and the calls made.
    """

    plant: Plant
    monitor: Monitor
    reader: Reader
    model = "SIM-SEDAN"

    def __init__(
        self, *, seed: int = 1, speed: float = 1.0, bays_per_rack: int = 12, io_dir: Path | None = None,
        modules: Modules | None = None, layout: Layout | None = None,
    ) -> None:  # fmt: skip
        super().__init__(seed=seed, speed=speed, io_dir=io_dir)
        self.plant = Plant(seed, bays_per_rack, modules, layout)
        self.monitor = Monitor(self.plant)
        self.reader = Reader("reader", self.plant)
        plcs: dict[str, Plc] = {
            "lift": LiftPlc("lift", self.plant),
            "stacker": StackerPlc("stacker", self.plant),
            **{rack: RackPlc(rack, self.plant) for rack in self.plant.first_bay},
            "safety": SafetyPlc("safety", self.plant),
            "robot": RobotPlc("robot", self.plant),
            "meter": Meter("meter", self.plant),
        }
        self._wire_up(plcs)
        self.faults = Faults(self.plant, passenger_acts(self.plant, {**plcs, "reader": self.reader}))

    def _pack(self, args: Mapping[str, Any]) -> dict[str, Any]:
        """People at the handover: without `code` they take the pack of IN away, with it they bring one to OUT."""
        plant, code = self.plant, str(args.get("code") or "")
        if code:
            return self._bring(code)
        pack = plant.places.at(HANDOVER_IN)
        if pack is None:
            return refused("no pack on handover IN")
        plant.places.move(pack, f"left:people-{pack.code}")
        plant.motions.version += 1
        return {"ok": True, "pack": pack.code}

    def _bring(self, code: str) -> dict[str, Any]:
        plant = self.plant
        pack = next((p for p in plant.places if p.code == code and p.place.startswith("left:")), None)
        if pack is None or plant.places.at(HANDOVER_OUT) is not None:
            return refused(f"no pack {code} outside the station, or handover OUT is taken")
        plant.places.move(pack, HANDOVER_OUT)
        plant.motions.version += 1
        return {"ok": True, "pack": code}

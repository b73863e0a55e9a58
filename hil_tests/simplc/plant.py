"""The whole passenger plant: the hall with its packs and bays, and vehicles, lift, robot and stacker in it.

Knows the truth at every instant. Does not know what any PLC or controller believes.
"""

from __future__ import annotations

from random import Random

from hil_tests.simplc.hall import DC_INSULATION_KOHM, Hall
from hil_tests.simplc.truth.layout import Layout
from hil_tests.simplc.truth.lift import Lift
from hil_tests.simplc.truth.models import build_of
from hil_tests.simplc.truth.modules import Modules
from hil_tests.simplc.truth.packs import HANDOVER_IN, HANDOVER_OUT, ROBOT, STACKER, WEIGHT_KG, Pack
from hil_tests.simplc.truth.robot import SELF_C, UNDER, Robot, supported
from hil_tests.simplc.truth.stacker import PARK, SPOTS, Stacker, bay_spot
from hil_tests.simplc.truth.vehicle import Bolt, Seat, Vehicle

PACK_TYPE = 100
__all__ = ["DC_INSULATION_KOHM", "PACK_TYPE", "ROBOT", "UNDER", "WEIGHT_KG", "Plant", "supported"]


class Plant(Hall):
    """One passenger station. Everything random comes from `seed`; `modules` are those of all racks."""

    pack_type = PACK_TYPE
    fresh_from = HANDOVER_IN

    def __init__(
        self, seed: int, bays_per_rack: int = 12, modules: Modules | None = None, layout: Layout | None = None
    ) -> None:
        super().__init__(seed, layout or Layout((bays_per_rack, bays_per_rack)), modules)
        self.lift = Lift(self.motions, self.places)
        self.robot = Robot(self.places, self.lift, Random(f"{seed}/runners"), mishaps=self.mishaps)
        self.lift.under_clear = lambda: not (self.robot.under and self.robot.z > 0.0)
        by_rack = self.layout.by_rack
        spots = {bay.name: bay_spot(bay.number, by_rack[bay.rack]) for bay in self.bays.values()}
        self.stacker = Stacker(self.places, self.bays, {"park": PARK, **SPOTS, **spots}, mishaps=self.mishaps)

    def pack_type_of(self, model: str) -> int:
        return build_of(model).pack_type

    def pack_in(self, seat: Seat) -> Pack | None:
        return self.robot.seated() if seat is self.lift.vehicle else seat.pack(self.places)

    def make_vehicle(self, vin: str, model: str, pack_type: int, soc: float | None) -> Vehicle:
        """A vehicle with its locked pack queues at the entry."""
        rng = Random(f"{self.seed}/vehicle/{vin}/{self._made}")
        pack = self.make_pack(pack_type, rng.uniform(10.0, 40.0) if soc is None else soc)
        build, bolts = build_of(model), []
        for _ in range(build.bolts):
            turns = rng.uniform(*build.turns)
            bolts.append(Bolt(turns, turns, build.torque * rng.uniform(0.98, 1.02)))
        errors = {"x": rng.uniform(-8.0, 8.0), "y": rng.uniform(-8.0, 8.0), "yaw": rng.uniform(-0.3, 0.3)}
        vehicle = Vehicle(vin, model, pack_type, pack.code, rng, bolts, errors, build=build)
        self.places.put(pack, vehicle.place)
        if "vehicle" in self.mislabel:
            self.relabel(pack)
        self.lift.arrive(vehicle)
        return vehicle

    def cool(self, dt: float) -> None:
        super().cool(dt)
        if self.robot.cool_runners(dt, self.ambient_c):
            self.motions.version += 1

    def weather(self, celsius: float) -> None:
        """Air of so many °C since yesterday: the machines have it, too."""
        super().weather(celsius)
        self.robot.runner_c = celsius + SELF_C
        self.motions.version += 1

    # ---- its vehicle, for the faults -----------------------------------------------------------------------
    def visitor(self) -> Vehicle | None:
        return self.lift.vehicle or next(iter(self.lift.queue), None)

    def waiting(self) -> list[Vehicle]:
        return self.lift.queue

    def on_the_way(self) -> list[Pack | None]:
        vehicle = self.visitor()
        places = [HANDOVER_IN, ROBOT, STACKER, *([vehicle.place] if vehicle is not None else [])]
        return [self.places.at(place) for place in places]

    def on_the_way_back(self) -> list[Pack | None]:
        return [self.places.at(place) for place in (HANDOVER_OUT, STACKER)]

    def see_person(self, there: bool) -> None:
        self.lift.person_free = not there

    def see_intruder(self, there: bool) -> None:
        self.stacker.aisle_clear = not there

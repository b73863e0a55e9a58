"""The whole truck plant: the hall with its packs and bays, and lane, truck and gantry crane in it.

Knows the truth at every instant. Does not know what any PLC or controller believes.
"""

from __future__ import annotations

from random import Random

from hil_tests.simplc.hall import Hall
from hil_tests.simplc.truck.crane import Crane
from hil_tests.simplc.truck.ground import BAY_SEAT_MM, CRANE, SEAT_MM, SPOTS, TRUCK, bay_spot
from hil_tests.simplc.truck.lane import Lane
from hil_tests.simplc.truck.lorry import Truck, beside, truck_locks
from hil_tests.simplc.truth.layout import Layout
from hil_tests.simplc.truth.modules import Modules
from hil_tests.simplc.truth.packs import Pack
from hil_tests.simplc.truth.vehicle import Vehicle

PACK_TYPE = 282
PACKS = {"SIM-MIXER": 280}
"""What a model brings that brings another pack."""
STILL_DEG = 0.02
MOST_BAYS = 24
CHARGER = Modules(kw=240, cable_amps=400.0)


class TruckPlant(Hall):
    """One truck station of eight bays unless told otherwise. Everything random comes from `seed`."""

    pack_type = PACK_TYPE
    charger_kw = 240.0

    def __init__(self, seed: int, modules: Modules | None = None, layout: Layout | None = None) -> None:
        super().__init__(seed, layout or Layout((8,)), modules or CHARGER)
        if len(self.bays) > MOST_BAYS:
            raise ValueError(f"the crane reaches {MOST_BAYS} bays, not {len(self.bays)}")
        self.lane = Lane(self.motions, self.places, Random(f"{seed}/lane"), gone=self._truck_gone)
        spots = SPOTS | {bay.name: bay_spot(number) for number, bay in self.bays.items()}
        self.crane = Crane(
            motions=self.motions, places=self.places, spots=spots, beneath=self._beneath, key=self._key,
            holds_down=self._holds_down, arrived=self._arrived, torn=self._torn, set_in=self._set_in,
            mishaps=self.mishaps,
        )  # fmt: skip

    # ---- between machines ----------------------------------------------------------------------------------
    def _beneath(self, place: str) -> tuple[float, float, float, float]:
        x, y = self.crane.spots[place]
        truck = self.lane.vehicle
        if place == TRUCK and truck is not None:
            dx, dy, yaw = beside(truck)
            return SEAT_MM[TRUCK], x + dx, y + dy, yaw
        return SEAT_MM.get(place, BAY_SEAT_MM), x, y, 0.0

    def _holds_down(self, place: str) -> str:
        truck = self.lane.vehicle
        if place != TRUCK or truck is None:
            return ""
        if not truck.all_open:
            return "the truck's locks"
        return "the truck's connector" if truck.connector > 0.0 else ""

    def _arrived(self, place: str) -> None:
        """An empty gripper over a bay comes for its pack: from here on it is the one on its way to the truck."""
        pack = self.places.at(place) if self.bay_number(place) and self.crane.load is None else None
        if pack is not None and "fresh" in self.mislabel:
            self.relabel(pack)

    def _torn(self, place: str) -> None:
        bay = self._by_name.get(place)
        if bay is not None and bay.plug > 0.0:
            self.mishaps.append(("S12", f"pack torn off its charging plug at {place}"))

    def _set_in(self, place: str) -> None:
        truck = self.lane.vehicle
        if place == TRUCK and truck is not None and not truck.connector_stuck:
            truck.connector = 0.9 if truck.bent_connector else 1.0

    def _key(self, place: str) -> str:
        truck = self.lane.vehicle
        return place if place != TRUCK else truck.place if truck is not None else "no truck"

    def _truck_gone(self, truck: Truck) -> None:
        pack = truck.pack(self.places)
        if pack is not None:
            self.places.move(pack, f"left:{truck.vin}")

    def pack_in(self, vehicle: Vehicle) -> Pack | None:
        """The pack in its seat on the truck."""
        return vehicle.pack(self.places)

    # ---- trucks --------------------------------------------------------------------------------------------
    def make_vehicle(self, vin: str, model: str, pack_type: int, soc: float | None) -> Truck:
        """A truck with its locked pack queues at the entry."""
        rng = Random(f"{self.seed}/vehicle/{vin}/{self._made}")
        pack = self.make_pack(pack_type, rng.uniform(10.0, 40.0) if soc is None else soc)
        errors = {
            "x": rng.uniform(-60.0, 60.0), "y": rng.uniform(-40.0, 40.0), "yaw": rng.uniform(-1.0, 1.0),
            "roll": rng.uniform(-0.5, 0.5),
        }  # fmt: skip
        truck = Truck(vin, model, pack_type, pack.code, rng, truck_locks(), errors)
        self.places.put(pack, truck.place)
        if "vehicle" in self.mislabel:
            self.relabel(pack)
        self.lane.arrive(truck)
        return truck

    def visitor(self) -> Truck | None:
        return self.lane.vehicle or next(iter(self.lane.queue), None)

    def waiting(self) -> list[Vehicle]:
        return list(self.lane.queue)

    def on_the_way(self) -> list[Pack | None]:
        truck, crane = self.visitor(), self.crane
        below = self.places.at(crane.at) if self.bay_number(crane.at) and crane.load is None else None
        return [self.places.at(CRANE), below, truck.pack(self.places) if truck is not None else None]

    def on_the_way_back(self) -> list[Pack | None]:
        return [self.places.at(CRANE)]

    def pack_type_of(self, model: str) -> int:
        return PACKS.get(model, PACK_TYPE)

    def stir(self) -> None:
        if self.crane.sway_deg() > STILL_DEG:
            self.motions.version += 1

    def see_person(self, there: bool) -> None:
        self.lane.person_free = not there

    def see_intruder(self, there: bool) -> None:
        self.crane.path_clear = not there

"""The whole truck plant: the hall with its packs and bays, and lane, truck and gantry crane in it.

Knows the truth at every instant. Does not know what any PLC or controller believes.
"""

from __future__ import annotations

from random import Random

from hil_tests.simplc.hall import Hall
from hil_tests.simplc.truck.crane import Crane
from hil_tests.simplc.truck.ground import BAY_SEAT_MM, CRANE, SEAT_MM, SPOTS, TRUCK, bay_spot
from hil_tests.simplc.truck.lane import Lane
from hil_tests.simplc.truck.lorry import LOCKS, TWIN_MM, SecondSeat, Truck, closed_locks
from hil_tests.simplc.truth.layout import Layout
from hil_tests.simplc.truth.modules import Modules
from hil_tests.simplc.truth.packs import Pack
from hil_tests.simplc.truth.vehicle import Seat, Vehicle

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
        self._seat = 0
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
            dx, dy, yaw = truck.stands(self.seat_below() or truck)
            return SEAT_MM[TRUCK], x + dx, y + dy, yaw
        return SEAT_MM.get(place, BAY_SEAT_MM), x, y, 0.0

    def seat_below(self) -> Seat | None:
        """The seat of the truck on which the crane works: that of the pack it has gripped, else the one beneath it."""
        truck, crane = self.lane.vehicle, self.crane
        if truck is None:
            return None
        held = [seat for seat in truck.seats if crane.on_seat and seat.pack(self.places) is crane.gripped]
        x, y = crane.spots[TRUCK]
        return held[0] if held else truck.seat_below(truck.along(crane.x - x, crane.y - y))

    def _holds_down(self, place: str) -> str:
        truck, seat = self.lane.vehicle, self.seat_below()
        if place != TRUCK or truck is None or seat is None:
            return ""
        if not truck.opened(seat):
            return "the truck's locks"
        return "the truck's connector" if seat.connector > 0.0 else ""

    def _arrived(self, place: str) -> None:
        """An empty gripper over a bay comes for its pack: from here on it is the one on its way to the truck.

        Over a seat of the truck it works on this one, until it comes over another.
        """
        truck, seat = self.lane.vehicle, self.seat_below()
        if place == TRUCK and truck is not None and seat is not None:
            self._seat = truck.seats.index(seat)
        pack = self.places.at(place) if self.bay_number(place) and self.crane.load is None else None
        if pack is not None and "fresh" in self.mislabel:
            self.relabel(pack)

    def _torn(self, place: str) -> None:
        bay = self._by_name.get(place)
        if bay is not None and bay.plug > 0.0:
            self.mishaps.append(("S12", f"pack torn off its charging plug at {place}"))

    def _set_in(self, place: str) -> None:
        seat = self.seat_below() if place == TRUCK else None
        if seat is not None and not seat.connector_stuck:
            seat.connector = 0.9 if seat.bent_connector else 1.0

    def _key(self, place: str) -> str:
        if place != TRUCK:
            return place
        if self.lane.vehicle is None:
            return "no truck"
        seat = self.seat_below()
        return seat.place if seat is not None else ""

    def _truck_gone(self, truck: Truck) -> None:
        for seat in truck.seats:
            pack = seat.pack(self.places)
            if pack is not None:
                self.places.move(pack, seat.place.replace("vehicle:", "left:"))
        if self.lane.vehicle is None:
            self._seat = 0

    def at_hand(self, vehicle: Vehicle) -> Seat:
        return vehicle.seats[min(self._seat, len(vehicle.seats) - 1)]

    # ---- trucks --------------------------------------------------------------------------------------------
    def make_vehicle(self, vin: str, model: str, pack_type: int, soc: float | None) -> Truck:
        """A truck with its locked pack, or its two, queues at the entry. `soc` in % is that of each."""
        rng = Random(f"{self.seed}/vehicle/{vin}/{self._made}")
        pack = self.make_pack(pack_type, rng.uniform(10.0, 40.0) if soc is None else soc)
        errors = {
            "x": rng.uniform(-60.0, 60.0), "y": rng.uniform(-40.0, 40.0), "yaw": rng.uniform(-1.0, 1.0),
            "roll": rng.uniform(-0.5, 0.5),
        }  # fmt: skip
        places = TWIN_MM.get(model, (0.0,))
        truck = Truck(vin, model, pack_type, pack.code, rng, closed_locks(len(places)), errors, along_mm=places[0])
        self.places.put(pack, truck.place)
        if "vehicle" in self.mislabel:
            self.relabel(pack)
        if len(places) > 1:
            self._second_pack(truck, places[1], rng.uniform(10.0, 40.0) if soc is None else soc)
        self.lane.arrive(truck)
        return truck

    def _second_pack(self, truck: Truck, along_mm: float, soc: float) -> None:
        pack = self.make_pack(truck.pack_type, soc)
        truck.second = SecondSeat(vin=truck.vin, arrival_code=pack.code, along_mm=along_mm, first_lock=LOCKS)
        self.places.put(pack, truck.second.place)

    def visitor(self) -> Truck | None:
        return self.lane.vehicle or next(iter(self.lane.queue), None)

    def waiting(self) -> list[Vehicle]:
        return list(self.lane.queue)

    def on_the_way(self) -> list[Pack | None]:
        truck, crane = self.visitor(), self.crane
        below = self.places.at(crane.at) if self.bay_number(crane.at) and crane.load is None else None
        carried = [self.places.at(CRANE), below]
        if truck is None or (truck.second is not None and any(carried)):
            return carried
        return [*carried, self.at_hand(truck).pack(self.places)]

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

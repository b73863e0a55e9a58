"""What every station has, whatever its machines: packs, bays, grid, safety chain, and what time does to them.

Knows the truth at every instant. Does not know machines or vehicles, nor what any PLC or controller believes.
"""

from __future__ import annotations

from random import Random

from hil_tests.simplc.truth.bay import CHARGING, FULL, R_LINK, Bay
from hil_tests.simplc.truth.grid import Grid
from hil_tests.simplc.truth.heat import AMBIENT_C, burns, rest
from hil_tests.simplc.truth.layout import Layout
from hil_tests.simplc.truth.modules import Modules
from hil_tests.simplc.truth.motion import Motions
from hil_tests.simplc.truth.packs import ISOLATION, PACK_KG, WEIGHT_KG, Pack, Places
from hil_tests.simplc.truth.safety_chain import SafetyChain
from hil_tests.simplc.truth.vehicle import Seat, Vehicle

DC_INSULATION_KOHM = 1500


class Hall:
    """Racks with their packs. Everything random comes from `seed`; `modules` are those of all racks.

    A kind of station adds its machines and answers the questions about its vehicle, which faults ask.
    """

    pack_type = 100
    charger_kw = 60.0
    fresh_from = ""
    """The place that a pack for a vehicle comes through; there a mislabelled one gets its label."""

    def __init__(self, seed: int, layout: Layout, modules: Modules | None = None) -> None:
        self.seed = seed
        self.layout = layout
        self.bays_per_rack = layout.racks[0]
        self.motions = Motions(layout.pace)
        self.places = Places()
        self.safety = SafetyChain()
        self.safety.opened.append(self.motions.cut_drives)
        self.isolation_ready = True
        self.grid = Grid()
        self.modules = modules or Modules()
        self.dc_insulation_kohm = DC_INSULATION_KOHM
        self.ambient_c = AMBIENT_C
        self.ailing: list[Pack] = []
        self.mishaps: list[tuple[str, str]] = []
        self.mislabel: set[str] = set()
        self._batch = f"{Random(f'{seed}/batch').randrange(16**6):06X}"
        self._made = 0
        self._rng = Random(f"{seed}/plant")
        self.bays: dict[int, Bay] = {}
        self._build_racks()
        self._by_name = {bay.name: bay for bay in self.bays.values()}
        self._numbers = {bay.name: number for number, bay in self.bays.items()}
        self.places.moved.append(self._pack_moved)

    @property
    def now(self) -> float:
        return self.motions.now

    def bay_number(self, place: str) -> int:
        """Station bay number of a place, 0 when it is no bay."""
        return self._numbers.get(place, 0)

    # ---- what its kind of station answers ------------------------------------------------------------------
    def visitor(self) -> Vehicle | None:
        """The vehicle inside, else the next one."""
        raise NotImplementedError

    def pack_type_of(self, model: str) -> int:
        """The type of the pack that a vehicle of this model brings."""
        return self.pack_type

    def make_vehicle(self, vin: str, model: str, pack_type: int, soc: float | None) -> Vehicle:
        """A vehicle with its locked pack queues at the entry."""
        raise NotImplementedError

    def pack_in(self, seat: Seat) -> Pack | None:
        """The pack in a seat of a vehicle, whoever holds it there."""
        return seat.pack(self.places)

    def at_hand(self, vehicle: Vehicle) -> Seat:
        """The seat of a vehicle that is being worked on, or else its first."""
        return vehicle.seats[0]

    def waiting(self) -> list[Vehicle]:
        """The vehicles at the entry, in their order."""
        raise NotImplementedError

    def on_the_way(self) -> list[Pack | None]:
        """What stands where packs for a vehicle pass, and in the vehicle inside."""
        raise NotImplementedError

    def on_the_way_back(self) -> list[Pack | None]:
        """What stands where a vehicle's own pack passes once the vehicle has left."""
        raise NotImplementedError

    def see_person(self, there: bool) -> None:
        """A person stands in the vehicle's bay, or has left it."""
        raise NotImplementedError

    def see_intruder(self, there: bool) -> None:
        """The area scanner of the machines sees somebody, or nobody any more."""
        raise NotImplementedError

    # ---- the start -----------------------------------------------------------------------------------------
    def _build_racks(self) -> None:
        sizes = self.layout.by_rack
        self.first_bay: dict[str, int] = {}
        for rack, bays in sizes.items():
            self.first_bay[rack] = len(self.bays) + 1
            for number in range(1, bays + 1):
                name = f"{rack[-1].upper()}{number:02d}"
                self.bays[len(self.bays) + 1] = Bay(name, rack, number, self.places, self.modules)
        self.racks = [[b for b in self.bays.values() if b.rack == rack] for rack in sizes]
        if self.layout.packs is not None:
            for bay in list(self.bays.values())[: self.layout.packs]:
                self.places.put(self.make_pack(self.pack_type, self.layout.soc), bay.name)
                bay.plug, bay.state, bay.reason = 1.0, FULL, 1
            return
        filled = [bay for bay in self.bays.values() if bay.number != sizes[bay.rack]]
        charging = set(self._rng.sample(range(len(filled)), min(3, len(filled))))
        for index, bay in enumerate(filled):
            low = index in charging
            soc = self._rng.uniform(40.0, 70.0) if low else self._rng.uniform(95.0, 97.0)
            self.places.put(self.make_pack(self.pack_type, soc), bay.name)
            bay.plug = 1.0
            bay.state = CHARGING if low else FULL
            bay.reason = 0 if low else 1
            bay.ordered_kw = self.charger_kw if low else 0.0

    def make_pack(self, pack_type: int, soc: float) -> Pack:
        """A new pack, not yet anywhere."""
        self._made += 1
        code = f"CN-SIM-{pack_type % 1000:03d}-{self._batch}-{self._made:06d}"
        rng = self._rng
        return Pack(
            code, code, pack_type, soc, rng.uniform(88.0, 99.0), rng.uniform(24.0, 30.0),
            rng.randrange(4000, 12000), rng.randrange(20, 900), weight_kg=PACK_KG.get(pack_type, WEIGHT_KG),
        )  # fmt: skip

    def relabel(self, pack: Pack) -> None:
        """The label says another pack of the same make."""
        pack.label = pack.code[:-6] + f"{900000 + int(pack.code[-6:]):06d}"

    # ---- what happens --------------------------------------------------------------------------------------
    def _pack_moved(self, pack: Pack, source: str, place: str) -> None:
        for name in (source, place):
            if name in self._by_name:
                self._by_name[name].changed = True
        if place == self.fresh_from and "fresh" in self.mislabel:
            self.relabel(pack)

    def charge(self, dt: float) -> None:
        """`dt` plant seconds of charging in all bays, and of what heats the packs that a fault has struck."""
        for rack in self.racks:
            self.modules.allot(rack)
        for bay in self.bays.values():
            if bay.silent:
                bay.silent_s += dt
            if bay.state == CHARGING:
                reason = bay.integrate(dt, mains=self.safety.grid) or (R_LINK if bay.lost else 0)
                if reason:
                    self.motions.start(bay.end(reason), driven=False)
        for pack in self.ailing:
            self._ail(pack, dt)

    def _ail(self, pack: Pack, dt: float) -> None:
        """A struck pack goes on heating wherever it stands; one that burns outside the water calls the fire panel."""
        bay = self._by_name.get(pack.place)
        water = pack.place == ISOLATION and self.isolation_ready
        if bay is None or bay.state != CHARGING:
            rest(pack, dt, self.ambient_c, water=water)
        if bay is not None:
            bay.changed = True
        if burns(pack) and not water and self.safety.no_fire:
            self.safety.no_fire = False
            self.motions.version += 1

    def cool(self, dt: float) -> None:
        """Slow cooling of the packs that are not charging, in coarse steps of `dt` plant seconds."""
        for bay in self.bays.values():
            pack = bay.pack
            if pack is None or bay.state == CHARGING or pack in self.ailing:
                continue
            if abs(pack.temperature - self.ambient_c) > 0.05:
                rest(pack, dt, self.ambient_c)
                bay.changed = True

    def weather(self, celsius: float) -> None:
        """Air of so many °C around all bays from now on."""
        self.ambient_c = celsius
        for bay in self.bays.values():
            bay.ambient_c, bay.changed = celsius, True

    def stir(self) -> None:
        """Tell the motions of what changes without any: in a kind of station where something swings."""

    def stop_charging(self, rack: str) -> None:
        """The rack's own reaction to a silent controller."""
        for bay in self.bays.values():
            if bay.rack == rack and bay.state == CHARGING:
                self.motions.start(bay.end(R_LINK), driven=False)

    def charging_kw(self) -> float:
        return sum(bay.kilowatts for bay in self.bays.values() if bay.state == CHARGING)

    def site_kw(self) -> float:
        """What the station draws from the mains."""
        return self.grid.drawn_kw(self.charging_kw()) if self.safety.grid else 0.0

"""Steps of the crane, one for each of its orders: travel, lower, grip, let go, hoist; at the truck and at a bay.

Knows order, proof and custody of each. Does not know which procedure they stand in, nor what else it needs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sequences.crane_interlocks import CraneInterlocks
from sequences.racked_station import vehicle_place
from sequences.truck_station import CORNERS, CRANE, EMPTY_HOIST_KG, TruckStation
from station_ctl.core.conditions import Condition
from station_ctl.core.custody import Move
from station_ctl.core.modes import Phase
from station_ctl.core.roles import BaySignals
from station_ctl.core.steps import Ending, Interlock, Kept, OnLoss, OnResume, Step, TopLift
from station_ctl.core.truck_roles import Over, PackSeat

LANE = "truck_lane"
AISLE = "aisle"
ALARMS = ("G05", "G06")
"""Fire and water are no reasons for an empty crane to stay above a truck."""

CARRY_S = 25.0
"""Nominal seconds of a travel between truck and bays, sway settled."""


@dataclass(frozen=True)
class Watch:
    """What a step needs to begin and keeps while it runs, whatever it does."""

    needs: tuple[Interlock, ...]
    keeps: tuple[Kept, ...]


@dataclass(frozen=True)
class CraneSteps:
    """Steps of one procedure. `watch` is asked for each kind of step by the name of its column. `hot`: the pack is
    carried away because of what its bay's detectors say, and they are no reason against it. `seat`: which of the
    truck's packs is at hand, counted from 0."""

    st: TruckStation
    il: CraneInterlocks
    lift: TopLift
    watch: Callable[[str], Watch]
    chapter: str
    hot: bool = False
    seat: int = 0

    @property
    def along(self) -> float:
        """Where that pack is, mm along the chassis."""
        return self.lift.places_mm[self.seat]

    @property
    def _there(self) -> PackSeat:
        return self.st.vehicle.seats[self.seat]

    # ---- travel ----
    def to_truck(self, no: int, phase: Phase, text: str, *, laden: bool, nominal: float, aimed: bool = True, after: tuple[int, ...] = ()) -> Step:
        """Over the truck's pack as it is scanned. `aimed` False: over its nominal place, and where the scan that goes on
        meanwhile will find it is not known."""
        il, along = self.il, self.along
        carries = il.laden if laden else il.unladen
        there = il.aimed(along) & il.still.holds if aimed else self.st.crane.over.equals(Over.TRUCK)
        w = self.watch("TR")
        return Step(
            no, text, "crane", phase, there & il.hoisted.holds & carries.holds, within=180, nominal=nominal,
            do=self.st.crane.travel_to_truck(along, 0.0, 0.0), permissives=(*w.needs, carries, il.hoisted),
            interlocks=(*w.keeps, _held(carries), _held(il.hoisted)), after=after, enters=(LANE,), leaves=(AISLE,), chapter=self.chapter,
        )  # fmt: skip

    def to_bay(self, no: int, phase: Phase, bay: BaySignals, *, laden: bool, nominal: float = CARRY_S) -> Step:
        """Over a bay, with a pack or to fetch one."""
        il, w, carries = self.il, self.watch("TR"), self.il.laden if laden else self.il.unladen
        text = f"Crane carries the pack to bay {bay.name}" if laden else f"Crane travels to bay {bay.name}"
        return Step(
            no, text, "crane", phase, il.over_bay(bay) & il.hoisted.holds & il.still.holds & carries.holds, within=180, nominal=nominal,
            do=self.st.crane.travel_to_bay(bay.number), permissives=(*w.needs, carries, il.hoisted),
            interlocks=(*w.keeps, _held(carries), _held(il.hoisted)), enters=(AISLE,), chapter=self.chapter,
        )  # fmt: skip

    def park(self, no: int, phase: Phase, *, leaves: tuple[str, ...] = (AISLE,)) -> Step:
        """Away from whatever it hung over; nothing hangs on it, and no truck has anything to do with it any more."""
        il, w = self.il, self.watch("TR")
        done = self.st.crane.over.equals(Over.PARK) & il.hoisted.holds & il.empty
        needs = tuple(row for row in w.needs if row.code not in ALARMS)
        return Step(
            no, "Park the crane", "crane", phase, done, within=180, nominal=14, do=self.st.crane.home(),
            permissives=(*needs, il.unladen, il.hoisted), interlocks=w.keeps, leaves=leaves, chapter=self.chapter,
        )  # fmt: skip

    # ---- in the truck ----
    def onto_pack(self, no: int, phase: Phase, pack: str) -> Step:
        """The open gripper down on the pack in the truck, whose code is read."""
        il, st, w = self.il, self.st, self.watch("GR")
        here = il.seated & st.crane.landed.has_bits(CORNERS) & st.crane.pack_code.equals(pack)
        return Step(
            no, "Lower the gripper onto the spent pack", "crane", phase, here, within=60, nominal=12,
            do=st.crane.lower(self.lift.truck_height_mm), start=il.hoisted.holds & il.tight, permissives=(*w.needs, il.open, il.still, self._over_truck()), interlocks=(*w.keeps, self._steady),
            chapter=self.chapter,
        )  # fmt: skip

    def out_of_truck(self, no: int, phase: Phase, pack: str, vin: str) -> Step:
        """Hoist and weigh. A lock that is not open, or a connector, is felt here: the PLC lowers again and fails (F33)."""
        seat, move = self._there.latched, Move(pack, vehicle_place(vin, self.seat), CRANE)
        return self._hoisted(no, phase, "Hoist the pack out of the truck, weigh it", seat.is_off(), seat.is_on(), self.watch("EX"), move)

    def into_truck(self, no: int, phase: Phase, pack: str, vin: str) -> Step:
        """Down on the truck's cones, still gripped."""
        il, st, w = self.il, self.st, self.watch("IN")
        in_seat = il.seated & self._there.latched.is_on()
        return Step(
            no, "Lower the pack onto the truck's cones", "crane", phase, in_seat, within=90, nominal=20,
            do=st.crane.lower(self.lift.truck_height_mm), start=il.grip.holds & self._there.latched.is_off() & self._there.connector_apart.is_on(),
            permissives=(*w.needs, il.still, self._over_truck()), interlocks=(*w.keeps, self._steady), on_resume=OnResume.ASK,
            moves=(Move(pack, CRANE, vehicle_place(vin, self.seat)),), chapter=self.chapter,
        )  # fmt: skip

    @property
    def _steady(self) -> Kept:
        return Kept(self.il.steady, OnLoss.HOLD)

    def _over_truck(self) -> Interlock:
        return Interlock("G39", "Crane over the truck's pack as it was scanned", self.il.aimed(self.along))

    # ---- at a bay ----
    def into_bay(self, no: int, phase: Phase, bay: BaySignals, pack: str) -> Step:
        """Down on the bay's cones, still gripped."""
        il, st, w = self.il, self.st, self.watch("TR")
        stands = bay.present.is_on() & bay.seated.is_on() & il.seated
        free = Interlock("G15", f"Bay {bay.name} plug out, enabled", bay.plug_out.is_on() & bay.enabled.is_on())
        return Step(
            no, f"Set the pack down in bay {bay.name}", "crane", phase, stands, within=90, nominal=15,
            do=st.crane.lower(self.lift.bay_height_mm), start=il.grip.holds & bay.present.is_off(),
            permissives=(*w.needs, il.grip, il.still, il.over(bay), free, il.receiving(bay.name, bay.present.is_off())),
            interlocks=(*w.keeps, self._steady, Kept(il.grip, OnLoss.ABORT)), on_resume=OnResume.ASK, moves=(Move(pack, CRANE, bay.name),), chapter=self.chapter,
        )  # fmt: skip

    def onto_bay(self, no: int, phase: Phase, bay: BaySignals, pack: str) -> Step:
        """The open gripper down on the pack in a bay, whose code is read."""
        il, st, w = self.il, self.st, self.watch("TR")
        here = il.seated & st.crane.landed.has_bits(CORNERS) & st.crane.pack_code.equals(pack)
        return Step(
            no, f"Lower the gripper onto the pack in bay {bay.name}", "crane", phase, here, within=60, nominal=12,
            do=st.crane.lower(self.lift.bay_height_mm), start=il.hoisted.holds & il.tight, permissives=(*w.needs, il.open, il.still, il.over(bay), *self._leaves(bay)),
            interlocks=(*w.keeps, self._steady), chapter=self.chapter,
        )  # fmt: skip

    def out_of_bay(self, no: int, phase: Phase, bay: BaySignals, pack: str, *rows: Interlock) -> Step:
        """Hoist and weigh; `rows` on top."""
        w = self.watch("TR")
        w = Watch((*w.needs, *self._leaves(bay), *rows), (*w.keeps, Kept(self.il.grip, OnLoss.ABORT)))
        return self._hoisted(no, phase, f"Hoist the pack out of bay {bay.name}, weigh it", bay.present.is_off(), bay.present.is_on(), w, Move(pack, bay.name, CRANE))

    def _leaves(self, bay: BaySignals) -> tuple[Interlock, ...]:
        """What guards any pack that leaves its bay."""
        return (self.il.unplugged(bay),) if self.hot else (self.il.unplugged(bay), self.il.quiet(bay))

    # ---- the gripper ----
    def grip(self, no: int, phase: Phase, kind: str) -> Step:
        """Four locks close on a pack that rests. Closed again after a stop: a switch that sticks would call them closed."""
        il, w = self.il, self.watch(kind)
        landed = Interlock("G16l", "Gripper landed at all four corners, ropes slack", il.seated & self.st.crane.landed.has_bits(CORNERS))
        return Step(
            no, "Close the gripper at all four corners", "crane", phase, il.grip.holds, within=30, nominal=6, do=self.st.crane.grip(),
            permissives=(*w.needs, landed), interlocks=w.keeps, measures=True, chapter=self.chapter,
        )  # fmt: skip

    def let_go(self, no: int, phase: Phase, kind: str) -> Step:
        """Four locks open on a pack that rests: nothing hangs on the gripper. Opened again after a stop, likewise."""
        il, w = self.il, self.watch(kind)
        rests = Interlock("G16r", "Nothing hangs on the gripper", il.slack | il.empty)
        return Step(
            no, "Open the gripper at all four corners", "crane", phase, il.open.holds, within=30, nominal=5, do=self.st.crane.ungrip(),
            permissives=(*w.needs, rests), interlocks=w.keeps, measures=True, chapter=self.chapter,
        )  # fmt: skip

    def hoist_empty(self, no: int, phase: Phase, kind: str, *, leaves: tuple[str, ...] = ()) -> Step:
        """Up to travel height with nothing in the gripper; what still holds it is felt."""
        il, w = self.il, self.watch(kind)
        return Step(
            no, "Hoist the empty gripper clear", "crane", phase, il.clear.holds, within=60, nominal=12, do=self.st.crane.hoist(EMPTY_HOIST_KG),
            permissives=(*w.needs, il.open), interlocks=w.keeps, leaves=leaves, chapter=self.chapter,
        )  # fmt: skip

    def hoist_laden(self, no: int, phase: Phase) -> Step:
        """Up to travel height again with a pack that hangs already, or rests beside its cones on an edge."""
        il, w = self.il, self.watch("TR")
        # The truck's seat switch alone would have a pack hoisted that has gone home on its connector.
        free = self._there.connector_apart.is_on() | self.st.crane.over.differs(Over.TRUCK)
        apart = Interlock("G18", "Pack connector apart, or the crane not over the truck", free)
        return Step(
            no, "Hoist the pack to travel height", "crane", phase, il.hoisted.holds & il.hangs, within=90, nominal=15,
            do=self.st.crane.hoist(il.most), permissives=(*w.needs, il.grip, apart), interlocks=(*w.keeps, _held(il.grip)), chapter=self.chapter,
        )  # fmt: skip

    def _hoisted(self, no: int, phase: Phase, text: str, gone: Condition, here: Condition, w: Watch, move: Move) -> Step:
        """Up to travel height with a pack. From where it hangs free of its place, only the way up is missing."""
        il, order = self.il, self.st.crane.hoist(self.il.most)
        return Step(
            no, text, "crane", phase, il.hoisted.holds & il.hangs & gone, within=90, nominal=15, do=order, start=here,
            permissives=(*w.needs, il.grip), interlocks=w.keeps, on_resume=OnResume.ASK, moves=(move,),
            ending=Ending(il.hangs & gone, order, (*w.needs, il.grip)), chapter=self.chapter,
        )  # fmt: skip


def _held(carries: Interlock) -> Kept:
    """Stays so all the way: what the crane carries or that it carries nothing, and its height."""
    return Kept(carries, OnLoss.ABORT)

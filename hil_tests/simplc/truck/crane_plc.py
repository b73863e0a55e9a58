"""PLC program of the gantry crane GC1: travel, hoist, gripper, with its own interlocks.

Knows its I/O list, the body it drives, the stand's and the racks' hard-wired contacts. Does not know the swap.
"""

from __future__ import annotations

from typing import cast

from hil_tests.simplc.contract import OrderFailed, OrderKind, Params
from hil_tests.simplc.jog import JogAxis, jog_kind
from hil_tests.simplc.plc import Plc
from hil_tests.simplc.truck.ground import PARK, TRAVEL_Z, TRUCK, turned
from hil_tests.simplc.truck.plant import TruckPlant
from hil_tests.simplc.truck.stand_plc import StandPlc
from hil_tests.simplc.truth.motion import Steps, Wait
from hil_tests.simplc.truth.packs import ISOLATION
from hil_tests.simplc.truth.vehicle import SAFE_VOLTS

OVER_PARK, OVER_TRUCK, OVER_BAY, OVER_ISOLATION = 1, 2, 3, 4
PLACES = {PARK: OVER_PARK, TRUCK: OVER_TRUCK, ISOLATION: OVER_ISOLATION}
MOST_KG, LEAST_KG = 3500.0, 500.0
WIND_M_S = 15.0
SETTLED_DEG, SWAY_DEG, SWAY_SHOWN = 0.5, 1.0, 20.0
SEARCH_MM, SEEN_MM = 50.0, 300.0
ZONE_MM = 2500.0
"""So near to its place the crane is above the truck's bay."""
GRIPPED, SEATED = 0b1111, 0b11


class CranePlc(Plc):
    """Orders 10 HOME, 11-13 TRAVEL_TO_…, 20 LOWER, 21 GRIP, 22 UNGRIP, 23 HOIST, 50 JOG; bays 1.. of the station."""

    plant: TruckPlant
    map_version = 2

    def __init__(self, name: str, plant: TruckPlant) -> None:
        super().__init__(name, plant)
        self.body = plant.crane
        self.values.update(HOIST_TEMP=34.0)
        way, low = self._lost_way, self._lost_low
        for kind in (
            OrderKind(10, "HOME", self._home, against=self._against_home, lost=self._lost_home, unhomed=True),
            OrderKind(11, "TRAVEL_TO_TRUCK", self._to_truck, _is_offset, self._against_travel, way),
            OrderKind(12, "TRAVEL_TO_BAY", self._to_bay, self._is_bay, self._against_travel, way),
            OrderKind(13, "TRAVEL_TO_ISOLATION", self._to_isolation, against=self._against_travel, lost=way),
            OrderKind(20, "LOWER", self._lower, _is_landing, self._against_lower, low),
            OrderKind(21, "GRIP", self._grip, against=self._against_grip, lost=low),
            OrderKind(22, "UNGRIP", self._ungrip, against=self._against_ungrip, lost=low),
            OrderKind(23, "HOIST", self._hoist, _is_load, self._against_hoist, low),
        ):
            self.offer(kind)
        axes = {
            1: JogAxis("x", 0.0, 40000.0, self._against_jog_travel, self._leaves_place),
            2: JogAxis("y", -2000.0, 8000.0, self._against_jog_travel, self._leaves_place),
            3: JogAxis("z", 5000.0, 6500.0, self._against_jog_hoist),
        }  # fmt: skip
        self.offer(jog_kind(self, self.body, axes, self._lost_way))

    # ---- inputs --------------------------------------------------------------------------------------------
    def sense(self) -> None:
        body, values, at = self.body, self.values, self.plant.places.at
        place = body.at if body.aligned else ""
        values["OVER"] = PLACES.get(place, OVER_BAY if self.plant.bay_number(place) else 0)
        values["OVER_BAY"] = self.plant.bay_number(place)
        values["X_MM"], values["Y_MM"] = round(body.x, 1), round(body.y, 1)
        values["Z_MM"], values["TURN_DEG"] = round(body.z, 1), round(body.turn, 2)
        x, y, turn = self._stand.pose()
        spot_x, spot_y = body.spots[TRUCK]
        along, across = turned(body.x - spot_x - x, body.y - spot_y - y, -turn)
        values["AIM_X_MM"], values["AIM_Y_MM"] = round(along, 1), round(across, 1)
        values["AIM_TURN_DEG"] = round(body.turn - turn, 2)
        values["HOISTED"] = not body.low
        values["LANDED"] = body.landed
        values["GRIPPER_CLOSED"] = sum(lock.is_closed << k for k, lock in enumerate(body.locks))
        values["GRIPPER_OPEN"] = sum(lock.is_open << k for k, lock in enumerate(body.locks))
        values["LOAD_KG"] = round(body.load_kg, 1)
        values["ROPES_TIGHT"] = not (body.resting or body.slack)
        values["NOT_OVERLOADED"] = body.load_kg <= MOST_KG
        values["SWAY_DEG"] = round(min(SWAY_SHOWN, body.sway_deg()), 2)
        values["WIND"] = round(body.wind_m_s, 1)
        values["PATH_CLEAR"] = body.path_clear
        values["CONES_SEATED"] = body.cones
        values["ISOLATION_EMPTY"] = at(ISOLATION) is None
        values["ISOLATION_PRESENT"] = at(ISOLATION) is not None
        values["ISOLATION_READY"] = self.plant.isolation_ready
        values["HOMED"] = body.homed
        values["BRAKE_OK"] = body.brake_ok
        values["NO_FAULT"] = values["FAULT"] != 1
        values["PACK_CODE"] = self._code_in_view()

    def _code_in_view(self) -> str:
        """The reader on the gripper sees the pack in it, or the one close beneath."""
        body = self.body
        pack = body.load or self.plant.places.at(body.key(body.at))
        landing = body.landing_z()
        near = body.load is not None or (landing is not None and body.z - landing <= SEEN_MM)
        return pack.label if pack is not None and near else ""

    def homed(self) -> bool:
        return bool(self.values["HOMED"])

    def braking(self, prefix: str) -> Steps | None:
        return self.body.brake()

    @property
    def _stand(self) -> StandPlc:
        """Its wires tell where the truck stands, and of the seat below the gripper."""
        return cast(StandPlc, self.wired["stand"])

    def _is_bay(self, p: Params) -> bool:
        return p.p1 in self.plant.bays

    def _contact(self, number: int, slot: str) -> bool:
        """A rack's hard-wired contact of one bay."""
        bay = self.plant.bays[number]
        return self.wired[bay.rack].values[f"BAY{bay.number:02d}_{slot}"] is True

    # ---- interlocks ----------------------------------------------------------------------------------------
    def _lost_way(self) -> str:
        if not self.values["PATH_CLEAR"]:
            return "path not clear"
        if self.number("WIND") > WIND_M_S:
            return "wind too strong"
        x, y = self.body.spots[TRUCK]
        above = abs(self.number("X_MM") - x) < ZONE_MM and abs(self.number("Y_MM") - y) < ZONE_MM
        return "a person in the truck's bay" if above and not self._bay_clear() else ""

    def _bay_clear(self) -> bool:
        """Hard-wired from the stand's radar."""
        return self.wired["stand"].values["BAY_CLEAR"] is True

    def _lost_low(self) -> str:
        """What has to stay while the gripper is down, or on its way there."""
        if self.values["OVER"] != OVER_TRUCK:
            return "" if self.values["PATH_CLEAR"] else "path not clear"
        stand = self.wired["stand"]
        if stand.values["AT_WHEEL_STOP"] is not True or not self._bay_clear():
            return "truck not at the wheel stop, or a person in its bay"
        return "high voltage at the pack" if stand.number("VEH_HV_VOLTS") >= SAFE_VOLTS else ""

    def _half(self) -> str:
        values = self.values
        whole = GRIPPED in (values["GRIPPER_CLOSED"], values["GRIPPER_OPEN"])
        return "" if whole else "gripper neither closed nor open"

    def _loaded(self) -> bool:
        """A pack in the gripper, as far as locks and landing sensors tell."""
        return self.values["GRIPPER_OPEN"] != GRIPPED and self.values["LANDED"] != 0

    def _against_travel(self, p: Params) -> str:
        if not self.values["HOISTED"]:
            return "gripper below travel height"
        return self._half() or self._lost_way()

    def _against_lower(self, p: Params) -> str:
        lost = self._lost_low()
        if lost or self.number("SWAY_DEG") >= SWAY_DEG:
            return lost or "the gripper swings"
        over, bay = self.values["OVER"], int(self.values["OVER_BAY"])
        if over not in (OVER_TRUCK, OVER_BAY, OVER_ISOLATION):
            return "over nothing to land on"
        if over == OVER_TRUCK and self._stand.seat_below() is None:
            return "between the truck's packs"
        if over == OVER_BAY and not (self._contact(bay, "PLUG_OUT") and self._contact(bay, "SOCKET_DEAD")):
            return "plug in or socket live"
        there = abs(self.number("Z_MM") - p.p1 / 10) <= SEARCH_MM
        return self._against_putting(over, bay) if self._loaded() and not there else ""

    def _against_putting(self, over: int, bay: int) -> str:
        if over == OVER_BAY:
            if self._contact(bay, "PRESENT"):
                return "bay is taken"
            return "" if self._contact(bay, "ENABLED") else "bay is not enabled"
        if over == OVER_ISOLATION:
            if not self.values["ISOLATION_EMPTY"]:
                return "isolation place is taken"
            return "" if self.values["ISOLATION_READY"] else "isolation place is not ready"
        return self._stand.against_a_pack()

    def _against_grip(self, p: Params) -> str:
        if self.values["LANDED"] != GRIPPED or self.values["ROPES_TIGHT"]:
            return "not landed on a pack"
        return self._lost_low()

    def _against_ungrip(self, p: Params) -> str:
        if self.values["ROPES_TIGHT"] and self.values["GRIPPER_OPEN"] != GRIPPED:
            return "ropes are tight"
        return self._lost_low()

    def _against_hoist(self, p: Params) -> str:
        return self._lost_low() or self._against_up()

    def _against_up(self) -> str:
        values = self.values
        if values["GRIPPER_CLOSED"] != GRIPPED or values["HOISTED"]:
            return self._half()
        hangs = values["ROPES_TIGHT"] and self.number("LOAD_KG") > LEAST_KG
        if values["OVER"] == OVER_TRUCK and not hangs:
            return self._stand.against_lifting()
        bay = int(values["OVER_BAY"])
        if bay and not (self._contact(bay, "PLUG_OUT") and self._contact(bay, "SOCKET_DEAD")):
            return "plug in or socket live"
        return ""

    def _against_home(self, p: Params) -> str:
        low = not self.values["HOISTED"]
        return self._lost_home() or self._half() or (self._against_hoist(p) if low else "")

    def _lost_home(self) -> str:
        return self._lost_way() or ("" if self.values["HOISTED"] else self._lost_low())

    def _against_jog_travel(self) -> str:
        return self._lost_way() or ("" if self.values["HOISTED"] else "gripper below travel height")

    def _against_jog_hoist(self) -> str:
        if self._loaded() or self.values["GRIPPER_OPEN"] != GRIPPED:
            return "gripper not open"
        return self._lost_low() or ("gripper rests" if not self.values["ROPES_TIGHT"] else "")

    def _leaves_place(self) -> None:
        self.body.at = self.body.heading = ""

    # ---- work ----------------------------------------------------------------------------------------------
    def _home(self, p: Params, pace: float) -> Steps:
        body = self.body
        if body.low:
            yield from self._up(MOST_KG, pace)
        yield from body.travel(PARK, (0.0, 0.0, 0.0), pace)
        yield from body.settle(SETTLED_DEG)
        body.homed = True

    def _travel(self, place: str, beside: tuple[float, float, float], pace: float) -> Steps:
        yield from self.body.travel(place, beside, pace)
        yield from self.body.settle(SETTLED_DEG)

    def _to_truck(self, p: Params, pace: float) -> Steps:
        """The way along and across is the truck's own: it turns with the truck as it was scanned."""
        x, y, turn = self._stand.pose()
        way_x, way_y = turned(p.p1 / 10, p.p2 / 10, turn)
        return self._travel(TRUCK, (x + way_x, y + way_y, turn + p.p3 / 100), pace)

    def _to_bay(self, p: Params, pace: float) -> Steps:
        return self._travel(self.plant.bays[p.p1].name, (0.0, 0.0, 0.0), pace)

    def _to_isolation(self, p: Params, pace: float) -> Steps:
        return self._travel(ISOLATION, (0.0, 0.0, 0.0), pace)

    def _lower(self, p: Params, pace: float) -> Steps:
        """Done when gripper or pack rests where it was expected, with both cones in."""
        body, landing = self.body, p.p1 / 10
        yield from body.lower(landing, landing - SEARCH_MM, pace)
        yield Wait(0.5)
        self.sensed_now()
        if self.values["ROPES_TIGHT"]:
            raise OrderFailed("nothing to land on")
        if abs(self.number("Z_MM") - landing) > SEARCH_MM:
            raise OrderFailed("landed on something else")
        if self.values["LANDED"] != GRIPPED or self.values["CONES_SEATED"] != SEATED:
            raise OrderFailed("not landed on four corners and two cones")

    def _grip(self, p: Params, pace: float) -> Steps:
        yield from self.body.grip(5.0 * pace)
        self.sensed_now()
        if self.values["GRIPPER_CLOSED"] != GRIPPED:
            raise OrderFailed("gripper locks not all closed")

    def _ungrip(self, p: Params, pace: float) -> Steps:
        yield from self.body.ungrip(4.0 * pace)
        self.sensed_now()
        if self.values["GRIPPER_OPEN"] != GRIPPED:
            raise OrderFailed("gripper locks not all open")

    def _hoist(self, p: Params, pace: float) -> Steps:
        yield from self._up(min(float(p.p1), MOST_KG), pace)
        yield from self.expect("HOISTED")

    def _up(self, most_kg: float, pace: float) -> Steps:
        """Weigh, lift off, up; too much on the ropes goes 20 mm down again."""
        body = self.body
        yield from body.take_up(most_kg)
        self.sensed_now()
        if self.number("LOAD_KG") <= most_kg:
            yield from body.raise_to(TRAVEL_Z, most_kg, pace)
            self.sensed_now()
        if self.number("LOAD_KG") > most_kg:
            yield from body.give_back()
            raise OrderFailed("overload or snag")


def _is_offset(p: Params) -> bool:
    return abs(p.p1) <= 20000 and abs(p.p2) <= 20000 and abs(p.p3) <= 1000


def _is_landing(p: Params) -> bool:
    return 5000 <= p.p1 <= 65000


def _is_load(p: Params) -> bool:
    return 500 <= p.p1 <= 6000

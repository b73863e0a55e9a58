"""PLC program of the truck stand TS1: entry, wheel stop, laser scanner, exit, radio link to the truck.

Knows its I/O list, the lane, and the crane's hard-wired contacts. Does not know the swap.
"""

from __future__ import annotations

from hil_tests.simplc.contract import OrderFailed, OrderKind, Params
from hil_tests.simplc.radio import RadioPlc
from hil_tests.simplc.truck.lane import LEAST_SIGHT
from hil_tests.simplc.truck.lorry import ALL_LOCKS, LOCKS, Truck
from hil_tests.simplc.truck.plant import TruckPlant
from hil_tests.simplc.truth.motion import Steps, Until, Wait
from hil_tests.simplc.truth.vehicle import SAFE_VOLTS, Vehicle

SCAN_S, HOME_S = 13.0, 5.0
OVER_TRUCK, GRIPPED = 2, 0b1111
SUFFIX = ("", "_2")
"""Of the tags of each seat."""
NO_SECOND = {
    "VEH_PACK_LATCHED_2": False, "VEH_CONNECTOR_MATED_2": False, "VEH_CONNECTOR_APART_2": False,
    "VEH_COOLANT_MATED_2": False, "VEH_PACK_ID_2": "",
}  # fmt: skip


class StandPlc(RadioPlc):
    """Two channels: 10 HOME, 11 OPEN_ENTRY, 12 SCAN, 13 OPEN_EXIT of its own, the truck's under VEH_."""

    plant: TruckPlant
    map_version = 2
    in_place = "AT_WHEEL_STOP"
    tempo = 0.75

    def __init__(self, name: str, plant: TruckPlant) -> None:
        super().__init__(name, plant)
        self.body = plant.lane
        self.speak()
        self.values.update(NO_SECOND, SCANNER_TEMP=29.0)
        for kind in (
            OrderKind(10, "HOME", self._home, driven=False, chain=False, unhomed=True),
            OrderKind(11, "OPEN_ENTRY", self._open_entry, against=self._against_way, lost=self._lost_way),
            OrderKind(12, "SCAN", self._scan, against=self._against_scan, driven=False, chain=False),
            OrderKind(13, "OPEN_EXIT", self._open_exit, against=self._against_way, lost=self._lost_way),
        ):
            self.offer(kind)
        for opcode, label, work, against in (
            (46, "UNLOCK_PACK", self._unlock_pack, self._against_unlock),
            (47, "LOCK_PACK", self._lock_pack, self._against_lock),
        ):
            self.offer(OrderKind(opcode, label, work, self._is_mask, against, driven=False), "VEH_")

    @property
    def locks(self) -> int:
        """Those that its truck has, one bit each, as it tells by radio: four for each pack."""
        truck = self.body.linked
        return truck.all_bolts if truck is not None else ALL_LOCKS

    # ---- inputs --------------------------------------------------------------------------------------------
    def sense(self) -> None:
        body, values = self.body, self.values
        truck, scan = body.vehicle, body.scan
        way = truck.travel if truck is not None else 0.0
        values["ENTRY_BEAM"] = not 0.02 < way < 0.3
        values["EXIT_BEAM"] = not 0.7 < way < 1.0
        values["BAY_EMPTY"] = truck is None
        values["BAY_CLEAR"] = body.person_free
        values["AT_WHEEL_STOP"] = truck is not None and truck.in_grooves
        values["SCANNED"] = scan is not None
        values["HOMED"] = body.homed
        values["NO_FAULT"] = values["FAULT"] != 1
        values["ENTRY_GREEN"] = body.entry_green
        values["EXIT_GREEN"] = body.exit_green
        values["SCAN_QUALITY"] = round(scan.quality, 1) if scan is not None else 0.0
        values["DX_MM"] = round(scan.x, 1) if scan is not None else 0.0
        values["DY_MM"] = round(scan.y, 1) if scan is not None else 0.0
        values["YAW_DEG"] = round(scan.yaw, 2) if scan is not None else 0.0
        values["ROLL_DEG"] = round(scan.roll, 2) if scan is not None else 0.0
        values["SHIFT_MM"] = round(body.shift_mm, 1)
        values.update(NO_SECOND)
        self.sense_radio()

    def _sense_vehicle(self, vehicle: Vehicle) -> None:
        super()._sense_vehicle(vehicle)
        for seat in vehicle.seats[1:]:
            self.values.update(zip(NO_SECOND, (*self.seat_shown(seat), self.code_shown(seat)), strict=True))

    # ---- what it tells the crane by wire -----------------------------------------------------------------------
    def pose(self) -> tuple[float, float, float]:
        """Where the truck stood when scanned, beside its nominal place: mm along and across the lane, degrees."""
        if self.values["SCANNED"] is not True:
            return 0.0, 0.0, 0.0
        return self.number("DX_MM"), self.number("DY_MM"), self.number("YAW_DEG")

    def seat_below(self) -> int | None:
        """Number from 0 of the truck's seat, by the crane's own aim along the chassis; None between two of them."""
        truck = self.body.linked
        if truck is None or not truck.radio:
            return 0
        seat = truck.seat_below(self.wired["crane"].number("AIM_X_MM"))
        return None if seat is None else truck.seats.index(seat)

    def against_a_pack(self) -> str:
        """Why no pack may come down."""
        seat = self.seat_below()
        if seat is not None and self._latched(seat):
            return "pack on the truck"
        return "" if seat is not None and self._open(seat) else "locks of the truck not open"

    def against_lifting(self) -> str:
        """Why what the gripper has closed on may not come off."""
        seat = self.seat_below()
        if seat is None or (self._open(seat) and self.values[f"VEH_CONNECTOR_APART{SUFFIX[seat]}"] is True):
            return ""
        return "the truck holds its pack"

    def _latched(self, seat: int) -> bool:
        return self.values[f"VEH_PACK_LATCHED{SUFFIX[seat]}"] is True

    def _open(self, seat: int) -> bool:
        return int(self.values["VEH_LOCKS_OPEN"]) >> LOCKS * seat & ALL_LOCKS == ALL_LOCKS

    def homed(self) -> bool:
        return bool(self.values["HOMED"])

    # ---- interlocks ----------------------------------------------------------------------------------------
    def _crane(self, tag: str) -> object:
        """Hard-wired from the crane."""
        return self.wired["crane"].values[tag]

    def _crane_away(self) -> bool:
        return self._crane("HOISTED") is True or self._crane("OVER") != OVER_TRUCK

    def _lost_way(self) -> str:
        if not self._crane_away():
            return "gripper down over the truck"
        return self.own("BAY_CLEAR")

    def _against_way(self, p: Params) -> str:
        return self._lost_way()

    def _against_scan(self, p: Params) -> str:
        return self.own("AT_WHEEL_STOP")

    def _against_hv_on(self, p: Params) -> str:
        second = self.own("VEH_CONNECTOR_MATED_2") if self.locks > ALL_LOCKS else ""
        return super()._against_hv_on(p) or second or ("" if self._crane_away() else "gripper down over the truck")

    def _is_mask(self, p: Params) -> bool:
        """Locks that the truck has, and all of one seat."""
        return 0 < p.p1 <= self.locks and (p.p1 <= ALL_LOCKS or not p.p1 & ALL_LOCKS)

    def _against_locks(self) -> str:
        if self.number("VEH_HV_VOLTS") >= SAFE_VOLTS:
            return "high voltage at the pack"
        return self.own("VEH_LINK_OK", "AT_WHEEL_STOP")

    def _against_unlock(self, p: Params) -> str:
        seat = _seat_of(p)
        held = self._crane("GRIPPER_CLOSED") == GRIPPED and self._crane("LANDED") == GRIPPED
        if self._latched(seat) and not (held and not self._crane_away() and self.seat_below() == seat):
            return "gripper does not hold the pack"
        return self._against_locks()

    def _against_lock(self, p: Params) -> str:
        seat, down = _seat_of(p), bool(self._crane("LANDED")) and not self._crane_away()
        half = down and self.seat_below() == seat and not self._latched(seat)
        return "pack over the truck and not in its seat" if half else self._against_locks()

    # ---- work of the stand ---------------------------------------------------------------------------------
    def _home(self, p: Params, pace: float) -> Steps:
        self.body.entry_green = self.body.exit_green = False
        yield Wait(HOME_S * pace)
        self.body.homed = True

    def _open_entry(self, p: Params, pace: float) -> Steps:
        """Green until a truck has come in; a truck already there is only waited for."""
        body = self.body
        body.entry_green = body.vehicle is None
        try:
            yield Until(lambda: body.vehicle is not None and body.vehicle.travel > 0.05)
            body.entry_green = False
            yield Until(lambda: self.is_true("AT_WHEEL_STOP"))
        finally:
            body.entry_green = False

    def _scan(self, p: Params, pace: float) -> Steps:
        yield from self.body.measure(SCAN_S * pace)
        self.sensed_now()
        if self.number("SCAN_QUALITY") < LEAST_SIGHT:
            raise OrderFailed("too little of the pack's outline seen")

    def _open_exit(self, p: Params, pace: float) -> Steps:
        body = self.body
        body.exit_green = True
        try:
            yield Until(lambda: self.is_true("BAY_EMPTY"))
        finally:
            body.exit_green = False

    # ---- work of the truck ---------------------------------------------------------------------------------
    def _truck(self) -> Truck:
        vehicle = self._linked()
        assert isinstance(vehicle, Truck)
        return vehicle

    def _unlock_pack(self, p: Params, pace: float) -> Steps:
        """The truck draws the connector of the seat back, then opens its locks."""
        truck = self._truck()
        seat = truck.seats[_seat_of(p)]
        yield from truck.part_connector(seat, 2.0 * pace)
        yield from truck.move_locks(p.p1, False, 3.5 * pace)
        self.sensed_now()
        if not self.values["VEH_LOCKS_OPEN"] & p.p1 == p.p1 or seat.connector > 0.0:
            raise OrderFailed("locks not all open, or connector not apart")

    def _lock_pack(self, p: Params, pace: float) -> Steps:
        """The truck closes its locks, then puts the connector of the seat to its pack, if there is one."""
        truck = self._truck()
        seat = truck.seats[_seat_of(p)]
        yield from truck.move_locks(p.p1, True, 3.5 * pace)
        if self.plant.pack_in(seat) is not None and seat.connector < 1.0:
            yield from truck.mate_connector(seat, 2.0 * pace)
        self.sensed_now()
        if not self.values["VEH_LOCKS_CLOSED"] & p.p1 == p.p1:
            raise OrderFailed("locks not all closed")


def _seat_of(p: Params) -> int:
    """Locks 1 to 4 are those of the first seat, 5 to 8 those of the second."""
    return int(p.p1 > ALL_LOCKS)

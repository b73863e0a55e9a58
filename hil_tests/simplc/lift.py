"""PLC program of the vehicle lift VL1: entry, clamps, platform, floor, exit, radio link to the vehicle.

Knows its I/O list and the bodies it drives. Does not know the swap.
"""

from __future__ import annotations

from hil_tests.simplc.contract import OrderFailed, OrderKind, Params
from hil_tests.simplc.jog import JogAxis, jog_kind
from hil_tests.simplc.plant import Plant
from hil_tests.simplc.radio import RadioPlc
from hil_tests.simplc.truth.motion import Steps, Until, Wait
from hil_tests.simplc.truth.vehicle import Vehicle

SEEN_MM, LANE_MM = 300.0, 10000.0


class LiftPlc(RadioPlc):
    """Two channels: the lift's own work under '', the vehicle's under VEH_."""

    map_version = 2

    def __init__(self, name: str, plant: Plant) -> None:
        super().__init__(name, plant)
        self.body = plant.lift
        self.speak()
        self.values.update(LIFT_TEMP=28.0)
        for kind in (
            OrderKind(10, "HOME", self._home, against=self._against_robot, unhomed=True),
            OrderKind(11, "OPEN_ENTRY", self._open_entry, against=self._against_way),
            OrderKind(12, "CLAMP", self._clamp, against=self._against_clamp),
            OrderKind(13, "LIFT_TO_WORK", self._to_work, _is_height, self._against_work, self._lost_work),
            OrderKind(14, "CLOSE_FLOOR", self._close_floor, against=self._against_robot),
            OrderKind(15, "LOWER", self._lower, against=self._against_lower, lost=self._lost_way),
            OrderKind(16, "UNCLAMP", self._unclamp, against=self._against_unclamp),
            OrderKind(17, "OPEN_EXIT", self._open_exit, against=self._against_way),
        ):
            self.offer(kind)
        axis = JogAxis("height", 0.0, 1800.0, self._against_jog, self.body.unlock)
        self.offer(jog_kind(self, self.body, {1: axis}, self._lost_way))

    @property
    def locks(self) -> int:
        """Its vehicle's, one bit each; without a vehicle there are none to be closed."""
        vehicle = self.body.vehicle
        return vehicle.all_bolts if vehicle is not None else 0

    # ---- inputs --------------------------------------------------------------------------------------------
    def sense(self) -> None:
        body, values = self.body, self.values
        vehicle = body.vehicle
        way = vehicle.travel if vehicle is not None else 0.0
        values["ENTRY_BEAM"] = not 0.02 < way < 0.3
        values["EXIT_BEAM"] = not 0.7 < way < 1.0
        values["IN_POSITION"] = vehicle is not None and vehicle.in_grooves and vehicle.squared
        values["CLAMPED"] = body.clamped
        values["UNCLAMPED"] = body.unclamped
        values["LIFT_AT_WORK"] = body.work_height > 0.0 and abs(body.height - body.work_height) < 2.0
        values["LIFT_DOWN"] = body.down
        values["LIFT_LOCKED"] = body.locked
        values["FLOOR_OPEN"] = body.floor >= 0.99
        values["FLOOR_CLOSED"] = body.floor <= 0.0
        values["HOMED"] = body.homed
        values["BAY_CLEAR"] = body.person_free
        values["BAY_EMPTY"] = vehicle is None
        values["NO_FAULT"] = values["FAULT"] != 1
        values["ENTRY_GREEN"] = body.entry_green
        values["EXIT_GREEN"] = body.exit_green
        values["X_ERR"] = round(_along(vehicle), 1) if vehicle is not None else 0.0
        values["Y_ERR"] = round(vehicle.y_err, 1) if vehicle is not None else 0.0
        values["YAW_ERR"] = round(vehicle.yaw_err, 2) if vehicle is not None else 0.0
        values["LIFT_MM"] = round(body.height, 1)
        values["LIFT_SYNC_ERR"] = round(0.4 + 0.9 * (body.height % 7.0) / 7.0, 1)
        values["CLAMP_FORCE"] = round(body.force, -1)
        self.sense_radio()

    def homed(self) -> bool:
        return bool(self.values["HOMED"])

    # ---- interlocks ----------------------------------------------------------------------------------------
    def _against_robot(self, p: Params) -> str:
        return "" if self.wired["robot"].values["AT_POSITION"] == 1 else "robot not at home"

    def _against_way(self, p: Params) -> str:
        return self.own("UNCLAMPED", "LIFT_DOWN", "FLOOR_CLOSED", "BAY_CLEAR")

    def _against_clamp(self, p: Params) -> str:
        return self.own("IN_POSITION", "LIFT_DOWN", "BAY_CLEAR") or self._against_robot(p)

    def _lost_work(self) -> str:
        return self.own("CLAMPED", "BAY_CLEAR")

    def _lost_way(self) -> str:
        return self.own("BAY_CLEAR")

    def _against_work(self, p: Params) -> str:
        return self._lost_work() or self._against_robot(p)

    def _against_lower(self, p: Params) -> str:
        return self.own("FLOOR_CLOSED", "BAY_CLEAR") or self._against_robot(p)

    def _against_jog(self) -> str:
        return self.own("BAY_CLEAR", "BAY_EMPTY") or self._against_robot(Params())

    def _against_unclamp(self, p: Params) -> str:
        return self.own("LIFT_DOWN") or self._against_robot(p)

    # ---- work of the lift ----------------------------------------------------------------------------------
    def _home(self, p: Params, pace: float) -> Steps:
        body = self.body
        start = self.plant.now
        yield from body.close_floor(3.0 * pace)
        yield from body.lower(6.0 * pace)
        yield from body.unclamp(0.6 * pace)
        yield Wait(max(0.0, 12.0 * pace - (self.plant.now - start)))
        body.homed = True

    def _open_entry(self, p: Params, pace: float) -> Steps:
        """Green until a vehicle has come in; a vehicle already there is only waited for."""
        body = self.body
        body.entry_green = body.vehicle is None
        try:
            yield Until(lambda: body.vehicle is not None and body.vehicle.travel > 0.05)
            body.entry_green = False
            yield Until(lambda: self.is_true("IN_POSITION"))
            yield Wait(2.0)
            if not self.is_true("IN_POSITION"):
                raise OrderFailed("vehicle left its position")
        finally:
            body.entry_green = False

    def _clamp(self, p: Params, pace: float) -> Steps:
        yield from self.body.clamp(pace)
        yield from self.expect("CLAMPED")

    def _to_work(self, p: Params, pace: float) -> Steps:
        yield from self.body.open_floor(4.0 * pace)
        yield from self.expect("FLOOR_OPEN")
        yield from self.body.raise_to(float(p.p1), 8.0 * pace)
        yield from self.expect("LIFT_AT_WORK", "LIFT_LOCKED")

    def _close_floor(self, p: Params, pace: float) -> Steps:
        yield from self.body.close_floor(3.0 * pace)
        yield from self.expect("FLOOR_CLOSED")

    def _lower(self, p: Params, pace: float) -> Steps:
        yield from self.body.lower(7.0 * pace)
        yield from self.expect("LIFT_DOWN")

    def _unclamp(self, p: Params, pace: float) -> Steps:
        yield from self.body.unclamp(pace)
        yield from self.expect("UNCLAMPED")

    def _open_exit(self, p: Params, pace: float) -> Steps:
        body = self.body
        body.exit_green = True
        try:
            yield Until(lambda: self.is_true("BAY_EMPTY"))
        finally:
            body.exit_green = False


def _is_height(p: Params) -> bool:
    return 100 <= p.p1 <= 1800


def _along(vehicle: Vehicle) -> float:
    """Position error along the lane, as far as the sensor sees (mm): one that rolls is far away."""
    if vehicle.in_grooves:
        return vehicle.x_err
    return max(-SEEN_MM, min(SEEN_MM, vehicle.x_err + (vehicle.travel - 0.5) * LANE_MM))

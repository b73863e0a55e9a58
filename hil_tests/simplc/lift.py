"""PLC program of the vehicle lift VL1: entry, clamps, platform, floor, exit, radio link to the vehicle.

Knows its I/O list and the bodies it drives. Does not know the swap.
"""

from __future__ import annotations

from hil_tests.simplc.contract import OrderFailed, OrderKind, Params
from hil_tests.simplc.jog import JogAxis, jog_kind
from hil_tests.simplc.plant import Plant
from hil_tests.simplc.plc import Plc
from hil_tests.simplc.truth.motion import Steps, Until, Wait
from hil_tests.simplc.truth.packs import Pack
from hil_tests.simplc.truth.vehicle import BOLTS, SAFE_VOLTS, Vehicle

ALL_LOCKS = (1 << BOLTS) - 1
SEEN_MM, LANE_MM = 300.0, 10000.0
VEHICLE_BITS = (
    "LINK_OK", "AUTH_OK", "GEAR_P", "EPB_ON", "DOORS_CLOSED", "BRAKE_RELEASED", "READY", "HV_OFF", "HV_ON",
    "PORT_CLOSED", "CONNECTOR_MATED", "CONNECTOR_APART", "COOLANT_MATED", "PRECHECK_OK", "POSTCHECK_OK",
    "PACK_LATCHED", "SETTLED",
)  # fmt: skip
NO_VEHICLE = {
    **{f"VEH_{name}": False for name in VEHICLE_BITS},
    "VEH_HV_VOLTS": 0.0, "VEH_LOCKS_OPEN": 0, "VEH_LOCKS_CLOSED": 0, "VEH_INSULATION": 0, "VEH_SOC": 0.0,
    "VEH_VIN": "", "VEH_MODEL": "", "VEH_PACK_ID": "", "VEH_PACK_TYPE": 0,
}  # fmt: skip


class LiftPlc(Plc):
    """Two channels: the lift's own work under '', the vehicle's under VEH_."""

    prefixes = ("", "VEH_")
    map_version = 2

    def __init__(self, name: str, plant: Plant) -> None:
        super().__init__(name, plant)
        self.body = plant.lift
        self.values.update(NO_VEHICLE)
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
        link = self._against_link
        for kind in (
            OrderKind(40, "IDENTIFY", self._identify, against=self._against_identify, driven=False, chain=False),
            OrderKind(41, "SECURE", self._secure, against=self._against_secure, driven=False, chain=False),
            OrderKind(42, "HV_OFF", self._hv_off, against=link, driven=False, chain=False),
            OrderKind(43, "CHECK_PACK", self._check_pack, against=link, driven=False, chain=False),
            OrderKind(44, "HV_ON", self._hv_on, against=self._against_hv_on, driven=False),
            OrderKind(45, "SETTLE", self._settle, against=link, driven=False, chain=False),
        ):
            self.offer(kind, "VEH_")

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
        if body.linked is None or not body.linked.radio:
            values.update(NO_VEHICLE)
        else:
            self._sense_vehicle(body.linked)

    def _sense_vehicle(self, vehicle: Vehicle) -> None:
        """What the radio link brings; without the link nothing is known, and everything is false."""
        pack = self.plant.pack_in(vehicle)
        opened = closed = 0
        for k, bolt in enumerate(vehicle.bolts):
            opened |= bolt.is_open << k
            closed |= bolt.is_closed << k
        mated = vehicle.connector >= 1.0
        bits = (
            True, True, vehicle.gear_p, vehicle.epb, vehicle.doors_closed, not vehicle.brake_pressed,
            vehicle.confirmed, not vehicle.contactors, vehicle.contactors and vehicle.volts >= SAFE_VOLTS,
            vehicle.port_closed, mated, vehicle.connector <= 0.0, mated and vehicle.coolant,
            vehicle.precheck, vehicle.postcheck, pack is not None, vehicle.settled,
        )  # fmt: skip
        values = self.values
        for name, bit in zip(VEHICLE_BITS, bits, strict=True):
            values["VEH_" + name] = bit
        values["VEH_HV_VOLTS"] = round(vehicle.volts, 1)
        values["VEH_LOCKS_OPEN"] = opened
        values["VEH_LOCKS_CLOSED"] = closed
        values["VEH_INSULATION"] = pack.insulation if pack is not None and mated else 8000
        values["VEH_SOC"] = round(pack.soc, 1) if pack is not None and mated else 0.0
        values["VEH_VIN"] = vehicle.told_vin or vehicle.vin
        values["VEH_MODEL"] = vehicle.model
        values["VEH_PACK_ID"] = vehicle.read_code if pack is not None else ""
        values["VEH_PACK_TYPE"] = vehicle.pack_type

    def homed(self) -> bool:
        return bool(self.values["HOMED"])

    # ---- interlocks ----------------------------------------------------------------------------------------
    def _own(self, *tags: str) -> str:
        missing = [tag for tag in tags if self.values[tag] is not True]
        return f"not {', '.join(missing)}" if missing else ""

    def _against_robot(self, p: Params) -> str:
        return "" if self.wired["robot"].values["AT_POSITION"] == 1 else "robot not at home"

    def _against_way(self, p: Params) -> str:
        return self._own("UNCLAMPED", "LIFT_DOWN", "FLOOR_CLOSED", "BAY_CLEAR")

    def _against_clamp(self, p: Params) -> str:
        return self._own("IN_POSITION", "LIFT_DOWN", "BAY_CLEAR") or self._against_robot(p)

    def _lost_work(self) -> str:
        return self._own("CLAMPED", "BAY_CLEAR")

    def _lost_way(self) -> str:
        return self._own("BAY_CLEAR")

    def _against_work(self, p: Params) -> str:
        return self._lost_work() or self._against_robot(p)

    def _against_lower(self, p: Params) -> str:
        return self._own("FLOOR_CLOSED", "BAY_CLEAR") or self._against_robot(p)

    def _against_jog(self) -> str:
        return self._own("BAY_CLEAR", "BAY_EMPTY") or self._against_robot(Params())

    def _against_unclamp(self, p: Params) -> str:
        return self._own("LIFT_DOWN") or self._against_robot(p)

    def _against_identify(self, p: Params) -> str:
        return "" if self._caller() is not None else "no vehicle"

    def _against_link(self, p: Params) -> str:
        return self._own("VEH_LINK_OK")

    def _against_secure(self, p: Params) -> str:
        return self._own("VEH_LINK_OK", "IN_POSITION")

    def _against_hv_on(self, p: Params) -> str:
        if self.values["VEH_LOCKS_CLOSED"] != ALL_LOCKS:
            return "locks of the vehicle not all closed"
        return self._own("VEH_LINK_OK", "VEH_CONNECTOR_MATED")

    def _caller(self) -> Vehicle | None:
        return self.body.vehicle or (self.body.queue[0] if self.body.queue else None)

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

    # ---- work of the vehicle link --------------------------------------------------------------------------
    def _identify(self, p: Params, pace: float) -> Steps:
        yield Wait(5.0 * pace)
        vehicle = self._caller()
        if vehicle is None:
            raise OrderFailed("the vehicle is gone")
        pack = self.plant.pack_in(vehicle)
        vehicle.read_code = pack.label if pack is not None else ""
        vehicle.settled = False
        self.body.linked = vehicle

    def _linked(self) -> Vehicle:
        if self.body.linked is None:
            raise OrderFailed("no link to the vehicle")
        return self.body.linked

    def _read_pack(self, vehicle: Vehicle) -> Pack | None:
        """The vehicle talks to a pack only through the mated connector."""
        return self.plant.pack_in(vehicle) if vehicle.connector >= 1.0 else None

    def _secure(self, p: Params, pace: float) -> Steps:
        vehicle = self._linked()
        yield from vehicle.secure(pace)
        yield from self.expect("VEH_READY")

    def _hv_off(self, p: Params, pace: float) -> Steps:
        """Pre-check, contactors, discharge; the vehicle confirms when the voltage is below the limit."""
        vehicle = self._linked()
        start = self.plant.now
        yield from vehicle.high_voltage_off(pace)
        if not vehicle.contactors:
            self.plant.motions.start(vehicle.discharge(), driven=False)
        yield Until(lambda: vehicle.volts < SAFE_VOLTS and self.is_true("VEH_HV_OFF"), 60.0)
        yield Wait(max(0.0, 15.0 * pace - (self.plant.now - start)))

    def _check_pack(self, p: Params, pace: float) -> Steps:
        """The vehicle reads the new pack through the connector and looks at its own locks."""
        vehicle = self._linked()
        yield Wait(6.0 * pace)
        pack = self._read_pack(vehicle)
        vehicle.read_code = pack.label if pack is not None else ""
        yield Wait(6.0 * pace)
        if pack is None or not vehicle.all_closed or pack.insulation < 200:
            raise OrderFailed("pack, locks or insulation not in order")

    def _hv_on(self, p: Params, pace: float) -> Steps:
        vehicle = self._linked()
        yield Wait(3.0 * pace)
        vehicle.close_contactors()
        yield Wait(22.0 * pace)
        pack = self._read_pack(vehicle)
        vehicle.postcheck = pack is not None and pack.insulation >= 200 and vehicle.all_closed
        if not vehicle.postcheck:
            vehicle.contactors, vehicle.volts = False, 0.0
            raise OrderFailed("self-check failed")

    def _settle(self, p: Params, pace: float) -> Steps:
        vehicle = self._linked()
        yield Wait(5.0 * pace)
        vehicle.settled = True


def _is_height(p: Params) -> bool:
    return 100 <= p.p1 <= 1800


def _along(vehicle: Vehicle) -> float:
    """Position error along the lane, as far as the sensor sees (mm): one that rolls is far away."""
    if vehicle.in_grooves:
        return vehicle.x_err
    return max(-SEEN_MM, min(SEEN_MM, vehicle.x_err + (vehicle.travel - 0.5) * LANE_MM))

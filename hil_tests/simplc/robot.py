"""PLC program of the swap robot SR3: orders and own interlocks on its sensors and hard-wired inputs.

Knows its I/O list and the body it drives. Does not know the swap.
"""

from __future__ import annotations

from collections.abc import Callable

from hil_tests.simplc.contract import OrderFailed, OrderKind, Params
from hil_tests.simplc.jog import JogAxis, jog_kind
from hil_tests.simplc.plant import Plant
from hil_tests.simplc.plc import Plc
from hil_tests.simplc.truth.motion import Steps, Until
from hil_tests.simplc.truth.packs import PACK_KG
from hil_tests.simplc.truth.robot import DOWN_Z, FLOOR_Z, HOME, IN, OUT, TRAVEL_Z, UNDER, Runner
from hil_tests.simplc.truth.vehicle import BOLTS, SAFE_VOLTS

ALL_RUNNERS = (1 << BOLTS) - 1
LIGHTEST_KG = min(PACK_KG.values())
POSITIONS = {HOME: 1, UNDER: 2, OUT: 3, IN: 4}


class RobotPlc(Plc):
    """Orders 10 HOME, 11 ENGAGE, 12 LOWER, 13 INSERT, 20 UNLOCK, 21 LOCK, 22 PREHEAT, 30 SET_DOWN, 31 PICK_UP, 50 JOG.

    UNLOCK and LOCK take a temperature, too, to which their runners are warmed first."""

    map_version = 2

    def __init__(self, name: str, plant: Plant) -> None:
        super().__init__(name, plant)
        self.body = plant.robot
        self.values.update(FLOAT_DX=0.0, FLOAT_DY=0.0, DRIVE_TEMP=0.0)
        height = _within(3000, 20000)
        mask = _mask
        for kind in (
            OrderKind(10, "HOME", self._home, against=self._against_home, unhomed=True),
            OrderKind(11, "ENGAGE", self._engage, height, self._against_engage, self._lost_hold),
            OrderKind(12, "LOWER", self._lower, against=self._against_lower, lost=self._lost_hold),
            OrderKind(13, "INSERT", self._insert, height, self._against_insert, self._lost_hold),
            OrderKind(20, "UNLOCK", self._unlock, mask, self._against_bolts, self._lost_bolts),
            OrderKind(21, "LOCK", self._lock, _mask_and_torque, self._against_bolts, self._lost_bolts),
            OrderKind(22, "PREHEAT", self._preheat, lambda p: _warmth(p.p1) and p.p1 > 0),
            OrderKind(30, "SET_DOWN", self._set_down, lambda p: p.p1 == 3, self._against_set_down),
            OrderKind(31, "PICK_UP", self._pick_up, lambda p: p.p1 == 4, self._against_pick_up),
        ):
            self.offer(kind)
        axes = {
            1: JogAxis("x", HOME, IN, self._against_jog_travel, self._leaves_place),
            2: JogAxis("z", DOWN_Z, TRAVEL_Z, self._against_jog_table),
        }
        self.offer(jog_kind(self, self.body, axes, nothing))

    # ---- inputs --------------------------------------------------------------------------------------------
    def sense(self) -> None:
        body, values = self.body, self.values
        load = body.load_kg()
        holds = load > 0.0
        pins = body.pins > 0.95 and holds
        values["AT_POSITION"] = POSITIONS.get(body.x, 0)
        values["X_MM"] = body.x
        values["Z_MM"] = body.z
        values["PACK_PRESENT"] = values["PACK_SEATED"] = holds
        values["PIN_1"] = values["PIN_2"] = pins
        values["LOAD_KG"] = load
        values["PATH_CLEAR"] = values["BRAKE_OK"] = True
        values["HOMED"] = body.homed
        values["NO_FAULT"] = values["FAULT"] != 1
        values["DRIVE_TEMP"] = round(body.runner_c, 1)
        runners = body.runners
        values["BOLT_TURNS"] = tuple([r.turns for r in runners])
        values["BOLT_TORQUE"] = tuple([r.torque for r in runners])
        values["BOLT_PHASE"] = tuple([r.phase for r in runners])
        values["BOLT_RESULT"] = tuple([r.result for r in runners])
        vehicle = self.plant.lift.vehicle
        opened = closed = 0
        if vehicle is not None and vehicle.in_grooves:
            for k, bolt in enumerate(vehicle.bolts):
                opened |= bolt.is_open << k
                closed |= bolt.is_closed << k
        values["BOLT_OPEN"] = opened
        values["BOLT_CLOSED"] = closed

    def homed(self) -> bool:
        return bool(self.values["HOMED"])

    def _all_bolts(self) -> int:
        """Where its runners find bolts above them: those of the vehicle, all of them if there is none."""
        vehicle = self.plant.lift.vehicle
        return vehicle.all_bolts if vehicle is not None else ALL_RUNNERS

    def _lift(self, *tags: str) -> bool:
        """Hard-wired inputs from the lift."""
        values = self.wired["lift"].values
        return all(values[tag] is True for tag in tags)

    # ---- interlocks ----------------------------------------------------------------------------------------
    def _against_home(self, p: Params) -> str:
        values = self.values
        raised = values["AT_POSITION"] == 2 and self._high()
        if raised and values["PACK_PRESENT"] and values["BOLT_CLOSED"] != self._all_bolts():
            return "table under a pack whose bolts are not all closed"
        return ""

    def _against_under(self) -> str:
        if not self._lift("CLAMPED", "LIFT_AT_WORK", "LIFT_LOCKED", "FLOOR_OPEN"):
            return "vehicle not clamped at working height over an open floor"
        return ""

    def _against_engage(self, p: Params) -> str:
        if self.values["PACK_PRESENT"] and not self._high():
            return "pack on the table"
        return self._against_under() or self._against_travel(2)

    def _against_insert(self, p: Params) -> str:
        if not self.values["PACK_PRESENT"]:
            return "no pack on the table"
        if self.values["BOLT_OPEN"] != self._all_bolts() and not self._high():
            return "bolts of the vehicle not open"
        return self._against_under() or self._against_travel(2)

    def _against_lower(self, p: Params) -> str:
        if self.values["AT_POSITION"] != 2:
            return "not under the vehicle"
        if self._high() and self.values["BOLT_OPEN"] != self._all_bolts():
            return "bolts not all open"
        return ""

    def _lost_hold(self) -> str:
        """What has to stay while the robot works at the vehicle."""
        return "" if self._lift("CLAMPED", "LIFT_LOCKED") else "vehicle not clamped on a locked lift"

    def _lost_bolts(self) -> str:
        if self.wired["lift"].number("VEH_HV_VOLTS") >= SAFE_VOLTS:
            return "high voltage at the pack"
        return self._lost_hold()

    def _against_bolts(self, p: Params) -> str:
        lost = self._lost_bolts()
        if lost:
            return lost
        if self.values["AT_POSITION"] != 2 or not self._high():
            return "table not raised under the vehicle"
        if not (self.values["PIN_1"] and self.values["PIN_2"]):
            return "pins not engaged"
        return ""

    def _against_set_down(self, p: Params) -> str:
        stacker = self.wired["stacker"].values
        if stacker["HANDOVER_OUT_PRESENT"] and self.values["PACK_PRESENT"]:
            return "handover OUT is taken"
        if stacker["AT_HANDOVER"]:
            return "stacker in the handover"
        return self._against_travel(3)

    def _against_pick_up(self, p: Params) -> str:
        stacker = self.wired["stacker"].values
        if not stacker["HANDOVER_IN_PRESENT"] and not self.values["PACK_PRESENT"]:
            return "no pack on handover IN"
        if self.values["PACK_PRESENT"] and self.values["AT_POSITION"] != 4:
            return "pack on the table"
        if stacker["AT_HANDOVER"]:
            return "stacker in the handover"
        return self._against_travel(4)

    def _against_travel(self, position: int) -> str:
        if self.values["AT_POSITION"] != position and self._high():
            return "table is up"
        return ""

    def _against_jog_travel(self) -> str:
        if self._high():
            return "table is up"
        return "stacker in the handover" if self.wired["stacker"].values["AT_HANDOVER"] else ""

    def _against_jog_table(self) -> str:
        return "" if self._lift("BAY_EMPTY") and not self._high() else "vehicle in the bay, or the table is up"

    def _leaves_place(self) -> None:
        self.body.heading = self.body.x

    def _high(self) -> bool:
        return self.number("Z_MM") > FLOOR_Z

    # ---- work ----------------------------------------------------------------------------------------------
    def _home(self, p: Params, pace: float) -> Steps:
        body = self.body
        keep = self.is_true("PACK_PRESENT") and not self._high()
        if body.z > FLOOR_Z or not keep:
            yield from body.drive_pins(False, 0.5 * pace)
        yield from body.lower_table(TRAVEL_Z if keep else DOWN_Z, 2.0 * pace)
        yield from body.travel(HOME, pace)
        body.homed = True

    def _engage(self, p: Params, pace: float) -> Steps:
        body = self.body
        yield from body.travel(UNDER, pace)
        yield from body.raise_table(p.p1 / 10, 5.5 * pace)
        yield from body.drive_pins(True, 2.0 * pace)
        yield from self.expect("PIN_1", "PIN_2")
        if not self.number("LOAD_KG") > 0.0:
            raise OrderFailed("no load on the table")

    def _lower(self, p: Params, pace: float) -> Steps:
        yield from self.body.lower_table(TRAVEL_Z, 10.0 * pace)
        if not self.is_true("PACK_PRESENT"):
            raise OrderFailed("the pack did not come along")

    def _insert(self, p: Params, pace: float) -> Steps:
        body = self.body
        yield from body.travel(UNDER, pace)
        yield from body.raise_table(p.p1 / 10, 6.25 * pace)
        yield from body.drive_pins(True, 2.0 * pace)
        yield from self.expect("PIN_1", "PIN_2", "PACK_SEATED")
        if not self.wired["lift"].is_true("VEH_PACK_LATCHED"):
            raise OrderFailed("seat not reached")

    def _preheat(self, p: Params, pace: float) -> Steps:
        yield from self._warm(p.p1, pace)

    def _warm(self, tenths: int, pace: float) -> Steps:
        """Before they dock; what does not get warm ends the order with a time-out."""
        if tenths > 0 and self.number("DRIVE_TEMP") < tenths / 10:
            yield from self.body.warm_runners(tenths / 10, pace)
            yield Until(lambda: self.number("DRIVE_TEMP") >= tenths / 10 - 0.1, 3.0)

    def _unlock(self, p: Params, pace: float) -> Steps:
        yield from self._warm(p.p3, pace)
        yield from self.body.turn_bolts(p.p1, -1, 0.0, 4.0 * pace, 10.0 * pace)
        for runner in self._chosen(p.p1):
            if runner.result == 0:
                runner.result = 1 if runner.turns * 100 >= p.p2 else 4
        self._report_runners(p.p1)

    def _lock(self, p: Params, pace: float) -> Steps:
        yield from self._warm(p.p4, pace)
        yield from self.body.turn_bolts(p.p1, 1, p.p2 / 100, 4.0 * pace, 14.0 * pace)
        low, high = (p.p2 - p.p3) / 100, (p.p2 + p.p3) / 100
        for runner in self._chosen(p.p1):
            if runner.result == 0:
                runner.result = 2 if runner.torque < low else 3 if runner.torque > high else 1
        self._report_runners(p.p1)

    def _chosen(self, mask: int) -> list[Runner]:
        return [runner for k, runner in enumerate(self.body.runners) if mask >> k & 1]

    def _report_runners(self, mask: int) -> None:
        failed = [k + 1 for k, r in enumerate(self.body.runners) if mask >> k & 1 and r.result != 1]
        if failed:
            raise OrderFailed(f"runners {failed}")

    def _set_down(self, p: Params, pace: float) -> Steps:
        body = self.body
        if not self.is_true("PACK_PRESENT") and self.number("LOAD_KG") == 0.0:
            # Stopped after it had set its pack down: it comes to its place from below.
            yield from body.lower_table(DOWN_Z, 2.0 * pace)
        yield from body.travel(OUT, pace)
        yield from body.set_down(11.5 * pace)
        if not self.wired["stacker"].is_true("HANDOVER_OUT_PRESENT"):
            raise OrderFailed("nothing was set down")

    def _pick_up(self, p: Params, pace: float) -> Steps:
        body = self.body
        yield from body.travel(IN, pace)
        yield from body.pick_up(16.75 * pace)
        yield from self.expect("PACK_PRESENT")
        if not self.number("LOAD_KG") > 0.9 * LIGHTEST_KG:
            raise OrderFailed("weight does not fit")


def nothing() -> str:
    return ""


def _warmth(tenths: int) -> bool:
    return 0 <= tenths <= 400


def _mask(p: Params) -> bool:
    return 0 < p.p1 <= ALL_RUNNERS and _warmth(p.p3)


def _mask_and_torque(p: Params) -> bool:
    return 0 < p.p1 <= ALL_RUNNERS and p.p2 > 0 and p.p3 > 0 and _warmth(p.p4)


def _within(low: int, high: int) -> Callable[[Params], bool]:
    return lambda p: low <= p.p1 <= high

"""PLC program of the stacker ST2: fetch, store, move, isolate, with its own interlocks.

Knows its I/O list, the body it drives and the racks' hard-wired plug contacts. Does not know the swap.
"""

from __future__ import annotations

from hil_tests.simplc.contract import OrderFailed, OrderKind, Params
from hil_tests.simplc.jog import JogAxis, jog_kind
from hil_tests.simplc.plant import Plant
from hil_tests.simplc.plc import Plc
from hil_tests.simplc.truth.motion import Steps, Wait
from hil_tests.simplc.truth.packs import HANDOVER_IN, HANDOVER_OUT, ISOLATION
from hil_tests.simplc.truth.stacker import FORK_MM

PICK_AND_PUT_S = {"FETCH": 23.2, "STORE": 19.2, "MOVE": 23.2, "TO_ISOLATION": 19.2, "RETURN": 19.2}


class StackerPlc(Plc):
    """Orders 10 HOME, 20 FETCH, 21 STORE, 22 MOVE, 23 TO_ISOLATION, 24 RETURN, 50 JOG; bays 1.. of the station."""

    map_version = 2

    def __init__(self, name: str, plant: Plant) -> None:
        super().__init__(name, plant)
        self.body = plant.stacker
        self.source = ""
        self.values.update(DRIVE_TEMP=33.0)
        bay = self._is_bay
        for kind in (
            OrderKind(10, "HOME", self._home, unhomed=True),
            OrderKind(20, "FETCH", self._fetch, bay, self._against_fetch, self._lost_aisle),
            OrderKind(21, "STORE", self._store, bay, self._against_store, self._lost_aisle),
            OrderKind(22, "MOVE", self._move, self._are_bays, self._against_move, self._lost_aisle),
            OrderKind(23, "TO_ISOLATION", self._isolate, bay, self._against_isolation, self._lost_aisle),
            OrderKind(24, "RETURN", self._return, bay, self._against_return, self._lost_aisle),
        ):
            self.offer(kind)
        travel, fork = self._against_jog_travel, self._against_jog_fork
        axes = {
            1: JogAxis("x", 0.0, 15000.0, travel, self._leaves_place),
            2: JogAxis("z", 0.0, 4000.0, travel, self._leaves_place),
            3: JogAxis("fork", 0.0, FORK_MM, fork),
        }  # fmt: skip
        self.offer(jog_kind(self, self.body, axes, self._lost_aisle))

    # ---- inputs --------------------------------------------------------------------------------------------
    def sense(self) -> None:
        body, values, at = self.body, self.values, self.plant.places.at
        fork_in = abs(body.fork) < 5.0
        inside, outside = at(HANDOVER_IN) is not None, at(HANDOVER_OUT) is not None
        loaded = body.load is not None
        values["FORK_RETRACTED"] = fork_in
        values["FORK_EXTENDED"] = body.fork > FORK_MM - 5.0
        values["PACK_ON_FORK"] = loaded
        values["NOT_OVERLOADED"] = values["CHAIN_TIGHT"] = values["BRAKE_OK"] = True
        values["HANDOVER_IN_PRESENT"] = values["HANDOVER_IN_SEATED"] = inside
        values["HANDOVER_OUT_PRESENT"] = values["HANDOVER_OUT_SEATED"] = outside
        values["HOMED"] = body.homed
        values["NO_FAULT"] = values["FAULT"] != 1
        values["AISLE_CLEAR"] = body.aisle_clear
        values["AT_HANDOVER"] = body.at in (HANDOVER_IN, HANDOVER_OUT)
        values["ISOLATION_EMPTY"] = at(ISOLATION) is None
        values["ISOLATION_PRESENT"] = at(ISOLATION) is not None
        values["ISOLATION_READY"] = self.plant.isolation_ready
        values["PARKED"] = fork_in and body.at == "park"
        values["AT_BAY"] = self.plant.bay_number(body.at)
        values["X_MM"] = round(body.x)
        values["Z_MM"] = round(body.z)
        values["FORK_MM"] = round(body.fork)
        values["LOAD_KG"] = body.load_kg()

    def homed(self) -> bool:
        return bool(self.values["HOMED"])

    def _is_bay(self, p: Params) -> bool:
        return p.p1 in self.plant.bays

    def _are_bays(self, p: Params) -> bool:
        return p.p1 in self.plant.bays and p.p2 in self.plant.bays and p.p1 != p.p2

    def _bay(self, number: int, contact: str) -> bool:
        """A rack's hard-wired contact of one bay."""
        bay = self.plant.bays[number]
        return self.wired[bay.rack].values[f"BAY{bay.number:02d}_{contact}"] is True

    def _robot_in_handover(self) -> bool:
        """Hard-wired from the robot."""
        return self.wired["robot"].values["AT_POSITION"] in (3, 4)

    # ---- interlocks ----------------------------------------------------------------------------------------
    def _lost_aisle(self) -> str:
        return "" if self.values["AISLE_CLEAR"] else "aisle not clear"

    def _against_taking(self, number: int) -> str:
        """Taking a pack out of a bay; a pack already on the fork may only go on from the bay it came from."""
        if self.values["PACK_ON_FORK"]:
            return "" if self.source == self.plant.bays[number].name else "another pack on the fork"
        if not self._bay(number, "PLUG_OUT") or not self._bay(number, "SOCKET_DEAD"):
            return "plug in or socket live"
        return "" if self._bay(number, "PRESENT") else "no pack in the bay"

    def _against_putting(self, number: int) -> str:
        if self._bay(number, "PRESENT"):
            return "bay is taken"
        if not self._bay(number, "PLUG_OUT") or not self._bay(number, "SOCKET_DEAD"):
            return "plug in or socket live"
        return "" if self._bay(number, "ENABLED") else "bay is not enabled"

    def _against_fetch(self, p: Params) -> str:
        if self.values["HANDOVER_IN_PRESENT"]:
            return "handover IN is taken"
        if self._robot_in_handover():
            return "robot in the handover"
        return self._lost_aisle() or self._against_taking(p.p1)

    def _against_store(self, p: Params) -> str:
        if not self.values["PACK_ON_FORK"]:
            if not self.values["HANDOVER_OUT_PRESENT"]:
                return "no pack on handover OUT"
            if self._robot_in_handover():
                return "robot in the handover"
        return self._lost_aisle() or self._against_putting(p.p1)

    def _against_return(self, p: Params) -> str:
        if not self.values["PACK_ON_FORK"]:
            if not self.values["HANDOVER_IN_PRESENT"]:
                return "no pack on handover IN"
            if self._robot_in_handover():
                return "robot in the handover"
        return self._lost_aisle() or self._against_putting(p.p1)

    def _against_move(self, p: Params) -> str:
        return self._lost_aisle() or self._against_taking(p.p1) or self._against_putting(p.p2)

    def _against_isolation(self, p: Params) -> str:
        if not self.values["ISOLATION_EMPTY"]:
            return "isolation place is taken"
        if not self.values["ISOLATION_READY"]:
            return "isolation place is not ready"
        return self._lost_aisle() or self._against_taking(p.p1)

    def _against_jog_travel(self) -> str:
        return self._lost_aisle() or ("" if self.values["FORK_RETRACTED"] else "fork not retracted")

    def _against_jog_fork(self) -> str:
        there = self.values["AT_HANDOVER"] and self._robot_in_handover()
        return self._lost_aisle() or ("robot in the handover" if there else "")

    def _leaves_place(self) -> None:
        self.body.at = self.body.heading = ""

    # ---- work ----------------------------------------------------------------------------------------------
    def _home(self, p: Params, pace: float) -> Steps:
        body = self.body
        start = self.plant.now
        yield from body.retract(2.0 * pace)
        yield from body.go("park", pace)
        yield Wait(max(0.0, 20.0 * pace - (self.plant.now - start)))
        body.homed = True

    def _carry(self, source: str, target: str, handling: float, pace: float) -> Steps:
        """From place to place and back to the park position; a pack on the fork is only delivered.

        An order that was stopped with the fork out begins by drawing it in: no travel with the fork out."""
        body, half = self.body, handling * pace / 2
        if not self.is_true("FORK_RETRACTED"):
            yield from body.retract(2.0 * pace)
            if not self.is_true("FORK_RETRACTED"):
                raise OrderFailed("fork does not come in")
        if not self.is_true("PACK_ON_FORK"):
            yield from body.go(source, pace)
            self.source = source
            yield from body.pick(half)
            if not self.is_true("PACK_ON_FORK"):
                raise OrderFailed(f"no pack at {source}")
        yield from body.go(target, pace)
        yield from body.put(half)
        if self.is_true("PACK_ON_FORK"):
            raise OrderFailed(f"pack not set down at {target}")
        yield from body.go("park", pace)

    def _fetch(self, p: Params, pace: float) -> Steps:
        return self._carry(self.plant.bays[p.p1].name, HANDOVER_IN, PICK_AND_PUT_S["FETCH"], pace)

    def _store(self, p: Params, pace: float) -> Steps:
        return self._carry(HANDOVER_OUT, self.plant.bays[p.p1].name, PICK_AND_PUT_S["STORE"], pace)

    def _return(self, p: Params, pace: float) -> Steps:
        return self._carry(HANDOVER_IN, self.plant.bays[p.p1].name, PICK_AND_PUT_S["RETURN"], pace)

    def _move(self, p: Params, pace: float) -> Steps:
        bays = self.plant.bays
        return self._carry(bays[p.p1].name, bays[p.p2].name, PICK_AND_PUT_S["MOVE"], pace)

    def _isolate(self, p: Params, pace: float) -> Steps:
        return self._carry(self.plant.bays[p.p1].name, ISOLATION, PICK_AND_PUT_S["TO_ISOLATION"], pace)

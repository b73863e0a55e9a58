"""The plant as the explorer sees it: one tuple of small numbers, and what each order does to it, begun and ended.

Knows machines and the PLCs' own interlocks (docs/plc_contract.md §8). Does not know our software.
"""

from __future__ import annotations

from typing import NamedTuple

NONE, SPENT, FRESH, EARLIER = 0, 1, 2, 3
"""Packs: none, the vehicle's, the charged one, and one that an earlier run has yet to put away."""

AT_ENTRY, IN_BAY, GONE = 0, 1, 2
BETWEEN, HOME, UNDER, OUT, IN = 0, 1, 2, 3, 4
LOW, HALF, HIGH = 0, 1, 2
"""Table of the robot; HALF and HIGH also stand for half-way and fully of every other drive."""

LOCKED, TURNING, OPEN = 0, 1, 2
UNTOUCHED, IN_BAND, TOO_LOOSE, UNDONE, UNFINISHED = 0, 1, 2, 3, 4
"""What the runners' last run left behind: turns and torque of every bolt."""

SAFE, ESTOP, CURTAIN = 0, 1, 2
BAY_BY_NUMBER = {1: 0, 13: 1, 2: 2}
BAY_BY_RACK = {("rack_a", 1): 0, ("rack_b", 1): 1, ("rack_a", 2): 2}


class Bay(NamedTuple):
    """One bay: its pack, its plug (0 out, 1 half, 2 in), whether its charging session is open, and whether its charger
    was told a level above 0. Current flows where all three are."""

    pack: int = NONE
    plug: int = 0
    charges: bool = False
    level: bool = False


class Truth(NamedTuple):
    """What is the case, whatever the sensors say. `hot` is the pack that burns from within, `sick` one whose insulation
    fails, `isolated` the one at the isolation place."""

    car: int = AT_ENTRY
    secured: bool = False
    high_voltage: bool = True
    prechecked: bool = False
    postchecked: bool = False
    settled: bool = False
    clamp: int = 0
    lift: int = 0
    floor: int = 0
    robot: int = HOME
    table: int = LOW
    pins: bool = False
    bolts: int = LOCKED
    torque: int = UNTOUCHED
    in_vehicle: int = SPENT
    on_robot: int = NONE
    at_in: int = NONE
    at_out: int = NONE
    on_fork: int = NONE
    stacker: int = 0
    bays: tuple[Bay, ...] = (Bay(FRESH, 2, True), Bay(), Bay())
    safe: int = SAFE
    hot: int = NONE
    sick: int = NONE
    isolated: int = NONE

    def bay(self, at: int, **changes: object) -> Truth:
        """With one bay changed."""
        changed = self.bays[at]._replace(**changes)
        return self._replace(bays=(*self.bays[:at], changed, *self.bays[at + 1 :]))

    @property
    def carried(self) -> bool:
        """The robot's table bears a pack: on it, or in the vehicle above the raised table."""
        return bool(self.on_robot or (self.robot == UNDER and self.table == HIGH and self.in_vehicle))


Work = tuple[int, tuple[int, ...]]
"""An order's opcode and parameters."""

MOTION = frozenset(("lift", "robot", "stacker"))
BOLT_WORK, INTO_PIT = frozenset((20, 21)), frozenset((11, 13))


def needs_chain(role: str, opcode: int) -> bool:
    """Orders that the safety chain's opening ends or refuses."""
    return role in MOTION or (role == "vehicle" and opcode == 44)


def begun(t: Truth, role: str, work: Work) -> Truth:
    """The plant half-way: the machine has left where it stood and is not where it shall be."""
    opcode, params = work
    if role == "lift":
        return {
            12: t._replace(clamp=1 if t.clamp != 2 else 2),
            13: t._replace(floor=t.floor or 1, lift=1 if t.lift != 2 else 2),
            14: t._replace(floor=1 if t.floor else 0),
            15: t._replace(lift=1 if t.lift else 0),
            16: t._replace(clamp=1 if t.clamp else 0),
        }.get(opcode, t)
    if role == "robot":
        return _robot_begun(t, opcode)
    if role == "stacker":
        return _stacker_begun(t, opcode, params)
    if role.startswith("rack") and opcode in (30, 31):
        return t.bay(BAY_BY_RACK[role, params[0]], plug=1)
    return t


def _robot_begun(t: Truth, opcode: int) -> Truth:
    match opcode:
        case 10:
            return t if t.robot == HOME else t._replace(robot=BETWEEN, table=LOW, pins=False)
        case 12 if t.table == HIGH and t.bolts == OPEN:
            return t._replace(on_robot=t.on_robot or t.in_vehicle, in_vehicle=NONE, table=HALF)
        case 12:
            return t._replace(table=HALF)
        case 11 | 13 if t.robot != UNDER:
            return t._replace(robot=BETWEEN, table=LOW, pins=False)
        case 11 | 13 if t.table != HIGH:
            return t._replace(table=HALF, pins=False)
        case 11 | 13:
            return t
        case 20 | 21:
            return t._replace(bolts=TURNING, torque=UNFINISHED)
        case 30:
            # A pack travels on its pins; they let go of it where it is set down.
            return t._replace(robot=BETWEEN)
    return t._replace(robot=BETWEEN, pins=False)


def _stacker_begun(t: Truth, opcode: int, params: tuple[int, ...]) -> Truth:
    at = BAY_BY_NUMBER[params[0]]
    if t.on_fork:
        return t._replace(stacker=1)
    match opcode:
        case 20 | 23:
            return t.bay(at, pack=NONE)._replace(on_fork=t.bays[at].pack, stacker=1)
        case 21:
            return t._replace(on_fork=t.at_out, at_out=NONE, stacker=1)
    return t._replace(on_fork=t.at_in, at_in=NONE, stacker=1)


def ended(t: Truth, role: str, work: Work) -> Truth:
    """The plant after the order has come to its end."""
    opcode, params = work
    if role == "vehicle":
        return {
            41: t._replace(secured=True),
            42: t._replace(high_voltage=False, prechecked=True),
            44: t._replace(high_voltage=True, postchecked=True),
            45: t._replace(settled=True),
        }.get(opcode, t)
    if role == "lift":
        return {
            11: t._replace(car=IN_BAY),
            12: t._replace(clamp=2),
            13: t._replace(lift=2, floor=2),
            14: t._replace(floor=0),
            15: t._replace(lift=0),
            16: t._replace(clamp=0),
            17: t._replace(car=GONE),
        }[opcode]
    if role == "robot":
        return _robot_ended(t, opcode)
    if role == "stacker":
        return _stacker_ended(t, opcode, params)
    at = BAY_BY_RACK[role, params[0]]
    return {30: t.bay(at, plug=2), 31: t.bay(at, plug=0), 32: t.bay(at, charges=True), 33: t.bay(at, charges=False)}[
        opcode
    ]


def lied(t: Truth, role: str, work: Work) -> Truth:
    """The plant after a PLC has said done of an order that is not: half-way, or, of bolts, closed and not tight."""
    return t._replace(bolts=LOCKED, torque=TOO_LOOSE) if work[0] == 21 else t


def _robot_ended(t: Truth, opcode: int) -> Truth:
    match opcode:
        case 10:
            return t._replace(robot=HOME, table=LOW, pins=False)
        case 11:
            return t._replace(robot=UNDER, table=HIGH, pins=True)
        case 12:
            return t._replace(table=LOW)
        case 13:
            return t._replace(
                robot=UNDER, table=HIGH, pins=True, in_vehicle=t.on_robot or t.in_vehicle, on_robot=NONE
            )
        case 20:
            return t._replace(bolts=OPEN, torque=UNDONE)
        case 21:
            return t._replace(bolts=LOCKED, torque=IN_BAND)
        case 30:
            return t._replace(robot=OUT, at_out=t.on_robot or t.at_out, on_robot=NONE, pins=False)
    return t._replace(robot=IN, pins=True, on_robot=t.on_robot or t.at_in, at_in=NONE if not t.on_robot else t.at_in)


def _stacker_ended(t: Truth, opcode: int, params: tuple[int, ...]) -> Truth:
    if opcode == 20:
        return t._replace(at_in=t.on_fork, on_fork=NONE, stacker=0)
    if opcode == 23:
        return t._replace(isolated=t.on_fork, on_fork=NONE, stacker=0)
    return t.bay(BAY_BY_NUMBER[params[0]], pack=t.on_fork)._replace(on_fork=NONE, stacker=0)


def refused(t: Truth, role: str, work: Work) -> bool:
    """The PLC's own interlock against beginning the order."""
    opcode, params = work
    if role == "robot":
        if opcode in INTO_PIT:
            wrong = (opcode == 13 and not t.carried) or (opcode == 11 and bool(t.on_robot))
            return wrong or not (t.clamp == 2 and t.lift == 2 and t.floor == 2)
        raised = t.robot == UNDER and t.table == HIGH
        return {
            10: raised and bool(t.in_vehicle) and t.bolts != LOCKED,
            12: t.robot != UNDER or (raised and t.bolts != OPEN),
            20: lost(t, role, opcode) or not (raised and t.carried),
            21: lost(t, role, opcode) or not (raised and t.carried),
            30: bool(t.at_out and t.on_robot) or bool(t.stacker) or raised,
            31: not (t.at_in or t.on_robot) or bool(t.stacker) or raised,
        }[opcode]
    if role == "lift":
        inside = t.robot != HOME
        return {
            12: t.car != IN_BAY or t.lift != 0 or inside,
            13: t.clamp != 2 or inside,
            14: inside,
            15: t.floor != 0 or inside,
            16: t.lift != 0 or inside,
            17: t.lift != 0 or t.clamp != 0 or t.floor != 0,
        }.get(opcode, False)
    if role == "stacker":
        return _stacker_refuses(t, opcode, t.bays[BAY_BY_NUMBER[params[0]]])
    if role == "vehicle":
        return opcode == 44 and (t.bolts != LOCKED or not t.in_vehicle)
    bay = t.bays[BAY_BY_RACK[role, params[0]]]
    return {30: not bay.pack, 31: bay.charges, 32: bay.plug != 2, 33: False}[opcode]


def _stacker_refuses(t: Truth, opcode: int, bay: Bay) -> bool:
    if opcode in (20, 23):
        into = bool(t.isolated) if opcode == 23 else bool(t.at_in) or t.robot in (OUT, IN)
        return into or (not t.on_fork and (bay.plug != 0 or bay.charges or not bay.pack))
    source = t.at_out if opcode == 21 else t.at_in
    taking = not t.on_fork and (not source or t.robot in (OUT, IN))
    return taking or bool(bay.pack) or bay.plug != 0 or bay.charges


def lost(t: Truth, role: str, opcode: int) -> bool:
    """The PLC's own interlock during the order: its loss is a stop that nobody asked for."""
    if needs_chain(role, opcode) and t.safe:
        return True
    if role == "robot" and opcode in (11, 12, 13, 20, 21):
        return t.clamp != 2 or t.lift != 2 or (opcode in BOLT_WORK and t.high_voltage)
    return False

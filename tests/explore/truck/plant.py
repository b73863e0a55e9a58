"""The truck station's plant as the explorer sees it: one tuple of small numbers, and what each order does to it.

Knows machines and the PLCs' own interlocks. Does not know our software, nor what a sensor shows.
"""

from __future__ import annotations

from typing import NamedTuple

from tests.explore.plant import (
    AT_ENTRY,
    FRESH,
    GONE,
    IN_BAY,
    LOCKED,
    NONE,
    OPEN,
    SAFE,
    SPENT,
    TURNING,
    Bay,
    Work,
)

BETWEEN, PARK, OVER_TRUCK, OVER_BAY = 0, 1, 2, 3
DOWN, HALF, HIGH = 0, 1, 2
"""The hoist; the truck's connector uses the same numbers: apart, half-way, mated."""

OPENED, MOVING, CLOSED = 0, 1, 2
HOME, TO_TRUCK, TO_BAY, LOWER, GRIP, UNGRIP, HOIST = 10, 11, 12, 20, 21, 22, 23
OPEN_ENTRY, SCAN, OPEN_EXIT = 11, 12, 13
SECURE, HV_OFF, HV_ON, SETTLE, UNLOCK, LOCK = 41, 42, 44, 45, 46, 47
TRAVELS = frozenset((HOME, TO_TRUCK, TO_BAY))
BAY_BY_NUMBER = {1: 0, 2: 1}
CALM, GUST, SWAYS = 0, 1, 2


class Truth(NamedTuple):
    """What is the case, whatever the sensors say. `aimed`: the crane hangs where the truck was scanned; `rolled`: the
    truck has moved since; `load`: the pack that hangs; `sprung`: one of its closed locks has come open; `air`: calm, more wind than allowed, or the gripper sways."""

    truck: int = AT_ENTRY
    secured: bool = False
    high_voltage: bool = True
    prechecked: bool = False
    postchecked: bool = False
    settled: bool = False
    scanned: bool = False
    rolled: bool = False
    locks: int = LOCKED
    connector: int = HIGH
    over: int = PARK
    bay_below: int = 0
    aimed: bool = False
    height: int = HIGH
    gripper: int = OPENED
    sprung: bool = False
    load: int = NONE
    in_truck: int = SPENT
    bays: tuple[Bay, ...] = (Bay(FRESH, 2, True), Bay())
    person: bool = False
    air: int = CALM
    safe: int = SAFE
    hot: int = NONE
    sick: int = NONE

    def bay(self, at: int, **changes: object) -> Truth:
        """With one bay changed."""
        return self._replace(bays=(*self.bays[:at], self.bays[at]._replace(**changes), *self.bays[at + 1 :]))

    @property
    def below(self) -> int:
        """The pack in the place that the crane hangs over."""
        if self.over == OVER_TRUCK:
            return self.in_truck if self.truck == IN_BAY else NONE
        return self.bays[self.bay_below].pack if self.over == OVER_BAY else NONE

    @property
    def grips(self) -> bool:
        """All four locks of the gripper are closed."""
        return self.gripper == CLOSED and not self.sprung

    @property
    def half(self) -> bool:
        """The gripper is neither closed nor open."""
        return self.gripper == MOVING or self.sprung

    @property
    def swings(self) -> bool:
        """Gripper or pack swings on its ropes; what rests does not."""
        return self.air == SWAYS and self.height != DOWN

    @property
    def down_over_truck(self) -> bool:
        """Gripper or pack is below travel height over the truck."""
        return self.over == OVER_TRUCK and self.height != HIGH

    @property
    def live(self) -> bool:
        """High voltage at the pack's terminals."""
        return self.high_voltage and self.truck == IN_BAY

    def held(self, pack: int) -> bool:
        """The truck's locks hold this pack in its seat, the connector mated."""
        return self.in_truck == pack and self.locks == LOCKED and self.connector == HIGH


def needs_chain(role: str, opcode: int) -> bool:
    """Orders that the safety chain's opening ends or refuses."""
    return role == "crane" or (role, opcode) in (
        ("stand", OPEN_ENTRY), ("stand", OPEN_EXIT), ("vehicle", HV_ON), ("vehicle", UNLOCK), ("vehicle", LOCK)
    )  # fmt: skip


def begun(t: Truth, role: str, work: Work) -> Truth:
    """The plant half-way: the machine has left where it stood and is not where it shall be."""
    opcode, params = work
    if role == "crane":
        return _crane_begun(t, opcode, params)
    if role == "vehicle" and opcode == UNLOCK:
        return t._replace(locks=t.locks if t.locks == OPEN else TURNING, connector=min(t.connector, HALF))
    if role == "vehicle" and opcode == LOCK:
        return t._replace(locks=t.locks if t.locks == LOCKED else TURNING)
    if role == "stand" and opcode == SCAN:
        return t._replace(scanned=False)
    if role == "rack_a" and opcode in (30, 31):
        return t.bay(BAY_BY_NUMBER[params[0]], plug=1)
    return t


def _crane_begun(t: Truth, opcode: int, params: tuple[int, ...]) -> Truth:
    match opcode:
        case 10 if t.height != HIGH:
            # First up, as any hoist; what is stopped then hangs where it was.
            return _crane_begun(t, HOIST, params)
        case 10:
            return t if t.over == PARK else t._replace(over=BETWEEN, aimed=False)
        case 11:
            return t._replace(over=t.over if t.over == OVER_TRUCK else BETWEEN, aimed=False)
        case 12:
            there = t.over == OVER_BAY and t.bay_below == BAY_BY_NUMBER[params[0]]
            return t if there else t._replace(over=BETWEEN, aimed=False)
        case 20:
            return t if t.height == DOWN else t._replace(height=HALF)
        case 21 | 22 if t.gripper != (CLOSED if opcode == GRIP else OPENED):
            return t._replace(gripper=MOVING)
        case 23 if t.height == DOWN and t.gripper != OPENED:
            return _taken(t)._replace(height=HALF)
        case 23 if t.height == DOWN:
            return t._replace(height=HALF)
    return t


def _taken(t: Truth) -> Truth:
    """The pack below comes off its seat; what still holds it is torn, which the monitor sees beforehand."""
    if t.over == OVER_TRUCK:
        return t._replace(load=t.in_truck, in_truck=NONE)
    return t.bay(t.bay_below, pack=NONE)._replace(load=t.bays[t.bay_below].pack)


def ended(t: Truth, role: str, work: Work) -> Truth:
    """The plant after the order has come to its end."""
    opcode, params = work
    if role == "crane":
        return _crane_ended(t, opcode, params)
    if role == "stand":
        scanned = t._replace(scanned=True, rolled=False, aimed=t.aimed and not t.rolled)
        return {OPEN_ENTRY: t._replace(truck=IN_BAY), SCAN: scanned, OPEN_EXIT: t._replace(truck=GONE)}[opcode]
    if role == "vehicle":
        return {
            SECURE: t._replace(secured=True),
            HV_OFF: t._replace(high_voltage=False, prechecked=True),
            HV_ON: t._replace(high_voltage=True, postchecked=True),
            SETTLE: t._replace(settled=True),
            UNLOCK: t._replace(locks=OPEN, connector=DOWN),
            LOCK: t._replace(locks=LOCKED, connector=HIGH if t.in_truck else t.connector),
        }.get(opcode, t)
    at = BAY_BY_NUMBER[params[0]]
    return {30: t.bay(at, plug=2), 31: t.bay(at, plug=0), 32: t.bay(at, charges=True), 33: t.bay(at, charges=False)}[opcode]


def _crane_ended(t: Truth, opcode: int, params: tuple[int, ...]) -> Truth:
    match opcode:
        case 10:
            return t._replace(over=PARK, aimed=False, height=HIGH)
        case 11:
            # Without a scan it stands over the nominal place, where no truck stands exactly.
            return t._replace(over=OVER_TRUCK, aimed=t.scanned)
        case 12:
            return t._replace(over=OVER_BAY, bay_below=BAY_BY_NUMBER[params[0]], aimed=False)
        case 20:
            return _set_down(t) if t.load else t._replace(height=DOWN)
        case 21:
            return t._replace(gripper=CLOSED, sprung=False)
        case 22:
            return t._replace(gripper=OPENED, sprung=False, load=NONE)
    return t._replace(height=HIGH)


def _set_down(t: Truth) -> Truth:
    """On its seat; in a truck the connector mates by the pack's own weight."""
    down = t._replace(height=DOWN, load=NONE)
    if t.over == OVER_TRUCK:
        return down._replace(in_truck=t.load, connector=HIGH)
    return down.bay(t.bay_below, pack=t.load)


def lied(t: Truth, role: str, work: Work) -> Truth:
    """The plant after a PLC has said done of an order that is not: half-way."""
    return t


def refused(t: Truth, role: str, work: Work) -> bool:
    """The PLC's own interlock against beginning the order."""
    opcode, params = work
    if role == "crane":
        return _crane_refuses(t, opcode)
    if role == "stand":
        return lost(t, role, opcode) or (opcode == SCAN and t.truck != IN_BAY)
    if role == "vehicle":
        return _truck_refuses(t, opcode)
    bay = t.bays[BAY_BY_NUMBER[params[0]]]
    return {30: not bay.pack, 31: bay.charges, 32: bay.plug != 2, 33: False}[opcode]


def _crane_refuses(t: Truth, opcode: int) -> bool:
    if opcode in TRAVELS and (opcode != HOME or t.height == HIGH):
        return t.height != HIGH or t.half or lost(t, "crane", opcode)
    if lost(t, "crane", opcode):
        return True
    bay = t.bays[t.bay_below]
    live = t.over == OVER_BAY and (bay.plug != 0 or bay.charges)
    match opcode:
        case 20:
            onto = bool(t.load) and (bool(t.below) or (t.over == OVER_TRUCK and t.locks != OPEN))
            return t.swings or t.over in (BETWEEN, PARK) or live or onto or not (t.load or t.below)
        case 21:
            return t.height != DOWN
        case 22:
            return t.height != DOWN and t.gripper != OPENED
    on_seat = t.grips and t.height == DOWN
    holds = on_seat and t.over == OVER_TRUCK and (t.locks != OPEN or t.connector != DOWN)
    return t.half or holds or (on_seat and live)


def _truck_refuses(t: Truth, opcode: int) -> bool:
    standing = t.truck == IN_BAY and not t.live
    grips = t.grips and t.over == OVER_TRUCK and t.height == DOWN
    match opcode:
        case 44:
            return t.locks != LOCKED or not t.in_truck or t.down_over_truck
        case 46:
            return not standing or (bool(t.in_truck) and not grips)
        case 47:
            return not standing or (t.down_over_truck and bool(t.load))
    return False


def lost(t: Truth, role: str, opcode: int) -> bool:
    """The PLC's own interlock during the order: its loss is a stop that nobody asked for."""
    if needs_chain(role, opcode) and t.safe:
        return True
    if role == "stand":
        return opcode in (OPEN_ENTRY, OPEN_EXIT) and (t.person or t.down_over_truck)
    if role != "crane":
        return False
    if opcode in TRAVELS and (t.air == GUST or (t.person and t.over == OVER_TRUCK)):
        return True
    low = opcode not in TRAVELS or (opcode == HOME and t.height != HIGH)
    return low and t.over == OVER_TRUCK and (t.truck != IN_BAY or t.person or t.live)

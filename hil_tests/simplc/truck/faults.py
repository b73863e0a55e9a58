"""Faults of crane, truck and scanner; those that every station has stand elsewhere.

Knows what each does to the truth. Does not know orders' numbers, sensors or the site.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from hil_tests.simplc.fault_args import Acts, UnknownFault, one_of, seats_of, switch
from hil_tests.simplc.faults import acts_everywhere
from hil_tests.simplc.plc import Plc
from hil_tests.simplc.truck.lane import FULL_SIGHT
from hil_tests.simplc.truck.lorry import LOCKS, Truck
from hil_tests.simplc.truck.plant import TruckPlant
from hil_tests.simplc.truth.motion import Process, Ramp, Steps
from hil_tests.simplc.truth.vehicle import Bolt
from hil_tests.simplc.vehicle_faults import VehicleFaults

SPRUNG = 0.35
OF_A_CAR = ("creep", "askew")
"""What a car does in its grooves, and a truck at its wheel stop otherwise."""


def truck_acts(plant: TruckPlant, plcs: Mapping[str, Plc]) -> Acts:
    """What can go wrong in a truck station."""
    of_vehicle = {name: act for name, act in VehicleFaults(plant).acts().items() if name not in OF_A_CAR}
    return {
        **acts_everywhere(plant, plcs, "crane"),
        **of_vehicle,
        **TruckFaults(plant).acts(),
        **CraneFaults(plant).acts(),
    }


class TruckFaults:
    """What the truck does, and what the scanner sees of it."""

    def __init__(self, plant: TruckPlant) -> None:
        self.plant = plant

    def acts(self) -> Acts:
        """By name."""
        return {
            "scan-poor": self._scan_poor,
            "pose-shift": self._pose_shift,
            "parked-askew": self._parked_askew,
            "truck-lock-stuck": self._lock_stuck,
            "truck-lock-opens": self._lock_opens,
            "connector-stuck": self._connector_stuck,
        }

    def _truck(self) -> Truck:
        truck = self.plant.visitor()
        if truck is None:
            raise UnknownFault("no truck in the station")
        return truck

    def _scan_poor(self, on: bool, args: Mapping[str, Any]) -> None:
        """Night, rain or dust: the scanner sees `percent` of the outline, 35 unless told."""
        percent = float(args.get("percent", 35.0))
        if not 0.0 <= percent <= 100.0:
            raise UnknownFault("percent is 0 to 100")
        self.plant.lane.sight = percent if on else FULL_SIGHT

    def _pose_shift(self, on: bool, args: Mapping[str, Any]) -> None:
        """The truck rolls `mm` (80 unless told) along the lane; off: it rolls back, and counts as not having moved."""
        truck, mm = self._truck(), float(args.get("mm", 80.0))
        if on:
            truck.roll_on(mm)
        else:
            truck.x_err, truck.left_behind = truck.errors["x"], 0.0

    def _parked_askew(self, on: bool, args: Mapping[str, Any]) -> None:
        """It stands, or will drive in, `mm` (250) across and `deg` (4) turned."""
        truck = self._truck()
        truck.errors["y"] = float(args.get("mm", 250.0)) if on else 3.0
        truck.errors["yaw"] = float(args.get("deg", 4.0)) if on else 0.1
        if truck.travel > 0.0:
            truck.y_err, truck.yaw_err = truck.errors["y"], truck.errors["yaw"]

    def _lock_stuck(self, on: bool, args: Mapping[str, Any]) -> None:
        """Lock `lock` of the truck (the second of a seat unless told) does not move any more."""
        for lock in self._locks(on, args):
            switch(self._truck().stuck, lock, on)

    def _lock_opens(self, on: bool, args: Mapping[str, Any]) -> None:
        """Lock `lock` of the truck (the second of a seat unless told), if it is closed, springs half open."""
        for lock in self._locks(on, args):
            _spring(self._truck().bolts[lock], on)

    def _locks(self, on: bool, args: Mapping[str, Any]) -> list[int]:
        """Index of `lock`, counted through both seats of a truck with two packs, else of the second one of a seat."""
        if "lock" in args:
            return [one_of(args, "lock", len(self._truck().bolts))]
        return [seat.first_lock + 1 for seat in seats_of(self.plant, on, args)]

    def _connector_stuck(self, on: bool, args: Mapping[str, Any]) -> None:
        """The truck cannot draw the connector of a seat back, or put it to."""
        for seat in seats_of(self.plant, on, args):
            seat.connector_stuck = on


class CraneFaults:
    """What crane, gripper, ropes and weather do."""

    def __init__(self, plant: TruckPlant) -> None:
        self.plant = plant
        self._creeping: dict[str, Process] = {}
        self._stood: dict[str, float] = {}
        self._heavy: dict[str, float] = {}

    def acts(self) -> Acts:
        """By name."""
        crane = self.plant.crane
        numbered: dict[str, tuple[set[int], str, int, int]] = {
            "gripper-lock-stuck": (crane.stuck_locks, "lock", 3, LOCKS),
            "landing-dead": (crane.dead_corners, "corner", 4, LOCKS),
            "cone-blocked": (crane.blocked_cones, "cone", 2, 2),
        }
        return {
            **{name: partial(_numbered, *of) for name, of in numbered.items()},
            "sway": self._sway,
            "wind": self._wind,
            "snag": self._snag,
            "overload": self._overload,
            "rope-slack": self._of_crane("slack"),
            "brake-weak": self._of_crane("brake_ok", when_on=False),
            "gripper-lock-opens": self._lock_opens,
            **{name: partial(self._moves, name) for name in ("hoist-sinks", "crane-rolls")},
        }

    def _of_crane(self, name: str, *, when_on: bool = True) -> Callable[[bool, Mapping[str, Any]], None]:
        return lambda on, args: setattr(self.plant.crane, name, when_on if on else not when_on)

    def _sway(self, on: bool, args: Mapping[str, Any]) -> None:
        """A gust keeps the load swinging by `deg`, 3 unless told; with `once` it is pushed once and settles."""
        pendulum, degrees = self.plant.crane.pendulum, float(args.get("deg", 3.0))
        if args.get("once"):
            pendulum.push(self.plant.now, degrees if on else 0.0)
        else:
            pendulum.gust_deg = degrees if on else 0.0

    def _wind(self, on: bool, args: Mapping[str, Any]) -> None:
        """It blows with `mps`, 19 unless told."""
        self.plant.crane.wind_m_s = float(args.get("mps", 19.0)) if on else 3.0

    def _snag(self, on: bool, args: Mapping[str, Any]) -> None:
        """The next pack catches on something on its way up, which holds with `kg`, 4000 unless told."""
        self.plant.crane.snag_kg = float(args.get("kg", 4000.0)) if on else 0.0

    def _overload(self, on: bool, args: Mapping[str, Any]) -> None:
        """The packs on the truck and in the gripper weigh `kg`, 3800 unless told: wrong pack, mud, ice."""
        if not on:
            for pack in self.plant.places:
                pack.weight_kg = self._heavy.pop(pack.code, pack.weight_kg)
            return
        for pack in self.plant.on_the_way():
            if pack is not None:
                self._heavy.setdefault(pack.code, pack.weight_kg)
                pack.weight_kg = float(args.get("kg", 3800.0))

    def _lock_opens(self, on: bool, args: Mapping[str, Any]) -> None:
        """Gripper lock `lock` (3 unless told), if it is closed, springs half open, whatever hangs in it."""
        _spring(self.plant.crane.locks[one_of({"lock": args.get("lock", 3)}, "lock", LOCKS)], on)

    def _moves(self, name: str, on: bool, args: Mapping[str, Any]) -> None:
        """The brake of an axis slips: it creeps away; off: somebody has brought it back to where it stood."""
        crane, axis = self.plant.crane, {"hoist-sinks": "z", "crane-rolls": "x"}[name]
        if on:
            self._stood[name] = getattr(crane, axis)
            way = self._sink() if axis == "z" else self._roll()
            self._creeping[name] = self.plant.motions.start(way, driven=False, ended=lambda process: None)
        elif name in self._creeping:
            self.plant.motions.stop(self._creeping.pop(name))
            setattr(crane, axis, self._stood.pop(name))

    def _sink(self) -> Steps:
        """200 mm down, or until shortly above what is beneath."""
        crane = self.plant.crane
        if not crane.resting:
            landing = crane.landing_z()
            yield Ramp(crane, 8.0, z=max(crane.z - 200.0, landing + 1.0 if landing is not None else 0.0))

    def _roll(self) -> Steps:
        """300 mm along the bays; what rests on ropes that are slack stays."""
        crane = self.plant.crane
        if not crane.resting:
            yield Ramp(crane, 6.0, x=crane.x + 300.0)


def _spring(lock: Bolt, on: bool) -> None:
    """A closed lock half open; off: somebody has closed it again, unless it has moved since."""
    if on and lock.is_closed:
        lock.wound = SPRUNG
    elif not on and lock.wound == SPRUNG:
        lock.wound = 1.0


def _numbered(
    chosen: set[int], key: str, usual: int, count: int, on: bool, args: Mapping[str, Any]
) -> None:
    """One of several, which people count from 1."""
    switch(chosen, one_of({key: args.get(key, usual)}, key, count), on)

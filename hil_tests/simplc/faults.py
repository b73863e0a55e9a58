"""Faults a test or a demonstration switches on and off in the plant, its sensors and its links.

Knows where each fault acts. Does not know how anybody reacts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hil_tests.simplc.plant import Plant
from hil_tests.simplc.plc import Plc
from hil_tests.simplc.truth.vehicle import Vehicle


class UnknownFault(Exception):
    """The fault, or what it should act on, does not exist."""


class Faults:
    """`set(name, on, args)` by name; see `names()`."""

    def __init__(self, plant: Plant, plcs: Mapping[str, Plc]) -> None:
        self.plant = plant
        self.plcs = plcs
        self._acts: dict[str, Callable[[bool, Mapping[str, Any]], None]] = {
            "e-stop": self._estop,
            "curtain": self._curtain,
            "maintenance-door": self._maintenance_door,
            "scanner": self._scanner,
            "fire": self._fire,
            "bolt-stuck": self._bolt_stuck,
            "bolt-loose": self._bolt_loose,
            "sensor-stuck": self._sensor_stuck,
            "link-lost": self._link_lost,
            "plc-restart": self._plc_restart,
            "wrong-pack": self._wrong_pack,
            "door-open": self._door_open,
            "hv-on": self._hv_on,
            "clamp-drift": self._clamp_drift,
            "creep": self._creep,
            "person": self._person,
            "hot-pack": self._hot_pack,
            "bay-disabled": self._bay_disabled,
        }

    def names(self) -> list[str]:
        return list(self._acts)

    def set(self, name: str, on: bool, args: Mapping[str, Any]) -> None:
        """Raises UnknownFault, with what exists, for a name or a target that does not."""
        act = self._acts.get(name)
        if act is None:
            raise UnknownFault(f"no fault {name!r}; there are {', '.join(self._acts)}")
        act(on, args)
        self.plant.motions.version += 1

    # ---- safety inputs -------------------------------------------------------------------------------------
    def _estop(self, on: bool, args: Mapping[str, Any]) -> None:
        self.plant.safety.estop = int(args.get("id", 1)) if on else 0
        self.plant.safety.look()

    def _curtain(self, on: bool, args: Mapping[str, Any]) -> None:
        self.plant.safety.curtains[_one_of(args, "which", 2)] = not on
        self.plant.safety.look()

    def _maintenance_door(self, on: bool, args: Mapping[str, Any]) -> None:
        self.plant.safety.doors[_one_of(args, "which", 3)] = not on
        self.plant.safety.look()

    def _scanner(self, on: bool, args: Mapping[str, Any]) -> None:
        self.plant.safety.scanner = self.plant.stacker.aisle_clear = not on
        self.plant.safety.look()

    def _fire(self, on: bool, args: Mapping[str, Any]) -> None:
        self.plant.safety.no_fire = not on

    # ---- bolts, sensors, links -----------------------------------------------------------------------------
    def _bolt_stuck(self, on: bool, args: Mapping[str, Any]) -> None:
        _switch(self.plant.robot.stuck, _bolt(args), on)

    def _bolt_loose(self, on: bool, args: Mapping[str, Any]) -> None:
        _switch(self.plant.robot.loose, _bolt(args), on)

    def _sensor_stuck(self, on: bool, args: Mapping[str, Any]) -> None:
        """Freezes `plc.TAG` at `value`, or where it stands."""
        name, _, tag = str(args.get("tag", "")).partition(".")
        plc = self._plc(name)
        if tag not in plc.values:
            raise UnknownFault(f"{name} publishes no tag {tag!r}")
        if on:
            value = args.get("value", plc.values[tag])
            plc.freeze(tag, tuple(value) if isinstance(value, list) else value)
            return
        plc.release(tag)
        for bay in self.plant.bays.values():
            bay.changed = True

    def _link_lost(self, on: bool, args: Mapping[str, Any]) -> None:
        self._plc(str(args.get("plc", "robot"))).link(not on)

    def _plc_restart(self, on: bool, args: Mapping[str, Any]) -> None:
        """`seconds` of wall time (1 unless told) until the PLC is back; switching off does nothing."""
        if on:
            plc = self._plc(str(args.get("plc", "robot")))
            plc.restart(round(float(args.get("seconds", 1.0)) * 100))

    def _plc(self, name: str) -> Plc:
        plc = self.plcs.get(name)
        if plc is None:
            raise UnknownFault(f"no PLC {name!r}; there are {', '.join(self.plcs)}")
        return plc

    # ---- packs and vehicles --------------------------------------------------------------------------------
    def _wrong_pack(self, on: bool, args: Mapping[str, Any]) -> None:
        """The label of the pack in question, or of the next one, says another code."""
        target = str(args.get("target", "fresh"))
        if target not in ("fresh", "vehicle"):
            raise UnknownFault("target is fresh or vehicle")
        _switch(self.plant.mislabel, target, on)
        if not on:
            for pack in self.plant.places:
                pack.label = pack.code
            return
        if target == "fresh":
            vehicle = self.plant.lift.vehicle
            places = ["handover_in", "robot", *([vehicle.place] if vehicle is not None else [])]
            packs = [self.plant.places.at(place) for place in places]
        else:
            vehicle = self.plant.lift.vehicle or next(iter(self.plant.lift.queue), None)
            packs = [vehicle.pack(self.plant.places)] if vehicle is not None else []
        for pack in packs:
            if pack is not None and (target == "vehicle" or not self._spent(pack.code)):
                self.plant.relabel(pack)

    def _spent(self, code: str) -> bool:
        vehicle = self.plant.lift.vehicle
        return vehicle is not None and vehicle.arrival_code == code

    def _vehicle(self) -> Vehicle:
        vehicle = self.plant.lift.vehicle or next(iter(self.plant.lift.queue), None)
        if vehicle is None:
            raise UnknownFault("no vehicle in the station")
        return vehicle

    def _door_open(self, on: bool, args: Mapping[str, Any]) -> None:
        self._vehicle().doors_closed = not on

    def _hv_on(self, on: bool, args: Mapping[str, Any]) -> None:
        """The contactors close and stay closed; afterwards they can be opened again."""
        vehicle = self._vehicle()
        vehicle.welded = on
        if on:
            vehicle.close_contactors()

    def _clamp_drift(self, on: bool, args: Mapping[str, Any]) -> None:
        lift = self.plant.lift
        self.plant.motions.start(lift.drift() if on else lift.pump(), driven=False)

    def _creep(self, on: bool, args: Mapping[str, Any]) -> None:
        """The vehicle creeps out of its grooves by `mm`."""
        vehicle = self._vehicle()
        vehicle.x_err = float(args.get("mm", 35.0)) if on else 0.8

    def _person(self, on: bool, args: Mapping[str, Any]) -> None:
        self.plant.lift.person_free = not on

    def _hot_pack(self, on: bool, args: Mapping[str, Any]) -> None:
        """Cells of the pack in `bay` run hot; `smoke` true makes the detector speak."""
        name = str(args.get("bay", "A01"))
        bay = self.plant.bays.get(self.plant.bay_number(name))
        if bay is None or bay.pack is None:
            raise UnknownFault(f"no pack in bay {name!r}")
        bay.heat_kw = float(args.get("kilowatts", 30.0)) if on else 0.0
        bay.smoke = on and bool(args.get("smoke", False))
        if on and "celsius" in args:
            bay.pack.temperature = float(args["celsius"])
        bay.changed = True

    def _bay_disabled(self, on: bool, args: Mapping[str, Any]) -> None:
        bay = self.plant.bays.get(self.plant.bay_number(str(args.get("bay", "A01"))))
        if bay is None:
            raise UnknownFault(f"no bay {args.get('bay')!r}")
        bay.enabled, bay.changed = not on, True


def _bolt(args: Mapping[str, Any]) -> int:
    bolt = int(args.get("bolt", 3))
    if not 1 <= bolt <= 10:
        raise UnknownFault("bolt is 1 to 10")
    return bolt - 1


def _one_of(args: Mapping[str, Any], key: str, count: int) -> int:
    which = int(args.get(key, 1))
    if not 1 <= which <= count:
        raise UnknownFault(f"{key} is 1 to {count}")
    return which - 1


def _switch(chosen: set[Any], member: Any, on: bool) -> None:
    if on:
        chosen.add(member)
    else:
        chosen.discard(member)

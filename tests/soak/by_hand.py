"""Attended recovery: what a technician does to the machine with maintenance keys, when neither way out leads on.

Knows bodies of the plant. Does not know orders: nothing here passes through the controller or a PLC.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hil_tests.simplc.plant import Plant


def park_the_stacker(plant: Plant) -> str:
    """Fork in, carriage back to its park position; a pack on the fork stays there."""
    body = plant.stacker
    body.fork, body.at, body.heading = 0.0, "park", "park"
    body.x, body.z = body.spots["park"]
    return "stacker parked"


def draw_plugs(plant: Plant) -> str:
    """Plugs that were stopped half-way are drawn altogether."""
    for bay in plant.bays.values():
        if 0.0 < bay.plug < 1.0:
            bay.plug, bay.changed = 0.0, True
    return "half-drawn plugs out"


def loosen_bolts(plant: Plant) -> str:
    """Bolts of a vehicle under which the robot holds a pack are turned out, as they were before they were tightened."""
    vehicle = plant.lift.vehicle
    if vehicle is None or not plant.robot.contact:
        return "no bolts to loosen"
    pack = vehicle.pack(plant.places)
    for bolt in vehicle.bolts:
        bolt.wound = 0.0
    if pack is not None:
        plant.places.move(pack, "robot")
    return "bolts loosened"


_HANDS: Mapping[str, Callable[[Plant], str]] = {
    "stacker": park_the_stacker,
    "rack": draw_plugs,
    "robot": loosen_bolts,
}


def by_hand(plant: Plant, lanes: set[str]) -> str:
    """Bring the machines of these lanes to where a step begins or ends. Returns what was done."""
    done = [_HANDS[lane](plant) for lane in sorted(lanes) if lane in _HANDS]
    plant.motions.version += 1
    return ", ".join(done) or "nothing"

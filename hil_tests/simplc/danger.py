"""What makes an order unsafe: findings about the plant's true state, each with the rule it breaks.

Knows the truth. Does not know who gave the order or what any PLC answered.
"""

from __future__ import annotations

from collections.abc import Iterator

from hil_tests.simplc.hall import Hall
from hil_tests.simplc.plant import Plant
from hil_tests.simplc.truth.packs import Pack
from hil_tests.simplc.truth.robot import UNDER
from hil_tests.simplc.truth.vehicle import Vehicle

Finding = tuple[str, str]

HOT_C = 55.0


def runner_danger(plant: Plant, hv_known: bool, unclamped_known: bool) -> Iterator[Finding]:
    """S3: lock runners turn only without voltage, on a clamped vehicle, with the pack held from below."""
    robot, vehicle = plant.robot, plant.lift.vehicle
    if vehicle is None:
        yield "S3", "lock runners ordered to turn without a vehicle"
        return
    if hv_known:
        yield "S3", "lock runners ordered to turn with high voltage on"
    if unclamped_known or not vehicle.in_grooves:
        yield "S3", "lock runners ordered to turn on a vehicle that is not clamped in position"
    if abs(robot.x - UNDER) > 5.0 or not robot.contact:
        yield "S3", "lock runners ordered to turn while the robot does not hold the pack"
    if not plant.lift.locked:
        yield "S3", "lock runners ordered to turn on an unlocked lift"


def not_held_for_work(plant: Plant, unclamped_known: bool) -> Iterator[Finding]:
    """S4: the robot goes under a vehicle only when it is clamped, lifted, locked, and the floor is open."""
    lift, vehicle = plant.lift, plant.lift.vehicle
    if vehicle is None or unclamped_known or not vehicle.in_grooves:
        yield "S4", "robot sent under a vehicle that is not clamped in position"
    if not lift.locked or lift.down:
        yield "S4", "robot sent under a lift that is not locked at working height"
    if lift.floor < 0.99:
        yield "S4", "robot sent up through a closed floor"


def not_released(plant: Plant, vehicle: Vehicle) -> Iterator[Finding]:
    """S6: a vehicle is let go only with every bolt closed in the torque band, and the right pack."""
    pack = vehicle.pack(plant.places)
    if pack is None:
        yield "S6", "release ordered for a vehicle without a pack"
        return
    closed = sum(bolt.is_closed for bolt in vehicle.bolts)
    bolts, build = len(vehicle.bolts), vehicle.build
    if closed != bolts:
        yield "S6", f"release ordered with {closed} of {bolts} bolts closed"
    if closed == bolts and not all(abs(bolt.torque - build.torque) <= build.band for bolt in vehicle.bolts):
        yield "S6", "release ordered with a bolt outside the torque band"
    foreign = pack.code != vehicle.arrival_code
    if foreign and (pack.pack_type != vehicle.pack_type or pack.label != pack.code):
        yield "S6", "release ordered with the wrong pack"


def bay_not_takeable(plant: Hall, number: int, to_vehicle: bool) -> Iterator[Finding]:
    """S12: a pack is taken only off a dead, withdrawn plug. S16: a hot one goes to isolation only."""
    bay = plant.bays.get(number)
    if bay is None:
        return
    if bay.live or bay.plug > 0.0:
        yield "S12", f"pack ordered out of {bay.name} on its plug or under voltage"
    if bay.pack is None:
        yield "S12", f"pack ordered out of empty {bay.name}"
    elif to_vehicle:
        yield from hot(bay.pack, plant)


def bay_not_free(plant: Hall, number: int) -> Iterator[Finding]:
    """S12: a pack goes only into an empty bay with its plug back and no voltage."""
    bay = plant.bays.get(number)
    if bay is None:
        return
    if bay.pack is not None:
        yield "S12", f"pack ordered into taken {bay.name}"
    if bay.live or bay.plug > 0.0:
        yield "S12", f"pack ordered into {bay.name} with its plug not withdrawn"


def hot(pack: Pack, plant: Hall) -> Iterator[Finding]:
    """S16: a hot, smoking or badly insulated pack stays away from vehicle and charger."""
    bay = plant.bays.get(plant.bay_number(pack.place))
    if pack.temperature > HOT_C or (bay is not None and bay.smoking):
        yield "S16", f"hot pack {pack.code} ordered on"
    elif pack.insulation < 100:
        yield "S16", f"pack {pack.code} with an insulation fault ordered on"

"""What makes an order of the truck station unsafe: findings about the true state, each with the rule it breaks.

Knows the truth. Does not know who gave the order or what any PLC answered.
"""

from __future__ import annotations

from collections.abc import Iterator

from hil_tests.simplc.danger import Finding, bay_not_free, bay_not_takeable, hot
from hil_tests.simplc.truck.ground import PARK, TRUCK
from hil_tests.simplc.truck.lorry import LOCKS, Truck
from hil_tests.simplc.truck.plant import TruckPlant
from hil_tests.simplc.truth.packs import ISOLATION
from hil_tests.simplc.truth.vehicle import Seat

Known = dict[str, bool]
"""Dangers by name that have stood long enough for a controller to have seen them."""

NEAR_MM = 2500.0
SWAY_DEG, GROSS_SWAY_DEG = 1.0, 5.0
WIND_M_S = 15.0
MOST_KG = 3500.0
MOVED_MM = 25.0
"""So far a truck may move before what was scanned is no longer where the crane will come down."""


def above_the_lane(plant: TruckPlant) -> bool:
    """The crane hangs over the place where a truck and its people may be."""
    x, y = plant.crane.spots[TRUCK]
    return abs(plant.crane.x - x) < NEAR_MM and abs(plant.crane.y - y) < NEAR_MM


def down_over_truck(plant: TruckPlant) -> bool:
    """Gripper or pack is below travel height over the truck."""
    return plant.crane.at == TRUCK and plant.crane.low


def holds_truck_pack(plant: TruckPlant, seat: Seat) -> bool:
    """The gripper's locks, all of them, hold the pack that stands in this seat of the truck."""
    crane = plant.crane
    pack = seat.pack(plant.places)
    return pack is not None and crane.gripped is pack and crane.closed == LOCKS


def travel_danger(plant: TruckPlant, known: Known) -> Iterator[Finding]:
    """S21: travel only high, still enough, in little wind, with the gripper shut or open. S22: not over a person."""
    crane = plant.crane
    if crane.low:
        yield "S21", "travel ordered with the gripper below travel height"
    if crane.closed not in (0, LOCKS):
        yield "S5", f"travel ordered with {crane.closed} of {LOCKS} gripper locks closed"
    if known["swing"]:
        yield "S21", "travel ordered while the load swings far out"
    if known["wind"]:
        yield "S21", "travel ordered in strong wind"


def lower_danger(plant: TruckPlant, known: Known) -> Iterator[Finding]:
    """S21–S23: lowered only hanging still, over nobody, onto what still stands where it was scanned."""
    crane, truck = plant.crane, plant.lane.vehicle
    if crane.at not in crane.spots or crane.at == PARK:
        yield "S21", "gripper ordered down over nothing"
    elif crane.at == TRUCK and truck is not None and plant.seat_below() is None:
        yield "S21", "gripper ordered down between the truck's packs"
    if known["sway"]:
        yield "S21", "gripper ordered down while it swings"
    if crane.at == TRUCK:
        yield from _on_the_truck(plant, known, "gripper ordered down")
        if known["shift"] and not crane.resting:
            yield "S23", "gripper ordered down onto a truck that has moved since its scan"
        if crane.load is not None and truck is not None:
            yield from _into_the_truck(plant, truck)
    elif crane.load is not None and crane.at == ISOLATION:
        if plant.places.at(ISOLATION) is not None:
            yield "S11", "a pack ordered onto the one in the isolation place"
    elif crane.load is not None:
        yield from bay_not_free(plant, plant.bay_number(crane.at))
    bay = plant.bays.get(plant.bay_number(crane.at))
    if crane.load is None and bay is not None and (bay.live or bay.plug > 0.0):
        yield "S12", f"gripper ordered down onto {bay.name} with its plug in or under voltage"


def _on_the_truck(plant: TruckPlant, known: Known, what: str) -> Iterator[Finding]:
    truck = plant.lane.vehicle
    if truck is None or not truck.in_grooves:
        yield "S4", f"{what} over a truck that does not stand at the wheel stop"
    if known["hv"]:
        yield "S3", f"{what} over high voltage"
    if known["person"]:
        yield "S22", f"{what} over a person"


def _into_the_truck(plant: TruckPlant, truck: Truck) -> Iterator[Finding]:
    load, seat = plant.crane.load, plant.seat_below()
    if load is None or seat is None:
        return
    if seat.pack(plant.places) is not None:
        yield "S11", "a pack ordered onto a truck that still has one"
    if load.code not in truck.arrival_codes:
        yield from hot(load, plant)
        if load.pack_type != truck.pack_type:
            yield "S6", "a pack of another type ordered onto the truck"
    if not truck.opened(seat):
        yield "S20", "a pack ordered down onto closed truck locks"


def grip_danger(plant: TruckPlant, known: Known) -> Iterator[Finding]:
    """S3: never over high voltage. S5: only what the gripper has landed on."""
    crane = plant.crane
    if crane.at == TRUCK:
        yield from _on_the_truck(plant, known, "grip ordered")
    if not crane.resting:
        yield "S5", "grip ordered on nothing"


def ungrip_danger(plant: TruckPlant, known: Known) -> Iterator[Finding]:
    """S5: a pack is let go only where it stands by itself."""
    crane = plant.crane
    if crane.load is not None:
        yield "S5", "gripper ordered open while the pack hangs or stands on an edge"
    if crane.at == TRUCK and known["person"]:
        yield "S22", "gripper ordered open over a person"


def hoist_danger(plant: TruckPlant, p1: int, known: Known) -> Iterator[Finding]:
    """S20: never against what holds the pack. S5: by four locks or none. S3, S4, S22: the truck. S12: a bay."""
    crane, truck = plant.crane, plant.lane.vehicle
    if crane.closed not in (0, LOCKS):
        yield "S5", f"hoist ordered with {crane.closed} of {LOCKS} gripper locks closed"
    if p1 > MOST_KG:
        yield "S20", f"hoist ordered with a limit of {p1} kg, over the crane's own"
    if crane.at == TRUCK and crane.on_seat and truck is not None:
        yield from _on_the_truck(plant, known, "hoist ordered")
        yield from _out_of_the_truck(plant, truck)
    elif crane.at == TRUCK and known["person"]:
        yield "S22", "hoist ordered over a person"
    if crane.on_seat and plant.bay_number(crane.at):
        # That it may go to the isolation place is a matter of where it goes then.
        yield from bay_not_takeable(plant, plant.bay_number(crane.at), to_vehicle=False)


def _out_of_the_truck(plant: TruckPlant, truck: Truck) -> Iterator[Finding]:
    for seat in truck.seats:
        if seat is not plant.seat_below():
            if seat.pack(plant.places) is not None and truck.closed(seat) != LOCKS:
                yield "S5", f"hoist ordered with {truck.closed(seat)} of {LOCKS} locks closed on the truck's other pack"
            continue
        if not truck.opened(seat):
            yield "S20", f"hoist ordered with {truck.closed(seat)} of {LOCKS} truck locks closed"
        if seat.connector > 0.0:
            yield "S20", "hoist ordered with the truck's connector mated"


def to_truck_danger(plant: TruckPlant, known: Known) -> Iterator[Finding]:
    """S16: a hot pack goes to no truck. S22: no pack over a person."""
    crane, truck = plant.crane, plant.lane.vehicle
    if crane.load is not None and truck is not None and crane.load.code not in truck.arrival_codes:
        yield from hot(crane.load, plant)
    if crane.load is not None and known["person"]:
        yield "S22", "a pack ordered over a person"


def locks_danger(plant: TruckPlant, truck: Truck, known: Known) -> Iterator[Finding]:
    """S3, S4: the truck's locks move only without voltage, on a truck that stands."""
    if known["hv"]:
        yield "S3", "truck locks ordered to move with high voltage on"
    if not truck.in_grooves:
        yield "S4", "truck locks ordered to move on a truck that does not stand at the wheel stop"


def unlock_danger(plant: TruckPlant, truck: Truck, mask: int) -> Iterator[Finding]:
    """S5: the locks open only while the gripper holds the pack of their seat, or for one that is to come."""
    for seat in truck.touched(mask):
        if seat.pack(plant.places) is not None and not holds_truck_pack(plant, seat):
            yield "S5", "truck locks ordered open while nothing grips the pack"


def lock_danger(plant: TruckPlant, truck: Truck, mask: int) -> Iterator[Finding]:
    """S20: locks do not move while a pack hangs over them, or stands on an edge."""
    beneath = plant.seat_below() in truck.touched(mask)
    if plant.crane.load is not None and down_over_truck(plant) and beneath:
        yield "S20", "truck locks ordered to close under a hanging pack"


def not_released(plant: TruckPlant, truck: Truck) -> Iterator[Finding]:
    """S6: a truck is let go only with all locks closed on the right pack in every seat, nothing of the crane on it."""
    for seat in truck.seats:
        yield from _not_whole(plant, truck, seat)
    if all(seat.pack(plant.places) is not None for seat in truck.seats) and down_over_truck(plant):
        yield "S6", "release ordered while the gripper is down over the truck"


def _not_whole(plant: TruckPlant, truck: Truck, seat: Seat) -> Iterator[Finding]:
    pack = seat.pack(plant.places)
    if pack is None:
        yield "S6", "release ordered for a truck without a pack"
        return
    if truck.closed(seat) != LOCKS:
        yield "S6", f"release ordered with {truck.closed(seat)} of {LOCKS} truck locks closed"
    foreign = pack.code not in truck.arrival_codes
    if foreign and (pack.pack_type != truck.pack_type or pack.label != pack.code):
        yield "S6", "release ordered with the wrong pack"

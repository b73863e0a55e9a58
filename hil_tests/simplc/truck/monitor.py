"""The independent safety monitor of the truck station.

Knows the truth and the safety rules S2–S6, S8, S11–S13, S16, S19, and of the crane S20 nothing is torn, S21 it travels
and lowers high and still enough, S22 nothing hangs over a person, S23 it comes down where the scan saw the truck. Does
not know any interlock, sequence, sensor or acknowledgement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from hil_tests.simplc.danger import Finding
from hil_tests.simplc.judge import Judge, Parameters
from hil_tests.simplc.truck.danger import (
    GROSS_SWAY_DEG,
    MOVED_MM,
    SWAY_DEG,
    WIND_M_S,
    Known,
    above_the_lane,
    down_over_truck,
    grip_danger,
    hoist_danger,
    lock_danger,
    locks_danger,
    lower_danger,
    not_released,
    to_truck_danger,
    travel_danger,
    ungrip_danger,
    unlock_danger,
)
from hil_tests.simplc.truck.plant import TruckPlant

HOME, TO_TRUCK, TO_BAY, TO_ISOLATION, LOWER, GRIP, UNGRIP, HOIST = 10, 11, 12, 13, 20, 21, 22, 23
OPEN_ENTRY, OPEN_EXIT = 11, 13
HV_ON, UNLOCK, LOCK = 44, 46, 47
DANGERS = ("hv", "person", "sway", "swing", "wind", "shift", "low")


class TruckMonitor(Judge):
    """Crane, lane with the truck on it, and racks."""

    plant: TruckPlant
    machines = ("crane",)

    def dangers(self) -> Mapping[str, bool]:
        crane, lane = self.plant.crane, self.plant.lane
        truck = lane.vehicle
        return {
            "hv": truck is not None and truck.hv_live,
            "person": not lane.person_free,
            "sway": not crane.travelling and crane.sway_deg() > SWAY_DEG,
            "swing": crane.sway_deg() > GROSS_SWAY_DEG,
            "wind": crane.wind_m_s > WIND_M_S,
            "shift": lane.shift_mm > MOVED_MM,
            "low": crane.travelling and crane.low,
        }

    @property
    def known(self) -> Known:
        """Dangers that a controller has had time to see."""
        return {name: self._known(name) for name in DANGERS}

    def judges(self) -> Mapping[str, Callable[[int, Parameters, int], Iterator[Finding]]]:
        return {
            "crane": self._crane, "stand": self._stand, "stand.VEH": self._truck,
            **dict.fromkeys(self.plant.first_bay, self.rack_orders),
        }  # fmt: skip

    # ---- every instant -------------------------------------------------------------------------------------
    def instants(self) -> Iterator[Finding]:
        plant = self.plant
        crane, truck = plant.crane, plant.lane.vehicle
        # A hoist that slips on the way is no order of anybody; to go on with it is.
        if crane.travelling and self._known("low"):
            yield "crane travels with its gripper low", "S21"
        if crane.travelling and crane.load is not None and self._known("swing"):
            yield "crane travels with a load that swings far out", "S21"
        carries = crane.load is not None and above_the_lane(plant)
        if carries and crane.travelling and self._known("person"):
            yield "pack carried over a person", "S22"
        if truck is None:
            return
        moving = not truck.in_grooves and 0.02 < truck.travel < 0.98
        if moving and down_over_truck(plant):
            yield "truck moves under a gripper that is down", "S4"
        if moving and crane.gripped is not None and crane.gripped.place in truck.places:
            yield "truck drives off with its pack in the gripper", "S4"
        if moving and truck.set_off_open:
            locks = len(truck.bolts)
            yield f"truck drives off with {locks - truck.set_off_open} of {locks} locks closed", "S6"
        if truck.hv_live and crane.pull_kg > 0.0 and down_over_truck(plant) and self._known("hv"):
            yield "ropes pull at a pack under high voltage", "S3"

    # ---- every order ---------------------------------------------------------------------------------------
    def _crane(self, opcode: int, p: Parameters, first: int) -> Iterator[Finding]:
        plant, known = self.plant, self.known
        if opcode in (TO_TRUCK, TO_BAY, TO_ISOLATION):
            yield from travel_danger(plant, known)
        if opcode == TO_TRUCK:
            yield from to_truck_danger(plant, known)
        if opcode == LOWER:
            yield from lower_danger(plant, known)
        if opcode == GRIP:
            yield from grip_danger(plant, known)
        if opcode == UNGRIP:
            yield from ungrip_danger(plant, known)
        if opcode == HOIST or (opcode == HOME and plant.crane.low):
            yield from hoist_danger(plant, p.p1 if opcode == HOIST else 0, known)

    def _stand(self, opcode: int, p: Parameters, first: int) -> Iterator[Finding]:
        plant = self.plant
        truck = plant.lane.vehicle
        if opcode in (OPEN_ENTRY, OPEN_EXIT) and down_over_truck(plant):
            yield "S4", "a truck called or let go while the gripper is down over its place"
        if opcode == OPEN_EXIT and truck is not None:
            yield from not_released(plant, truck)

    def _truck(self, opcode: int, p: Parameters, first: int) -> Iterator[Finding]:
        plant, truck = self.plant, self.plant.lane.linked
        if truck is None:
            return
        if opcode in (HV_ON, UNLOCK, LOCK) and self._known("chain"):
            yield "S2", "high voltage or locks ordered while the safety chain is open"
        if opcode == HV_ON:
            yield from not_released(plant, truck)
        if opcode in (UNLOCK, LOCK):
            yield from locks_danger(plant, truck, self.known)
        if opcode == UNLOCK:
            yield from unlock_danger(plant, truck, p.p1)
        if opcode == LOCK:
            yield from lock_danger(plant, truck, p.p1)

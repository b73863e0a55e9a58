"""The independent safety monitor of the passenger station.

Knows the truth and the safety rules S1–S17, and S19: the site keeps the limit of its grid. Does not know any
interlock, sequence, sensor or acknowledgement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from hil_tests.simplc.danger import (
    Finding,
    bay_not_free,
    bay_not_takeable,
    hot,
    not_held_for_work,
    not_released,
    runner_danger,
)
from hil_tests.simplc.judge import REACTION_S, Judge, Parameters, Verdict
from hil_tests.simplc.plant import UNDER, Plant, supported
from hil_tests.simplc.truth.packs import HANDOVER_IN, HANDOVER_OUT
from hil_tests.simplc.truth.robot import FLOOR_Z, NEAR_MM, OUT

__all__ = ["REACTION_S", "Monitor", "Verdict"]


class Monitor(Judge):
    """Robot, lift with the vehicle on it, stacker and racks."""

    plant: Plant
    machines = ("robot", "lift", "stacker")

    def dangers(self) -> Mapping[str, bool]:
        vehicle = self.plant.lift.vehicle
        return {
            "hv": vehicle is not None and vehicle.hv_live,
            "clamps": not self.plant.lift.clamped,
        }

    def judges(self) -> Mapping[str, Callable[[int, Parameters, int], Iterator[Finding]]]:
        return {
            "robot": self._robot, "lift": self._lift, "lift.VEH": self._vehicle, "stacker": self._stacker,
            **dict.fromkeys(self.plant.first_bay, self.rack_orders),
        }  # fmt: skip

    def instants(self) -> Iterator[Finding]:
        plant = self.plant
        vehicle, robot = plant.lift.vehicle, plant.robot
        if vehicle is not None:
            if vehicle.pack(plant.places) is not None and not supported(robot, vehicle):
                yield "pack in the vehicle is unlocked and unsupported", "S5"
            moving = not vehicle.in_grooves and 0.02 < vehicle.travel < 0.98
            if moving and plant.lift.force > 0.0:
                yield "vehicle moves while clamped", "S4"
            if moving and not (plant.lift.down and plant.lift.floor <= 0.0 and plant.lift.under_clear()):
                yield "vehicle moves over an open pit, a raised platform or the robot", "S4"
            turning = any(runner.phase == 2 for runner in robot.runners)
            if turning and self._known("hv"):
                yield "lock runners turn with high voltage on", "S3"
            if turning and self._known("clamps"):
                yield "lock runners turn on an unclamped vehicle", "S3"
        stacker = plant.stacker
        if stacker.fork > 100.0 and stacker.at in (HANDOVER_IN, HANDOVER_OUT) and robot.x > OUT - NEAR_MM:
            yield "robot and fork both in the handover", "S7"

    def _robot(self, opcode: int, p: Parameters, first: int) -> Iterator[Finding]:
        plant, robot, vehicle = self.plant, self.plant.robot, self.plant.lift.vehicle
        if opcode in (20, 21):
            yield from runner_danger(plant, self._known("hv"), self._known("clamps"))
        if opcode in (11, 13):
            yield from not_held_for_work(plant, self._known("clamps"))
            if vehicle is not None and robot.load is not None and vehicle.pack(plant.places) is not None:
                yield "S11", "a pack ordered into a vehicle that still has one"
        if opcode == 13 and robot.load is not None:
            yield from hot(robot.load, plant)
            if vehicle is not None and robot.load.pack_type != vehicle.pack_type:
                yield "S6", "a pack of another type ordered into the vehicle"
        raised = robot.contact and robot.seated() is not None
        if opcode == 12 and raised and vehicle is not None:
            if not vehicle.all_open:
                yield "S5", "table lowered while bolts hold the pack"
            if self._known("hv"):
                yield "S3", "pack taken out with high voltage on"
        if opcode == 10 and raised and vehicle is not None and not vehicle.all_closed:
            yield "S5", "robot sent home from under a pack that is not locked"
        if opcode in (30, 31):
            yield from self._handover(opcode)

    def _handover(self, opcode: int) -> Iterator[Finding]:
        plant, robot, stacker = self.plant, self.plant.robot, self.plant.stacker
        place = HANDOVER_OUT if opcode == 30 else HANDOVER_IN
        if robot.z > FLOOR_Z and abs(robot.x - UNDER) < 5.0:
            yield "S5", "travel ordered with the table up under the vehicle"
        if {stacker.heading, stacker.at} & {HANDOVER_IN, HANDOVER_OUT}:
            yield "S7", "robot sent to the handover while the stacker works there"
        if opcode == 30 and robot.load is not None and plant.places.at(place) is not None:
            yield "S11", "a pack ordered onto a taken handover place"
        waiting = plant.places.at(place)
        if opcode == 31 and waiting is not None:
            yield from hot(waiting, plant)

    def _lift(self, opcode: int, p: Parameters, first: int) -> Iterator[Finding]:
        plant, lift, vehicle = self.plant, self.plant.lift, self.plant.lift.vehicle
        if opcode in (10, 14, 15) and not lift.under_clear():
            yield "S4", "floor or platform ordered to close on the robot"
        if opcode == 12 and vehicle is not None and not vehicle.in_grooves:
            yield "S4", "clamps ordered onto a moving vehicle"
        if opcode == 13 and vehicle is not None and self._known("clamps"):
            yield "S4", "an unclamped vehicle ordered up"
        if opcode in (11, 17) and not (lift.down and lift.floor <= 0.0 and lift.under_clear()):
            yield "S4", "a vehicle called over an open pit, a raised platform or the robot"
        if opcode in (10, 16) and vehicle is not None and lift.force > 0.0:
            if not plant.robot.home:
                yield "S4", "unclamp ordered while the robot is not at home"
            if opcode == 16 and not lift.down:
                yield "S4", "unclamp ordered while the platform is up"
            yield from not_released(plant, vehicle)
        if opcode == 17 and vehicle is not None:
            if lift.force > 0.0:
                yield "S4", "exit opened for a clamped vehicle"
            yield from not_released(plant, vehicle)

    def _vehicle(self, opcode: int, p: Parameters, first: int) -> Iterator[Finding]:
        vehicle = self.plant.lift.linked
        if opcode != 44 or vehicle is None:
            return
        if self._known("chain"):
            yield "S2", "high voltage ordered on while the safety chain is open"
        if not self.plant.robot.home:
            yield "S6", "high voltage ordered on while the robot is not at home"
        yield from not_released(self.plant, vehicle)

    def _stacker(self, opcode: int, p: Parameters, first: int) -> Iterator[Finding]:
        plant, robot = self.plant, self.plant.robot
        if opcode in (20, 22, 23) and plant.stacker.load is None:
            yield from bay_not_takeable(plant, p.p1, to_vehicle=opcode != 23)
        if opcode == 20:
            if plant.places.at(HANDOVER_IN) is not None:
                yield "S12", "a pack ordered onto taken handover IN"
            if robot.in_handover:
                yield "S7", "stacker sent to the handover while the robot is there"
        if opcode == 21:
            yield from bay_not_free(plant, p.p1)
            if robot.in_handover and plant.stacker.load is None:
                yield "S7", "stacker sent to the handover while the robot is there"
        if opcode == 22:
            yield from bay_not_free(plant, p.p2)

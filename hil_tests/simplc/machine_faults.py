"""Faults of the machines: drives that do not do what they are told, or move untold; bolts and their runners.

Knows bodies and drives. Does not know orders' numbers, sensors or the site.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from hil_tests.simplc.fault_args import Acts, UnknownFault, bolts_of, plc_of, switch
from hil_tests.simplc.plant import Plant
from hil_tests.simplc.plc import Plc
from hil_tests.simplc.truth.drive import Ailment
from hil_tests.simplc.truth.motion import Process, Ramp, Steps
from hil_tests.simplc.truth.robot import FLOOR_Z


class MachineFaults:
    """What drives and bolts do wrong."""

    def __init__(self, plant: Plant, plcs: Mapping[str, Plc]) -> None:
        self.plant = plant
        self.plcs = plcs
        self._runs: dict[str, Callable[[], Steps]] = {
            "table-sinks": lambda: plant.robot.lower_table(0.0, 10.0),
            "robot-rolls": self._roll,
            "lift-sinks": self._sink,
            "stacker-rolls": lambda: plant.stacker.go("handover_out", 2.0),
            "clamps-open": lambda: plant.lift.unclamp(1.0),
        }
        self._running: dict[str, Process] = {}

    def acts(self) -> Acts:
        """By name."""
        robot = self.plant.robot
        sick = {str(kind): partial(self._drive, kind) for kind in Ailment if kind}
        bolts = {
            "bolt-stuck": robot.stuck,
            "bolt-loose": robot.loose,
            "bolt-tight": robot.tight,
            "bolt-crossed": robot.crossed,
            "runner-slips": robot.slipping,
        }
        turned = {name: partial(_bolts, chosen) for name, chosen in bolts.items()}
        return {**sick, **turned, "clamp-drift": self._clamp_drift, "moves-untold": self._moves}

    def _drive(self, kind: Ailment, on: bool, args: Mapping[str, Any]) -> None:
        """The drives of `plc`."""
        plc = plc_of(self.plcs, str(args.get("plc", "robot")))
        if not plc.channels:
            raise UnknownFault(f"{plc.name} drives nothing")
        plc.drive.strike(kind if on else Ailment.NONE, plc.channels[0].process)

    def _clamp_drift(self, on: bool, args: Mapping[str, Any]) -> None:
        lift = self.plant.lift
        self.plant.motions.start(lift.drift() if on else lift.pump(), driven=False)

    def _moves(self, on: bool, args: Mapping[str, Any]) -> None:
        """`what` moves without an order, until it is there or, with `on` false, somebody brings it to a stand."""
        what = str(args.get("what", "table-sinks"))
        make = self._runs.get(what)
        if make is None:
            raise UnknownFault(f"what is one of {', '.join(self._runs)}")
        if on:
            self._running[what] = self.plant.motions.start(make(), driven=False, ended=_against_an_obstacle)
        elif (process := self._running.pop(what, None)) is not None:
            self.plant.motions.stop(process)

    def _roll(self) -> Steps:
        """300 mm along the lane, if the table is down; a raised table is held by what it holds."""
        robot = self.plant.robot
        if robot.z <= FLOOR_Z:
            yield Ramp(robot, 2.0, x=robot.x + 300.0)

    def _sink(self) -> Steps:
        """The platform creeps down by 80 mm, with a lock that does not hold."""
        lift = self.plant.lift
        yield Ramp(lift, 4.0, height=max(0.0, lift.height - 80.0))


def _against_an_obstacle(process: Process) -> None:
    """It ends where it ends, for nobody waits for it."""


def _bolts(chosen: set[int], on: bool, args: Mapping[str, Any]) -> None:
    for bolt in bolts_of(args):
        switch(chosen, bolt, on)

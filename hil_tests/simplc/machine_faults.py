"""Faults of the passenger machines: they move untold, lose clamping or air; bolts and their runners.

Knows bodies. Does not know drives, orders' numbers, sensors or the site.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from hil_tests.simplc.fault_args import Acts, UnknownFault, bolts_of, switch
from hil_tests.simplc.plant import Plant
from hil_tests.simplc.truth.motion import Process, Ramp, Steps
from hil_tests.simplc.truth.robot import FLOOR_Z

WEAK_CLAMP_N = 4000.0
WEAK_PINS = 0.6


class MachineFaults:
    """What machines and bolts do wrong."""

    def __init__(self, plant: Plant) -> None:
        self.plant = plant
        self._runs: dict[str, Callable[[], Steps]] = {
            "table-sinks": lambda: plant.robot.lower_table(0.0, 10.0),
            "robot-rolls": self._roll,
            "lift-sinks": self._sink,
            "stacker-rolls": lambda: plant.stacker.go("handover_out", 2.0),
            "clamps-open": lambda: plant.lift.unclamp(1.0),
        }
        self._running: dict[str, tuple[Process, _Stand]] = {}

    def acts(self) -> Acts:
        """By name."""
        robot = self.plant.robot
        bolts = {
            "bolt-stuck": robot.stuck,
            "bolt-loose": robot.loose,
            "bolt-tight": robot.tight,
            "bolt-crossed": robot.crossed,
            "runner-slips": robot.slipping,
        }
        turned = {name: partial(_bolts, chosen) for name, chosen in bolts.items()}
        return {
            **turned, "clamp-drift": self._clamp_drift, "moves-untold": self._moves, "air-low": self._air,
        }  # fmt: skip

    def _clamp_drift(self, on: bool, args: Mapping[str, Any]) -> None:
        lift = self.plant.lift
        self.plant.motions.start(lift.drift() if on else lift.pump(), driven=False)

    def _air(self, on: bool, args: Mapping[str, Any]) -> None:
        """Compressed air falls: closed clamps lose force, locating pins creep back. With air both come again."""
        self.plant.motions.start(self._weak() if on else self._strong(), driven=False)

    def _weak(self) -> Steps:
        lift, robot = self.plant.lift, self.plant.robot
        yield Ramp(lift, 2.0, force=min(lift.force, WEAK_CLAMP_N))
        yield Ramp(robot, 1.0, pins=min(robot.pins, WEAK_PINS))

    def _strong(self) -> Steps:
        robot = self.plant.robot
        yield from self.plant.lift.pump()
        yield Ramp(robot, 1.0, pins=1.0 if robot.pins >= WEAK_PINS else 0.0)

    def _moves(self, on: bool, args: Mapping[str, Any]) -> None:
        """`what` moves without an order; with `on` false somebody has brought it back by hand to where it stood."""
        what = str(args.get("what", "table-sinks"))
        make = self._runs.get(what)
        if make is None:
            raise UnknownFault(f"what is one of {', '.join(self._runs)}")
        if on:
            before = _Stand(self.plant, what)
            process = self.plant.motions.start(make(), driven=False, ended=_against_an_obstacle)
            self._running[what] = process, before
        elif what in self._running:
            process, before = self._running.pop(what)
            self.plant.motions.stop(process)
            before.again()

    def _roll(self) -> Steps:
        """300 mm along the lane, if the table is down; a raised table is held by what it holds."""
        robot = self.plant.robot
        if robot.z <= FLOOR_Z:
            yield Ramp(robot, 2.0, x=robot.x + 300.0)

    def _sink(self) -> Steps:
        """The platform creeps down by 80 mm, with a lock that does not hold."""
        lift = self.plant.lift
        yield Ramp(lift, 4.0, height=max(0.0, lift.height - 80.0))


class _Stand:
    """Where the machine that moves untold stood, to bring it back there by hand; the others may work meanwhile."""

    def __init__(self, plant: Plant, what: str) -> None:
        robot, lift, stacker, vehicle = plant.robot, plant.lift, plant.stacker, plant.lift.vehicle
        alone = what == "stacker-rolls"
        self._places, self._pack = plant.places, None if alone else robot.seated()
        self._place = self._pack.place if self._pack is not None else ""
        watched: list[tuple[object, tuple[str, ...]]] = [
            (robot, ("x", "z", "pins", "heading", "contact")),
            (lift, ("height", "clamps", "force", "locked")),
            (stacker, ("x", "z", "fork", "at", "heading")),
        ]
        if alone:
            del watched[:2]
        elif vehicle is not None:
            watched.append((vehicle, ("connector",)))
        self._kept = [(body, name, getattr(body, name)) for body, names in watched for name in names]

    def again(self) -> None:
        """The machines stand as before, and so does the pack under the vehicle."""
        for body, name, value in self._kept:
            setattr(body, name, value)
        if self._pack is not None and self._pack.place != self._place and self._place:
            self._places.move(self._pack, self._place)


def _against_an_obstacle(process: Process) -> None:
    """It ends where it ends, for nobody waits for it."""


def _bolts(chosen: set[int], on: bool, args: Mapping[str, Any]) -> None:
    for bolt in bolts_of(args):
        switch(chosen, bolt, on)
